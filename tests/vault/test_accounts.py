"""Accounts: whose password signs what, where it is kept, and what a check finds."""

from __future__ import annotations

import json
import sqlite3

import pytest
from argon2 import PasswordHasher

from ribin.cases.leads import (
    ProvedPerson,
    Role,
    acting_by_account,
    identity_of,
    logins_behind,
    logins_here,
)
from ribin.crypto import passwords
from ribin.crypto.passwords import hash_password, is_password
from ribin.errors import AccessError, ParameterError, StoreError
from ribin.export.restore import import_vault
from ribin.export.write import export_vault
from ribin.vault.accounts import find_account, read_accounts
from ribin.vault.passwords import (
    NOT_PROVED,
    add_account,
    change_password,
    log_refusal,
    prove,
    remove_account,
    reset_password,
)
from ribin.vault.people import appoint, revoke
from ribin.vault.vault import Vault

OWN, SET = "nine wet kettles", "set by somebody 1"


def by(person, **how):
    return acting_by_account(ProvedPerson(person, **{"signed_off": True, **how}))


@pytest.fixture
def vault(tmp_path, monkeypatch):
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(1, 8, 1))
    with Vault.create(tmp_path / "JAM", "JAM", who="head") as made:
        appoint(made, "Ana", [Role.EXAMINER], "head", "")
        add_account(made, "head", OWN, "head", "first")
        with by("head"):
            add_account(made, "Ana", SET, "head", "hired")
        yield made


def account(vault, person):
    with vault.catalogue.reading() as db:
        return find_account(db, person)


def test_an_account_is_made_proved_changed_and_removed(vault):
    assert prove(vault, "Ana", SET).initial
    with by("Ana"):
        change_password(vault, "Ana", "a tulip and 7 more")
    now = prove(vault, "Ana", "a tulip and 7 more")
    assert (now.initial, now.set_by, now.version) == (False, "Ana", "account/Ana/2")
    with pytest.raises(AccessError, match=NOT_PROVED):
        prove(vault, "Ana", SET)
    with by("head"):
        reset_password(vault, "Ana", SET, "head", "forgotten")
        assert prove(vault, "Ana", SET).initial
        remove_account(vault, "Ana", "head", "left")
    for password in (SET, ""):
        with pytest.raises(AccessError, match=NOT_PROVED):
            prove(vault, "Ana", password)
    with vault.catalogue.reading() as db:
        kept = {row["person"] for row in db.execute("SELECT person FROM secrets")}
        standing = {one.person: str(one.state) for one in read_accounts(db)}
    assert kept == {"head"}
    assert standing == {"Ana": "removed", "head": "active"}
    assert vault.check().problems == ()


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("short", "12 to 200 characters needed, found 5"),
        ("x" * 201, "12 to 200 characters needed, found 201"),
        ("abababababab", "5 different characters needed, found 2"),
        ("ana 123456789", "one without the name of its person needed"),
        ("A n A 123456789", "one without the name of its person needed"),
    ],
)
def test_what_can_be_no_password(vault, password, said):
    with by("head"), pytest.raises(ParameterError, match=f"^password: {said}$"):
        reset_password(vault, "Ana", password, "head", "")


def test_the_same_letters_written_otherwise_are_the_same_password(vault):
    composed, apart = "nine wet caf\u00e9s", "nine wet cafe\u0301s"
    assert is_password(hash_password(composed, "Ana"), apart)
    assert not is_password(hash_password(composed, "Ana"), "nine wet cafes")


def test_nothing_is_a_password_where_nothing_is_kept():
    for given in ("", "x", "of nobody at all", "\udce9"):
        assert not is_password("", given)
    assert not is_password("not a hash", "not a hash")


def test_only_an_administrators_account_gives_roles_and_accounts(vault):
    """Else whoever states an administrator's name could take over another's account."""
    acts = [
        lambda who: add_account(vault, "Bob", OWN, who, ""),
        lambda who: reset_password(vault, "Ana", OWN, who, ""),
        lambda who: remove_account(vault, "Ana", who, ""),
        lambda who: appoint(vault, "Eve", [Role.ADMINISTRATOR], who, ""),
        lambda who: revoke(vault, "Ana", [Role.EXAMINER], who, ""),
    ]
    for act in acts:
        with pytest.raises(AccessError, match="the password of head needed, found a stated name"):
            act("head")
        with pytest.raises(AccessError, match="Ana: administrator needed, found examiner"):
            act("Ana")
        with by("Ana"), pytest.raises(AccessError, match="found a stated name"):
            act("head")
        with by("head", signed_off=False), pytest.raises(AccessError, match="needed once more"):
            act("head")
    assert [p.set_by for p in (account(vault, "Ana"), account(vault, "head"))] == ["head", "head"]


def test_a_second_administrator_without_an_account_gives_none(vault):
    with by("head"):
        appoint(vault, "Cy", [Role.ADMINISTRATOR], "head", "")
    with pytest.raises(AccessError, match="Cy: an administrator's account needed, found none"):
        reset_password(vault, "Ana", OWN, "Cy", "")


def test_the_last_administrator_finds_a_way_back_that_the_log_shows(vault):
    reset_password(vault, "head", SET, "head", "forgotten", is_lost=True)
    row = vault.audit_log()[-1]
    assert (row.action, row.subject, row.details["lost"]) == ("password", "head", True)
    assert row.identity.startswith("stated, login ")
    prove(vault, "head", SET)


def test_an_account_is_of_a_person_who_holds_a_role(vault):
    with by("head"):
        with pytest.raises(ParameterError, match="a person who holds a role needed, found 'Eve'"):
            add_account(vault, "Eve", OWN, "head", "")
        with pytest.raises(StoreError, match="account of Ana: it is there already"):
            add_account(vault, "Ana", OWN, "head", "")
        with pytest.raises(StoreError, match="account of Eve: one that can be used needed"):
            reset_password(vault, "Eve", OWN, "head", "")
        revoke(vault, "Ana", [Role.EXAMINER], "head", "left")
    with pytest.raises(AccessError, match=NOT_PROVED):
        prove(vault, "Ana", SET)


def test_a_refusal_is_logged_without_a_name_that_may_be_a_password(vault):
    log_refusal(vault, "Ana", address="10.0.0.7")
    log_refusal(vault, "nine wet kettles", address="10.0.0.7")
    rows = [(row.action, row.subject, row.who) for row in vault.audit_log()[-2:]]
    assert rows == [
        ("sign-in refused", "Ana", ""),
        ("sign-in refused", "a name without an account", ""),
    ]


def test_how_a_person_was_known_stands_in_the_log(vault, monkeypatch):
    monkeypatch.setattr("ribin.cases.leads.login_name", lambda: "lab")
    monkeypatch.setattr("ribin.cases.leads.account_name", lambda: "lab")
    assert identity_of("Ana") == "stated, login lab"
    with by("Ana"):
        assert identity_of("Ana") == "account, signed off, login lab"
        assert identity_of("head") == "stated, login lab"
        assert logins_here("Ana") == {"lab"}
        assert logins_behind("Ana", identity_of("Ana")) == {"lab"}
    with by("Ana", at_server=True, signed_off=False):
        vault.record("look", "x", "Ana", "")
        assert logins_here("Ana") == frozenset()
        assert logins_behind("Ana", identity_of("Ana")) == set()
        assert logins_here("head") == {"lab"}
    assert vault.audit_log()[-1].identity == "account, server of lab"


def test_nothing_that_is_kept_of_passwords_is_in_an_export(vault, tmp_path):
    with vault.catalogue.reading() as db:
        secrets = [row["secret"] for row in db.execute("SELECT secret FROM secrets")]
    assert len(secrets) == 2
    folder = tmp_path / "export"
    export_vault(vault, folder, who="head", reason="yearly")
    for path in folder.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert b"argon2" not in content, path
        assert not any(secret.encode() in content for secret in secrets), path
    import_vault(folder, tmp_path / "again", who="head")
    with Vault.open(tmp_path / "again") as again:
        assert again.check().problems == ()
        with pytest.raises(AccessError):  # until it is set again
            prove(again, "Ana", SET)
        reset_password(again, "head", OWN, "head", "after the import", is_lost=True)
        prove(again, "head", OWN)
        assert again.check().problems == ()


ALTERED = {
    "another's in its place": (
        "UPDATE secrets SET secret = (SELECT secret FROM secrets WHERE person = 'head') "
        "WHERE person = 'Ana'",
        "account of Ana: the password is not the one that its record names",
    ),
    "one of nobody": (
        "INSERT INTO secrets VALUES ('Eve', 'x')",
        "account of Eve: a password is kept, and there is no account",
    ),
    "gone": ("DELETE FROM secrets WHERE person = 'Ana'", "account of Ana: its password is gone"),
}


@pytest.mark.parametrize("which", ALTERED)
def test_a_password_changed_behind_the_program_is_found_and_opens_nothing(vault, which):
    statement, said = ALTERED[which]
    with sqlite3.connect(vault.path / "catalogue.sqlite") as db:
        db.execute(statement)
    db.close()
    assert [problem.text for problem in vault.check().problems] == [said]
    person = "Eve" if "Eve" in statement else "Ana"
    for password in (SET, OWN, "x"):
        with pytest.raises(AccessError):
            prove(vault, person, password)


def forged(vault, person, who, standing):
    """What somebody writes who adds a record, its row of the log and a password by SQL."""
    from ribin.cases.record import RecordKind
    from ribin.crypto.passwords import secret_sha256
    from ribin.vault.audit import append_row
    from ribin.vault.records import insert_version, next_version

    secret = passwords._HASHER.hash("an attacker's own 1")
    with vault.catalogue.writing() as db:
        body = {"standing": "active", "secret_sha256": secret_sha256(secret), **standing}
        made = next_version(db, RecordKind.ACCOUNT, person, body, who, "")
        details = {"initial": body.get("initial"), "records": dict([insert_version(db, made)])}
        append_row(db, "password", person, who, "", details)
        db.execute("INSERT OR REPLACE INTO secrets VALUES (?, ?)", (person, secret))


@pytest.mark.parametrize(
    ("person", "who", "initial"),
    [("head", "Ana", False), ("head", "Ana", True), ("Eve", "Eve", False)],
)
def test_an_account_that_no_administrator_gave_is_found(vault, person, who, initial):
    forged(vault, person, who, {"initial": initial})
    said = f"account of {person}: an administrator's act needed, found one of {who}"
    assert said in [problem.text for problem in vault.check().problems]


def test_an_administrator_whose_role_has_ended_gave_accounts_while_it_held(vault):
    with by("head"):
        appoint(vault, "Cy", [Role.ADMINISTRATOR], "head", "")
        add_account(vault, "Cy", SET, "head", "")
        revoke(vault, "Cy", [Role.ADMINISTRATOR], "head", "left")
    assert vault.check().problems == ()
    forged(vault, "Ana", "Cy", {"initial": True})
    assert len(vault.check().problems) == 1


def test_a_record_of_an_account_says_nothing_that_could_be_guessed_at(vault):
    rows = [row for row in vault.audit_log() if row.action == "account"]
    query = "SELECT body FROM records WHERE kind = 'account'"
    with vault.catalogue.reading() as db:
        bodies = [row["body"] for row in db.execute(query)]
    assert len(bodies) == 2
    for body in bodies:
        assert set(json.loads(body)) == {"standing", "initial", "secret_sha256"}
        assert "argon2" not in body
    assert "argon2" not in str(rows)


def test_commands(ribin, vault, tmp_path):
    own, given, wrong = (tmp_path / name for name in ("own", "given", "wrong"))
    own.write_text(f"{OWN}\n")
    given.write_text(f"{SET}\n")
    wrong.write_text("something else\n")
    asked = ("--vault", vault.path, "--who")
    head = (*asked, "head", "--password-file", own)
    done = ribin("people", "appoint", "Bob", "--role", "reviewer", *head)
    assert (done.code, done.out) == (0, "Bob: reviewer\n")
    done = ribin("account", "add", "Bob", "--new-password-file", given, *head)
    assert (done.code, done.out) == (0, "Bob: account made\n")
    done = ribin(
        "account", "password", *asked, "Bob", "--password-file", given, "--new-password-file", own
    )
    assert (done.code, done.out) == (0, "Bob: password changed\n")
    done = ribin("account", "reset", "Bob", "--new-password-file", given, *head)
    assert (done.code, "changes it before it signs" in done.out) == (0, True)
    listed = json.loads(ribin("account", "list", *asked, "Bob", "--json").out)["accounts"]
    assert [(a["person"], a["password"]) for a in listed] == [
        ("Ana", "to be changed"),
        ("Bob", "to be changed"),
        ("head", "own"),
    ]
    assert ribin("account", "remove", "Bob", "--reason", "left", *head).code == 0
    assert "removed" in ribin("account", "list", *asked, "head").out
    done = ribin("account", "remove", "Ana", *asked, "head", "--password-file", wrong)
    assert (done.code, done.err) == (2, "ribin: name or password is not right\n")
    assert vault.audit_log()[-1].action == "sign-in refused"
    done = ribin("account", "remove", "Ana", *asked, "head")
    assert (done.code, "password of head needed: a terminal or a file" in done.err) == (2, True)
    done = ribin("account", "remove", "head", *asked, "Ana", "--password-file", given)
    assert "Ana: a password of the person's own needed, found the one that head set" in done.err
    done = ribin("account", "add", "Eve", "--new-password-file", tmp_path / "none", *head)
    assert (done.code, "none: a file with a password needed" in done.err) == (2, True)
    done = ribin("account", "reset", "head", "--lost", *asked, "head", "--new-password-file", given)
    assert done.code == 0
    assert vault.check().problems == ()


def test_a_verdict_on_the_command_line_asks_for_the_password(ribin, vault, tmp_path):
    from vault_makers import enrol, make_exhibit

    from ribin.cases.leads import ExhibitRef
    from ribin.leads.steps import take_up_lead

    with by("head"):
        appoint(vault, "tester", [Role.TECHNICIAN], "head", "")
    for seed in (1, 2):
        enrol(vault, seed, make_exhibit(f"X{seed}"))
    take_up_lead(
        vault, None, ExhibitRef("JAM", "X1"), ExhibitRef("JAM", "X2"), who="head", note="x"
    )
    said = ("--conclusion", "identification", "--examined", "items", "--note", "seen")
    asked = ("review", "JAM-L1", *said, "--vault", vault.path, "--who", "head")
    done = ribin(*asked)
    assert (done.code, "password of head needed" in done.err) == (2, True)
    file = tmp_path / "own"
    file.write_text(OWN)
    done = ribin(*asked, "--password-file", file)
    assert done.code == 0, done.err
    row = next(r for r in reversed(vault.audit_log()) if r.action == "review")
    assert row.identity.startswith("account, signed off, login ")
    ended = ribin("link", "withdraw", "JAM-L1", "--reason", "x", *asked[-4:])
    assert (ended.code, "password of head needed" in ended.err) == (2, True)
    shown = ribin("lead", "show", "JAM-L1", "--vault", vault.path, "--who", "head")
    assert "identification" not in shown.out
    own = ("--vault", vault.path, "--who", "head", "--password-file", file)
    assert "identification" in ribin("lead", "show", "JAM-L1", *own).out
