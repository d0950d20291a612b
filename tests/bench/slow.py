# SPDX-License-Identifier: Apache-2.0
"""Slow: an API that takes 200 ms for every answer, many accounts at once. Waiting must cost neither time nor memory."""
from statistics import median

import peer
from bed import ROOT, BenchFleet, HarnessError, say
from meter import Meter, peak_rss_mb
from profiling import Profile
from table import number, show

LATENCY_MS = 200
PAGES = 10
IDEAL_S = PAGES * LATENCY_MS / 1000
HEADS = ("", "seconds", "records/s", "worker CPU us/record", "peak RSS MB (largest worker)", "PostgreSQL CPU us/record")
AIMS = {10: "aim: 4 s, 64 MB", 100: "aim: Go's time / 1.3, 100 MB"}


def run(bed, options):
    go = None if options.no_peer else peer.build()
    for limit in (int(word) for word in options.pages_of.split(",")):
        _run_limit(bed, options, limit, go)


def _run_limit(bed, options, limit, go):
    records, accounts = limit * PAGES, options.slow_accounts
    simulator = bed.simulator(records)
    simulator.accounts("", accounts + 1, records={"contacts": records}, latency_ms=LATENCY_MS)  # from 0; the peer from 1
    found = {}
    for turn in range(options.rounds):
        say(f"slow: pages of {limit}, round {turn + 1} of {options.rounds}")
        if go:
            figures = peer.run_go_slow(bed, simulator, accounts, records, limit)
            found.setdefault("Go, one worker", []).append({**figures, "seconds": accounts * records / figures["rate"]})
        for workers in (int(word) for word in options.workers.split(",")):
            name = f"ours, {workers} worker{'s' if workers > 1 else ''}"
            found.setdefault(name, []).append(_run_ours(bed, simulator, options, limit, workers))
    simulator.process.stop()
    _show(found, options, limit)


def _declarations(bed, limit):
    """The benchmark's declaration with another size of page."""
    folder = bed.folder / f"pages-of-{limit}"
    folder.mkdir(exist_ok=True)
    text = (ROOT / "common" / "providers" / "bench.cfg").read_text()
    (folder / "bench.cfg").write_text(text.replace("size = 100;", f"size = {limit};"))
    return folder


def _run_ours(bed, simulator, options, limit, workers):
    accounts, total = options.slow_accounts, options.slow_accounts * limit * PAGES
    settings = {"providers.dir": _declarations(bed, limit), "worker.slots": accounts}
    with BenchFleet(bed, simulator, [str(one) for one in range(1, accounts + 1)], workers, settings) as fleet:
        meter = Meter(*fleet.groups()).start()
        with Profile(fleet, options, f"slow-{limit}-{workers}"):
            counted = fleet.load(fleet.connections, once=1)
        used = meter.stop(load=counted["cpu_s"])
        _check(fleet, total, counted)
        seconds = counted["last_s"]
        say(f"slow: {workers} workers: {seconds:.2f} s; CPU s: " + ", ".join(f"{name} {cpu:.2f}" for name, cpu in used.items()))
        return {**peer.figures(total, seconds, used["worker"], used["PostgreSQL"], max(peak_rss_mb(w.pid) for w in fleet.workers)),
                "seconds": seconds}


def _check(fleet, total, counted):
    rows = int(fleet.value(f"select count(*) from bench_contacts where connection_id <> '{fleet.warm}'"))
    if rows != total or counted["completed"] != len(fleet.connections):
        raise HarnessError(f"{rows} rows instead of {total}, {counted['completed']} of {len(fleet.connections)} syncs completed")


def _show(found, options, limit):
    fields = ("seconds", "rate", "cpu", "rss", "postgres")
    medians = {name: {field: median(turn[field] for turn in turns) for field in fields} for name, turns in found.items()}
    rows = [(name, *(figures[field] for field in fields)) for name, figures in medians.items()]
    if "Go, one worker" in medians and "ours, 1 worker" in medians:
        ours, go = medians["ours, 1 worker"], medians["Go, one worker"]
        rows.append(("**Go / ours**", *(number(go[field] / ours[field], 2) for field in fields)))
    title = (f"Slow: {options.slow_accounts:,} accounts x {PAGES} pages of {limit}, {LATENCY_MS} ms an answer "
             f"(ideal {IDEAL_S:.1f} s; {AIMS.get(limit, 'no aim')}; medians of {options.rounds})")
    show(title, HEADS, rows, () if "Go, one worker" in medians else ("The Go peer was skipped.",))
