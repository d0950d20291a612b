# SPDX-License-Identifier: Apache-2.0
"""Bulk: a few big accounts, first load and unchanged data, one worker, in turns with the Go peer and PostgreSQL alone."""
from statistics import median

import peer
from bed import BenchFleet, HarnessError, say
from meter import Meter, peak_rss_mb
from profiling import Profile
from table import number, show

PHASES = {"first": "first load", "unchanged": "unchanged data"}
HEADS = ("", "records/s", "worker CPU us/record", "peak RSS MB", "PostgreSQL CPU us/record")
FIELDS = ("rate", "cpu", "rss", "postgres")
LIMITS = {"first": {"rate": 1.2, "cpu": 0.35}, "unchanged": {"rate": 2.5, "cpu": 0.35}}
RSS_LIMIT_MB = 48


def run(bed, options):
    simulator = bed.simulator(options.records)
    go = None if options.no_peer else peer.build()
    if options.no_peer:
        say("bulk: the Go peer is SKIPPED, as asked")
    found = {"ours": [], "Go": [], "PostgreSQL alone": []}
    for turn in range(options.rounds):
        say(f"bulk: round {turn + 1} of {options.rounds}")
        if go:
            found["Go"].append(peer.run_go(bed, simulator, options.big_accounts, options.records))
        _run_ours(bed, simulator, options, found)
    simulator.process.stop()
    _show(found, options)


def _run_ours(bed, simulator, options, found):
    total = options.big_accounts * options.records
    with BenchFleet(bed, simulator, [str(number) for number in range(1, options.big_accounts + 1)]) as fleet:
        found["ours"].append({phase: _sync_all(fleet, phase, total, options) for phase in PHASES})
        if options.no_floor:
            return
        sessions = peer.export(bed, fleet)
    found["PostgreSQL alone"].append(peer.run_floor(bed, sessions, total))


def _sync_all(fleet, phase, total, options):
    """One full sync of every account at once; from the first request to the last end event at a consumer."""
    (worker,) = fleet.workers
    meter = Meter(*fleet.groups()).start()
    with Profile(fleet, options, f"bulk-{phase}"):
        counted = fleet.load(fleet.connections, once=1)
    used = meter.stop(load=counted["cpu_s"])
    _check(fleet, phase, total, counted)
    say(f"bulk: ours, {PHASES[phase]}: {total / counted['last_s']:,.0f} records/s; CPU s: " +
        ", ".join(f"{name} {seconds:.2f}" for name, seconds in used.items()))
    return peer.figures(total, counted["last_s"], used["worker"], used["PostgreSQL"], peak_rss_mb(worker.pid))


def _check(fleet, phase, total, counted):
    ours = f"connection_id <> '{fleet.warm}'"
    rows = int(fleet.value(f"select count(*) from bench_contacts where {ours}"))
    counter = {"first": "inserted", "unchanged": "unchanged"}[phase]
    seen = int(fleet.value(f"select sum(records_{counter}) from sync_tasks where {ours}"))
    if rows != total or seen != total or counted["completed"] != len(fleet.connections):
        raise HarnessError(f"{PHASES[phase]}: {rows} rows and {seen} {counter} instead of {total}, "
                           f"{counted['completed']} of {len(fleet.connections)} syncs completed")


def _show(found, options):
    medians = {(who, phase): {field: median(turn[phase][field] for turn in turns) for field in FIELDS}
               for who, turns in found.items() if turns for phase in PHASES}
    rows = []
    for phase, text in PHASES.items():
        rows += [(f"{text}, {who}{' (skipping)' if who == 'Go' and phase == 'unchanged' else ''}",
                  *(figures[field] for field in FIELDS)) for (who, of), figures in medians.items() if of == phase]
        if ("Go", phase) in medians:
            rows.append(_ratios(text, medians["ours", phase], medians["Go", phase], LIMITS[phase]))
    title = (f"Bulk: {options.big_accounts} accounts x {options.records:,} records, pages of 100, one worker "
             f"(medians of {options.rounds})")
    show(title, HEADS, rows, () if found["Go"] else ("The Go peer was skipped.",))


def _ratios(text, ours, go, limits):
    def ratio(field):
        return number(ours[field] / go[field], 2)
    return (f"{text}, **ours / Go** (limit)", f"{ratio('rate')} (>= {limits['rate']})", f"{ratio('cpu')} (<= {limits['cpu']})",
            f"{ratio('rss')} (ours <= {RSS_LIMIT_MB} MB)", ratio("postgres"))
