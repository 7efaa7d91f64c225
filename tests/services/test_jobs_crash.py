"""Killed 50 times over enrolment, index and batch: nothing acknowledged is lost, the rest is done.

What is acknowledged: a scan whose line is in the journal; an item whose result is there.
"""

from __future__ import annotations

import contextlib
import csv
import itertools
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from job_makers import CUT
from search_makers import search

from ribin.cases.exhibits import Request, Scope
from ribin.search.context import SearchContext
from ribin.search.index import check_index, rebuild_index
from ribin.search.network import Network, NetworkMember
from ribin.vault.saved_searches import add_saved_search, read_findings
from ribin.vault.vault import Vault

pytestmark = pytest.mark.slow
CLI = Path(__file__).parents[2] / "cli.py"


def command(*args: object) -> list[str]:
    return [sys.executable, str(CLI), *map(str, args)]


def whole_lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def run_until(arguments: list[str], journal: Path, lines: int, pause_s: float) -> bool:
    """Start a job and kill it once its journal has so many lines; False where it ended before."""
    process = subprocess.Popen(
        arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    while whole_lines(journal) < lines and process.poll() is None:
        time.sleep(0.002)
    time.sleep(pause_s)
    ended = process.poll()
    process.kill()
    told = process.communicate()[1]
    assert ended in (None, 0), told
    return ended is None


def kill_and_finish(job: list[str], out: Path, kills: int, seed: int, check) -> None:
    """Kill a job again and again, checking after each kill; then let it finish.

    A kill comes while it starts or reads, or up to 30 ms after it wrote one line more, or three.
    """
    chance = random.Random(seed)
    journal = out.with_suffix(".journal")
    before = b""
    for number in range(kills):
        more = chance.choice((0, 1, 1, 2, 3))
        pause_s = chance.uniform(0, 0.03) if more else chance.uniform(0.2, 2.0)
        arguments = [*job, "--out", str(out), "--jobs", str(1 + number % 2)]
        killed = run_until(arguments, journal, whole_lines(journal) + more, pause_s)
        assert killed, f"kill {number + 1} of {kills}: the job ended before"
        after = journal.read_bytes() if journal.exists() else b""
        after = after[: after.rfind(b"\n") + 1]
        assert after.startswith(before)  # what was done is not done again
        before = after
        check(before)
        assert not out.exists()
    done = subprocess.run([*job, "--out", str(out), "--jobs", "1"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert journal.read_bytes().startswith(before)


def outputs(out: Path) -> list[bytes]:
    return [out.with_suffix(end).read_bytes() for end in (".jsonl", ".csv")]


@pytest.fixture(scope="module")
def scans(sample_dir, tmp_path_factory):
    """All sample scans as exhibits of one member, and the job that enrols them."""
    folder = tmp_path_factory.mktemp("scans")
    rows = list(csv.DictReader((sample_dir / "exhibits.csv").read_text().splitlines()))
    with (folder / "scans.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("file", "event", "exhibit"))
        writer.writerows([(r["file"], r["event"], r["exhibit"]) for r in rows])
    for row in rows:
        shutil.copyfile(sample_dir / row["file"], folder / row["file"])
    return folder


@pytest.fixture(scope="module")
def enrolled(scans):
    """The vault and the results of an enrolment that nobody disturbed."""
    vault = scans / "whole"
    Vault.create(vault, "JAM", "me").close()
    out = scans / "whole.jsonl"
    job = command("batch", "enrol", scans / "scans.csv", "--vault", vault, "--who", "me")
    subprocess.run([*job, "--out", str(out)], check=True, capture_output=True)
    return vault, out


def test_an_enrolment_killed_20_times(scans, enrolled, capsys):
    vault = scans / "killed"
    Vault.create(vault, "JAM", "me").close()
    job = command("batch", "enrol", scans / "scans.csv", "--vault", vault, "--who", "me")
    seen = [0]

    def check(journal: bytes) -> None:
        acknowledged = journal.count(b'"done":')
        with Vault.open(vault) as opened:
            report = opened.check()
            assert report.problems == ()
            holdings = opened.holdings()
            assert acknowledged <= report.scans <= acknowledged + 1
            for scan in holdings.scans[:acknowledged]:
                assert scan.sha256.encode() in journal
            for mark in holdings.marks:
                opened.template(mark)
        assert report.scans >= seen[0]
        seen[0] = report.scans

    out = scans / "killed.jsonl"
    kill_and_finish(job, out, 20, 11, check)
    assert outputs(out) == outputs(enrolled[1])
    with Vault.open(vault) as one, Vault.open(enrolled[0]) as other:
        assert one.holdings().snapshot == other.holdings().snapshot
        assert one.check().clean
        assert list((vault / "incoming").iterdir()) == []
    with capsys.disabled():
        print(f"\nenrolment: 20 kills, {seen[0]} scans there at the last, 24 in the end")


def test_a_batch_of_searches_killed_10_times(scans, enrolled, capsys):
    with Vault.open(enrolled[0]) as vault:
        names = [f"exhibit:{name}" for name in vault.exhibits()]
    (scans / "queries.csv").write_text("query\n" + "\n".join(names) + "\n", encoding="utf-8")
    job = command("batch", "search", scans / "queries.csv", "--vault", enrolled[0], "--who", "me")
    whole, killed = scans / "found.jsonl", scans / "found-killed.jsonl"
    subprocess.run([*job, "--out", str(whole)], check=True, capture_output=True)
    kill_and_finish(job, killed, 10, 12, lambda journal: None)
    assert outputs(killed) == outputs(whole)
    with capsys.disabled():
        print(f"\nsearches: 10 kills, {len(names)} items, results equal")


def test_a_batch_of_comparisons_killed_10_times(scans, enrolled, capsys):
    files = sorted(path.name for path in scans.glob("*.x3p"))[:18]
    pairs = list(itertools.combinations(files, 2))
    with (scans / "pairs.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([("reference", "comparison"), *pairs])
    job = command("batch", "compare", scans / "pairs.csv")
    whole, killed = scans / "compared.jsonl", scans / "compared-killed.jsonl"
    subprocess.run([*job, "--out", str(whole)], check=True, capture_output=True)
    kill_and_finish(job, killed, 10, 13, lambda journal: None)
    assert outputs(killed) == outputs(whole)
    with capsys.disabled():
        print(f"\ncomparisons: 10 kills, {len(pairs)} items, results equal")


INDEXER = """
import sys
sys.path.insert(0, sys.argv[1])
from job_makers import CUT
from ribin.search.index import rebuild_index
from ribin.vault.vault import Vault
with Vault.open(sys.argv[2]) as vault:
    print("ready", flush=True)
    while True:
        rebuild_index(vault, CUT)
"""


def test_an_index_killed_10_times(scans, enrolled, capsys):
    """Whatever a killed writer left, the list is that of a whole index, and the index is mended."""
    folder = shutil.copytree(enrolled[0], scans / "indexed")
    with Vault.open(folder) as vault:
        rebuild_index(vault, CUT)
        query = vault.template(vault.holdings().marks[0])
    network = Network({"JAM": NetworkMember("JAM", "JAM", folder)}, {})
    request = Request("JAM", Scope.COUNTRY)
    whole = search(query, request, SearchContext(network, CUT))
    assert whole.counts.after_coarse < whole.counts.after_filters
    chance = random.Random(14)
    incomplete = 0
    arguments = [sys.executable, "-c", INDEXER, str(Path(__file__).parents[1]), str(folder)]
    files = shard_count(folder)
    for _ in range(10):
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(chance.uniform(0, 0.5))
        process.kill()
        process.communicate()
        incomplete += shard_count(folder) != files
        found = search(query, request, SearchContext(network, CUT))
        assert (found.candidates, found.counts) == (whole.candidates, whole.counts)
        with Vault.open(folder) as vault:
            assert check_index(vault) == []
            assert vault.check().clean
    with capsys.disabled():
        print(f"\nindex: 10 kills, {incomplete} of them left it incomplete; lists equal")


def test_standing_searches_killed_10_times(enrolled, scans, capsys):
    """Every finding is kept once, and told by the run that was killed or by the next one."""
    folder = shutil.copytree(enrolled[0], scans / "standing")
    with Vault.open(folder) as vault:
        add_saved_search(vault, list(vault.exhibits()), Scope.COUNTRY, 2, 0.0, "me", "")
    chance = random.Random(15)
    told: list[str] = []
    run = command("standing", "run", "--vault", folder, "--jobs", 1)
    for _ in range(10):
        process = subprocess.Popen(run, stdout=subprocess.PIPE, text=True)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(chance.uniform(1.0, 3.0))
        process.kill()
        told += process.communicate()[0].splitlines()
    told += subprocess.run(run, capture_output=True, text=True, check=True).stdout.splitlines()
    with Vault.open(folder) as vault:
        findings = read_findings(vault)
        assert read_findings(vault, untold=True) == []
        assert vault.check().clean
    rows = [tuple(line.split()[i] for i in (0, 4)) for line in told if line.startswith("JAM-S")]
    kept = [(one.standing, one.exhibit) for one in findings]
    assert len(set(kept)) == len(kept) >= 24
    assert set(rows) == set(kept)
    with capsys.disabled():
        print(f"\nstanding: 10 kills, {len(kept)} findings, told {len(rows)} times")


def shard_count(folder: Path) -> int:
    return len(list((folder / "index").rglob("*.h5")))
