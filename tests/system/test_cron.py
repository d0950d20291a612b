# SPDX-License-Identifier: Apache-2.0
"""When crons tick, as SQL reckons it (0012_schedules.sql): against croniter, against a walk over every minute around changes of
the clocks, and against cases worked out by hand."""
import random
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo, available_timezones

import psycopg2
import pytest
from croniter import CroniterBadDateError, croniter

UTC = timezone.utc
MINUTE = timedelta(minutes=1)
MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
DAYS = "sun mon tue wed thu fri sat".split()


@pytest.fixture(scope="module")
def sql(postgres, template):
    postgres.psql(f"create database sf_cron template {template}")
    session = psycopg2.connect(postgres.url("sf_cron"))
    session.autocommit = True

    def run(query, *arguments):
        with session.cursor() as cursor:
            cursor.execute(query, arguments)
            return cursor.fetchall()
    yield run
    session.close()
    postgres.psql("drop database sf_cron with (force)")


def next_ticks(sql, cases, count):
    """For each (cron, zone, after) the next ticks, in UTC."""
    crons, zones, afters = zip(*cases)
    rows = sql("with recursive tick(case_no, n, cron, zone, at) as ("
               " select ordinality, 0, cron_parse(e), z, a from unnest(%s::text[], %s::text[], %s::timestamptz[])"
               " with ordinality as x(e, z, a, ordinality)"
               " union all select case_no, n + 1, cron, zone, cron_next(cron, zone, at) from tick where n < %s)"
               "select case_no, array_agg(at order by n) filter (where n > 0) from tick group by case_no order by case_no",
               list(crons), list(zones), list(afters), count)
    return [[at and at.astimezone(UTC) for at in ticks] for _, ticks in rows]


# ---- against croniter ----

def a_field(dice, low, high, names=()):
    """A field that both understand alike."""
    def value():
        n = dice.randint(low, high)
        return names[n - low] if names and dice.random() < 0.3 else str(n)

    def a_range():
        a, b = sorted(dice.sample(range(low, high + 1), 2))
        return f"{a}-{b}" + (f"/{dice.randint(1, 5)}" if dice.random() < 0.4 else "")
    kind = dice.random()
    if kind < 0.3:
        return "*"
    if kind < 0.4:
        return f"*/{dice.randint(1, max(2, (high - low) // 2))}"
    return ",".join(dice.choice((value, value, a_range))() for _ in range(dice.randint(1, 3)))


def a_cron(dice):
    """Where the days of the month or of the week begin with a star, or are all, croniter has another rule for both of them."""
    while True:
        fields = [a_field(dice, 0, 59), a_field(dice, 0, 23), a_field(dice, 1, 31), a_field(dice, 1, 12, MONTHS),
                  a_field(dice, 0, 6, DAYS)]
        cron = " ".join(fields)
        like_stars = [i for i in (2, 4) if fields[i] != "*" and ("*" in fields[i] or croniter.expand(cron)[0][i] == ["*"])]
        if not like_stars:
            return cron


def test_a_thousand_crons_tick_as_in_croniter(sql):
    """In zones whose clocks do not change, so that croniter reckons with the face of the clock alone."""
    dice = random.Random(5)
    zones = ["UTC", "Asia/Kolkata", "Asia/Kathmandu", "America/Phoenix", "Etc/GMT+5", "Asia/Tokyo"]
    cases = []
    while len(cases) < 1000:
        cron = a_cron(dice)
        after = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=dice.randrange(3 * 525600), seconds=dice.choice((0, 0, 7, 59)))
        cases.append((cron, dice.choice(zones), after))
    wrong = []
    for (cron, zone, after), got in zip(cases, next_ticks(sql, cases, 4)):
        face = croniter(cron, after.astimezone(ZoneInfo(zone)).replace(tzinfo=None), max_years_between_matches=45)
        try:
            want = [face.get_next(datetime).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) for _ in range(4)]
        except CroniterBadDateError:
            want = [None] * 4
        if got != want:
            wrong.append((cron, zone, after, got, want))
    assert wrong == []


# ---- when clocks change ----

# Zones and days around which their clocks change: by an hour, half an hour, two hours, at midnight, over a whole day.
CHANGES = [("Europe/Berlin", (2027, 3, 28)), ("Europe/Berlin", (2027, 10, 31)), ("America/New_York", (2027, 3, 14)),
           ("America/New_York", (2027, 11, 7)), ("Europe/Dublin", (2027, 10, 31)), ("Australia/Lord_Howe", (2027, 4, 4)),
           ("Australia/Lord_Howe", (2027, 10, 3)), ("Antarctica/Troll", (2027, 3, 28)), ("Antarctica/Troll", (2027, 10, 31)),
           ("America/Sao_Paulo", (2018, 11, 4)), ("America/Sao_Paulo", (2019, 2, 17)), ("Africa/Cairo", (2027, 4, 30)),
           ("America/Havana", (2027, 3, 14)), ("America/Havana", (2027, 11, 7)), ("Pacific/Apia", (2011, 12, 30)),
           ("Asia/Tehran", (2021, 3, 22)), ("America/St_Johns", (2027, 11, 7)), ("Europe/Moscow", (2014, 10, 26))]
CRONS = ["30 2 * * *", "0 2 * * *", "*/5 2 * * *", "0 0 * * *", "15 0 * * *", "59 23 * * *", "0 */2 * * *", "30 1,2,3 * * *",
         "45 1 * * sun", "0 3 * * *", "10 0-2 * * *", "* 1-2 * * *", "0 12 * * *", "*/20 * * * *", "17 * * * *", "@hourly", "* * * * *",
         "0 0 * * mon-sat", "30 * 28-31 3,10 *"]
SHORTHAND = {"@hourly": "0 * * * *"}


def fits(cron, at):
    """Whether a clock's face shows a time of this cron; of stars, numbers, ranges, lists and steps."""
    def values(text, low, high):
        for item in text.split(","):
            span, _, step = item.partition("/")
            first, _, last = (f"{low}-{high}" if span == "*" else span).partition("-")
            yield from range(int(first), int(last or first) + 1, int(step or 1))
    minute, hour, day, month, weekday = SHORTHAND.get(cron, cron).replace("sun", "0").replace("mon", "1").replace("sat", "6").split()
    return (at.minute in values(minute, 0, 59) and at.hour in values(hour, 0, 23) and at.day in values(day, 1, 31)
            and at.month in values(month, 1, 12) and at.isoweekday() % 7 in values(weekday, 0, 7))


def walked(cron, zone, start, end):
    """The ticks, by looking at the clock every minute. Of certain hours: when its hands first pass a time of the cron."""
    every_hour = SHORTHAND.get(cron, cron).split()[1] == "*"
    seen, at, ticks = start.astimezone(zone).replace(tzinfo=None), start, []
    while at < end:
        at += MINUTE
        face = at.astimezone(zone).replace(tzinfo=None)
        passed = [seen + n * MINUTE for n in range(1, int((face - seen) / MINUTE) + 1)]
        if fits(cron, face) if every_hour else any(fits(cron, time) for time in passed):
            ticks.append(at)
        seen = max(seen, face)
    return ticks


@pytest.mark.parametrize("zone, day", CHANGES)
def test_every_tick_around_a_change_of_the_clocks(sql, zone, day):
    middle = datetime(*day, 12, tzinfo=UTC)
    start, end = middle - timedelta(hours=36), middle + timedelta(hours=36)
    offsets = {(start + n * MINUTE).astimezone(ZoneInfo(zone)).utcoffset() for n in range(72 * 60)}
    assert len(offsets) == 2, "the clocks change here"
    rows = sql("with recursive tick(e, cron, at) as ("
               " select e, cron_parse(e), cron_next(cron_parse(e), %s, %s) from unnest(%s::text[]) e"
               " union all select e, cron, cron_next(cron, %s, at) from tick where at <= %s)"
               "select e, coalesce(array_agg(at order by at) filter (where at <= %s), '{}') from tick group by e",
               zone, start, CRONS, zone, end, end)
    got = {cron: [at.astimezone(UTC) for at in ticks] for cron, ticks in rows}
    assert got == {cron: walked(cron, ZoneInfo(zone), start, end) for cron in CRONS}


# cron, zone, after, and the ticks that follow, all in the zone's own time with its offset.
BY_HAND = [
    # into the gap: once, right after it; then as ever
    ("30 2 * * *", "Europe/Berlin", "2027-03-27 12:00+01", ["2027-03-28 03:00+02", "2027-03-29 02:30+02"]),
    ("*/10 2 * * *", "America/New_York", "2027-03-14 01:00-05", ["2027-03-14 03:00-04", "2027-03-15 02:00-04"]),
    ("30 2,3 * * *", "Europe/Berlin", "2027-03-28 00:00+01", ["2027-03-28 03:00+02", "2027-03-28 03:30+02"]),
    ("0 2,3 * * *", "Europe/Berlin", "2027-03-28 00:00+01", ["2027-03-28 03:00+02", "2027-03-29 02:00+02"]),
    ("15 2 * * *", "Australia/Lord_Howe", "2027-10-03 00:00+10:30", ["2027-10-03 02:30+11", "2027-10-04 02:15+11"]),
    ("0 9 * * *", "Pacific/Apia", "2011-12-29 12:00-10", ["2011-12-31 00:00+14", "2011-12-31 09:00+14"]),
    ("0 0 * * *", "Africa/Cairo", "2027-04-29 12:00+02", ["2027-04-30 01:00+03", "2027-05-01 00:00+03"]),
    # an hour that comes twice: its first time only, wherever one begins to look
    ("30 2 * * *", "Europe/Berlin", "2027-10-30 12:00+02", ["2027-10-31 02:30+02", "2027-11-01 02:30+01"]),
    ("30 2 * * *", "Europe/Berlin", "2027-10-31 02:15+01", ["2027-11-01 02:30+01"]),
    ("*/30 1 * * *", "America/New_York", "2027-11-07 00:59-04", ["2027-11-07 01:00-04", "2027-11-07 01:30-04", "2027-11-08 01:00-05"]),
    # every hour: by elapsed time
    ("30 * * * *", "Europe/Berlin", "2027-10-31 02:00+02", ["2027-10-31 02:30+02", "2027-10-31 02:30+01", "2027-10-31 03:30+01"]),
    ("30 * * * *", "Europe/Berlin", "2027-03-28 01:00+01", ["2027-03-28 01:30+01", "2027-03-28 03:30+02"]),
    # days of month or of week; both, when one of them begins with a star
    ("0 0 13 * fri", "UTC", "2026-11-01 00:00Z", ["2026-11-06 00:00Z", "2026-11-13 00:00Z", "2026-11-20 00:00Z"]),
    ("0 0 1-7 * mon", "UTC", "2026-11-07 12:00Z", ["2026-11-09 00:00Z", "2026-11-16 00:00Z"]),
    ("0 0 */2 * mon", "UTC", "2026-11-01 00:00Z", ["2026-11-09 00:00Z", "2026-11-23 00:00Z", "2026-12-07 00:00Z"]),
    ("0 0 13 * */5", "UTC", "2026-01-01 00:00Z", ["2026-02-13 00:00Z", "2026-03-13 00:00Z", "2026-09-13 00:00Z", "2026-11-13 00:00Z"]),
    ("0 0 31 * *", "UTC", "2026-11-01 00:00Z", ["2026-12-31 00:00Z", "2027-01-31 00:00Z", "2027-03-31 00:00Z"]),
    # years that are none
    ("0 0 29 2 *", "UTC", "2096-02-29 00:00Z", ["2104-02-29 00:00Z"]),
    ("0 0 29 2 */7", "UTC", "2088-02-29 00:00Z", ["2128-02-29 00:00Z"]),
    ("59 23 31 12 *", "UTC", "2026-12-31 23:59Z", ["2027-12-31 23:59Z"]),
    ("* * * * *", "UTC", "2026-12-31 23:59:59.999999Z", ["2027-01-01 00:00Z", "2027-01-01 00:01Z"]),
]


@pytest.mark.parametrize("cron, zone, after, ticks", BY_HAND)
def test_by_hand(sql, cron, zone, after, ticks):
    wanted = [at for (at,) in sql("select unnest(%s::timestamptz[])", ticks)]
    assert next_ticks(sql, [(cron, zone, after)], len(ticks)) == [wanted]


SAME = [("@hourly", "0 * * * *"), ("@daily", "0 0 * * *"), ("@midnight", "0 0 * * *"), ("@Weekly", "0 0 * * 0"), ("@monthly", "0 0 1 * *"),
        ("@yearly", "0 0 1 1 *"), ("@annually", "0 0 1 1 *"), ("0 0 * * 7", "0 0 * * 0"), ("0 0 * * 5-7", "0 0 * * 0,5,6"),
        ("0 0 * * FRI-SUN", "0 0 * * 0,5,6"), ("0 0 * * sun-tue", "0 0 * * 0-2"), ("0 0 * * sun-sun", "0 0 * * sun"),
        ("0 0 * Jan,feb-MAR *", "0 0 * 1-3 *"), ("  0\t0   * * *  ", "0 0 * * *"), ("0 0 * * 1,1,1", "0 0 * * 1"),
        ("0-59/15 * * * *", "*/15 * * * *"), ("5-50/20 * * * *", "5,25,45 * * * *"), ("*/59 * * * *", "0,59 * * * *")]


@pytest.mark.parametrize("one, other", SAME)
def test_other_ways_to_write_it(sql, one, other):
    ((left, right),) = sql("select cron_parse(%s)::text, cron_parse(%s)::text", one, other)
    assert left == right


WRONG = [("", "five fields"), ("* * * *", "five fields"), ("* * * * * *", "five fields"), ("@reboot", "@hourly"), ("@every 5m", "@hourly"),
         ("60 * * * *", 'minute "60" is not within 0 to 59'), ("* 24 * * *", 'hour "24" is not within 0 to 23'),
         ("* * 0 * *", "day of month"), ("* * 32 * *", "day of month"), ("* * * 0 *", 'month "0"'), ("* * * 13 *", 'month "13"'),
         ("* * * * 8", 'day of week "8" is not within 0 to 7'), ("5-1 * * * *", "runs backwards"), ("* * * * fri-mon", "runs backwards"),
         ("*/0 * * * *", "step"), ("*/60 * * * *", "step"), ("5/10 * * * *", "write 5-59/10"), ("1- * * * *", 'minute "1-"'),
         ("-1 * * * *", 'minute "-1"'), ("1,,2 * * * *", 'minute ""'), ("a * * * *", 'minute "a"'), ("* * * jam *", 'month "jam"'),
         ("* * * * monday", 'day of week "monday"'), ("jan * * * *", 'minute "jan"'), ("* * L * *", 'day of month "l"'), ("* * ? * *", '"?"'),
         ("* * * * 5#2", '"5#2"'), ("*-5 * * * *", '"*-5"'), ("1.5 * * * *", '"1.5"'), ("* * * * mon-8", "not within 0 to 7"),
         ("999 * * * *", '"999"'), ("* * * * 1;2", '"1;2"'), ("٣ * * * *", '"٣"')]


@pytest.mark.parametrize("cron, words", WRONG)
def test_what_is_no_cron_is_told(sql, cron, words):
    with pytest.raises(psycopg2.errors.InvalidParameterValue) as refusal:
        sql("select cron_parse(%s)", cron)
    assert words in str(refusal.value)


@pytest.mark.parametrize("cron", ["0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 30-31 feb *"])
def test_what_never_comes(sql, cron):
    assert next_ticks(sql, [(cron, "Europe/Berlin", datetime(2026, 1, 1, tzinfo=UTC))], 1) == [[None]]


def test_zones_are_those_of_the_iana_database(sql):
    known = sorted(name for name in available_timezones() if "/" in name)
    ((refused,),) = sql("select array_agg(z) from unnest(%s::text[]) z where not is_time_zone(z)", known)
    assert refused is None
    nonsense = ["", "Mars/Phobos", "Mars/Phobos+3", "EST5EDT", "+02", "<+03>-3", "UTC+3", "Europe/Berlin/", "../Europe/Berlin", "Etc/GMT+99",
                "Europe/Berlin; drop table x", "localtime", "PST"]
    ((accepted,),) = sql("select array_agg(z) from unnest(%s::text[]) z where is_time_zone(z)", nonsense)
    assert accepted is None


def test_intervals_never_drift(sql):
    """Each tick is whole intervals after the anchor, from whatever moment one looks, also before it."""
    rows = sql("select (extract(epoch from interval_next(i, a, a + o) - a) * 1000000)::numeric, i, o "
               "from unnest(array[60, 61, 3600, 86399, 31622400]) i, "
               "unnest(array['2026-11-21 14:00:00.123456Z', '1999-12-31 23:59:59.999999Z']::timestamptz[]) a, "
               "unnest(array['0', '1 microsecond', '59.999999 s', '60 s', '1 day 1 s', '7300 days', '-1 microsecond', '-7 days']::interval[]) o")
    assert len(rows) == 80
    for micros, interval_s, offset in rows:
        assert micros % (interval_s * 1000000) == 0
        ahead = timedelta(microseconds=int(micros)) - offset
        assert timedelta() < ahead <= timedelta(seconds=interval_s), (interval_s, offset)
