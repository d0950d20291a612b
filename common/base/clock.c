// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/clock.h"

#include <ctype.h>

#define S_PER_DAY INT64_C(86400)

static int64_t clock_read_us(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return t.tv_sec * US_PER_S + t.tv_nsec / 1000;
}

int64_t clock_unix_us(void)
{
	return clock_read_us(CLOCK_REALTIME);
}

int64_t clock_mono_us(void)
{
	return clock_read_us(CLOCK_MONOTONIC);
}

int64_t clock_mono_ms(void)
{
	return clock_mono_us() / 1000;
}

void clock_format(int64_t unix_us, char ret[CLOCK_TEXT_LEN + 1])
{
	int64_t us = unix_us % US_PER_S;
	time_t s = (time_t)(unix_us / US_PER_S);
	struct tm tm;

	if (us < 0) {
		us += US_PER_S;
		s--;
	}
	gmtime_r(&s, &tm);
	size_t n = strftime(ret, CLOCK_TEXT_LEN + 1, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(ret + n, CLOCK_TEXT_LEN + 1 - n, ".%06dZ", (int)us);
}

/* Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil. */
int64_t clock_days_from_civil(int64_t year, int month, int day)
{
	year -= month <= 2;
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t yoe = year - era * 400;
	int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

	return era * 146097 + doe - 719468;
}

/* Takes exactly `digits` decimal digits off the front. */
static bool take_number(struct str *s, size_t digits, int *ret)
{
	int value = 0;

	if (s->n < digits)
		return false;
	for (size_t i = 0; i < digits; i++) {
		if (!isdigit((unsigned char)s->p[i]))
			return false;
		value = value * 10 + (s->p[i] - '0');
	}
	s->p += digits;
	s->n -= digits;
	*ret = value;
	return true;
}

static bool take_char(struct str *s, char c)
{
	if (!s->n || s->p[0] != c)
		return false;
	s->p++;
	s->n--;
	return true;
}

static bool take_date(struct str *s, int64_t *ret_days)
{
	static const uint8_t month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int year;
	int month;
	int day;

	if (!take_number(s, 4, &year) || !take_char(s, '-') || !take_number(s, 2, &month) ||
	    !take_char(s, '-') || !take_number(s, 2, &day))
		return false;
	if (month < 1 || month > 12)
		return false;
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	if (day < 1 || day > month_days[month - 1] + (month == 2 && leap))
		return false;
	*ret_days = clock_days_from_civil(year, month, day);
	return true;
}

static bool take_fraction(struct str *s, int64_t *us)
{
	int64_t unit = US_PER_S / 10;

	*us = 0;
	if (!take_char(s, '.'))
		return true;
	if (!s->n || !isdigit((unsigned char)s->p[0]))
		return false;
	for (; s->n && isdigit((unsigned char)s->p[0]); s->p++, s->n--, unit /= 10)
		*us += (s->p[0] - '0') * unit;
	return true;
}

static bool take_time(struct str *s, int64_t *ret_us)
{
	int h;
	int m;
	int sec = 0;
	int64_t us;

	if (!take_number(s, 2, &h) || !take_char(s, ':') || !take_number(s, 2, &m))
		return false;
	if (take_char(s, ':') && !take_number(s, 2, &sec))
		return false;
	if (h > 23 || m > 59 || sec > 60 || !take_fraction(s, &us))
		return false;
	*ret_us = (((int64_t)h * 60 + m) * 60 + sec) * US_PER_S + us;
	return true;
}

static bool take_zone(struct str *s, bool naive_utc, int64_t *ret_offset_us)
{
	int h;
	int m;

	*ret_offset_us = 0;
	if (s->n == 0)
		return naive_utc;
	if (take_char(s, 'Z') || take_char(s, 'z'))
		return s->n == 0;
	bool west = s->p[0] == '-';
	if (!take_char(s, '+') && !take_char(s, '-'))
		return false;
	if (!take_number(s, 2, &h) || h > 23)
		return false;
	take_char(s, ':');
	if (!take_number(s, 2, &m) || m > 59)
		return false;
	*ret_offset_us = (west ? -1 : 1) * ((int64_t)h * 60 + m) * 60 * US_PER_S;
	return s->n == 0;
}

bool clock_parse(struct str text, bool naive_utc, int64_t *ret_unix_us)
{
	struct str s = text;
	int64_t days;
	int64_t time_us = 0;
	int64_t offset_us;

	if (!take_date(&s, &days))
		return false;
	if (s.n && (take_char(&s, 'T') || take_char(&s, 't') || take_char(&s, ' ')) &&
	    !take_time(&s, &time_us))
		return false;
	if (!take_zone(&s, naive_utc, &offset_us))
		return false;
	*ret_unix_us = days * S_PER_DAY * US_PER_S + time_us - offset_us;
	return true;
}
