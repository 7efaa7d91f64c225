"""Alterations of the catalogue by SQL, each alone and with a forged row of the audit log that
vouches for it: `ribin store check` finds them all.

Not found is what a whole act of the program looks like: a forged row together with forged versions
of records, under somebody's name, at the end of the log; and a log that was written anew or cut off
at its end, which an anchor kept elsewhere finds.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from bundle_makers import make_pair
from lead_makers import EXAMINER, SECOND, STAFF
from vault_makers import make_exhibit, make_mark, make_scan, make_template

from ribin.cases.exhibits import Scope
from ribin.cases.leads import Conclusion, ExhibitRef, ReviewBasis
from ribin.cases.record import RecordKind
from ribin.cases.saved_search import SearchFinding
from ribin.leads.steps import close_lead, give_review, take_up_lead, withdraw_link
from ribin.vault.audit import append_row
from ribin.vault.catalogue import Catalogue
from ribin.vault.check import check_catalogue
from ribin.vault.corrections import correct_exhibits, move_scan
from ribin.vault.leads import next_word
from ribin.vault.people import appoint
from ribin.vault.records import insert_version
from ribin.vault.retention import keep_until, purge_exhibit
from ribin.vault.rows import all_records
from ribin.vault.saved_searches import add_saved_search, end_saved_search, note_findings
from ribin.vault.sharing import end_release, release_exhibit, set_default_sharing
from ribin.vault.vouching import WRITERS, writes

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
        assert vault.check().problems == ()
    return pair.receiver.path


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
    "a row of the log": "UPDATE audit SET who = 'Cy Dale' WHERE seq = 20",
    "a row of the log taken away": "DELETE FROM audit WHERE seq = 20",
    "the end of the log": "DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)",
}


def forgers(changed: dict[str, str | None]) -> list[str | None]:
    """Nobody, and each action of a forged row that may write all that was changed; one that may
    not is the test below."""
    return [None, *(a for a in WRITERS if all(writes(a, name) for name in changed))]


@contextmanager
def altered(db: sqlite3.Connection, statements: str) -> Iterator[dict[str, str | None]]:
    """Inside, the catalogue has this change; gives the rows that are others, and their hashes."""
    db.execute("BEGIN")
    try:
        query = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'"
        triggers = db.execute(query).fetchall()
        for name, _ in triggers:
            db.execute(f"DROP TRIGGER {name}")
        before = dict(all_records(db))
        for statement in statements.split("; "):
            assert db.execute(statement).rowcount > 0
        now = dict(all_records(db))
        for _, sql in triggers:
            db.execute(sql)
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


@pytest.mark.parametrize(("who", "found"), [("Cy Dale", True), (EXAMINER, True), ("bob", False)])
def test_a_lead_with_a_verdict_is_closed_by_an_administrator_alone(db, who, found):
    """A whole act as the program writes it, in somebody's name: the rules hold for it, too."""
    db.execute("BEGIN")
    try:
        one = next_word(db, RecordKind.CLOSURE, "JAM-L2", who, "mixed up")
        append_row(
            db, "close", "JAM-L2", who, "mixed up", {"records": dict([insert_version(db, one)])}
        )
        assert bool(check_catalogue(db)) is found
    finally:
        db.execute("ROLLBACK")
