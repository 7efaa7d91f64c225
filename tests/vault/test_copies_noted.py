"""A first verdict that comes while a copy is made is in the copy's note, or not in the copy."""

from __future__ import annotations

import contextlib
import json
import sqlite3

import pytest
from lead_makers import EXAMINER, exhibit_ref, make_member

from ribin.cases.leads import Conclusion, ReviewBasis
from ribin.errors import StoreError
from ribin.export.write import export_vault
from ribin.leads.steps import give_review, take_up_lead
from ribin.vault.backup import back_up
from ribin.vault.catalogue import CATALOGUE_FILE, Catalogue
from ribin.vault.leads import leads_with_second_due
from ribin.vault.rebuild import read_tables
from ribin.vault.vault import Vault


@pytest.fixture
def jam(tmp_path):
    with make_member(tmp_path, "JAM", 2) as vault:
        take_up_lead(
            vault,
            None,
            exhibit_ref("JAM:JAM-1"),
            exhibit_ref("JAM:JAM-2"),
            who=EXAMINER,
            note="alike",
        )
        yield vault


def first_verdict(vault):
    """From another process, which does not wait where it cannot write."""
    with contextlib.suppress(StoreError), Vault.open(vault.path, wait_s=0.1) as other:
        verdict = (Conclusion.IDENTIFICATION, ReviewBasis.ITEMS)
        give_review(other, None, "JAM-L1", *verdict, who=EXAMINER, note="on the items")


def noted(vault, action):
    rows = [row.details["verdicts_of"] for row in vault.audit_log() if row.action == action]
    return {lead for leads in rows for lead in leads}


def test_a_verdict_given_while_an_export_is_made(jam, tmp_path, monkeypatch):
    def late(db):
        first_verdict(jam)
        return read_tables(db)

    monkeypatch.setattr("ribin.export.write.read_tables", late)
    export_vault(jam, tmp_path / "out", who="head", reason="yearly copy")
    reviews = json.loads((tmp_path / "out" / "tables" / "reviews.json").read_text())
    assert bool(reviews["rows"]) == ("JAM-L1" in noted(jam, "export"))


def test_a_verdict_given_while_a_backup_is_made(jam, tmp_path, monkeypatch):
    copy_to = Catalogue.copy_to

    def late(catalogue, path):
        first_verdict(jam)
        copy_to(catalogue, path)

    monkeypatch.setattr(Catalogue, "copy_to", late)
    said = {"who": "head", "reason": "copy", "on_progress": lambda done, total: None}
    back_up(jam, tmp_path / "out", **said)
    with contextlib.closing(sqlite3.connect(tmp_path / "out" / CATALOGUE_FILE)) as db:
        db.row_factory = sqlite3.Row
        assert leads_with_second_due(db) == ["JAM-L1"]
    assert noted(jam, "backup") == {"JAM-L1"}
