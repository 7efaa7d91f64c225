"""A job of many items: the same whoever works, resumed from any point, one writer, all told."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from batch_makers import Doubling, OutOfOrder, make_items, make_job

from ribin.errors import FormatError, ParameterError, StoreError
from ribin.services.jobs import read_job, run_job
from ribin.services.journal import open_journal
from ribin.services.workers import LocalProcesses, ThisProcess, local_executor
from ribin.vault.vault import Vault

JOB = {"job": "search", "items": 5}
SAID = "remove it"


def test_a_journal_is_read_back(tmp_path):
    path = tmp_path / "x.journal"
    with open_journal(path, JOB, SAID) as journal:
        journal.finish(1, {"name": "é", "score": 0.1})
        journal.begin(2)
        journal.fail(3, "no such file")
    with open_journal(path, JOB, SAID) as journal:
        assert sorted(journal.done) == [1, 3]
        assert journal.failed == {3}
        assert journal.has_begun(2)
        assert not journal.has_begun(1)
        assert journal.entry(1)["done"] == {"name": "é", "score": 0.1}
        assert journal.entry(3)["failed"] == "no such file"
        journal.forget_failed()
        journal.finish(3, "now")
    with open_journal(path, JOB, SAID) as journal:
        assert journal.entry(3)["done"] == "now"
        assert journal.failed == set()


def test_a_journal_cut_at_any_byte_goes_on_from_its_last_whole_line(tmp_path):
    path = tmp_path / "x.journal"
    with open_journal(path, JOB, SAID) as journal:
        for number in range(1, 6):
            journal.finish(number, {"twice": 2 * number})
    whole = path.read_bytes()
    ends = [i + 1 for i, byte in enumerate(whole) if byte == ord("\n")]
    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        with open_journal(path, JOB, SAID) as journal:
            kept = max(0, sum(end <= length for end in ends) - 1)
            assert sorted(journal.done) == list(range(1, kept + 1))
            for number in range(kept + 1, 6):
                journal.finish(number, {"twice": 2 * number})
        assert path.read_bytes() == whole


def test_a_journal_that_is_none_is_left_as_it_is(tmp_path):
    path = tmp_path / "x.journal"
    with open_journal(path, JOB, SAID) as journal:
        for number in (1, 2, 3):
            journal.finish(number, number)
    whole = path.read_bytes()
    damaged = bytearray(whole)
    damaged[whole.index(b"\n") + 12] ^= 1
    for content, error, told in (
        (bytes(damaged), FormatError, "line 2 is damaged; remove it"),
        (b"a letter to a friend", FormatError, "line 1 is damaged; remove it"),
        (b"a letter\nto a friend", FormatError, "line 1 is damaged; remove it"),
    ):
        path.write_bytes(content)
        with pytest.raises(error, match=told), open_journal(path, JOB, SAID):
            pass
        assert path.read_bytes() == content
    path.write_bytes(whole)
    with (
        pytest.raises(
            ParameterError, match="another job, other options or another ribin; remove it"
        ),
        open_journal(path, {**JOB, "items": 6}, SAID),
    ):
        pass


def test_one_writer(tmp_path):
    path = tmp_path / "x.journal"
    with (
        open_journal(path, JOB, SAID),
        pytest.raises(StoreError, match="in use by another run of this job"),
        open_journal(path, JOB, SAID),
    ):
        pass
    with open_journal(path, JOB, SAID):
        pass


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
from batch_makers import make_items
from ribin.services.workers import LocalProcesses
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
    arguments = [sys.executable, tmp_path / "waiting.py", Path(__file__).parents[1], tmp_path]
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


@pytest.mark.parametrize(
    "executor",
    [pytest.param(LocalProcesses(2), marks=pytest.mark.slow), *map(OutOfOrder, range(5))],
)
def test_a_journal_does_not_depend_on_who_works(tmp_path, executor):
    work = Doubling(tmp_path, refused=frozenset({4}))
    contents = []
    for name, who in (("a", ThisProcess()), ("b", executor)):
        ticks = []
        with open_journal(tmp_path / name, JOB, SAID) as journal:
            tally = run_job(
                make_job(20),
                work,
                who,
                journal,
                lambda *said, ticks=ticks: ticks.append(said),
                lambda item, outcome, journal: outcome.value["twice"],
            )
        assert (tally.items, tally.done_now, tally.done_before, tally.failed) == (20, 20, 0, 1)
        assert [done for _, done, _ in ticks] == list(range(21))
        contents.append((tmp_path / name).read_bytes())
    assert contents[0] == contents[1]


def test_an_executor_that_loses_an_item_is_noticed(tmp_path):
    class Losing(OutOfOrder):
        def submit(self, work, items):
            yield from (o for o in super().submit(work, items) if o.number != 3)

    with (
        open_journal(tmp_path / "x", JOB, SAID) as journal,
        pytest.raises(StoreError, match="an outcome of line 4 needed, found none"),
    ):
        run_job(make_job(5), Doubling(tmp_path), Losing(1), journal)
    with open_journal(tmp_path / "x", JOB, SAID) as journal:
        assert sorted(journal.done) == [1, 2]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("reference\na\n", "no column comparison; known: reference, comparison, mark"),
        ("reference,comparison,score\na,b,1\n", "column 'score' means nothing"),
        ("reference,comparison\n", "at least one row needed, found none"),
        (
            "reference,comparison\na,b,c\n",
            r"line 2: one cell for each column needed, found \['c'\]",
        ),
        (b"reference,comparison\n\xff,b\n", "a CSV file of a job needed"),
    ],
)
def test_jobs_that_are_refused(tmp_path, text, told):
    path = tmp_path / "job.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(FormatError, match=told):
        read_job(path, "compare", {}, {})
    with pytest.raises(FormatError, match="No such file"):
        read_job(tmp_path / "none.csv", "compare", {}, {})


A, B, C = "JAM-2026-0007-1.x3p", "BLZ-2025-0042-1.x3p", "JAM-2025-0038-1.x3p"


@pytest.fixture
def pairs(sample_dir, tmp_path):
    for name in (A, B, C):
        shutil.copyfile(sample_dir / name, tmp_path / name)
    made = [(A, B), (A, C), (A, "gone.x3p"), (B, C), ("", C)]
    with (tmp_path / "pairs.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([("reference", "comparison"), *made])
    return tmp_path / "pairs.csv"


def rows(path):
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_batch_of_comparisons(ribin, pairs):
    results = pairs.with_name("pairs.results.jsonl")
    done = ribin("batch", "compare", pairs, "--jobs", "1")
    assert done.code == 1
    assert done.out.splitlines() == [
        "5 items: 3 done, 2 failed",
        *(str(results.with_suffix(end)) for end in (".jsonl", ".csv")),
    ]
    assert done.err.splitlines() == [
        f"line 4: {pairs.parent}/gone.x3p: a scan needed, No such file or directory",
        "line 6: a reference needed, found an empty cell",
    ]
    found = lines(results)
    assert [one["item"] for one in found] == [1, 2, 3, 4, 5]
    alone = json.loads(ribin("compare", pairs.parent / A, pairs.parent / B, "--json").out)
    same = {k: v for k, v in alone.items() if k not in ("elapsed_s", "cell_fits")}
    assert found[0]["result"] == same
    table = rows(results.with_suffix(".csv"))
    assert [row["failed"][:6] for row in table] == ["", "", str(pairs)[:6], "", "line 6"]
    assert float(table[0]["score"]) == alone["score"]
    first = [results.read_bytes(), results.with_suffix(".csv").read_bytes()]

    again = ribin("batch", "compare", pairs, "--jobs", "1", "--json")  # nothing is done again
    assert json.loads(again.out)["done_now"] == 0
    beside = ribin("batch", "compare", pairs, "--jobs", "2", "--out", pairs.with_name("two.jsonl"))
    failures = [line for line in beside.err.splitlines() if not line.startswith("compare ")]
    assert failures == done.err.splitlines()  # but for how far it is, on a slow machine
    assert [pairs.with_name(f"two{end}").read_bytes() for end in (".jsonl", ".csv")] == first

    shutil.copyfile(pairs.parent / B, pairs.parent / "gone.x3p")
    mended = ribin("batch", "compare", pairs, "--jobs", "1", "--retry-failed")
    assert mended.out.startswith("5 items: 4 done, 1 failed, 3 of them before this run")
    assert lines(results)[2]["result"]["score"] == found[0]["result"]["score"]


def test_another_job_or_other_options_do_not_go_on_with_its_journal(ribin, pairs):
    assert ribin("batch", "compare", pairs, "--jobs", "1").code == 1
    done = ribin("batch", "compare", pairs, "--jobs", "1", "--cells")
    assert (done.code, done.out) == (2, "")
    journal = pairs.with_name("pairs.results.journal")
    said = "begun with another job, other options or another ribin; --out names another file, or "
    said += f"remove {journal}"
    assert done.err == f"ribin: {journal}: {said}\n"
    bad = ribin("batch", "compare", pairs, "--out", pairs.with_name("results.txt"))
    assert bad.code == 2
    assert "a name that ends in .jsonl, in a folder that is there, needed" in bad.err
    asked = pairs.read_bytes()
    over = ribin("batch", "compare", pairs, "--out", pairs.with_suffix(".jsonl"))
    assert over.code == 2
    assert "another name needed, its .csv would replace the job" in over.err
    theirs = pairs.with_name("theirs.csv")
    theirs.write_text("somebody's table\n", encoding="utf-8")
    taken = ribin("batch", "compare", pairs, "--out", theirs.with_suffix(".jsonl"))
    assert taken.code == 2
    assert "theirs.csv: would be replaced" in taken.err
    assert theirs.read_text(encoding="utf-8") == "somebody's table\n"
    assert pairs.read_bytes() == asked


@pytest.mark.parametrize("ways", [(1,), pytest.param((1, 2), marks=pytest.mark.slow)])
def test_a_batch_of_enrolments_and_one_of_searches(ribin, pairs, tmp_path, ways):
    """With as many processes as each of the ways says; all give the same."""
    made = [(A, "E1", "X1"), ("gone.x3p", "E1", "X9"), (C, "E2", "X2"), (B, "E3", "X3")]
    scans = tmp_path / "scans.csv"
    with scans.open("w", newline="") as stream:
        csv.writer(stream).writerows([("file", "event", "exhibit"), *made])
    held = []
    for jobs in ways:
        vault, out = tmp_path / f"JAM{jobs}", tmp_path / f"enrolled{jobs}.jsonl"
        ribin("init", vault, "--member", "JAM", "--who", "me")
        asked = ("--vault", vault, "--jobs", jobs, "--who", "me", "--out", out)
        done = ribin("batch", "enrol", scans, *asked)
        assert (done.code, done.out.splitlines()[0]) == (1, "4 items: 3 done, 1 failed")
        assert ribin("batch", "enrol", scans, *asked).code == 1  # goes on: all is there
        with Vault.open(vault) as opened:
            held.append((opened.holdings().snapshot, out.read_bytes()))
    assert all(one == held[0] for one in held)
    outcomes = [one["result"] and one["result"]["outcome"] for one in lines(out)]
    assert outcomes == ["new", None, "new", "new"]

    queries = tmp_path / "queries.csv"
    queries.write_text(f"query,calibre\nX1,\n{B},9x19\nnobody,\n", encoding="utf-8")
    files = []
    for jobs in ways:
        out = tmp_path / f"found{jobs}.jsonl"
        asked = ("--vault", vault, "--jobs", jobs, "--who", "me", "--out", out, "--top", 2)
        done = ribin("batch", "search", queries, *asked)
        assert (done.code, done.out.splitlines()[0]) == (1, "3 items: 2 done, 1 failed")
        assert done.err.startswith("line 4: nobody: neither a file nor an exhibit")
        files.append([out.with_suffix(end).read_bytes() for end in (".jsonl", ".csv")])
    assert all(one == files[0] for one in files)
    alone = json.loads(ribin("search", "X1", "--vault", vault, "--top", 2, "--json").out)
    found = lines(out)[0]["result"]
    assert found["candidates"] == alone["candidates"]
    assert found["counts"] == alone["counts"]
    table = rows(out.with_suffix(".csv"))
    assert [(r["query"], r["rank"], r["exhibit"]) for r in table[:2]] == [
        ("X1", str(c["rank"]), c["exhibit"]) for c in alone["candidates"]
    ]
    assert table[-1]["failed"].startswith("nobody: ")


def test_a_list_that_lacks_a_member_is_kept_and_counts_as_failed(ribin, pairs, tmp_path):
    network = tmp_path / "network.toml"
    text = "".join(f'[members.{c}]\nvault = "{c}"\n' for c in ("BLZ", "JAM"))
    network.write_text(text + '[clusters]\nlinked = ["BLZ", "JAM"]\n', encoding="utf-8")
    vault = ("--vault", tmp_path / "JAM", "--who", "me")
    ribin("init", tmp_path / "JAM", "--member", "JAM", "--who", "me")
    ribin("enrol", tmp_path / A, "--event", "E", "--exhibit", "X", *vault)
    (tmp_path / "q.csv").write_text(f"query\n{B}\n", encoding="utf-8")
    asked = ("--network", network, "--scope", "cluster", "--reason", "x", "--jobs", "1")
    job = ("batch", "search", tmp_path / "q.csv", *vault, *asked)
    done = ribin(*job)
    assert done.code == 3
    assert done.err.startswith("line 2: BLZ could not answer: ")
    found = lines(tmp_path / "q.results.jsonl")[0]
    assert found["failed"].startswith("BLZ could not answer: ")
    assert [c["exhibit"] for c in found["result"]["candidates"]] == ["X"]
    assert rows(tmp_path / "q.results.csv")[0]["exhibit"] == "X"
    ribin("init", tmp_path / "BLZ", "--member", "BLZ", "--who", "me")
    mended = ribin(*job, "--retry-failed")
    assert (mended.code, mended.err) == (0, "")
    assert lines(tmp_path / "q.results.jsonl")[0]["failed"] is None
