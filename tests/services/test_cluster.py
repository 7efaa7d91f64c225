"""Batches and searches on two worker processes: the results of one machine, whoever dies."""

from __future__ import annotations

import dataclasses
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from mark_makers import make_scan, template_of

from ribin.correlate.sketch import moved_sketches
from ribin.errors import ParameterError, StoreError
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.search.index import MarkList, Shard, ShardTask, Threads, write_shard
from ribin.services.cluster import ClusterExecutor, ClusterScorer, connected
from ribin.workers import ThisProcess, WorkItem

pytestmark = pytest.mark.slow
distributed = pytest.importorskip("distributed", reason="ribin[cluster] is not installed")


class Slow:
    """Work whose result says nothing of who did it."""

    def do(self, item: WorkItem):
        time.sleep(0.05)
        if item.number == 3:
            raise ParameterError("the third is refused")
        return item.number**2


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    scratch = tmp_path_factory.mktemp("dask")
    with (
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address=None,
            local_directory=str(scratch),
        ) as cluster,
        connected(cluster.scheduler_address) as made,
    ):
        yield made


def pids(client) -> dict[str, int]:
    return client.run(os.getpid)


def kill_one(client, after_s: float) -> threading.Timer:
    """SIGKILL for one of the two workers, some time from now."""
    victim = next(iter(pids(client).values()))
    timer = threading.Timer(after_s, os.kill, (victim, signal.SIGKILL))
    timer.start()
    return timer


@pytest.fixture
def shards(tmp_path) -> list[ShardTask]:
    rng = np.random.default_rng(5)
    tasks = []
    for number in range(12):
        marks = MarkList(
            np.arange(400) + 400 * number, rng.integers(0, 256, (400, 32)).astype(np.uint8)
        )
        sketches = rng.integers(-127, 128, (400, 1024)).astype(np.int8)
        path = write_shard(tmp_path, number, Shard(marks, sketches))
        tasks.append(ShardTask(path, marks, rng.random(400) < 0.8))
    return tasks


def same(one, two) -> bool:
    return all(
        np.array_equal(a.held, b.held) and np.array_equal(a.scores, b.scores, equal_nan=True)
        for a, b in zip(one, two, strict=True)
    )


@pytest.fixture(scope="module")
def moves():
    return moved_sketches(template_of(make_scan(1)), DEFAULT_PARAMS)[0]


def test_shards_scored_elsewhere_give_the_same_bits(client, shards, moves):
    here = list(Threads(1).score(moves, shards))
    assert same(here, Threads(2).score(moves, shards))
    assert same(here, ClusterScorer(client).score(moves, shards))
    assert list(ClusterScorer(client).score(moves, [])) == []


def test_a_worker_killed_in_the_middle_changes_no_score(client, shards, moves):
    many = shards * 8
    here = list(Threads(2).score(moves, many))
    timer = kill_one(client, 0.2)
    assert same(here, ClusterScorer(client).score(moves, many))
    timer.join()


class Elsewhere:
    """A scheduler whose workers have no such folder."""

    status = "running"

    def scatter(self, moves, **_):
        return moves

    def submit(self, work, moves, task, **_):
        return self.Answer(work(moves, dataclasses.replace(task, path=Path("no", "such.h5"))))

    class Answer:
        def __init__(self, seen):
            self._seen = seen

        def result(self):
            return self._seen


def test_a_worker_without_the_folder_is_made_up_for_here(shards, moves):
    here = list(Threads(1).score(moves, shards))
    assert same(here, ClusterScorer(Elsewhere()).score(moves, shards))


def test_a_batch_elsewhere_has_the_outcomes_of_one_here(client):
    items = [WorkItem(number, number + 1, {}) for number in range(1, 41)]
    here = list(ThisProcess().submit(Slow(), items))
    elsewhere = ClusterExecutor(client).submit(Slow(), items)
    assert sorted(elsewhere, key=lambda outcome: outcome.number) == here
    assert [outcome.number for outcome in here if outcome.failed] == [3]


def test_a_worker_killed_in_the_middle_of_a_batch_loses_nothing(client):
    items = [WorkItem(number, number + 1, {}) for number in range(1, 61)]
    timer = kill_one(client, 0.5)
    found = list(ClusterExecutor(client).submit(Slow(), items))
    timer.join()
    assert sorted(outcome.number for outcome in found) == list(range(1, 61))
    assert [outcome.number for outcome in found if outcome.failed] == [3]


def test_commands_with_a_scheduler_write_what_they_write_without(client, ribin, tmp_path):
    address = client.scheduler.address
    sample = Path(__file__).parents[2] / "sample_data"
    files = sorted(sample.rglob("*.x3p"))[:4]
    for file in files:
        shutil.copy(file, tmp_path)
    rows = [f"{a.name},{b.name}" for a in files for b in files if a.name < b.name]
    job = tmp_path / "pairs.csv"
    job.write_text("\n".join(["reference,comparison", *rows]) + "\n", encoding="utf-8")
    alone, shared = tmp_path / "alone.jsonl", tmp_path / "shared.jsonl"
    assert ribin("batch", "compare", job, "--out", alone).code == 0
    assert ribin("batch", "compare", job, "--out", shared, "--scheduler", address).code == 0
    assert shared.read_bytes() == alone.read_bytes()


@pytest.fixture
def mortal(tmp_path):
    """A scheduler in a process of its own, with a worker; gives the process and a client."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    usual = [sys.executable, "-m"], ["--no-dashboard"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": tmp_path}
    quiet["env"] = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    place = ["distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port)]
    scheduler = subprocess.Popen([*usual[0], *place, *usual[1]], **quiet)
    place = ["distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny"]
    worker = subprocess.Popen([*usual[0], *place, *usual[1]], **quiet)
    try:
        with connected(address) as client:
            yield scheduler, client
    finally:
        for process in (worker, scheduler):
            process.kill()
            process.wait()


def test_a_scheduler_that_ends_ends_the_batch_and_no_item_counts_as_failed(mortal):
    scheduler, client = mortal
    timer = threading.Timer(0.6, scheduler.kill)
    timer.start()
    found, started = [], time.monotonic()
    with pytest.raises(StoreError, match="found it ended; run the job again"):
        found.extend(
            ClusterExecutor(client).submit(Slow(), [WorkItem(k, k, {}) for k in range(4, 99)])
        )
    assert time.monotonic() - started < 10.0
    assert not [outcome for outcome in found if outcome.failed]


def test_a_search_whose_scheduler_ends_is_finished_here(mortal, shards, moves):
    scheduler, client = mortal
    here = list(Threads(1).score(moves, shards))
    scorer = ClusterScorer(client)
    assert same(here, scorer.score(moves, shards))
    scheduler.kill()
    assert same(here, scorer.score(moves, shards))
    assert same(here, scorer.score(moves, shards))


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch):
    monkeypatch.setattr("ribin.services.cluster._ANSWER_S", 0.3)
    with (
        pytest.raises(ParameterError, match=r"tcp://127\.0\.0\.1:9: a dask scheduler needed"),
        connected("tcp://127.0.0.1:9"),
    ):
        pass
