"""A job of many items: the same whoever works, resumed from any point, one writer, all told."""

from __future__ import annotations

import csv
import json
import shutil

import pytest
from job_makers import Doubling, OutOfOrder, make_job

from ribin.errors import FormatError, StoreError
from ribin.services.jobs import read_job, run_job
from ribin.vault.journal import open_journal
from ribin.vault.vault import Vault
from ribin.workers import LocalProcesses, ThisProcess

JOB = {"job": "search", "items": 5}
SAID = "remove it"


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
        ("reference\na\n", "no column comparison, found reference; known: reference, compar"),
        ("reference,comparison,score\na,b,1\n", "column 'score' means nothing"),
        ("reference,comparison\n", "at least one row needed, found none"),
        (
            "reference,comparison\na,b,c\n",
            "line 2: one cell for each column needed, found c beyond",
        ),
        (b"reference,comparison\n\x81,b\n", "a CSV file of a job needed"),
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
        "line 4: gone.x3p: a file needed, or exhibit:gone.x3p for an exhibit, found none",
        "line 6: a reference needed, found an empty cell",
    ]
    found = lines(results)
    assert [one["item"] for one in found] == [1, 2, 3, 4, 5]
    alone = json.loads(ribin("compare", pairs.parent / A, pairs.parent / B, "--json").out)
    same = {k: v for k, v in alone.items() if k not in ("elapsed_s", "cell_fits")}
    assert found[0]["result"] == same
    table = rows(results.with_suffix(".csv"))
    assert [row["failed"][:6] for row in table] == ["", "", "gone.x", "", "line 6"]
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
    queries.write_text(f"query,calibre\nexhibit:X1,\n{B},9x19\nX1,\n", encoding="utf-8")
    files = []
    for jobs in ways:
        out = tmp_path / f"found{jobs}.jsonl"
        asked = ("--vault", vault, "--jobs", jobs, "--who", "me", "--out", out, "--top", 2)
        done = ribin("batch", "search", queries, *asked)
        assert (done.code, done.out.splitlines()[0]) == (1, "3 items: 2 done, 1 failed")
        needed = "a file needed, or exhibit:X1 for an exhibit, found none"
        assert done.err == f"line 4: X1: {needed}\n"
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
    assert table[-1]["failed"] == f"X1: {needed}"


def test_a_cell_means_a_file_unless_it_says_exhibit(ribin, pairs, tmp_path, monkeypatch):
    """A file of the name of an exhibit does not take its place, nor the other way round."""
    vault = ("--vault", tmp_path / "JAM", "--who", "me")
    ribin("init", tmp_path / "JAM", "--member", "JAM", "--who", "me")
    ribin("enrol", tmp_path / A, "--event", "E", "--exhibit", "X", *vault)
    monkeypatch.chdir(tmp_path)
    shutil.copyfile(tmp_path / C, tmp_path / "X")
    (tmp_path / "q.csv").write_text("query\nexhibit:X\nexhibit:Y\n", encoding="utf-8")
    done = ribin("batch", "search", tmp_path / "q.csv", *vault, "--jobs", "1")
    assert (done.code, done.err.count("\n")) == (1, 1)
    assert "Y" in done.err
    made = lines(tmp_path / "q.results.jsonl")[0]["result"]
    assert made["query"] == "X"
    assert dict(made["counts"]["not_compared"]) == {"the query itself": 1}
    text = f"reference,comparison\nexhibit:X,{A}\nexhibit:X,X\n"
    (tmp_path / "both.csv").write_text(text, encoding="utf-8")
    done = ribin("batch", "compare", tmp_path / "both.csv", "--vault", tmp_path / "JAM")
    assert (done.code, done.err) == (0, "")
    same, other = (one["result"]["ccf"] for one in lines(tmp_path / "both.results.jsonl"))
    assert other < 0.9 < 0.99 < same


def test_a_scope_of_a_cell_that_there_is_not(ribin, pairs, tmp_path):
    ribin("init", tmp_path / "JAM", "--member", "JAM", "--who", "me")
    (tmp_path / "q.csv").write_text(f"query,scope\n{A},world\n", encoding="utf-8")
    done = ribin("batch", "search", tmp_path / "q.csv", "--vault", tmp_path / "JAM", "--jobs", "1")
    needed = "line 2: scope needs one of country, cluster, network, found 'world'\n"
    assert (done.code, done.err) == (3, needed)


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
