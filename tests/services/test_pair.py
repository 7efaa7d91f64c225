"""Files and exhibits are the same to every service; a name has one meaning, an owner its rules."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest

from ribin.cases.exhibits import Request, Scope
from ribin.cases.leads import ExhibitRef
from ribin.errors import AccessError, FormatError, ParameterError, ScanError
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.pipeline import judge_marks, usable_marks
from ribin.read import read_scan
from ribin.services.marks import Asker, cell_source, named_source, scan_of, side_of
from ribin.services.pair import PairOptions, compare_sides, prepare_pair
from ribin.services.reading import AS_STATED, ReadOptions
from ribin.services.saved_searches import run_saved_searches
from ribin.services.search import SearchOptions, search_for
from ribin.services.session import Session
from ribin.vault.saved_searches import add_saved_search, read_findings
from ribin.vault.sharing import end_release, pseudonyms, release_exhibit
from ribin.vault.vault import Vault

QUERY, STRANGER, MATE = "JAM-2026-0007-1", "JAM-2025-0038-1", "BLZ-2025-0042-1"
MEMBERS = {"JAM": (QUERY, STRANGER), "BLZ": (MATE,), "BRB": ("BRB-2025-0020-1",)}
SAID = {"who": "me", "reason": "homicide"}


@pytest.fixture(scope="module")
def network(sample_dir, tmp_path_factory):
    """Three linked members with their sample scans; all is shared in the cluster."""
    from ribin.commands.app import app
    from ribin.commands.terminal import run

    folder = tmp_path_factory.mktemp("network")
    sections = "".join(f'[members.{code}]\nvault = "{code}"\n' for code in MEMBERS)
    text = sections + f"[clusters]\nlinked = {json.dumps(list(MEMBERS))}\n"
    (folder / "network.toml").write_text(text, encoding="utf-8")
    for code, names in MEMBERS.items():
        assert run(app, ["init", str(folder / code), "--member", code, "--who", "me"]) == 0
        for name in names:
            fields = ["--event", f"E-{name}", "--exhibit", name, "--sharing", "cluster"]
            args = ["enrol", str(sample_dir / f"{name}.x3p"), *fields, "--who", "me"]
            assert run(app, [*args, "--vault", str(folder / code)]) == 0
    return folder


@pytest.fixture
def session(network):
    with Session.open(network / "JAM", network / "network.toml", DEFAULT_PARAMS, 1) as opened:
        yield opened


@pytest.fixture
def asker(session):
    request = Request("JAM", Scope.CLUSTER, who="me", reason="shooting of 2 April")
    return Asker(DEFAULT_PARAMS, session, request)


@pytest.fixture
def theirs(network):
    """What JAM calls the exhibit of Belize."""
    with Vault.open(network / "BLZ") as vault:
        return ExhibitRef("BLZ", pseudonyms(vault, [MATE])[MATE])


@pytest.fixture
def released(network):
    """The exhibit of Belize with its original, for one test."""
    with Vault.open(network / "BLZ") as vault:
        release_exhibit(vault, MATE, "JAM", Scope.CLUSTER, original=True, **SAID)
    yield ExhibitRef("BLZ", MATE)
    with Vault.open(network / "BLZ") as vault:
        end_release(vault, MATE, "JAM", **SAID)


def logged(network, member, action):
    with Vault.open(network / member, read_only=True) as vault:
        return [row for row in vault.audit_log() if row.action == action]


def figures(result):
    names = ("score", "cmc", "cells", "ccf", "rotation_deg", "shift_um", "cell_fits")
    return [getattr(result, name) for name in names]


def test_a_file_and_the_same_file_enrolled_give_the_same_figures(
    asker, network, sample_dir, theirs
):
    file, mate = sample_dir / f"{QUERY}.x3p", sample_dir / f"{MATE}.x3p"
    exhibit = ExhibitRef("JAM", QUERY)
    usual = prepare_pair(file, mate, Asker(DEFAULT_PARAMS))
    for reference in (file, exhibit):
        for comparison in (mate, theirs):
            pair = prepare_pair(reference, comparison, asker)
            assert figures(pair.result) == figures(usual.result)
    assert (pair.result.reference, pair.result.comparison) == (QUERY, str(theirs))
    traced = prepare_pair(exhibit, mate, asker, PairOptions(traced=True))
    assert figures(traced.result) == figures(usual.result)
    assert [stage for stage, _ in traced.reference.trace] == [
        stage for stage, _ in traced.comparison.trace
    ]
    last = logged(network, "BLZ", "picture")[-1]
    assert (last.who, last.reason) == ("me", "shooting of 2 April")


def test_the_commands_take_files_and_exhibits_alike(ribin, network, sample_dir, tmp_path, theirs):
    file = sample_dir / f"{MATE}.x3p"
    own = ("--vault", network / "JAM", "--who", "me")
    wide = ("--network", network / "network.toml", "--scope", "cluster", "--reason", "murder")
    scores = {
        json.loads(ribin("compare", *names, *own, *wide, "--json").out)["score"]
        for names in ((sample_dir / f"{QUERY}.x3p", file), (QUERY, file), (QUERY, theirs))
    }
    assert len(scores) == 1
    assert logged(network, "BLZ", "comparison")[-1].reason == "murder"
    told = json.loads(ribin("info", QUERY, *own, "--json").out)
    read = json.loads(ribin("info", sample_dir / f"{QUERY}.x3p", "--json").out)
    assert told["provenance"] == read["provenance"]
    found = [
        json.loads(ribin("extract", name, *own, "--json").out)["marks"]
        for name in (QUERY, sample_dir / f"{QUERY}.x3p")
    ]
    assert found[0] == found[1]
    page = tmp_path / "r.html"
    circle = ("--comparison-circle", "breech_face:372,372,214,150")
    done = ribin("report", file, QUERY, *circle, *own, "-o", page)
    assert done.code == 0, done.err
    assert "outlined by circle 372,372,214,150 px by me" in page.read_text(encoding="utf-8")


def test_outlines_of_an_exhibit_are_drawn_in_its_original(asker, sample_dir, theirs, released):
    circle = ReadOptions(circles=("breech_face:372,372,214,150",))
    exhibit, file = ExhibitRef("JAM", QUERY), sample_dir / f"{QUERY}.x3p"
    drawn = [side_of(source, asker, circle).mark for source in (exhibit, file)]
    assert np.array_equal(drawn[0].surface, drawn[1].surface)
    plain = side_of(exhibit, asker).mark
    assert not np.array_equal(plain.valid, drawn[0].valid)
    assert side_of(released, asker, circle).scan is not None
    cast = ReadOptions(replica=True)
    assert "cast" in " ".join(side_of(exhibit, asker, cast).mark.provenance.notes)


def test_a_name_that_is_a_file_and_an_exhibit_is_refused(
    session, sample_dir, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    own = ExhibitRef("JAM", QUERY)
    assert named_source(QUERY, session) == named_source(f"JAM:{QUERY}", session) == own
    shutil.copy(sample_dir / f"{STRANGER}.x3p", tmp_path / QUERY)
    with pytest.raises(ParameterError) as refused:
        named_source(QUERY, session)
    assert str(refused.value) == (
        f"{QUERY}: one meaning needed, found a file and an exhibit of that name: "
        f"./{QUERY} is the file, exhibit:{QUERY} the exhibit"
    )
    file = named_source(f"./{QUERY}", session)
    assert file.is_file()
    assert named_source(f"exhibit:{QUERY}", session) == own
    assert named_source(QUERY) == file  # without a vault it can be nothing else
    (tmp_path / f"BLZ:{MATE}").write_bytes(b"")
    with pytest.raises(ParameterError, match="one meaning needed"):
        named_source(f"BLZ:{MATE}", session)
    assert named_source(f"exhibit:BLZ:{MATE}", session) == ExhibitRef("BLZ", MATE)
    with pytest.raises(FormatError, match="nobody: neither a file nor an exhibit"):
        named_source("nobody", session)
    for name in ("nobody", "exhibit:nobody", "BLZ:nobody"):
        with pytest.raises(ParameterError, match=r"an exhibit and its vault \(--vault"):
            named_source(name)


def test_a_cell_of_a_batch_is_a_file_unless_it_says_exhibit(session, sample_dir):
    file = f"{QUERY}.x3p"
    assert cell_source(file, sample_dir, session) == sample_dir / file
    assert cell_source(f"exhibit:{QUERY}", sample_dir, session) == ExhibitRef("JAM", QUERY)
    with pytest.raises(FormatError, match=f"{QUERY}: a file needed, or exhibit:{QUERY} for an"):
        cell_source(QUERY, sample_dir, session)


def test_saved_searches_mean_exhibits_whatever_lies_in_the_folder(
    session, sample_dir, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / QUERY).write_bytes(b"no scan at all")
    add_saved_search(session.vault, [QUERY], Scope.CLUSTER, 1, 50.0, who="me", reason="shooting")
    run = run_saved_searches(session, "me")
    assert (run.made, run.failed) == (1, ())
    assert [found.member for found in read_findings(session.vault)] == ["BLZ"]


def test_a_side_from_across_a_border_says_nothing_of_its_file(asker, theirs, sample_dir):
    side = side_of(theirs, asker)
    for part in (side.mark, side.template):
        found = part.provenance
        assert (found.source, found.size_bytes) == (theirs.exhibit, 0)
        assert found.instrument == found.creator == found.measured_on == ""
        assert found.notes == found.repairs == ()
        # A name of the scan that tells nothing: its hash crosses with the original.
        assert len(found.sha256) == 64
        assert found.sha256 != read_scan(sample_dir / f"{MATE}.x3p").provenance.sha256


def test_the_scan_of_another_member_needs_its_released_original(
    asker, network, theirs, sample_dir, request
):
    asked = replace(asker, action="original")
    before = len(logged(network, "BLZ", "original"))
    with pytest.raises(AccessError) as refused:
        scan_of(theirs, asked)
    assert str(refused.value) == (
        f"{theirs}: a released original needed, because the provenance of a scan tells day, "
        "instrument and hash; BLZ has not released this one"
    )
    with pytest.raises(AccessError, match="a released original needed"):
        side_of(theirs, asked, ReadOptions(circles=("breech_face:372,372,214,150",)))
    assert len(logged(network, "BLZ", "original")) == before
    released = request.getfixturevalue("released")
    scan, file = scan_of(released, asked), read_scan(sample_dir / f"{MATE}.x3p")
    assert scan.provenance == file.provenance
    assert np.array_equal(scan.values, file.values)
    assert len(logged(network, "BLZ", "original")) == before + 1


@pytest.mark.parametrize("command", ["info", "extract"])
def test_the_commands_say_what_is_needed(ribin, network, theirs, command):
    place = ("--vault", network / "JAM", "--network", network / "network.toml")
    wide = ("--scope", "cluster", "--reason", "murder", "--who", "me")
    done = ribin(command, theirs, *place, *wide)
    assert (done.code, done.out) == (2, "")
    assert "a released original needed" in done.err
    assert ribin(command, theirs, *place, "--who", "me").code == 2  # no scope reaches so far


def test_anothers_template_goes_to_its_owner_alone_until_it_is_released(
    session, network, theirs, request
):
    options = SearchOptions("me", "murder", Scope.CLUSTER)
    asked = {code: len(logged(network, code, "answer")) for code in ("BLZ", "BRB")}
    lists = search_for(session, theirs, options).lists
    assert lists.first.members == ("BLZ", "JAM")
    assert lists.first.query == str(theirs)
    assert lists.first.candidates[0].exhibit == QUERY
    assert lists.all_notes == (
        f"BRB was not asked: BLZ has not released the original of {theirs} to JAM",
    )
    assert len(logged(network, "BRB", "answer")) == asked["BRB"]
    assert len(logged(network, "BLZ", "answer")) == asked["BLZ"] + 1
    assert logged(network, "BLZ", "query")[-1].reason == "murder"
    with pytest.raises(AccessError, match="BLZ or JAM needed to ask, found BRB: BLZ has not"):
        search_for(session, theirs, replace(options, scope=None, members=("BRB",)))
    released = request.getfixturevalue("released")
    lists = search_for(session, released, options).lists
    assert lists.first.members == ("BLZ", "BRB", "JAM")
    assert lists.all_notes == ()


def test_a_page_means_an_exhibit_whatever_lies_in_the_folder(
    network, sample_dir, tmp_path, monkeypatch
):
    from ribin.web.state import ApplicationState

    monkeypatch.chdir(tmp_path)
    shutil.copy(sample_dir / f"{STRANGER}.x3p", tmp_path / QUERY)
    state = ApplicationState(network / "JAM", network / "network.toml", DEFAULT_PARAMS, "me")
    queued = state.search(QUERY, {"scope": "country"})
    assert queued.ended.wait(60)
    assert queued.error is None
    found = state.list(queued.result)
    assert found.made.sides[0].exhibit.exhibit == QUERY
    assert [c.exhibit for c in found.made.lists.first.candidates] == [STRANGER]


def test_a_scan_is_read_and_extracted_once(sample_dir, monkeypatch):
    from ribin.services import marks, reading

    done = []
    for module, name in ((reading, "read_scan"), (marks, "find_mark")):
        usual = getattr(module, name)
        counted = lambda *a, usual=usual, name=name, **k: (done.append(name), usual(*a, **k))[1]  # noqa: E731
        monkeypatch.setattr(module, name, counted)
    file = sample_dir / f"{QUERY}.x3p"
    pair = prepare_pair(file, file, Asker(DEFAULT_PARAMS))
    assert sorted(done) == ["find_mark"] * 2 + ["read_scan"] * 2
    assert pair.result.score == compare_sides(*pair.sides, DEFAULT_PARAMS).result.score
    assert AS_STATED.outlines_anew is False


def test_marks_that_count_and_a_note_of_the_others(sample_dir):
    (first,) = judge_marks(read_scan(sample_dir / f"{QUERY}.x3p"))
    assert (first.required, first.unusable) == (True, False)
    bad = replace(first.quality, verdict=type(first.quality.verdict).UNUSABLE, reasons=("torn",))
    other = replace(first, required=False, quality=bad)
    flat = replace(first.mark, surface=np.zeros_like(first.mark.surface))
    found = usable_marks([first, other, replace(first, required=False, mark=flat)])
    assert found.marks == (first.mark,)
    assert found.notes[0] == "breech face left out: torn"
    assert re.match("breech face left out: .*relief", found.notes[1])
    kept = usable_marks([first, other], keep_unusable=True)
    assert (len(kept.marks), kept.notes) == (2, ("breech face is unusable: torn",))
    assert usable_marks([replace(first, quality=bad)]).notes == ("breech face is unusable: torn",)
    with pytest.raises(ScanError):
        usable_marks([replace(first, mark=flat)])
