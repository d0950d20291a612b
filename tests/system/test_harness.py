# SPDX-License-Identifier: Apache-2.0
"""The harness itself: what every other test stands on must be real, and must leave nothing behind."""
import signal
import subprocess
import sys
import time

import pytest

from harness import ledger as ledgers
from harness.process import HarnessError, Process, wait_until
from harness.topics import Topics


@pytest.fixture
def topics(request, kafka):
    own = Topics(kafka.address, f"{request.node.name}.")
    yield own
    own.close()


def sleeper(tmp_path, ledger, **how):
    return Process("sleeper", ["sleep", "1000"], tmp_path / "sleeper.log", ledger, **how)


def test_a_message_goes_through_a_real_broker_with_key_and_headers(topics):
    topics.create("round.trip")
    topics.produce("round.trip", b"\x00value", key="a key", headers={"ce_id": b"7"})
    topics.produce("round.trip", None, key="a key")
    first, second = topics.read("round.trip")
    assert (first.key, first.value, first.headers) == ("a key", b"\x00value", {"ce_id": "7"})
    assert (second.value, second.partition) == (None, first.partition)


def test_reading_goes_on_where_it_was_and_starts_again_in_a_new_topic(topics):
    topics.create("twice")
    topics.produce("twice", b"1")
    assert len(topics.read("twice")) == 1
    topics.produce("twice", b"2")
    assert sorted(message.value for message in topics.read("twice")) == [b"1", b"2"]
    topics.delete("twice")
    topics.create("twice")
    topics.produce("twice", b"3")
    assert [message.value for message in topics.read("twice")] == [b"3"]


def test_topics_are_not_made_by_writing_to_them(topics):
    with pytest.raises(HarnessError):
        topics.produce("nobody.made.me", b"")


def test_the_broker_keeps_messages_over_a_restart_and_a_kill(kafka, topics):
    topics.create("kept")
    topics.produce("kept", b"before")
    kafka.restart()
    topics.produce("kept", b"between")
    kafka.kill()
    kafka.start()
    topics.produce("kept", b"after")
    assert sorted(message.value for message in topics.read("kept")) == [b"after", b"before", b"between"]


def test_the_database_keeps_rows_over_a_restart_and_a_crash(postgres):
    postgres.psql("create table kept (n int)")
    postgres.psql("insert into kept values (1)")
    postgres.restart()
    postgres.psql("insert into kept values (2)")
    postgres.restart(signal.SIGQUIT)
    assert postgres.psql("select sum(n) from kept") == "3"
    postgres.psql("drop table kept")


def test_a_database_from_a_template_has_its_own_rows(postgres):
    postgres.psql("create database mould")
    postgres.psql("create table t as select 1 as n", "mould")
    postgres.psql("create database cast1 template mould")
    postgres.psql("delete from t", "cast1")
    assert postgres.psql("select count(*) from t", "mould") == "1"
    for name in ("cast1", "mould"):
        postgres.psql(f"drop database {name}")


def test_wait_until_fails_with_evidence():
    with pytest.raises(HarnessError, match="in vain for the end of time\nnothing moved"):
        wait_until(lambda: False, 0.05, "the end of time", lambda: "nothing moved")


def test_a_frozen_process_does_nothing_until_it_is_thawed(tmp_path, ledger):
    log = tmp_path / "ticker.log"
    ticker = Process("ticker", ["sh", "-c", "while :; do echo tick; sleep 0.01; done"], log, ledger)
    wait_until(lambda: log.stat().st_size > 0, 5, "a tick")
    ticker.freeze()
    wait_until(lambda: stopped(ticker.pid), 5, "the freeze")
    ticks = log.stat().st_size
    time.sleep(0.1)  # no wait for something, but the time in which nothing may happen
    assert log.stat().st_size == ticks
    ticker.thaw()
    wait_until(lambda: log.stat().st_size > ticks, 5, "a tick after the thaw")
    assert ticker.kill() == -signal.SIGKILL


def stopped(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        return stat.read().rpartition(")")[2].split()[0] == "T"


def test_a_process_says_where_it_listens(tmp_path, ledger):
    line = '{"event":"listening","name":"admin","address":"127.0.0.1:4242"}'
    talker = Process("talker", ["sh", "-c", f"echo plain text; echo '{line}'; exec sleep 1000"], tmp_path / "log", ledger)
    assert talker.address("admin") == "127.0.0.1:4242"
    talker.kill()
    printer = Process("printer", ["sh", "-c", "echo listening 127.0.0.1:4243; exec sleep 1000"], tmp_path / "log2", ledger)
    assert printer.address() == "127.0.0.1:4243"
    printer.kill()


def test_a_process_that_ends_early_shows_its_log(tmp_path, ledger):
    failing = Process("failing", ["sh", "-c", "echo no such setting; exit 78"], tmp_path / "log", ledger)
    with pytest.raises(HarnessError, match="no such setting"):
        failing.address("admin", 5)
    assert failing.wait() == 78


def test_a_recycled_pid_is_never_ended(tmp_path, ledger):
    bystander = sleeper(tmp_path, ledger)
    ledgers.end_process(bystander.pid, ledgers.start_time(bystander.pid) - 1)
    assert bystander.running
    ledgers.end_process(bystander.pid, ledgers.start_time(bystander.pid))
    assert bystander.wait() == -signal.SIGTERM


KILLED_RUN = """
import os, sys
from pathlib import Path
from harness import ledger
from harness.process import Process
own = ledger.Ledger("killed-run")
folder = own.make_folder()
child = Process("sleeper", ["sleep", "1000"], folder / "log", own, death={death!r})
print(child.pid, folder, flush=True)
os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize("death", ["KILL", None])
def test_what_a_killed_run_left_is_cleaned_up_by_the_next(death):
    done = subprocess.run([sys.executable, "-c", KILLED_RUN.format(death=death)], cwd=ledgers.ROOT / "tests" / "system",
                          capture_output=True, text=True, check=False)
    pid, folder = done.stdout.split()
    alive = ledgers.start_time(int(pid))
    assert done.returncode == -signal.SIGKILL and (death or alive)
    assert ledgers.clean_up_leftovers() >= 1
    wait_until(lambda: ledgers.start_time(int(pid)) in (None,) or ledgers.start_time(int(pid)) != alive, 5, "its end")
    assert not ledgers.Path(folder).exists()
    assert not list(ledgers.RUNS.glob("killed-run-*"))


def test_only_what_failed_is_run_again(tmp_path):
    """The ids that the tally takes from pytest's file lead pytest back to the same tests."""
    (tmp_path / "tests" / "system").mkdir(parents=True)
    (tmp_path / "tests" / "system" / "test_some.py").write_text(
        "import pytest\n@pytest.mark.parametrize('x', ['a b', 'c/d::e', 'f'])\ndef test_of(x):\n    assert x == 'f'\n")

    def run(*tests):
        done = subprocess.run([sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml=out.xml", *tests],
                              cwd=tmp_path, capture_output=True, text=True, check=False)
        return done.stdout.splitlines()[-1].split(" in ")[0]

    def failed():
        told = subprocess.run([sys.executable, ledgers.ROOT / "tests" / "tally.py", "--failed", tmp_path / "out.xml"],
                              capture_output=True, text=True, check=True).stdout
        return told.split("\0")[:-1]
    assert run("tests/system") == "2 failed, 1 passed"
    first = failed()
    assert first == ["tests/system/test_some.py::test_of[a b]", "tests/system/test_some.py::test_of[c/d::e]"]
    assert run(*first) == "2 failed" and failed() == first
