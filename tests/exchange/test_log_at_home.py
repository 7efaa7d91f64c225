"""What crosses without a line is in its owner's log, and the heads of both logs cross with it."""

from __future__ import annotations

import shutil
import sqlite3

import pytest
from search_makers import PARAMS_ID, ask, fill, make_network, make_query, search
from vault_makers import enrol, make_exhibit

from ribin.cases.exhibits import Scope
from ribin.exchange.receive import import_bundle
from ribin.exchange.send import export_bundle
from ribin.search.context import SearchContext
from ribin.services.audit import last_rows, verify_log
from ribin.vault.anchors import kept_anchors
from ribin.vault.keys import own_key
from ribin.vault.sharing import release_exhibit
from ribin.vault.vault import Vault

pytestmark = pytest.mark.usefixtures("small_templates")


def send_back(pair, name: str):
    """A bundle of JAM, who holds one of BLZ, for BLZ."""
    path, key = pair.folder / name, own_key(pair.receiver)
    said = {"who": "bob", "reason": "weekly"}
    export_bundle(pair.receiver, "BLZ", Scope.CLUSTER, key, path, **said)
    return import_bundle(pair.sender, path, who="ann")


def rows_of(vault, action: str):
    return [row for row in vault.audit_log() if row.action == action]


def test_what_a_bundle_discloses_is_in_the_log_of_its_making(pair):
    said = {"who": "ann", "reason": "homicide", "original": True}
    release_exhibit(pair.sender, "BLZ-secret-network", "JAM", Scope.CLUSTER, **said)
    pair.receive(pair.send())
    (row,) = rows_of(pair.sender, "export bundle")
    assert row.details["disclosed"] == ["BLZ-secret-cluster", "BLZ-secret-network"]
    assert row.details["originals"] == ["BLZ-secret-network"]
    found = last_rows(pair.sender, "BLZ-secret-cluster", 9, "ann")
    assert "export bundle" in [one.action for one in found]
    kept_home = last_rows(pair.sender, "BLZ-secret-country", 9, "ann")
    assert "export bundle" not in [one.action for one in kept_home]


def test_searches_in_a_bundle_go_home_with_the_next_message_once(pair, network):
    pair.receive(pair.send())
    asked = ask("JAM", Scope.CLUSTER, who="bob", reason="a shooting in May")
    found = search(make_query(), asked, SearchContext(network))
    (own,) = rows_of(pair.receiver, "search answered")
    assert own.details["bundles"] == {"BLZ": 1}
    done = send_back(pair, "back1.zip")
    (row,) = rows_of(pair.sender, "answer by bundle")
    assert done.searches == 1
    told = row.details
    assert (told["asking_member"], told["who"], told["reason"]) == (
        "JAM",
        "bob",
        "a shooting in May",
    )
    assert (told["bundle"], told["scope"], told["mark"]) == (1, "cluster", "breech_face")
    assert (told["rows"], told["at"]) == (len(found.candidates), own.at)
    assert make_query().provenance.sha256 not in str(told) + row.subject
    # Not yet acknowledged, it travels again and is logged once; acknowledged, it stays at home.
    assert send_back(pair, "back2.zip").searches == 0
    assert len(rows_of(pair.sender, "answer by bundle")) == 1
    pair.receive(pair.send())
    search(make_query(), asked, SearchContext(network))
    assert send_back(pair, "back3.zip").searches == 1
    assert [r.details["bundle"] for r in rows_of(pair.sender, "answer by bundle")] == [1, 2]
    assert [r.details["searches"] for r in rows_of(pair.receiver, "export bundle")] == [1, 1, 1]


def test_a_vault_that_was_taken_back_is_found_by_the_next_bundle(pair, network):
    path = pair.folder / "JAM"
    pair.receiver.catalogue.copy_to(pair.folder / "older.sqlite")
    pair.receive(pair.send())
    assert send_back(pair, "back1.zip").note == ""
    assert verify_log(path, None, ()).problems == ()
    pair.receiver.close()
    for rest in path.glob("catalogue.sqlite*"):
        rest.unlink()
    shutil.copy(pair.folder / "older.sqlite", path / "catalogue.sqlite")
    pair.receiver = Vault.open(path)
    done = pair.receive(pair.send())
    assert "BLZ keeps a head of our audit log that is not in it" in done.note
    (problem,) = verify_log(path, None, ()).problems
    assert "1 of the heads that BLZ keeps are not in it" in problem


def test_a_log_written_anew_is_found_by_what_other_members_keep(tmp_path):
    network = make_network(tmp_path, ("BLZ", "BRB", "JAM"))
    for code, seed in (("BLZ", 1), ("BRB", 2), ("JAM", 3)):
        fill(network, code, (seed,))
    folder = network.members["JAM"].vault
    search(make_query(), ask("JAM", Scope.CLUSTER), SearchContext(network))
    search(make_query(), ask("BLZ", Scope.CLUSTER), SearchContext(network))
    found = verify_log(folder, None, (), network, "auditor")
    assert (found.problems, found.anchors) == ((), 3)  # two of the first search, one of the second
    with Vault.open(folder) as vault, vault.catalogue.reading() as db:
        assert {code: len(kept) for code, kept in kept_anchors(db).items()} == {"BLZ": 2, "BRB": 1}
    with Vault.open(network.members["BLZ"].vault) as other:
        heads = other.audit_log()[-1]
        assert (heads.action, heads.subject, heads.who) == ("heads", "JAM", "auditor")
    # The same records under a chain of other moments: each row follows from the one before.
    write_chain_anew(folder)
    assert verify_log(folder, None, ()).problems == ()
    problems = verify_log(folder, None, (), network, "auditor").problems
    assert [text.split(" are not in it")[0] for text in problems] == [
        "audit log: 2 of the heads that BLZ keeps",
        "audit log: 1 of the heads that BRB keeps",
    ]


def write_chain_anew(folder) -> None:
    from ribin.vault.audit import _FIRST, _HASHED, _row_hash

    db = sqlite3.connect(folder / "catalogue.sqlite")
    db.row_factory = sqlite3.Row
    trigger = "SELECT sql FROM sqlite_schema WHERE name = 'audit_is_not_changed'"
    made = db.execute(trigger).fetchone()[0]
    db.execute("DROP TRIGGER audit_is_not_changed")
    previous = _FIRST
    for row in db.execute("SELECT * FROM audit ORDER BY seq").fetchall():
        new = {name: row[name] for name in _HASHED} | {"host": "x", "previous_sha256": previous}
        previous = _row_hash(new)
        values = ("x", new["previous_sha256"], previous, row["seq"])
        db.execute("UPDATE audit SET host=?, previous_sha256=?, sha256=? WHERE seq=?", values)
    db.execute(made)
    db.commit()
    db.close()


def test_a_head_tells_nothing_of_how_busy_a_laboratory_is(pair):
    """The number of rows crosses no border, and a head looks like any other number."""
    pair.receive(pair.send())
    with pair.receiver.catalogue.reading() as db:
        (anchor,) = kept_anchors(db)["BLZ"]
    assert anchor not in {row.sha256 for row in pair.sender.audit_log()}
    enrol(pair.sender, 40, make_exhibit("BLZ-own"), params_id=PARAMS_ID)
    pair.receive(pair.send())
    with pair.receiver.catalogue.reading() as db:
        assert len(set(kept_anchors(db)["BLZ"])) == 2


def test_an_exported_log_is_held_against_the_heads_that_others_keep(pair, ribin, network):
    """By the key of the vault that it is of; a head of a row after the export is none of it."""
    pair.receive(pair.send())
    send_back(pair, "back1.zip")
    file, own = pair.folder / "jam.jsonl", ("--vault", pair.folder / "JAM")
    with pair.sender.catalogue.reading() as db:
        (kept,) = kept_anchors(db)["JAM"]
    said = ("--who", "bob", "--reason", "audit")
    assert ribin("audit", "export", file, *own, *said).code == 0
    done = ribin("audit", "verify", "--file", file, "--anchor", kept, *own)
    assert (done.code, "held against 1 heads kept elsewhere" in done.out) == (0, True)
    pair.receive(pair.send())
    send_back(pair, "back2.zip")
    with pair.sender.catalogue.reading() as db:
        later = kept_anchors(db)["JAM"][-1]
    done = ribin("audit", "verify", "--file", file, "--anchor", later, *own)
    assert (done.code, done.out.splitlines()[0]) == (
        1,
        f"audit log: a row of head {later} needed, found none",
    )
    done = ribin("audit", "verify", "--file", file, "--anchor", kept)
    assert done.code == 2
    assert "anchor: the vault of JAM needed, whose key tells of which row of" in done.err
    done = ribin(
        "audit", "verify", "--file", file, "--anchor", kept, "--vault", pair.folder / "BLZ"
    )
    assert (done.code, "found that of BLZ" in done.err) == (2, True)
