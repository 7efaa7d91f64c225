"""Roles of a vault's people, and what each command asks of who runs it."""

from __future__ import annotations

import json
import re

import pytest
from vault_makers import enrol, make_exhibit

from ribin.cases.leads import Role
from ribin.errors import AccessError, ParameterError
from ribin.vault.people import appoint, read_people, revoke
from ribin.vault.vault import Vault


@pytest.fixture
def vault(tmp_path):
    with Vault.create(tmp_path / "JAM", "JAM", who="head") as made:
        yield made


def test_who_makes_a_vault_is_its_administrator_and_examiner(vault):
    (head,) = read_people(vault.catalogue)
    assert (head.person, head.roles) == ("head", (Role.EXAMINER, Role.ADMINISTRATOR))
    enrol(vault, 1, make_exhibit("X1"))  # by "tester": nobody else has a role yet
    assert vault.check().clean


def test_once_a_second_person_is_appointed_roles_bind(vault):
    assert appoint(vault, "Ana", [Role.AUDITOR], "head", "new") == [Role.AUDITOR]
    message = "tester: technician or examiner needed, found no role"
    with pytest.raises(AccessError, match=message):
        enrol(vault, 1, make_exhibit("X1"))
    assert vault.exhibits() == {}
    appoint(vault, "tester", [Role.TECHNICIAN], "head", "new")
    enrol(vault, 1, make_exhibit("X1"))
    with pytest.raises(AccessError, match="Ana: administrator needed, found auditor"):
        appoint(vault, "Ana", [Role.ADMINISTRATOR], "Ana", "")
    assert vault.check().clean


def test_a_role_ends_and_that_it_was_held_stays(vault):
    appoint(vault, "Ana", [Role.AUDITOR, Role.REVIEWER], "head", "new")
    assert appoint(vault, "Ana", [Role.AUDITOR], "head", "") == []
    assert revoke(vault, "Ana", [Role.REVIEWER, Role.EXAMINER], "head", "left") == [Role.REVIEWER]
    assert {p.person: p.roles for p in read_people(vault.catalogue)}["Ana"] == (Role.AUDITOR,)
    rows = [(r.action, r.subject, r.details.get("roles")) for r in vault.audit_log()][1:]
    assert rows == [("appointed", "Ana", ["auditor", "reviewer"]), ("ended", "Ana", ["reviewer"])]
    with pytest.raises(AccessError, match="person head: another administrator needed first"):
        revoke(vault, "head", [Role.ADMINISTRATOR], "head", "")
    assert vault.check().clean


def test_a_vault_without_people_takes_its_first_administrator(tmp_path):
    with Vault.create(tmp_path / "BLZ", "BLZ") as vault:
        assert read_people(vault.catalogue) == []
        appoint(vault, "Ana", [Role.ADMINISTRATOR], "Ana", "first")
        with pytest.raises(AccessError, match="Ben: administrator needed, found no role"):
            appoint(vault, "Ben", [Role.ADMINISTRATOR], "Ben", "")


@pytest.mark.parametrize("name", ["", " ", "A\u202ena", "A\x07na", "A" * 201])
def test_a_name_that_cannot_be_one(vault, name):
    with pytest.raises(ParameterError, match=r"^person: "):
        appoint(vault, name, [Role.AUDITOR], "head", "")


@pytest.mark.parametrize("name", ["ana brown", "AnaBrown", "\uff21na Brown"])
def test_a_second_spelling_of_a_known_person_is_refused(vault, name):
    appoint(vault, "Ana Brown", [Role.EXAMINER], "head", "new")
    said = f"person: the known spelling 'Ana Brown' needed, found {name!r}"
    for _ in range(2):
        with pytest.raises(ParameterError, match=f"^{re.escape(said)}$"):
            appoint(vault, name, [Role.REVIEWER], "head", "")
        # Also where the roles have ended: what was written names the person still.
        revoke(vault, "Ana Brown", [Role.EXAMINER], "head", "left")
    appoint(vault, "Ana Brown", [Role.REVIEWER], "head", "back")


def test_commands(ribin, vault, sample_dir):
    asked = ("--vault", vault.path, "--who", "head")
    done = ribin("people", "appoint", "Ana", "--role", "reviewer", "--role", "auditor", *asked)
    assert (done.code, done.out) == (0, "Ana: reviewer, auditor\n")
    done = ribin("people", "revoke", "Ana", "--role", "auditor", *asked)
    assert done.out == "Ana: auditor no more\n"
    listed = json.loads(ribin("people", "list", *asked, "--json").out)["people"]
    assert [(p["person"], p["roles"]) for p in listed] == [
        ("Ana", ["reviewer"]),
        ("head", ["examiner", "administrator"]),
    ]
    scan = sample_dir / "JAM-2026-0007-1.x3p"
    fields = ("--event", "E", "--exhibit", "X", "--vault", vault.path)
    done = ribin("enrol", scan, *fields, "--who", "Ana")
    assert done.code == 3
    assert "Ana: technician or examiner needed, found reviewer" in done.err
    assert ribin("enrol", scan, *fields, "--as", "head").code == 0
    done = ribin("search", "X", "--vault", vault.path, "--who", "a stranger")
    assert (done.code, done.err.count("\n")) == (2, 2)  # the refusal and a hint
    assert "a stranger: technician or examiner or reviewer needed, found no role" in done.err
    assert "`ribin people appoint NAME --role ROLE` gives a role" in done.err
    done = ribin("search", "X", "--vault", vault.path, "--who", "Ana")
    assert done.code == 0, done.err
    assert [row.action for row in vault.audit_log()[-2:]] == ["search", "search recorded"]
