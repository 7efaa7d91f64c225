"""What was stated wrongly is stated anew: names, events, scans; all that names them follows."""

from __future__ import annotations

import pytest
from lead_makers import EXAMINER, SECOND, exhibit_ref, make_member, make_network
from vault_makers import enrol, make_exhibit

from ribin.cases.exhibits import ExhibitKind, Scope
from ribin.cases.leads import Conclusion, ExhibitRef, LeadStatus, ReviewBasis, Role
from ribin.cases.record import RecordKind
from ribin.errors import AccessError, ParameterError, StoreError, ThereAlreadyError
from ribin.leads.merge import sync_leads
from ribin.leads.steps import close_lead, give_review, take_up_lead
from ribin.leads.trace import trace_exhibit
from ribin.vault.corrections import correct_exhibits, history_of, move_scan
from ribin.vault.disclosure import as_seen_by
from ribin.vault.exhibits import current_name
from ribin.vault.people import appoint
from ribin.vault.records import read_versions
from ribin.vault.retention import keep_until, purge_exhibit, retention_dates
from ribin.vault.saved_searches import add_saved_search, read_saved_searches
from ribin.vault.sharing import pseudonyms, release_exhibit, releases_of
from ribin.vault.vault import Vault

SAID = {"who": "chief", "reason": "read wrongly"}


@pytest.fixture
def vault(tmp_path):
    with Vault.create(tmp_path / "JAM", "JAM", "chief") as made:
        for seed in (1, 2, 3):
            fields = {"date": "2026-05-03", "place": "12 Harbour Street", "case_number": "C-1"}
            enrol(made, seed, make_exhibit(f"X{seed}", Scope.NETWORK, calibre="9x19", **fields))
        yield made
        assert made.check().problems == ()


def correct(vault, name, **fields):
    return correct_exhibits(vault, [name], fields, **SAID)


def versions(vault, kind, record_id):
    with vault.catalogue.reading() as db:
        return read_versions(db, kind, record_id)


def test_a_field_is_stated_anew_and_the_old_version_stays(vault):
    (done,) = correct(vault, "X1", calibre=".40", firing_pin_shape="round")
    assert done.changed == ("calibre", "firing_pin_shape")
    assert vault.exhibit("X1").class_fields.calibre == ".40"
    first, second = versions(vault, RecordKind.EXHIBIT, "X1")
    assert (first.body["calibre"], second.body["calibre"]) == ("9x19", ".40")
    assert (second.person, second.reason) == ("chief", "read wrongly")
    row = vault.audit_log()[-1]
    assert (row.action, row.subject) == ("edit", "X1")
    assert row.details["plain"] == {"calibre": ["9x19", ".40"], "firing_pin_shape": ["", "round"]}


def test_the_log_keeps_no_text_that_may_name_a_person(vault):
    correct(vault, "X1", place="14 Harbour Street", case_number="C-2", date="2026-05-04")
    text = str(vault.audit_log()[-1].details)
    assert "place" in text
    assert "Harbour" not in text
    assert "C-2" not in text


def test_an_empty_text_clears_a_field(vault):
    correct(vault, "X1", calibre="", place="")
    assert vault.exhibit("X1").class_fields.calibre == ""
    assert vault.exhibit("X1").event.place == ""


def test_what_is_of_the_event_is_so_for_all_its_exhibits(vault):
    correct(vault, "X2", event="E-X1")
    (done,) = correct(vault, "X1", place="Kingston")
    assert done.sharing_event == 1
    assert {vault.exhibit(name).event.place for name in ("X1", "X2")} == {"Kingston"}


def test_a_new_event_has_what_the_old_one_had_and_one_that_is_there_its_own(vault):
    correct(vault, "X1", event="E-9")
    assert vault.exhibit("X1").event.place == "12 Harbour Street"
    correct(vault, "X2", place="Negril")
    correct(vault, "X1", event="E-X2")
    assert vault.exhibit("X1").event.place == "Negril"
    with vault.catalogue.reading() as db:
        events = {row["event"] for row in db.execute("SELECT event FROM events")}
    assert events == {"E-X2", "E-X3"}  # nothing is left of those that were said wrongly
    assert len(versions(vault, RecordKind.EVENT, "E-9")) == 1


def test_several_exhibits_are_corrected_together_or_none(vault):
    names = ("X1", "X2", "nobody")
    with pytest.raises(StoreError, match="exhibit nobody needed"):
        correct_exhibits(vault, names, {"calibre": ".40"}, **SAID)
    assert vault.exhibit("X1").class_fields.calibre == "9x19"
    correct_exhibits(vault, names[:2], {"calibre": ".40"}, **SAID)
    assert vault.exhibit("X2").class_fields.calibre == ".40"


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"calibre": "9x19"}, "something else than the vault has"),
        ({"date": "2026-13-01"}, "a day as YYYY-MM-DD, found '2026-13-01'"),
        ({"kind": "found"}, "kind needs one of"),
        ({"firearm": "Glock"}, "only a test fire has a known firearm"),
        ({"exhibit": ""}, "exhibit needs an identifier"),
        ({"exhibit": "BLZ:X"}, "commands do not read as a file"),
        ({"exhibit": "X2"}, "a name that no other exhibit has or had needed, found X2"),
        ({"event": ""}, "event needs an identifier"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(vault, fields, found):
    with pytest.raises((ParameterError, StoreError)) as refused:
        correct(vault, "X1", **fields)
    assert found in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("lacking", [{"who": " "}, {"reason": ""}])
def test_who_and_why_are_needed(vault, lacking):
    with pytest.raises(ParameterError, match="who and reason needed"):
        correct_exhibits(vault, ["X1"], {"calibre": ".40"}, **{**SAID, **lacking})


def test_a_correction_needs_a_role_and_blanking_an_administrator(vault):
    for name, role in (("tech", Role.TECHNICIAN), ("rev", Role.REVIEWER)):
        appoint(vault, name, (role,), "chief", "hired")
    said = {"reason": "read wrongly"}
    correct_exhibits(vault, ["X1"], {"calibre": ".40"}, who="tech", **said)
    with pytest.raises(AccessError, match=r"rev: .* needed, found reviewer"):
        correct_exhibits(vault, ["X1"], {"calibre": ".38"}, who="rev", **said)
    with pytest.raises(AccessError, match="tech: administrator needed"):
        correct_exhibits(vault, ["X1"], {}, erase_old=True, who="tech", **said)


# Another name.


def test_all_that_names_an_exhibit_follows_its_new_name(vault):
    before = pseudonyms(vault, ["X1"])["X1"]
    release_exhibit(vault, "X1", "BLZ", Scope.CLUSTER, original=False, **SAID)
    keep_until(vault, "X1", "2036-01-01", *SAID.values())
    add_saved_search(vault, ["X1"], Scope.CLUSTER, 5, 0.0, *SAID.values())
    correct(vault, "X1", exhibit="Y1")
    assert vault.exhibit("X1").exhibit == "Y1"
    assert pseudonyms(vault, ["Y1"]) == {"Y1": before}
    assert [r.exhibit for r in releases_of(vault, "Y1") if r.holds] == ["Y1"]
    assert [due.exhibit for due in retention_dates(vault)] == ["Y1"]
    assert [one.exhibit for one in read_saved_searches(vault)] == ["Y1"]
    assert len(vault.marks_of("X1")) == len(vault.marks_of("Y1")) == 1
    seen = as_seen_by("BLZ", vault)
    assert seen.find(before).exhibit == "Y1"
    assert seen.find("Y1").exhibit == "Y1"
    assert seen.find("X1") is None  # history never crosses a border


def test_a_scan_goes_on_being_enrolled_under_either_name(vault):
    correct(vault, "X1", exhibit="Y1")
    for name, seed in (("X1", 11), ("Y1", 12), ("X1", 1)):
        done = enrol(vault, seed, make_exhibit(name, Scope.NETWORK, event="E-X1"))
        assert done.exhibit == "Y1"
    assert len(vault.marks_of("Y1")) == 3


def test_the_old_name_is_taken_for_good_and_can_be_had_back(vault):
    correct(vault, "X1", exhibit="Y1")
    with pytest.raises(StoreError, match="found X1, which is exhibit Y1"):
        correct(vault, "X2", exhibit="X1")
    correct(vault, "Y1", exhibit="Z1")
    correct(vault, "Z1", exhibit="X1")
    with vault.catalogue.reading() as db:
        assert {current_name(db, name) for name in ("Y1", "Z1", "X1")} == {"X1"}
    assert [
        row["exhibit"] for row in (v.body for v in versions(vault, RecordKind.EXHIBIT, "X1"))
    ] == ["X1", "Y1", "Z1", "X1"]


def test_an_exhibit_of_many_names_is_purged_with_them(vault):
    correct(vault, "X1", exhibit="Y1")
    stone = purge_exhibit(vault, "X1", *SAID.values())
    assert (stone.exhibit, stone.first_name) == ("Y1", "X1")
    assert all(one.body is None for one in versions(vault, RecordKind.EXHIBIT, "X1"))
    assert b"12 Harbour" not in str(versions(vault, RecordKind.EVENT, "E-X1")).encode()
    enrol(vault, 1, make_exhibit("Y1"))


# A scan of another exhibit.


def test_a_scan_is_taken_to_the_exhibit_that_it_shows(vault):
    done = move_scan(vault, "X1", "", "X2", "", **SAID)
    assert (done.before, done.exhibit, done.left) == ("X1", "X2", 0)
    assert len(vault.marks_of("X2")) == 2
    assert vault.marks_of("X1") == []
    assert [one.body["exhibit"] for one in versions(vault, RecordKind.SCAN, done.sha256)] == [
        "X1",
        "X2",
    ]
    assert [row.version for row in history_of(vault, "X1") if row.kind == "scan"] == [1, 2]


def test_one_that_is_not_there_yet_is_made_in_an_event(vault):
    with pytest.raises(StoreError, match="exhibit X9 needed") as refused:
        move_scan(vault, "X1", "", "X9", "", **SAID)
    assert "--event" in refused.value.hint
    move_scan(vault, "X1", "", "X9", "E-X2", **SAID)
    assert vault.exhibit("X9").event.event == "E-X2"
    assert vault.exhibit("X9").kind is ExhibitKind.EVIDENCE


def test_one_of_several_scans_is_told_by_its_name_or_hash(vault):
    other = enrol(vault, 11, make_exhibit("X1", Scope.NETWORK))
    with pytest.raises(ParameterError, match=r"one scan needed, .* found 2 of: scan1.x3p \("):
        move_scan(vault, "X1", "", "X2", "", **SAID)
    assert move_scan(vault, "X1", "scan11.x3p", "X2", "", **SAID).sha256 == other.sha256
    assert move_scan(vault, "X2", other.sha256[:12], "X1", "", **SAID).exhibit == "X1"


def test_a_scan_that_comes_to_be_shared_wider_needs_the_role_that_shares(vault):
    enrol(vault, 21, make_exhibit("N1", Scope.COUNTRY))
    appoint(vault, "tech", (Role.TECHNICIAN,), "chief", "hired")
    said = {"who": "tech", "reason": "wrong tray"}
    with pytest.raises(AccessError):
        move_scan(vault, "N1", "", "X2", "", **said)
    assert move_scan(vault, "X1", "", "X2", "", **said).shared == ""
    assert move_scan(vault, "N1", "", "X2", "", **SAID).shared == "network"


def test_a_correction_is_cleaned_as_an_enrolment_is(vault):
    correct(vault, "X1", place="K\u00a0\tTown")
    assert vault.exhibit("X1").event.place == "K Town"


# Leads.


@pytest.fixture
def jam(tmp_path):
    with make_member(tmp_path, "JAM", 3) as made:
        yield made
        assert made.check().problems == ()


def opened(vault, one, other, network=None):
    refs = exhibit_ref(f"JAM:{one}"), exhibit_ref(other if ":" in other else f"JAM:{other}")
    step = take_up_lead(vault, network, *refs, who=EXAMINER, note="alike")
    return step.history.lead.lead


def reviewed(vault, lead, who, conclusion=Conclusion.IDENTIFICATION, network=None):
    return give_review(vault, network, lead, conclusion, ReviewBasis.ITEMS, who=who, note="seen")


def test_a_lead_follows_an_exhibit_that_is_called_otherwise(jam):
    lead = opened(jam, "JAM-1", "JAM-2")
    said = {"who": EXAMINER, "reason": "digits swapped"}
    correct_exhibits(jam, ["JAM-1"], {"exhibit": "Y1"}, **said)
    with pytest.raises(ThereAlreadyError):
        opened(jam, "Y1", "JAM-2")
    with pytest.raises(StoreError, match="one in no open lead needed"):
        purge_exhibit(jam, "Y1", "head", "law")
    reviewed(jam, lead, EXAMINER)
    assert reviewed(jam, lead, SECOND).link_made
    traced = trace_exhibit(jam, None, "JAM-1", who=EXAMINER, reason="")
    assert {one.exhibit for one in traced.exhibits} == {"Y1", "JAM-2"}
    assert {ref.exhibit for ref in (traced.links[0].one, traced.links[0].other)} == {"Y1", "JAM-2"}


def test_who_opened_a_lead_closes_it_before_a_verdict_and_an_administrator_after(jam):
    lead = opened(jam, "JAM-1", "JAM-2")
    with pytest.raises(AccessError, match="administrator needed"):
        close_lead(jam, None, lead, who=SECOND, reason="not mine")
    with pytest.raises(ParameterError, match="reason"):
        close_lead(jam, None, lead, who=EXAMINER, reason=" ")
    done = close_lead(jam, None, lead, who=EXAMINER, reason="the wrong row")
    assert done.standing is LeadStatus.CLOSED
    with pytest.raises(StoreError, match="an open lead needed"):
        reviewed(jam, lead, EXAMINER)
    with pytest.raises(StoreError, match="an open lead needed to close it, found: closed"):
        close_lead(jam, None, lead, who="head", reason="again")
    again = opened(jam, "JAM-1", "JAM-2")
    reviewed(jam, again, EXAMINER)
    with pytest.raises(AccessError, match="administrator needed"):
        close_lead(jam, None, again, who=EXAMINER, reason="the wrong row")
    close_lead(jam, None, again, who="head", reason="the wrong row")
    purge_exhibit(jam, "JAM-1", "head", "law")


def test_a_link_is_withdrawn_and_not_closed(jam):
    lead = opened(jam, "JAM-1", "JAM-2")
    reviewed(jam, lead, EXAMINER)
    reviewed(jam, lead, SECOND)
    with pytest.raises(StoreError, match="found: confirmed link") as refused:
        close_lead(jam, None, lead, who="head", reason="the wrong row")
    assert "ribin link withdraw" in refused.value.hint


@pytest.mark.parametrize("in_reach", [True, False])
def test_a_lead_is_closed_at_both_members(jam, tmp_path, in_reach):
    network = make_network(tmp_path, "BLZ", "JAM")
    with make_member(tmp_path, "BLZ", 1) as blz:
        other = f"BLZ:{pseudonyms(blz, ['BLZ-1'])['BLZ-1']}"
        lead = opened(jam, "JAM-1", other, network)
        close_lead(jam, network if in_reach else None, lead, who=EXAMINER, reason="the wrong row")
        sync_leads(blz, network, who=SECOND)
        with pytest.raises(StoreError, match="an open lead needed"):
            reviewed(blz, lead, SECOND, network=network)
        with blz.catalogue.reading() as db:
            (theirs,) = read_versions(db, RecordKind.CLOSURE, f"{lead}/JAM")
        (ours,) = versions(jam, RecordKind.CLOSURE, f"{lead}/JAM")
        assert theirs == ours
        assert theirs.member == "JAM"
        assert blz.check().problems == ()
        purge_exhibit(blz, "BLZ-1", "head", "law")


def test_a_closure_that_no_log_vouches_for_is_not_taken(jam, tmp_path):
    network = make_network(tmp_path, "BLZ", "JAM")
    with make_member(tmp_path, "BLZ", 1) as blz:
        other = ExhibitRef("BLZ", pseudonyms(blz, ["BLZ-1"])["BLZ-1"])
        lead = opened(jam, "JAM-1", str(other), network)
        close_lead(blz, None, lead, who="head", reason="ours")
        with blz.catalogue.writing() as db:
            db.execute("DROP TRIGGER records_are_not_changed")
            db.execute(
                "UPDATE records SET member = 'JAM', person = ? WHERE id = ?",
                (EXAMINER, f"{lead}/BLZ"),
            )
        _, notes = sync_leads(jam, network, who=SECOND)
        assert any("closure" in note and "not taken from BLZ" in note for note in notes)
        assert reviewed(jam, lead, EXAMINER).standing is LeadStatus.SECOND_REVIEW_DUE


@pytest.mark.parametrize("verdicts", [(), (EXAMINER,), (EXAMINER, SECOND)])
def test_a_scan_of_an_exhibit_in_a_lead_is_moved_after_a_question(ribin, tmp_path, verdicts):
    with make_member(tmp_path, "JAM", 3) as jam:
        pair = exhibit_ref("JAM:JAM-1"), exhibit_ref("JAM:JAM-2")
        lead = take_up_lead(jam, None, *pair, who=EXAMINER, note="alike").history.lead.lead
        for who in verdicts:
            step = reviewed(jam, lead, who)
        standing = str(step.standing) if verdicts else "lead"
    said = ("--reason", "mixed up", "--vault", tmp_path / "JAM", "--who", EXAMINER)
    for words in (("JAM-1", "JAM-3"), ("JAM-3", "JAM-2")):  # off it, and onto it
        done = ribin("mark", "move", *words, *said)
        assert done.code == 2
        assert f"JAM-L1, {standing}, is on JAM-" in done.err
        assert "--yes needed where nobody answers; nothing was done" in done.err
    done = ribin("mark", "move", "JAM-1", "JAM-3", *said, "--yes")
    assert (done.code, "moved from JAM-1 to JAM-3" in done.out) == (0, True)
    with Vault.open(tmp_path / "JAM") as jam:
        assert jam.check().clean


def test_a_scan_of_an_exhibit_whose_lead_came_to_nothing_is_moved_unasked(ribin, tmp_path):
    with make_member(tmp_path, "JAM", 3) as jam:
        pair = exhibit_ref("JAM:JAM-1"), exhibit_ref("JAM:JAM-2")
        lead = take_up_lead(jam, None, *pair, who=EXAMINER, note="alike").history.lead.lead
        close_lead(jam, None, lead, who=EXAMINER, reason="mixed up")
    said = ("--reason", "mixed up", "--vault", tmp_path / "JAM", "--who", EXAMINER)
    assert ribin("mark", "move", "JAM-1", "JAM-3", *said).code == 0


def test_who_erases_old_text_is_told_what_keeps_it(ribin, vault):
    words = ("exhibit", "edit", "X1", "--erase-old", "--vault", vault.path, "--who", "chief")
    done = ribin(*words, "--place", "Kingston", "--reason", "a private address")
    assert done.code == 0, done.err
    assert "X1: backups, exports and bundles made before keep the old text" in done.err
    assert "the audit log keeps the names that the exhibit had" in done.err


def test_erased_text_takes_its_reasons_along(ribin, vault, tmp_path):
    """In the records and in the rows of the log that vouch for them; the last one stays."""
    secret = "because Mrs Pink of 12 Harbour Street said so"
    correct_exhibits(
        vault, ["X1"], {"calibre": ".40", "place": "Negril"}, **SAID | {"reason": secret}
    )
    correct_exhibits(vault, ["X2"], {"calibre": ".40"}, **SAID | {"reason": secret})
    before = [row.sha256 for row in vault.audit_log()]
    correct_exhibits(vault, ["X1"], {"place": "Kingston"}, erase_old=True, **SAID)
    rows = vault.audit_log()
    assert [row.sha256 for row in rows][:-1] == before  # the chain holds
    assert [row.reason for row in rows if row.reason == secret] == [secret]  # that of X2
    blanked = [rows[seq - 1] for seq in rows[-1].details["reasons_blanked"]]
    assert [(row.action, row.reason) for row in blanked] == [("enrol", ""), ("edit", "")]
    assert rows[-1].reason == SAID["reason"]
    kept = [one.reason for one in history_of(vault, "X1")]
    assert secret not in kept
    assert SAID["reason"] in kept
    assert vault.check().problems == ()
    content = (vault.path / "catalogue.sqlite").read_bytes()
    assert content.count(secret.encode()) <= 2  # of X2, in its record and in the log
    # and a log that is exported, or a vault that is exported and comes back, is sound
    said = ("--vault", vault.path, "--who", "chief", "--reason", "audit")
    assert ribin("audit", "export", tmp_path / "log.jsonl", *said).code == 0
    assert ribin("audit", "verify", "--file", tmp_path / "log.jsonl").code == 0
    assert ribin("export", tmp_path / "out", *said).code == 0
    assert ribin("import", tmp_path / "out", tmp_path / "back", "--who", "chief").code == 0
    with Vault.open(tmp_path / "back") as back:
        assert back.check().problems == ()


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        ("UPDATE audit SET reason = '' WHERE seq = {seq}", "the reason of row {seq} is gone"),
        (
            "UPDATE records SET reason = '' WHERE kind = 'exhibit' AND id = 'X1'",
            "its reason is gone",
        ),
    ],
)
def test_a_reason_that_is_gone_without_a_row_that_says_so_is_found(tmp_path, statement, text):
    with Vault.create(tmp_path / "JAM", "JAM", "chief") as vault:
        enrol(vault, 1, make_exhibit("X1", Scope.NETWORK))
        correct(vault, "X1", calibre=".40")
        with vault.catalogue.writing() as db:
            seq = db.execute("SELECT max(seq) FROM audit WHERE reason <> ''").fetchone()[0]
            assert db.execute(statement.format(seq=seq)).rowcount
        found = [problem.text for problem in vault.check().problems]
        assert any(text.format(seq=seq) in one for one in found), found
        with pytest.raises(StoreError, match="cannot be changed"), vault.catalogue.writing() as db:
            db.execute("UPDATE audit SET reason = 'other'")
