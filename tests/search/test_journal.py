"""A search without a cut that is stopped goes on where it was, with the same list."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from search_makers import SMALL, ask, fake_compare_many, fill, make_network, make_query, search
from vault_makers import enrol, make_exhibit

from ribin.cases.exhibits import Filters, Scope
from ribin.model import Template
from ribin.search.context import SearchContext
from ribin.vault.enrol import scan_path
from ribin.vault.journal import make_line
from ribin.vault.vault import Vault


class Stopped(BaseException):
    """The process ends here."""


@pytest.fixture
def network(tmp_path):
    network = make_network(tmp_path, ("BRB", "JAM"), ("BRB", "JAM"))
    fill(network, "JAM", range(12), calibre="9x19")
    return network


@pytest.fixture
def compared(monkeypatch):
    """Marks compared so far, and after how many of them the process ends."""
    seen: list[Template] = []
    ends_after = [99]

    def comparing(query, templates, params, threads=None):
        listed = list(templates)
        if len(seen) >= ends_after[0]:
            raise Stopped
        seen.extend(listed)
        return fake_compare_many(query, listed, params, threads)

    monkeypatch.setattr("ribin.search.compare.compare_many", comparing)
    monkeypatch.setattr("ribin.search.compare.look_again", lambda *_: None)
    monkeypatch.setattr("ribin.services.replies.check_described", lambda arrays, where: None)
    return seen, ends_after


def lines(network, code="JAM"):
    return list((network.members[code].vault / "index").glob("full-*.journal"))


def stopped_after(number, network, compared, **asked):
    seen, ends_after = compared
    ends_after[0] = number
    seen.clear()
    with pytest.raises(Stopped):
        search(make_query(), ask("JAM", full=True, **asked), SearchContext(network, SMALL))
    assert len(seen) == number
    ends_after[0] = 99
    seen.clear()


def result_of(network, **asked):
    found = search(make_query(), ask("JAM", full=True, **asked), SearchContext(network, SMALL))
    return found.candidates, found.counts


def test_what_was_compared_is_not_compared_again(network, compared):
    whole = result_of(network)
    assert lines(network) == []  # an answered search leaves nothing behind
    stopped_after(8, network, compared)
    assert len(lines(network)) == 1
    assert result_of(network) == whole
    assert len(compared[0]) == 4
    assert lines(network) == []


def test_rules_are_applied_anew_to_what_was_kept(network, compared):
    stopped_after(8, network, compared)
    none = result_of(network, filters=Filters(calibre="no such"))
    assert none[0] == ()
    stopped_after(8, network, compared)
    with Vault.open(network.members["JAM"].vault) as vault:
        enrol(vault, 50, make_exhibit("new"), params_id=SMALL.template_id)
    assert len(result_of(network)[0]) == 13
    assert len(compared[0]) == 5


def test_another_query_has_nothing_of_it(network, compared):
    stopped_after(8, network, compared)
    search(make_query(20_000), ask("JAM", full=True), SearchContext(network, SMALL))
    assert len(compared[0]) == 12


def test_a_scan_that_was_damaged_meanwhile_is_counted(network, compared):
    stopped_after(8, network, compared)
    with Vault.open(network.members["JAM"].vault) as vault:
        lost = vault.marks_of("JAM-1")[0].scan.sha256
    scan_path(network.members["JAM"].vault, lost).write_bytes(b"half")
    _, counts = result_of(network)
    assert (counts.compared, counts.not_compared) == (11, (("scan file missing or damaged", 1),))


def test_what_one_member_answered_is_kept_until_all_have(network, compared):
    fill(network, "BRB", range(100, 112))
    seen, ends_after = compared
    asked = ask("JAM", Scope.CLUSTER, full=True)
    ends_after[0] = 16  # BRB is asked first, and done
    with pytest.raises(Stopped):
        search(make_query(), asked, SearchContext(network, SMALL))
    assert len(lines(network, "BRB")) == 1
    ends_after[0] = 99
    seen.clear()
    assert search(make_query(), asked, SearchContext(network, SMALL)).counts.compared == 24
    assert len(seen) == 8
    # The other member cannot know that the search is done: its own stays for whoever asks again.
    assert (lines(network), len(lines(network, "BRB"))) == ([], 1)


def test_a_line_of_another_layout_and_a_file_of_long_ago_are_passed_over(network, compared):
    stopped_after(8, network, compared)
    (path,) = lines(network)
    others = ({"item": "ab", "done": {"shift_um": []}}, {"item": "ab", "done": 1}, {"other": 1})
    path.write_bytes(b"".join(map(make_line, others)))
    assert len(result_of(network)[0]) == 12
    stopped_after(8, network, compared)
    (path,) = lines(network)
    os.utime(path, (0, 0))
    search(make_query(20_000), ask("JAM", full=True), SearchContext(network, SMALL))
    assert lines(network) == []


@pytest.mark.parametrize("damage", ["cut", "flip", "folder"])
def test_damage_costs_time_and_changes_no_list(network, compared, damage):
    whole = result_of(network)
    stopped_after(8, network, compared)
    (path,) = lines(network)
    content = bytearray(path.read_bytes())
    if damage == "cut":
        path.write_bytes(content[:-20])
    elif damage == "flip":
        content[content.index(b'"score":') + 12] ^= 1
        path.write_bytes(content)
    else:
        path.unlink()
        path.mkdir()
    assert result_of(network) == whole
    assert len(compared[0]) == (12 if damage == "folder" else 5)


def test_it_lies_with_the_owner_whose_marks_they_are(network, compared):
    compared[1][0] = 8
    with pytest.raises(Stopped):
        search(make_query(), ask("BRB", Scope.CLUSTER, full=True), SearchContext(network, SMALL))
    assert (len(lines(network)), lines(network, "BRB")) == (1, [])


def test_how_far_it_is_is_told(network, compared):
    told = []
    asked = ask("JAM", full=True)
    search(
        make_query(), asked, SearchContext(network, SMALL, progress=lambda *said: told.append(said))
    )
    assert told == [("JAM: marks", done, 12) for done in (2, 4, 6, 8, 10, 12)]


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX")
def test_a_killed_command_goes_on(ribin, sample_dir, tmp_path):
    """Twelve real comparisons, one at a time; killed as soon as some are kept."""
    vault, few = tmp_path / "JAM", tmp_path / "few.toml"
    few.write_text("[search]\nbatch_marks = 1\n", encoding="utf-8")
    assert ribin("init", vault, "--member", "JAM").code == 0
    scans = sorted(sample_dir.glob("*.x3p"))
    for scan in scans:
        asked = ["--event", scan.stem, "--exhibit", scan.stem, "--vault", vault]
        assert ribin("enrol", scan, *asked, "--sharing", "country").code == 0
    asked = ["search", scans[0].stem, "--mark", "breech_face", "--full", "--json"]
    asked += ["--vault", str(vault), "--params", str(few)]
    whole = json.loads(ribin(*asked).out)
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("ribin")), *asked],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    ends = time.monotonic() + 60.0
    while process.poll() is None and time.monotonic() < ends:
        if any(path.stat().st_size for path in (vault / "index").glob("full-*.journal")):
            process.send_signal(signal.SIGKILL)
            break
        time.sleep(0.0005)
    process.wait()
    again = json.loads(ribin(*asked).out)
    assert again["candidates"] == whole["candidates"]
    assert again["counts"] == whole["counts"]
