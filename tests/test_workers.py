"""Worker processes give what one process gives; one that dies takes nothing with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from job_makers import Doubling, make_items

from ribin import workers
from ribin.workers import LocalProcesses, local_executor


def outcomes(executor, work, count=12):
    return {o.number: (o.value, o.failed) for o in executor.submit(work, make_items(count))}


def test_workers_give_what_one_process_gives(tmp_path):
    work = Doubling(tmp_path, refused=frozenset({3}), broken=frozenset({7}))
    here, beside = (outcomes(local_executor(jobs), work) for jobs in (1, 2))
    assert sorted(beside) == list(range(1, 13))
    assert {value["threads"] for value, _ in beside.values() if value} == {"1"}
    for number, (value, failed) in here.items():
        assert failed == {3: "item 3 is refused", 7: "KeyError: 7"}.get(number, "")
        assert beside[number][1] == failed
        assert (value or {}).get("twice") == (beside[number][0] or {}).get("twice")


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="needs signals of POSIX")
def test_an_interrupt_that_comes_while_workers_start_is_not_lost(tmp_path, monkeypatch):
    """The whole window of a start, not by luck: the interrupt is sent in each of them."""
    pools = []

    class Interrupted(workers.ProcessPoolExecutor):
        def submit(self, *args):
            pools.append(self)
            os.kill(os.getpid(), signal.SIGINT)
            return super().submit(*args)

    monkeypatch.setattr(workers, "ProcessPoolExecutor", Interrupted)
    # A shell that starts the tests in the background has them ignore interrupts.
    usual = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            outcomes(LocalProcesses(2), Doubling(tmp_path))
    finally:
        signal.signal(signal.SIGINT, usual)
    assert len(pools) == 1
    assert not pools[0]._processes  # it waited for its workers, and they ended


@pytest.mark.slow
def test_a_worker_that_dies_takes_nothing_with_it(tmp_path):
    work = Doubling(tmp_path, dies_once=frozenset({2}), dies_always=frozenset({5}))
    found = outcomes(LocalProcesses(2), work, 8)
    assert sorted(found) == list(range(1, 9))
    told = "its worker process ended 2 times: no memory left?"
    assert {n: failed for n, (_, failed) in found.items() if failed} == {5: told}
    assert all(found[n][0]["twice"] == 2 * n for n in found if n != 5)


WAITING = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from job_makers import make_items
from ribin.workers import LocalProcesses
from dataclasses import dataclass
import os

if __name__ == "__main__":
    sys.path.insert(0, sys.argv[2])
    from sleeper import Sleeper
    for outcome in LocalProcesses(2).submit(Sleeper(Path(sys.argv[2])), make_items(4)):
        pass
"""
SLEEPER = """
import os, time
from dataclasses import dataclass
from pathlib import Path

@dataclass(frozen=True)
class Sleeper:
    folder: Path

    def do(self, item):
        (self.folder / f"pid-{os.getpid()}").touch()
        time.sleep(60)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
def test_workers_end_with_a_parent_that_is_killed(tmp_path):
    (tmp_path / "sleeper.py").write_text(SLEEPER, encoding="utf-8")
    (tmp_path / "waiting.py").write_text(WAITING, encoding="utf-8")
    arguments = [sys.executable, tmp_path / "waiting.py", Path(__file__).parent, tmp_path]
    parent = subprocess.Popen([str(a) for a in arguments], stderr=subprocess.DEVNULL)
    workers = wait_for(lambda: [p.name[4:] for p in tmp_path.glob("pid-*")], 2)
    parent.kill()
    parent.wait()
    wait_for(lambda: [p for p in workers if not Path("/proc", p).exists()], len(workers))


def wait_for(look, count):
    for _ in range(300):
        found = look()
        if len(found) >= count:
            return found
        time.sleep(0.1)
    raise AssertionError(f"{count} needed, found {found}")
