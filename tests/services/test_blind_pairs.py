"""Who may come to give the second verdict of a pair is shown its marks, and nothing else of it."""

from __future__ import annotations

import json

import pytest

from ribin.cases.annotation import FORMAT
from ribin.cases.exhibits import Scope
from ribin.vault.sharing import pseudonyms, release_exhibit
from ribin.vault.vault import Vault

ONE, TWO, MATE = "JAM-2026-0007-1", "JAM-2026-0012-1", "BLZ-2025-0042-1"
THREE = "JAM-2025-0038-1"
SECRET = "three arcs agree"
DUE = "the second verdict is yours to give, and figures are shown with it"
REVIEW = ("--conclusion", "identification", "--examined", "items", "--note", SECRET)


@pytest.fixture
def jam(ribin, linked, tmp_path):
    """Runs a command in a vault in which Ann examines and Ben reviews."""
    network = linked(tmp_path, BLZ=(MATE,), JAM=(ONE, TWO, THREE))

    def run(*words, who="me", code=0):
        done = ribin(*words, "--vault", tmp_path / "JAM", "--who", who)
        assert done.code == code, done.err
        return done

    run.network, run.folder = ("--network", network), tmp_path
    for name, role in (("Ann", "examiner"), ("Ben", "reviewer"), ("Cy", "reviewer")):
        run("people", "appoint", name, "--role", role)
    return run


def annotate(jam, *pair, who="Ann"):
    """Save annotations of a pair; gives their file."""
    with Vault.open(jam.folder / "JAM") as vault:
        scans = {name: vault.marks_of(name)[0].scan.sha256 for name in (ONE, TWO)}
    note = {"kind": "agreement", "center_um": [0.0, 0.0], "size_um": [400.0, 600.0],
            "text": SECRET, "examiner": who, "made_on": "2026-05-03"}  # fmt: skip
    sides = [{"label": name, "sha256": scans.get(name, "0" * 64)} for name in pair]
    facts = {"format": FORMAT, "reference": sides[0], "comparison": sides[1], "annotations": [note]}
    path = jam.folder / "a.json"
    path.write_text(json.dumps({**facts, "mark": "breech_face"}), encoding="utf-8")
    jam("annotate", path, who=who)


def to_files(jam, *words):
    return (*words, "-o", jam.folder / "out.html")


@pytest.fixture
def due(jam):
    """A pair of one country; Ann gave the first verdict, a search and notes are there."""
    jam("standing", "add", ONE, "--top", "5")
    jam("standing", "run")
    jam("search", ONE)
    annotate(jam, ONE, TWO)
    jam("lead", "open", ONE, TWO, "--note", SECRET, "--list", "JAM-Q2")
    jam("review", "JAM-L1", *REVIEW, who="Ann")
    return jam


def everything(jam, who, code=0, names=()):
    """What this person gets of the pair by commands, all of them or those of these names."""
    pair = {
        "compare": ("compare", ONE, TWO),
        "the other way round": ("compare", TWO, ONE, "--json"),
        "view": to_files(jam, "view", ONE, TWO),
        "report": to_files(jam, "report", ONE, TWO),
        "search recorded": ("searches", "JAM-Q2"),
        "report of a search": to_files(jam, "report", "JAM-Q2"),
    }
    chosen = {name: pair[name] for name in names or pair}
    return {name: jam(*words, who=who, code=code) for name, words in chosen.items()}


QUICK = ("compare", "search recorded")


def test_no_figure_of_the_pair_comes_before_the_own_verdict(due):
    for name, done in everything(due, "Ben", code=2).items():
        assert f"JAM-L1: {DUE}" in done.err, name
        assert "ribin lead marks LEAD" in done.err
        assert done.out == ""
        assert not (due.folder / "out.html").exists()
    # and all of it to who took it up, to who gave the first verdict, and once the second is in
    everything(due, "me", names=QUICK)
    everything(due, "Ann", names=QUICK)
    due("review", "JAM-L1", *REVIEW, who="Ben")
    everything(due, "Ben")


def test_a_file_of_the_scan_is_the_exhibit(due, sample_dir):
    done = due("compare", sample_dir / f"{ONE}.x3p", TWO, who="Ben", code=2)
    assert f"JAM-L1: {DUE}" in done.err
    due("compare", sample_dir / f"{ONE}.x3p", TWO, who="Ann")


def test_a_batch_gives_no_figures_of_the_pair(due):
    (due.folder / "pairs.csv").write_text(
        f"reference,comparison\nexhibit:{ONE},exhibit:{TWO}\nexhibit:{ONE},exhibit:{ONE}\n"
    )
    done = due("batch", "compare", due.folder / "pairs.csv", "--json", who="Ben", code=1)
    assert DUE in done.out + done.err
    kept, other = (due.folder / "pairs.results.jsonl").read_text().splitlines()
    assert "score" not in kept
    assert json.loads(other)["result"]["score"] > 99


def test_a_list_of_the_own_leaves_the_pair_out_and_says_so(due):
    """Whether or not the pair would be among its rows."""
    for words in (("search", ONE), ("search", TWO), ("search", ONE, "--top", "1")):
        done = due(*words, "--json", who="Ben")
        found = json.loads(done.out)
        other = TWO if words[1] == ONE else ONE
        assert other not in {row["exhibit"] for row in found["candidates"]}
        assert f"JAM-L1: {DUE}; the pair is left out" in found["notes"]
        due("searches", found["search"], who="Ben")  # and it is shown again
        page = to_files(due, "report", found["search"])
        due(*page, "--pictures", "0", who="Ben")
        assert other not in (due.folder / "out.html").read_text()
    assert TWO in due("search", ONE, who="Ann").out
    due("review", "JAM-L1", *REVIEW, who="Ben")
    assert TWO in due("search", ONE, who="Ben").out


def test_findings_and_notes_of_others_are_kept_back(due):
    found = due("standing", "list", "--found", "--json", who="Ben")
    assert TWO not in found.out
    assert f"JAM-L1: {DUE}" in found.err
    assert TWO in due("standing", "list", "--found", "--json", who="Ann").out
    saved = due("annotate", who="Ben")
    assert (saved.out, f"JAM-L1: {DUE}" in saved.err) == ("no annotation\n", True)
    assert "JAM-A1" in due("annotate", who="Ann").out
    annotate(due, ONE, TWO, who="Ben")
    assert "JAM-A2" in due("annotate", who="Ben").out  # the own ones
    assert "JAM-A1" not in due("annotate", who="Ben").out


def test_a_finding_that_is_kept_back_is_not_taken_for_reported(jam):
    jam("standing", "add", ONE, "--top", "5")
    jam("lead", "open", ONE, TWO, "--note", SECRET)
    jam("review", "JAM-L1", *REVIEW, who="Ann")
    assert TWO not in jam("standing", "run", "--json", who="Ben").out
    assert TWO in jam("standing", "run", "--json", who="Ann").out


def test_an_earlier_lead_of_the_pair_is_kept_back_too(jam, login):
    login("ann")
    jam("lead", "open", ONE, TWO, "--note", SECRET)
    jam("review", "JAM-L1", *REVIEW, who="Ann")
    eliminated = ("--conclusion", "elimination", "--examined", "items", "--note", SECRET)
    jam("review", "JAM-L1", *eliminated, who="Cy")
    login("ben")
    assert SECRET in jam("lead", "show", "JAM-L1", who="Ben").out  # nothing is due
    login("ann")
    jam("people", "appoint", "Dee", "--role", "reviewer")
    jam("lead", "open", ONE, TWO, "--note", SECRET)
    jam("review", "JAM-L2", *REVIEW, who="Ann")
    login("dee")
    for lead in ("JAM-L1", "JAM-L2"):
        shown = jam("lead", "show", lead, who="Dee")
        assert SECRET not in shown.out
        assert "elimination" not in shown.out
    facts = json.loads(jam("lead", "list", "--json", who="Dee").out)["leads"]
    assert [one["reviews"] for one in facts] == [[], []]  # and no log has it that Dee saw one
    assert jam("review", "JAM-L2", *REVIEW, who="Dee").out.count("confirmed link") == 1


@pytest.mark.parametrize("released", [False, True])
def test_a_pair_across_a_border(jam, released):
    with Vault.open(jam.folder / "BLZ") as blz:
        mate = f"BLZ:{pseudonyms(blz, [MATE])[MATE]}"
    wide = (*jam.network, "--scope", "cluster", "--reason", "shooting")
    made = json.loads(jam("search", ONE, *wide, "--json").out)
    jam("lead", "open", ONE, mate, "--note", SECRET, *jam.network)
    jam("review", "JAM-BLZ-L1", *REVIEW, *jam.network, who="Ann")
    if released:
        with Vault.open(jam.folder / "BLZ") as blz:
            said = {"original": True, "who": "head", "reason": "case"}
            release_exhibit(blz, MATE, "JAM", Scope.CLUSTER, **said)
        mate = f"BLZ:{MATE}"
    for words in (("compare", ONE, mate), to_files(jam, "view", mate, ONE)):
        done = jam(*words, *wide, who="Ben", code=2)
        assert f"JAM-BLZ-L1: {DUE}" in done.err
        jam(*words, *wide, who="Ann")
    assert DUE in jam("searches", made["search"], who="Ben", code=2).err
    found = json.loads(jam("search", ONE, *wide, "--json", who="Ben").out)
    assert mate[4:] not in {row["exhibit"] for row in found["candidates"]}
    assert mate[4:] in jam("search", ONE, *wide, "--json", who="Ann").out
    back = json.loads(jam("search", mate, *wide, "--json", who="Ben").out)
    assert ONE not in {row["exhibit"] for row in back["candidates"]}
    mine = jam("search", mate, *wide, "--json").out
    assert ONE in mine
    assert DUE in jam("searches", json.loads(mine)["search"], who="Ben", code=2).err


def test_who_is_no_reviewer_is_shown_everything(due):
    due("people", "appoint", "Eve", "--role", "examiner")
    everything(due, "Eve", names=QUICK)


def test_a_copy_that_takes_away_blindness_asks_first(due, login):
    login("ben-login")
    due("lead", "list", who="Ben")  # Ben works from this login
    login("me-login")
    for words in (("store", "backup", due.folder / "copy"), ("export", due.folder / "out")):
        words = (*words, "--reason", "yearly")
        due(*words)  # from a login of which no reviewer has worked: nobody is asked
        login("ben-login")
        done = due(words[0], *words[1:-3], due.folder / f"again-{words[0]}", *words[-2:], code=2)
        assert "lead JAM-L1: the copy holds the first verdict, and a second one by Ben" in done.err
        assert "--yes needed where nobody answers; nothing was done" in done.err
        assert not (due.folder / f"again-{words[0]}").exists()
        login("me-login")
    login("ben-login")
    due("store", "backup", due.folder / "third", "--yes", "--reason", "r")
    login("cy-login")
    due("review", "JAM-L1", *REVIEW, who="Cy")
    login("ben-login")
    due("export", due.folder / "fourth", "--reason", "r")  # nothing is due any more


def test_another_lead_from_the_same_list_tells_nothing_of_it(due):
    """Its score and rank are of the list that is withheld."""
    due("lead", "open", ONE, THREE, "--note", "beside it", "--list", "JAM-Q2")
    due("lead", "close", "JAM-L2", "--reason", "unlike")
    for words in (("lead", "show", "JAM-L2"), ("lead", "show", "JAM-L2", "--json")):
        shown = due(*words, who="Ben").out
        assert f"JAM-L1: {DUE}" in shown
        assert "score" not in shown
    assert '"score"' not in due("lead", "list", "--json", who="Ben").out
    assert "score " in due("lead", "show", "JAM-L2", who="Ann").out
    due("review", "JAM-L1", *REVIEW, who="Ben")
    assert "score " in due("lead", "show", "JAM-L2", who="Ben").out


def test_why_an_earlier_lead_of_the_pair_was_closed_is_kept_back(jam):
    """The reason may say what the marks show; programs are told no more than a person."""
    jam("lead", "open", ONE, TWO, "--note", "look", who="Ann")
    jam("lead", "close", "JAM-L1", "--reason", SECRET, who="Ann")
    jam("lead", "open", ONE, TWO, "--note", "look again", who="Ann")
    jam("review", "JAM-L2", *REVIEW, who="Ann")
    for words in (("show", "JAM-L1"), ("show", "JAM-L1", "--json"), ("list", "--json")):
        assert SECRET in jam("lead", *words, who="Ann").out
        assert SECRET not in jam("lead", *words, who="Ben").out
    closed = json.loads(jam("lead", "show", "JAM-L1", "--json", who="Ben").out)["closure"]
    assert (closed["person"], closed["reason"]) == ("Ann", "")
