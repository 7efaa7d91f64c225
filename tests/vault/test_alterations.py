"""Alterations of the catalogue by SQL, in every table: `ribin store check` finds them all.

Each is made alone, and with a forged row of the audit log that vouches for it, of every action that
might; and in the name of persons who might not do what a whole act says. Where somebody writes the
log anew, or cuts it off, docs/limits.md says that an anchor is needed: the head of the log that
another member keeps finds these.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from bundle_makers import make_pair
from lead_makers import EXAMINER, SECOND, STAFF, THIRD
from vault_makers import make_exhibit, make_mark, make_scan, make_template

from ribin.cases.annotation import FORMAT, AnnotatedPair, AnnotatedSide, Annotation
from ribin.cases.exhibits import Scope
from ribin.cases.leads import Conclusion, ExhibitRef, Lead, Review, ReviewBasis, ReviewRound
from ribin.cases.record import RecordKind, canonical_bytes
from ribin.cases.searches import CandidateStatus, SearchFinding, SearchStatement, lists_sha256
from ribin.crypto.keys import PrivateKey
from ribin.exchange.message import MessageKind, seal_message
from ribin.exchange.questions import CountsQuestion
from ribin.leads.steps import close_lead, give_review, take_up_lead, withdraw_link
from ribin.services.answers import answer
from ribin.services.inbox import allow_question, refuse_question
from ribin.vault import catalogue as catalogue_module
from ribin.vault.agreements import Agreement, agree
from ribin.vault.anchors import missing_anchors, own_anchor
from ribin.vault.annotations import save_annotations
from ribin.vault.assignments import assign
from ribin.vault.audit import append_row, now_utc
from ribin.vault.catalogue import Catalogue
from ribin.vault.check import check_catalogue, received_sha256
from ribin.vault.corrections import correct_exhibits, move_scan
from ribin.vault.keys import own_key
from ribin.vault.leads import insert_entry, insert_review, next_word
from ribin.vault.list_review import state_candidate
from ribin.vault.messages import OwnQuestion, note_answer, put_own_questions, questions_held
from ribin.vault.passwords import add_account
from ribin.vault.people import appoint
from ribin.vault.recorded_searches import add_search
from ribin.vault.records import insert_version, next_version
from ribin.vault.retention import keep_until, purge_exhibit
from ribin.vault.rows import all_records, change_record
from ribin.vault.saved_searches import add_saved_search, end_saved_search, note_findings
from ribin.vault.sharing import end_release, release_exhibit, set_default_sharing
from ribin.vault.vocabulary import state_synonym
from ribin.vault.vouching import ACTS, writes

SCHEMA = Path(catalogue_module.__file__).with_name("schema.sql")

COUNTS = {"compared": 1}
SAME, OTHER = Conclusion.IDENTIFICATION, Conclusion.ELIMINATION
SAID = {"who": "bob", "reason": "as ordered"}


def examine(vault, one, other, *conclusions):
    refs = (ExhibitRef("JAM", name) for name in (one, other))
    number = take_up_lead(vault, None, *refs, who=EXAMINER, note="alike").history.lead.lead
    for who, conclusion in zip((EXAMINER, SECOND), conclusions, strict=False):
        give_review(vault, None, number, conclusion, ReviewBasis.ITEMS, who=who, note="seen")
    return number


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A vault in which something was done of every kind."""
    pair = make_pair(tmp_path_factory.mktemp("altered"))
    with pytest.MonkeyPatch.context() as patch:  # these templates are too small to be compared
        patch.setattr("ribin.exchange.receive.check_described", lambda arrays, where: None)
        pair.receive(pair.send())
    pair.asker = own_key(pair.sender)
    pair.sender.close()
    with pair.receiver as vault:
        for name, roles in STAFF.items():
            appoint(vault, name, roles, "bob", "hired")
        for seed in range(1, 9):
            exhibit = make_exhibit(f"X{seed}", Scope.NETWORK, date="2026-05-03", place="Kingston")
            original, scan = make_scan(50 + seed)
            cut = [make_mark(scan)], [make_template(scan)]
            vault.enrol(original, scan, *cut, exhibit, **SAID)
        assert examine(vault, "X1", "X2", SAME, SAME) == "JAM-L1"
        examine(vault, "X1", "X3", OTHER, OTHER)
        examine(vault, "X2", "X3")
        examine(vault, "X4", "X5", SAME, SAME)
        withdraw_link(vault, None, "JAM-L4", who=EXAMINER, reason="mixed up")
        examine(vault, "X4", "X6")
        close_lead(vault, None, "JAM-L5", who=EXAMINER, reason="the wrong one")
        assert examine(vault, "X3", "X4", SAME) == "JAM-L6"
        correct_exhibits(vault, ["X6"], {"exhibit": "Y6", "calibre": "9x19"}, **SAID)
        correct_exhibits(vault, ["Y6"], {"place": "Ocho Rios"}, erase_old=True, **SAID)
        move_scan(vault, "X7", "", "Y6", "", **SAID)
        for receiver in ("BLZ", "BRB"):
            release_exhibit(vault, "X1", receiver, Scope.CLUSTER, original=False, **SAID)
        end_release(vault, "X1", "BRB", **SAID)
        set_default_sharing(vault, Scope.CLUSTER, **SAID)
        keep_until(vault, "X2", "2036-01-01", **SAID)
        add_saved_search(vault, ["X1", "X2"], Scope.CLUSTER, 5, 0.0, *SAID.values())
        end_saved_search(vault, ["JAM-S2"], *SAID.values())
        row = {"known_as": "", "exhibit": "x-0123456789abcdef", "score": 12.0}
        found = SearchFinding("JAM-S1", "BLZ", "x-0123456789abcdef", "ab" * 32, row)
        note_findings(vault, [found], "bob")
        purge_exhibit(vault, "X8", *SAID.values())
        state_more(vault, pair.asker)
        assert vault.check().problems == ()
    return pair.receiver.path


def state_more(vault, asker):
    """What is stated beside evidence and leads: words, searches, agreements, messages."""
    state_synonym(vault, "make", "Glok", "Glock", **SAID)
    add_account(vault, "Cy Dale", "a long password 1", *SAID.values())
    agreed = Agreement("BLZ", Scope.CLUSTER, hold=False)
    agree(vault, agreed, own_key(vault), *SAID.values())
    with vault.catalogue.reading() as db:
        sha256 = [row[0] for row in db.execute("SELECT sha256 FROM scans ORDER BY rowid LIMIT 2")]
    sides = [AnnotatedSide(label, one) for label, one in zip(("X1", "X2"), sha256, strict=True)]
    seen = Annotation("agreement", [0.0, 1.0], [50.0, 60.0], "alike", "bob", "2026-11-01")
    save_annotations(vault, AnnotatedPair(FORMAT, *sides, [seen]), "page", *SAID.values())
    lists = {"lists": [{"mark": "breech_face", "candidates": [{"score": 12.0}], "elapsed_s": 1.0}]}
    for number in ("JAM-Q1", "JAM-Q2"):
        stated = SearchStatement(
            "X1", sha256[0], "country", ("JAM",), 1, COUNTS, lists_sha256(lists), lists=lists
        )
        with vault.act("search recorded", "bob", "as ordered") as act:
            add_search(act, number, stated)
    candidate = ExhibitRef("JAM", "X2")
    state_candidate(vault, "JAM-Q1", candidate, CandidateStatus.NOTHING_SEEN, "bob")
    assign(vault, "lead", "JAM-L3", "Cy Dale", "2036-01-01", "bob")
    made = seal_message(MessageKind.COUNTS, CountsQuestion("ann"), asker, "BLZ", "JAM")
    answer(vault, made)
    agree(vault, replace(agreed, hold=True), own_key(vault), *SAID.values())
    for decide in (None, allow_question, refuse_question):
        made = seal_message(MessageKind.COUNTS, CountsQuestion("ann"), asker, "BLZ", "JAM")
        answer(vault, made)  # a refusal: it is held
        if decide:
            held = questions_held(vault)[-1]
            decide(vault, held.id, *SAID.values())
    for number, kind in ((1, "release"), (2, "release"), (3, "search")):
        one = OwnQuestion(f"{number}" * 32, "BLZ", kind, "", b"a question")
        put_own_questions(vault, [one], "bob")
        if number == 2:
            note_answer(vault, one)


FIRST, SECOND_OF = "review = 'JAM-L1/JAM1'", "review = 'JAM-L1/JAM2'"
TURNED = (
    "UPDATE records SET body = replace(body, 'identification', 'elimination') "
    "WHERE kind = 'verdict' AND id {}"
)
ALTERATIONS = {
    "a verdict turned": TURNED.format("= 'JAM-L1/JAM1'"),
    "both verdicts turned": TURNED.format("LIKE 'JAM-L1/%'"),
    "an elimination turned": "UPDATE records SET body = replace(body, 'elimination', "
    "'identification') WHERE kind = 'verdict' AND id LIKE 'JAM-L2/%'",
    "a verdict of another person": f"UPDATE reviews SET reviewer = 'Cy Dale' WHERE {SECOND_OF}",
    "a verdict made blind": f"UPDATE reviews SET blind = 0 WHERE {SECOND_OF}",
    "a verdict's note": "UPDATE records SET body = replace(body, 'n', 'u') WHERE kind = 'verdict'",
    "a verdict's hash": "UPDATE reviews SET content_sha256 = lower(hex(randomblob(32))) "
    f"WHERE {FIRST}",
    "a verdict without its content": "DELETE FROM records WHERE kind = 'verdict' "
    "AND id = 'JAM-L1/JAM1'",
    "a verdict blanked": "UPDATE records SET body = '' WHERE kind = 'verdict'",
    "a verdict's day": f"UPDATE reviews SET at = '2020-01-01T00:00:00.000+00:00' WHERE {FIRST}",
    "a verdict taken away": "DELETE FROM reviews WHERE lead = 'JAM-L2' AND place = 'second'",
    "a lead's figures": "UPDATE leads SET figures = '{\"score\": 99.8}' WHERE lead = 'JAM-L3'",
    "a lead's exhibit": "UPDATE leads SET comparison = 'X4' WHERE lead = 'JAM-L3'",
    "a lead's examiner": "UPDATE leads SET examiner = 'Cy Dale' WHERE lead = 'JAM-L3'",
    "a lead taken away": "DELETE FROM leads WHERE lead = 'JAM-L3'",
    "a link withdrawn": "INSERT INTO records SELECT 'withdrawal/JAM-L1/JAM/1', kind, 'JAM-L1/JAM',"
    " 1, member, person, identity, at, reason, reason_sha256, body, body_sha256, previous_sha256"
    " FROM records WHERE kind = 'withdrawal'",
    "a withdrawal taken away": "DELETE FROM records WHERE kind = 'withdrawal'",
    "a withdrawal's reason": "UPDATE records SET reason = 'none' WHERE kind = 'withdrawal'",
    "a withdrawal of another lead": "UPDATE records SET id = 'JAM-L1/JAM', "
    "record = 'withdrawal/JAM-L1/JAM/1' WHERE kind = 'withdrawal'",
    "a calibre": "UPDATE exhibits SET calibre = '.40' WHERE exhibit = 'X1'",
    "a sharing level": "UPDATE exhibits SET sharing = 'country' WHERE exhibit = 'X1'",
    "an exhibit's event": "UPDATE exhibits SET event = 'E-X3' WHERE exhibit = 'X1'",
    "a first name": "UPDATE exhibits SET first_name = 'X9' WHERE exhibit = 'X1'",
    "an exhibit's kind": "UPDATE exhibits SET kind = 'test_fire', firearm = 'F' WHERE "
    "exhibit = 'X3'",
    "an event's day": "UPDATE events SET date = '2026-05-04' WHERE event = 'E-X1'",
    "an event's place": "UPDATE events SET place = 'Negril' WHERE event = 'E-X6'",
    "an alias taken away": "DELETE FROM aliases",
    "an alias of another": "UPDATE aliases SET first_name = 'X1'",
    "a scan under another exhibit": "UPDATE scans SET exhibit = 'X2' WHERE exhibit = 'X1'",
    "a scan's light": "UPDATE scans SET lighting = 'ring' WHERE exhibit = 'X1'",
    "a scan's file": "UPDATE scans SET file_sha256 = sha256 WHERE exhibit = 'X1'",
    "a scan's name": "UPDATE scans SET source = 'other.x3p' WHERE exhibit = 'X1'",
    "a mark's template": "UPDATE marks SET template_sha256 = sha256 WHERE mark_id = 1",
    "a mark's verdict": "UPDATE marks SET verdict = 'unusable' WHERE mark_id = 1",
    "a mark taken away": "DELETE FROM marks WHERE mark_id = 1",
    "a scan taken away": "DELETE FROM marks WHERE sha256 = (SELECT sha256 FROM scans WHERE "
    "exhibit = 'X5'); DELETE FROM scans WHERE exhibit = 'X5'",
    "an exhibit taken away": "DELETE FROM exhibits WHERE exhibit = 'X7'",
    "an event of nothing": "INSERT INTO events VALUES ('E-9', '', '', '')",
    "a role given": "INSERT INTO records SELECT 'roles/Cy Dale/2', kind, 'Cy Dale', 2, member, "
    "person, identity, at, reason, reason_sha256, body, body_sha256, previous_sha256 FROM records "
    "WHERE kind = 'roles' AND id = 'bob'",
    "a person appointed": "INSERT INTO records SELECT 'roles/Dee/1', kind, 'Dee', 1, member, "
    "person, identity, at, reason, reason_sha256, body, body_sha256, previous_sha256 FROM records "
    "WHERE kind = 'roles' AND id = 'bob'",
    "a release made": "INSERT INTO records SELECT 'release/X2/TTO/1', kind, 'X2/TTO', 1, member, "
    "person, identity, at, reason, reason_sha256, body, body_sha256, previous_sha256 FROM records "
    "WHERE kind = 'release' AND version = 1 LIMIT 1",
    "a role": "UPDATE records SET body = replace(body, 'reviewer', 'administrator') "
    "WHERE kind = 'roles' AND id = 'Cy Dale'",
    "the person of a role": "UPDATE records SET id = 'Dee', record = 'roles/Dee/1' "
    "WHERE kind = 'roles' AND id = 'Cy Dale'",
    "a role taken away": "DELETE FROM records WHERE kind = 'roles' AND id = 'Cy Dale'",
    "the key of pseudonyms": "UPDATE settings SET value = 'ab' WHERE setting = 'opaque_key'",
    "the usual sharing": "UPDATE settings SET value = 'network' WHERE setting = 'default_sharing'",
    "a release's receiver": "UPDATE records SET body = replace(body, 'BLZ', 'TTO') "
    "WHERE kind = 'release'",
    "a release with the original": "UPDATE records SET body = replace(body, '\"original\":false', "
    "'\"original\":true') WHERE kind = 'release' AND body LIKE '%BLZ%'",
    "a release revived": "UPDATE records SET body = replace(body, '\"holds\":false', "
    "'\"holds\":true') WHERE kind = 'release' AND body LIKE '%BRB%'",
    "a release's end taken away": "DELETE FROM records WHERE kind = 'release' AND version = 2",
    "a release's exhibit": "UPDATE records SET body = replace(body, 'X', 'Z') "
    "WHERE kind = 'release'",
    "a last day": "UPDATE retention SET keep_until = '2026-01-01'",
    "a tombstone": "UPDATE tombstones SET exhibit = 'X1'",
    "a trusted key": "UPDATE trusted_keys SET signing = sealing",
    "a trust that ended": "UPDATE trusted_keys SET ended_at = '2026-01-01'",
    "a bundle's number": "UPDATE bundles SET number = 99",
    "a received calibre": "UPDATE received_exhibits SET calibre = '.40'",
    "a received mark": "UPDATE received_marks SET template_sha256 = file_sha256",
    "all that was received": "DELETE FROM received_marks; DELETE FROM received_scans; "
    "DELETE FROM received_exhibits",
    "a saved search's scope": "UPDATE standing_searches SET scope = 'network'",
    "a saved search revived": "UPDATE standing_searches SET ended_at = '' WHERE "
    "standing = 'JAM-S2'",
    "a finding's score": "UPDATE findings SET candidate = replace(candidate, '12.0', '99.0')",
    "a finding taken away": "DELETE FROM findings",
    "a version's text": "UPDATE records SET body = replace(body, 'Kingston', 'Negril') WHERE "
    "id = 'E-X1'",
    "a version's person": "UPDATE records SET person = 'Cy Dale' WHERE id = 'E-X1'",
    "a version taken away": "DELETE FROM records WHERE id = 'Y6' OR id = 'X6'",
    "a version blanked": "UPDATE records SET body = '' WHERE id = 'E-X1'",
    "a closure taken away": "DELETE FROM records WHERE kind = 'closure'",
    "a closure's reason": "UPDATE records SET reason = 'none' WHERE kind = 'closure'",
    "a reason blanked": "UPDATE records SET reason = '' WHERE id = 'E-X1' AND reason <> ''",
    "a reason of the log blanked": "UPDATE audit SET reason = '' WHERE action = 'release'",
    "a reason of the log": "UPDATE audit SET reason = 'other' WHERE action = 'release'",
    "a synonym": "UPDATE synonyms SET value = 'Colt'",
    "a synonym added": "INSERT INTO synonyms VALUES ('make=colt', 'make', 'Glock')",
    "a synonym taken away": "DELETE FROM synonyms",
    "a setting added": "INSERT INTO settings VALUES ('other', 'x')",
    "a retention taken away": "DELETE FROM retention",
    "an account's password": "UPDATE secrets SET secret = '$argon2id$other'",
    "a password of nobody's account": "INSERT INTO secrets VALUES ('bob', '$argon2id$other')",
    "a password taken away": "DELETE FROM secrets",
    "an account's record": "UPDATE records SET body = replace(body, 'active', 'removed') WHERE "
    "kind = 'account'",
    "an agreement widened": "UPDATE records SET body = replace(body, '\"hold\":true', "
    "'\"hold\":false') WHERE kind = 'agreement'",
    "an agreement's version taken away": "DELETE FROM records WHERE kind = 'agreement' AND "
    "version = 2",
    "an annotation's text": "UPDATE records SET body = replace(body, 'alike', 'unlike') WHERE "
    "kind = 'annotations'",
    "annotations blanked": "UPDATE records SET body = '' WHERE kind = 'annotations'",
    "a score in a recorded list": "UPDATE records SET body = replace(body, '12.0', '99.8') WHERE "
    "id = 'JAM-Q1'",
    "the hash of a recorded list": "UPDATE records SET body = replace(body, "
    "'\"lists_sha256\":\"', '\"lists_sha256\":\"0') WHERE id = 'JAM-Q1'",
    "a recorded search taken away": "DELETE FROM records WHERE id = 'JAM-Q2'",
    "a candidate's state": "UPDATE records SET body = replace(body, 'nothing seen', 'lead') WHERE "
    "kind = 'candidate'",
    "a candidate taken away": "DELETE FROM records WHERE kind = 'candidate'",
    "an assignment's person": "UPDATE records SET body = replace(body, 'Cy Dale', 'bob') WHERE "
    "kind = 'assignment'",
    "a record of another kind": "UPDATE records SET kind = 'closure', "
    "record = 'closure/' || id || '/' || version WHERE kind = 'assignment'",
    "a description of nothing": "INSERT INTO descriptions VALUES (9, (SELECT sha256 FROM scans "
    "LIMIT 1), '0123456789ab', 0, (SELECT file_sha256 FROM scans LIMIT 1), '2026-01-01')",
    "a received scan's light": "UPDATE received_scans SET lighting = 'ring'",
    "a received scan of another exhibit": "UPDATE received_scans SET exhibit = (SELECT "
    "max(exhibit) FROM received_exhibits) WHERE exhibit = (SELECT min(exhibit) FROM "
    "received_exhibits)",
    "a received exhibit added": "INSERT INTO received_exhibits SELECT 'BRB', exhibit, kind, "
    "calibre, firing_pin_shape, breech_face_type, ammunition, make, model, released, "
    "event, case_number, date, place, firearm FROM received_exhibits LIMIT 1",
    "a bundle taken away": "DELETE FROM bundles",
    "a trusted key added": f"INSERT INTO trusted_keys VALUES ('{'ab' * 32}', 'BRB', '{'ab' * 32}', "
    f"'{'cd' * 32}', '2026-01-01', 'bob', '')",
    "a trusted key's member": "UPDATE trusted_keys SET member = 'BRB'",
    "a question's body": f"UPDATE questions SET body_sha256 = '{'ab' * 32}'",
    "a question's way": "UPDATE questions SET way = 'bundle'",
    "a question's person": "UPDATE questions SET who = 'eve'",
    "a question let through": "UPDATE questions SET state = 'agreed' WHERE state = 'held'",
    "a refusal turned": "UPDATE questions SET state = 'agreed', answer = x'' WHERE "
    "state = 'refused'",
    "a refusal's words": "UPDATE questions SET answer = 'come again' WHERE state = 'refused'",
    "an allowed question held": "UPDATE questions SET state = 'held' WHERE state = 'agreed'",
    "a stored answer": "UPDATE questions SET answer = zeroblob(length(answer)) WHERE "
    "state = 'answered'",
    "a stored answer's end": "UPDATE questions SET answer = CAST(substr(answer, 1, "
    "length(answer) - 1) || 'x' AS BLOB) WHERE state = 'answered'",
    "a stored answer taken away": "UPDATE questions SET answer = x'', state = 'agreed' WHERE "
    "state = 'answered'",
    "a question taken away": "DELETE FROM questions WHERE state = 'held'",
    "a question added": "INSERT INTO questions SELECT sender || '/' || 'z' || substr(id, 2), "
    "sender, 'z' || substr(id, 2), kind, at, body_sha256, way, who, reason, state, answer FROM "
    "questions WHERE state = 'held'",
    "a waiting release": "UPDATE outbox SET question = x'00' WHERE kind = 'release'",
    "a waiting release's receiver": "UPDATE outbox SET receiver = 'BRB'",
    "a waiting release taken away": "DELETE FROM outbox WHERE answered_at = ''",
    "a release marked as told": "UPDATE outbox SET answered_at = '2026-01-01' WHERE kind = "
    "'release' AND answered_at = ''",
    "a release to be told again": "UPDATE outbox SET answered_at = ''",
    "a waiting search of another number": "UPDATE outbox SET subject = 'JAM-Q1' WHERE "
    "kind = 'search'",
    "a message added": "INSERT INTO outbox SELECT 'ab' || substr(id, 3), receiver, kind, subject, "
    "at, question, answer, answered_at, tries, tried_at, problem FROM outbox WHERE kind = 'search'",
    "an answer of another member": "UPDATE outbox SET answer = x'00', answered_at = '2026-01-01' "
    "WHERE kind = 'search'",
    "the token of the content taken away": "DELETE FROM content",
    "another token of the content": "UPDATE content SET token = '*'",
    "a row of the log": "UPDATE audit SET who = 'Cy Dale' WHERE seq = 20",
    "a row of the log taken away": "DELETE FROM audit WHERE seq = 20",
    "the end of the log": "DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)",
}


def forgers(changed: dict[str, str | None]) -> list[str | None]:
    """Nobody, and each action of a forged row that may write all that was changed; one that may
    not is the test below."""
    if not changed:  # the log names no row of it; what takes such rows away might excuse it
        return [None, "import", "purge", "end trust", "answer"]
    return [None, *(a for a in ACTS if all(writes(a, name) for name in changed))]


@contextmanager
def triggers_dropped(db: sqlite3.Connection) -> Iterator[None]:
    triggers = db.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
    for name, _ in triggers:
        db.execute(f"DROP TRIGGER {name}")
    yield
    for _, sql in triggers:
        db.execute(sql)


@contextmanager
def altered(db: sqlite3.Connection, statements: str) -> Iterator[dict[str, str | None]]:
    """Inside, the catalogue has this change; gives the rows that are others, and their hashes."""
    db.execute("BEGIN")
    try:
        before = dict(all_records(db))
        with triggers_dropped(db):
            for statement in statements.split("; "):
                assert db.execute(statement).rowcount > 0
        now = dict(all_records(db))
        names = {name for name in {**before, **now} if before.get(name) != now.get(name)}
        yield {name: now.get(name) for name in sorted(names)}
    finally:
        db.execute("ROLLBACK")


def is_found(db: sqlite3.Connection, changed: dict[str, str | None], forger: str | None) -> bool:
    """Whether the check finds the change under a row of the log that this action forged."""
    db.execute("SAVEPOINT forged")
    try:
        if forger:
            who = "Cy Dale" if forger == "review" else "bob"
            append_row(db, forger, "X1", who, "", {"records": changed})
        return bool(check_catalogue(db))
    finally:
        db.execute("ROLLBACK TO forged")


@pytest.fixture(scope="module")
def db(folder):
    catalogue = Catalogue(folder, writable=True, wait_s=1.0)
    with catalogue.reading() as connection:
        pass
    connection.execute("PRAGMA foreign_keys = OFF")
    yield connection
    catalogue.close()


def test_the_catalogue_is_sound_before(db):
    assert list(check_catalogue(db)) == []


@pytest.mark.parametrize("name", ALTERATIONS)
def test_an_alteration_is_found_whoever_vouches_for_it(db, name):
    with altered(db, ALTERATIONS[name]) as changed:
        assert [forger for forger in forgers(changed) if not is_found(db, changed, forger)] == []


@pytest.mark.parametrize("action", ["view", "export", "share", "import", "purge", "create"])
def test_an_action_vouches_for_nothing_that_it_never_writes(db, action):
    with altered(db, ALTERATIONS["a verdict of another person"]) as changed:
        append_row(db, action, "JAM-L1", "bob", "", {"records": changed})
        texts = [problem.text for problem in check_catalogue(db)]
    row = rf"catalogue: reviews/JAM-L1/JAM2: row \d+ of the audit log, {action}, may not write it"
    assert any(re.fullmatch(row, text) for text in texts)


def test_a_log_that_was_cut_off_with_all_that_came_of_it_needs_an_anchor(db):
    """An assignment and its row are gone, as if nobody had made it."""
    db.execute("BEGIN")
    try:
        body = {"work": "lead", "subject": "JAM-L2", "person": "bob", "due": ""}
        written = stated(db, RecordKind.ASSIGNMENT, "JAM-T2", body, "bob")
        append_row(db, "assign", "JAM-T2", "bob", "", {"records": written})
        kept = [("BLZ", own_anchor(db))]
        assert (check_catalogue(db), missing_anchors(db, kept)) == ([], [])
        with triggers_dropped(db):
            db.execute("DELETE FROM records WHERE id = 'JAM-T2'")
            db.execute("DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)")
            db.execute("UPDATE sqlite_sequence SET seq = seq - 1 WHERE name = 'audit'")
        assert (check_catalogue(db), missing_anchors(db, kept)) == ([], kept)
    finally:
        db.execute("ROLLBACK")


def test_every_table_is_altered():
    tables = re.findall(r"CREATE TABLE (\w+)", SCHEMA.read_text())
    named = re.findall(r"(?:UPDATE|INTO|DELETE FROM) (\w+)", " ".join(ALTERATIONS.values()))
    assert set(tables) == set(named)
    assert len(ALTERATIONS) >= 60


# Whole acts, as the program writes them, in the name of somebody who might not.
Written = dict[str, str | None]


def stated(db, kind, record, body, who, reason="as ordered") -> Written:
    return dict([insert_version(db, next_version(db, kind, record, body, who, reason))])


def appointed(db) -> Written:
    return stated(db, RecordKind.ROLES, "Eve", {"roles": ["administrator"]}, EXAMINER)


def released(db) -> Written:
    body = {"exhibit": "X2", "receiver": "BLZ", "original": True, "holds": True}
    return stated(db, RecordKind.RELEASE, "X2/BLZ", body, THIRD)


def annotated(db) -> Written:
    text = "SELECT body FROM records WHERE kind = 'annotations'"
    body = json.loads(db.execute(text).fetchone()[0])
    return stated(db, RecordKind.ANNOTATIONS, "JAM-A2", {**body, "annotations": []}, "Dee")


def searched(db) -> Written:
    query = "SELECT body FROM records WHERE id = 'JAM-Q1'"
    body = json.loads(db.execute(query).fetchone()[0])
    return stated(db, RecordKind.SEARCH, "JAM-Q3", body, "Dee")


def searched_falsely(db) -> Written:
    query = "SELECT body FROM records WHERE id = 'JAM-Q1'"
    body = json.loads(db.execute(query).fetchone()[0])
    body["lists"]["lists"][0]["candidates"][0]["score"] = 99.8
    return stated(db, RecordKind.SEARCH, "JAM-Q3", body, "bob")


def agreed_by(key: PrivateKey):
    def made(db) -> Written:
        query = "SELECT body FROM records WHERE kind = 'agreement' AND version = 2"
        body = {**json.loads(db.execute(query).fetchone()[0]), "hold": False}
        said = {n: v for n, v in body.items() if n not in ("signing", "sealing", "signature")}
        body["signing"], body["sealing"] = key.public.signing.hex(), key.public.sealing.hex()
        body["signature"] = key.sign(b"ribin agreement 1\n" + canonical_bytes(said)).hex()
        return stated(db, RecordKind.AGREEMENT, "BLZ", body, "bob")

    return made


def odd_body(db) -> Written:
    body = {"work": "lead", "subject": "JAM-L3", "person": "bob", "due": "", "extra": "x" * 99}
    return stated(db, RecordKind.ASSIGNMENT, "JAM-T2", body, "bob")


def reviewed(db) -> Written:
    """A blind second verdict of a person who has an account, under the name alone."""
    verdict = SAME, ReviewBasis.ITEMS, True, THIRD, "JAM", now_utc(), "seen"
    return dict(insert_review(db, Review("JAM-L3/JAM1", "JAM-L3", ReviewRound.SECOND, *verdict)))


def given(lead, number, place, who, conclusion, supersedes=""):
    def made(db) -> Written:
        verdict = conclusion, ReviewBasis.ITEMS, True, who, "JAM", now_utc(), "seen", supersedes
        return dict(insert_review(db, Review(f"{lead}/JAM{number}", lead, place, *verdict)))

    return made


def said_of(kind, lead, who, reason="as ordered"):
    def made(db) -> Written:
        return dict([insert_version(db, next_word(db, kind, lead, who, reason))])

    return made


def ended(db) -> Written:
    return dict([change_record(db, "standing_searches", "JAM-S1", {"ended_at": now_utc()})])


def set_to(setting, value):
    def made(db) -> Written:
        return dict([change_record(db, "settings", setting, {"value": value})])

    return made


def nothing(db) -> Written:
    return {}


SEARCH_FACTS = {"search": "JAM-Q3", "rows": 1}
AGREED = {"version": 3, "scope": "cluster", "ended": False}
# Of each: what writes it, action, person, subject and facts of its row, and what the check says.
WHOLE_ACTS = {
    "roles by an examiner": (
        *(appointed, "appointed", EXAMINER, "Eve", {"roles": ["administrator"]}),
        "Ana Brown was no administrator",
    ),
    "a release by a reviewer": (
        *(released, "release", THIRD, "X2", {"to": "BLZ", "original": True}),
        "Cy Dale was no examiner or administrator",
    ),
    "annotations by nobody": (
        *(annotated, "annotate", "Dee", "JAM-A2", {"annotations": 0}),
        "Dee was no examiner or reviewer",
    ),
    "a search by nobody": (
        *(searched, "search recorded", "Dee", "X1", SEARCH_FACTS),
        "Dee was no technician or examiner or reviewer",
    ),
    "a false list": (
        *(searched_falsely, "search recorded", "bob", "X1", SEARCH_FACTS),
        "its lists are not those of its hash",
    ),
    "an agreement by another key": (
        *(agreed_by(PrivateKey.make("JAM")), "agree", "bob", "BLZ", AGREED),
        "a signature by the key of JAM needed, found another key's",
    ),
    "a body of another form": (
        *(odd_body, "assign", "bob", "JAM-T2", {}),
        "no key 'extra'; known: work, subject, person, due",
    ),
    "a key changed by an examiner": (
        *(nothing, "change key", EXAMINER, "JAM", {}),
        "Ana Brown was no administrator",
    ),
    "a question allowed by a reviewer": (
        *(nothing, "question allowed", THIRD, "JAM", {}),
        "Cy Dale was no examiner or administrator",
    ),
    "an export by an examiner": (
        *(nothing, "export", EXAMINER, "JAM", {}),
        "Ana Brown was no administrator",
    ),
    "a restoration by nobody": (
        *(nothing, "restore", "Dee", "JAM", {}),
        "Dee was no administrator",
    ),
    "an import of nothing": (
        *(nothing, "import", "bob", "JAM", {}),
        "a row of export needed before it",
    ),
    "a withdrawal of no link": (
        *(said_of(RecordKind.WITHDRAWAL, "JAM-L2", EXAMINER), "withdrawal", EXAMINER, "JAM-L2", {}),
        "a link was withdrawn that never was",
    ),
    "a closure after both verdicts": (
        *(said_of(RecordKind.CLOSURE, "JAM-L2", "bob"), "close", "bob", "JAM-L2", {}),
        "it was closed, and has both verdicts",
    ),
    "a confirmation of what is within the country": (
        *(said_of(RecordKind.CONFIRMATION, "JAM-L2", EXAMINER), "confirm", EXAMINER, "JAM-L2", {}),
        "it was confirmed, and concerns no other member",
    ),
    "a verdict that makes a link of two that differ": (
        *(given("JAM-L2", 3, ReviewRound.SECOND, SECOND, SAME, "JAM-L2/JAM2"), "review", SECOND),
        *("JAM-L2", {"place": "second"}),
        "supersedes one after both were known, and is blind",
    ),
    "a third verdict": (
        *(given("JAM-L2", 3, ReviewRound.FIRST, "bob", SAME), "review", "bob"),
        *("JAM-L2", {"place": "first"}),
        "one first and one second verdict needed, found 3",
    ),
    "an own word that another member brought": (
        *(said_of(RecordKind.WITHDRAWAL, "JAM-L1", EXAMINER), "lead received", EXAMINER),
        *("JAM-L1", {"sender": "BLZ"}),
        "is of JAM and was received",
    ),
    "a saved search that ended by being saved": (
        *(ended, "standing search", "bob", "X1"),
        {"standing": "JAM-S1", "scope": "cluster", "top": 5, "min_score": 0.0},
        "its ended_at is not as the audit log says",
    ),
    "a usual sharing that there is not": (
        *(set_to("default_sharing", "galaxy"), "setting", "bob", "default_sharing"),
        {"before": "cluster", "now": "galaxy"},
        "setting default_sharing: a value that can be needed, found 'galaxy'",
    ),
    "days of retention that cannot be": (
        *(set_to("retention_days", "-3"), "setting", "bob", "retention_days"),
        {"before": "", "now": "-3"},
        "setting retention_days: a value that can be needed, found '-3'",
    ),
    "days of retention with too many digits to count": (
        *(set_to("retention_days", "9" * 5000), "setting", "bob", "retention_days"),
        {"before": "", "now": "9" * 5000},
        "setting retention_days: a value that can be needed, found '999",
    ),
    "days of retention in digits of another script": (
        *(set_to("retention_days", "\u0663"), "setting", "bob", "retention_days"),
        {"before": "", "now": "\u0663"},
        "setting retention_days: a value that can be needed, found '\u0663'",
    ),
    "a verdict under the name of an account": (
        *(reviewed, "review", THIRD, "JAM-L3", {"place": "second"}),
        "the account of Cy Dale needed, found stated",
    ),
}


@pytest.mark.parametrize("name", WHOLE_ACTS)
def test_a_whole_act_of_somebody_who_might_not_is_found(db, name):
    make, action, who, subject, facts, words = WHOLE_ACTS[name]
    db.execute("BEGIN")
    try:
        written = make(db)
        if action == "search recorded":
            query = "SELECT json_extract(body, '$.lists_sha256') FROM records WHERE id = 'JAM-Q3'"
            facts = {**facts, "lists_sha256": db.execute(query).fetchone()[0]}
        append_row(db, action, subject, who, "as ordered", {**facts, "records": written})
        assert any(words in problem.text for problem in check_catalogue(db))
    finally:
        db.execute("ROLLBACK")


@pytest.mark.parametrize("verdicts_here", [0, 2])
def test_a_confirmation_that_nobody_awaits_is_found(db, verdicts_here):
    """Of a lead across a border without verdicts, and with both of the own member."""
    db.execute("BEGIN")
    try:
        number, at = "JAM-BLZ-L1", now_utc()
        one, other = (ExhibitRef(code, "x-0123456789abcdef") for code in ("JAM", "BLZ"))
        lead = Lead(number, "JAM", one, "", other, "", EXAMINER, at, "alike", {})
        written = dict([insert_entry(db, lead)])
        append_row(db, "lead", number, EXAMINER, "alike", {"records": written})
        for place, who in list(zip(ReviewRound, (EXAMINER, SECOND), strict=True))[:verdicts_here]:
            review = given(number, str(place), place, who, SAME)(db)
            append_row(db, "review", number, who, "", {"place": str(place), "records": review})
        assert check_catalogue(db) == []
        word = said_of(RecordKind.CONFIRMATION, number, EXAMINER)(db)
        append_row(db, "confirm", number, EXAMINER, "as ordered", {"records": word})
        texts = [problem.text for problem in check_catalogue(db)]
        assert f"catalogue: lead {number}: confirmed by {EXAMINER}, and nobody awaited it" in texts
    finally:
        db.execute("ROLLBACK")


# Who writes the log anew from the row that vouches for what was altered.


def log_written_anew(db: sqlite3.Connection, before: dict[str, str]) -> None:
    """Each hash that the log has of an altered row becomes that of now, and the chain follows."""
    now = dict(all_records(db))
    changed = {before[n]: now[n] for n in before.keys() & now.keys() if before[n] != now[n]}
    gone = before.keys() - now.keys()
    previous = "0" * 64
    with triggers_dropped(db):
        for row in [dict(row) for row in db.execute("SELECT * FROM audit ORDER BY seq")]:
            details = json.loads(row["details"])
            said = details.get("records", {})
            said = {n: changed.get(v, v) for n, v in said.items() if n not in gone}
            if row["action"] == "import bundle" and "received_sha256" in details:
                details["received_sha256"] = received_sha256(db, row["subject"])
            details |= {"records": said} if "records" in details else {}
            row["details"] = json.dumps(details, sort_keys=True, ensure_ascii=False)
            row["previous_sha256"] = previous
            named = ("seq", "at", "who", "host", "action", "subject", "reason_sha256", "details")
            content = [row[name] for name in (*named, "previous_sha256", "identity")]
            text = json.dumps(content, ensure_ascii=False)
            previous = hashlib.sha256(text.encode()).hexdigest()
            values = (row["details"], row["previous_sha256"], previous, row["seq"])
            query = "UPDATE audit SET details = ?, previous_sha256 = ?, sha256 = ? WHERE seq = ?"
            db.execute(query, values)


@pytest.mark.parametrize("name", ALTERATIONS)
def test_a_log_that_was_written_anew_is_found_by_the_head_that_another_member_keeps(db, name):
    kept = [("BLZ", own_anchor(db))]
    before = dict(all_records(db))
    with altered(db, ALTERATIONS[name]):
        log_written_anew(db, before)
        # Where the log named the altered row; else it stays, and the check finds the alteration.
        assert missing_anchors(db, kept) == kept or check_catalogue(db) != []


@pytest.mark.parametrize(("who", "found"), [("Cy Dale", True), (EXAMINER, True), ("bob", False)])
def test_a_lead_with_a_verdict_is_closed_by_an_administrator_alone(db, who, found):
    """A whole act as the program writes it, in somebody's name: the rules hold for it, too."""
    db.execute("BEGIN")
    try:
        one = next_word(db, RecordKind.CLOSURE, "JAM-L6", who, "mixed up")
        append_row(
            db, "close", "JAM-L6", who, "mixed up", {"records": dict([insert_version(db, one)])}
        )
        assert bool(check_catalogue(db)) is found
    finally:
        db.execute("ROLLBACK")


LOOKS = (
    *("exhibit list", "exhibit show X1 --history", "searches", "share", "retention", "annotate"),
    *("lead list", "lead show JAM-L1", "trace X1", "people list", "network show", "audit verify"),
)


ACROSS_A_BORDER = {RecordKind.CONFIRMATION, RecordKind.BLINDNESS}


@pytest.mark.parametrize("kind", sorted(set(RecordKind) - ACROSS_A_BORDER))
def test_a_damaged_record_is_one_clear_line_wherever_it_is_read(ribin, folder, tmp_path, kind):
    copy = shutil.copytree(folder, tmp_path / "JAM")
    with (
        closing(sqlite3.connect(copy / "catalogue.sqlite", isolation_level=None)) as damaged,
        triggers_dropped(damaged),
    ):
        query = "UPDATE records SET body = '{\"x\":1}' WHERE kind = ?"
        assert damaged.execute(query, (str(kind),)).rowcount
    for look in LOOKS:
        who = () if look.startswith("audit") else ("--who", "bob")
        done = ribin(*look.split(), "--vault", copy, *who)
        assert done.code == 0 or len(done.err.splitlines()) <= 2, done.err  # and its hint
    assert ribin("store", "check", "--vault", copy).code == 1
