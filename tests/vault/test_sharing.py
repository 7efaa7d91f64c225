"""Sharing levels, releases, retention and purge in a vault, each change in its audit log."""

from __future__ import annotations

import json
import sqlite3

import pytest
from vault_makers import enrol, make_exhibit

from ribin.cases.exhibits import Scope
from ribin.cases.leads import ExhibitRef
from ribin.errors import AccessError, ParameterError, StoreError
from ribin.leads.steps import take_up_lead
from ribin.services.sharing import PurgeOptions, purge_each, purge_text
from ribin.vault import retention, sharing
from ribin.vault import saved_searches as standing
from ribin.vault import sharing as releases
from ribin.vault import sharing as settings
from ribin.vault.enrol import scan_path
from ribin.vault.vault import Vault


@pytest.fixture
def vault(tmp_path):
    with Vault.create(tmp_path / "JAM", "JAM", "chief") as made:
        for seed, level in enumerate(Scope):
            enrol(made, seed, make_exhibit(f"X-{level}", level))
        yield made
        assert made.check().problems == ()


def last(vault):
    row = vault.audit_log()[-1]
    return row.action, row.subject, row.who, row.reason


def test_a_new_level_is_in_the_audit_log_and_nothing_else_changes(vault):
    before = vault.exhibits()
    assert sharing.set_sharing(vault, ["X-country"], Scope.NETWORK, "ann", "asked") == ["X-country"]
    assert last(vault) == ("share", "X-country", "ann", "asked")
    assert vault.audit_log()[-1].details["before"] == "country"
    after = vault.exhibits()
    assert after.pop("X-country").sharing is Scope.NETWORK
    before.pop("X-country")
    assert after == before
    rows = len(vault.audit_log())
    assert sharing.set_sharing(vault, ["X-country"], Scope.NETWORK, "ann", "again") == []
    assert len(vault.audit_log()) == rows


def test_levels_change_all_or_none(vault):
    with pytest.raises(StoreError, match="exhibit nobody's needed, found none"):
        sharing.set_sharing(vault, ["X-country", "nobody's"], Scope.NETWORK, "ann", "")
    assert vault.exhibit("X-country").sharing is Scope.COUNTRY


def test_opaque_names_are_steady_and_tell_nothing(vault, tmp_path):
    names = sharing.pseudonyms(vault, vault.exhibits())
    assert len(set(names.values())) == 3
    assert all(name[:2] == "x-" and len(name) == 18 for name in names.values())
    assert sharing.pseudonyms(vault, vault.exhibits()) == names
    with vault.catalogue.reading() as db:
        assert {sharing.own_name(db, name): name for name in names.values()} == names
        assert sharing.own_name(db, "x-0") is None
    with Vault.create(tmp_path / "other", "BLZ") as other:
        assert sharing.pseudonyms(other, vault.exhibits()) != names


def test_settings(vault):
    assert settings.default_sharing(vault) is Scope.COUNTRY
    assert settings.set_default_sharing(vault, Scope.CLUSTER, "chief", "treaty")
    assert not settings.set_default_sharing(vault, Scope.CLUSTER, "chief", "treaty")
    assert settings.default_sharing(vault) is Scope.CLUSTER
    assert last(vault) == ("setting", "default_sharing", "chief", "treaty")
    assert settings.set_retention_days(vault, 30, "chief", "law")
    assert not settings.set_retention_days(vault, 30, "chief", "law")
    assert last(vault) == ("setting", "retention_days", "chief", "law")
    assert settings.set_retention_days(vault, None, "chief", "law")
    with pytest.raises(ParameterError, match="days: 1 to 36500 needed, found 0"):
        settings.set_retention_days(vault, 0, "chief", "law")


def release(vault, exhibit="X-cluster", to="BLZ", original=False, reach=Scope.CLUSTER, **said):
    said = {"who": "ann", "reason": "homicide", **said}
    return releases.release_exhibit(vault, exhibit, to, reach, original=original, **said)


def test_a_release_holds_until_it_is_ended(vault):
    made = release(vault)
    assert releases.released_to(vault, "BLZ") == {"X-cluster": made}
    assert releases.released_to(vault, "BRB") == {}
    assert last(vault) == ("release", "X-cluster", "ann", "homicide")
    rows = len(vault.audit_log())
    assert release(vault, reason="again") == made
    assert len(vault.audit_log()) == rows
    wider = release(vault, original=True)
    assert releases.released_to(vault, "BLZ") == {"X-cluster": wider}
    assert [r.holds for r in releases.releases_of(vault, "X-cluster")] == [False, True]
    releases.end_release(vault, "X-cluster", "BLZ", who="ann", reason="closed")
    assert releases.released_to(vault, "BLZ") == {}
    assert last(vault) == ("end release", "X-cluster", "ann", "closed")
    with pytest.raises(StoreError, match="a release to BLZ needed, found none"):
        releases.end_release(vault, "X-cluster", "BLZ", who="ann", reason="closed")


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"exhibit": "X-country"}, "sharing cluster needed to release it to BLZ, found country"),
        ({"reach": Scope.NETWORK}, "sharing network needed to release it to BLZ, found cluster"),
        ({"to": "JAM"}, "another member than its owner JAM needed"),
        ({"reason": " "}, "a release needs who and reason"),
        ({"exhibit": "none"}, "exhibit none needed, found none"),
    ],
)
def test_a_release_that_may_not_be(vault, said, message):
    rows = len(vault.audit_log())
    with pytest.raises((AccessError, StoreError), match=message):
        release(vault, **said)
    assert len(vault.audit_log()) == rows
    assert releases.releases_of(vault) == []


def test_dates_of_retention(vault):
    assert retention.retention_dates(vault) == []
    retention.keep_until(vault, "X-network", "2020-05-01", "ann", "court")
    settings.set_retention_days(vault, 36_500, "chief", "law")
    dates = retention.retention_dates(vault)
    assert dates[0] == retention.DueExhibit("X-network", "2020-05-01", True)
    assert [due.exhibit for due in dates[1:]] == ["X-cluster", "X-country"]
    assert all(due.keep_until > "2120" and not due.own_date for due in dates[1:])
    retention.keep_until(vault, "X-network", "2021-05-01", "ann", "court")
    retention.keep_until(vault, "X-network", "", "ann", "court")
    assert last(vault) == ("retention", "X-network", "ann", "court")
    assert not any(due.own_date for due in retention.retention_dates(vault))
    with pytest.raises(ParameterError, match="keep until needs a day as YYYY-MM-DD, found 'soon'"):
        retention.keep_until(vault, "X-network", "soon", "ann", "court")


def test_a_purge_leaves_a_tombstone_and_a_sound_log(vault):
    opaque = sharing.pseudonyms(vault, ["X-network"])["X-network"]
    retention.keep_until(vault, "X-network", "2020-05-01", "ann", "court")
    log = vault.audit_log()
    scans = [m.scan.sha256 for m in vault.marks_of("X-network")]
    stone = retention.purge_exhibit(vault, "X-network", "chief", "data protection")
    assert (stone.opaque, stone.keep_until, list(stone.scans)) == (opaque, "2020-05-01", scans)
    assert retention.tombstones(vault) == [stone]
    assert "X-network" not in vault.exhibits()
    assert not any(scan_path(vault.path, sha256).exists() for sha256 in scans)
    assert list((vault.path / "incoming").iterdir()) == []
    assert vault.audit_log()[: len(log)] == log
    assert last(vault) == ("purge", "X-network", "chief", "data protection")
    report = vault.check()
    assert (report.scans, report.problems) == (2, ())
    enrol(vault, 2, make_exhibit("X-network", Scope.NETWORK))
    retention.purge_exhibit(vault, "X-network", "chief", "again")
    assert len(retention.tombstones(vault)) == 2


def test_an_event_stays_while_an_exhibit_of_it_does(vault):
    for seed in (7, 8):
        enrol(vault, seed, make_exhibit(f"Y-{seed}", event="E-shared", place="Kingston"))
    retention.purge_exhibit(vault, "Y-7", "chief", "law")
    assert vault.exhibit("Y-8").event.place == "Kingston"
    retention.purge_exhibit(vault, "Y-8", "chief", "law")
    with sqlite3.connect(vault.catalogue.path) as db:
        assert db.execute("SELECT * FROM events WHERE event = 'E-shared'").fetchall() == []
    db.close()


def test_a_purge_that_was_killed_is_ended_by_the_next_writer(vault, monkeypatch):
    monkeypatch.setattr(retention, "remove_scan_files", lambda folder, scans: None)
    stone = retention.purge_exhibit(vault, "X-network", "chief", "law")
    path = scan_path(vault.path, stone.scans[0])
    assert path.exists()
    assert vault.check().problems == ()
    enrol(vault, 99, make_exhibit("Z"))
    assert not path.exists()


@pytest.mark.parametrize(("who", "reason"), [("", "law"), ("chief", " ")])
def test_nobody_purges_without_a_reason(vault, who, reason):
    with pytest.raises(ParameterError, match="who and reason needed"):
        retention.purge_exhibit(vault, "X-network", who, reason)
    with pytest.raises(StoreError, match="exhibit nothing needed"):
        retention.purge_exhibit(vault, "nothing", "chief", "law")
    assert json.dumps(sorted(vault.exhibits())) == '["X-cluster", "X-country", "X-network"]'


def test_a_changed_setting_is_found(vault):
    with vault.catalogue.writing() as db:
        db.execute("UPDATE settings SET value = 'network' WHERE setting = 'default_sharing'")
    texts = [p.text for p in vault.check().problems]
    assert len(texts) == 1
    assert "settings/default_sharing is not as it was written" in texts[0]
    with vault.catalogue.writing() as db:
        db.execute("UPDATE settings SET value = 'country' WHERE setting = 'default_sharing'")


def test_a_purge_ends_what_was_released_so_that_the_name_can_be_used_again(vault):
    release(vault)
    retention.purge_exhibit(vault, "X-network", "chief", "law")
    assert not any(one.holds for one in releases.releases_of(vault, "X-network"))
    assert vault.check().problems == ()
    enrol(vault, 2, make_exhibit("X-network", Scope.NETWORK))
    assert releases.released_to(vault, "JAM") == {}


def test_a_purge_ends_the_search_that_stands_on_the_exhibit(vault):
    standing.add_saved_search(
        vault, ["X-network", "X-cluster"], Scope.COUNTRY, 5, 0.0, "ann", "case"
    )
    retention.purge_exhibit(vault, "X-network", "chief", "law")
    assert [one.exhibit for one in standing.read_saved_searches(vault)] == ["X-cluster"]
    row = vault.audit_log()[-2]
    assert (row.action, row.subject, row.reason) == ("standing search ended", "X-network", "law")
    enrol(vault, 2, make_exhibit("X-network", Scope.NETWORK))  # the name may be used again
    assert standing.add_saved_search(
        vault, ["X-network"], Scope.COUNTRY, 5, 0.0, "ann", "other case"
    )


def test_a_purge_says_why_the_named_one_stays(vault):
    one, other = (ExhibitRef("JAM", f"X-{name}") for name in ("network", "cluster"))
    take_up_lead(vault, None, one, other, who="chief", note="alike")
    report = purge_each(vault, PurgeOptions(("X-network",), None, False, "chief", "law"))
    why = (
        "exhibit X-network: one in no open lead needed, found lead JAM-L1; its two verdicts "
        "(`ribin review JAM-L1`) end it, `unsuitable` where nobody can examine"
    )
    assert purge_text(report) == f"X-network: not purged: {why}"
    asked = PurgeOptions((), "today", False, "chief", "law")
    assert purge_text(purge_each(vault, asked)) == "no exhibit is due"


def test_a_refusal_inside_a_transaction_is_said_as_it_is(vault):
    for transaction in (vault.catalogue.reading, vault.catalogue.writing):
        with pytest.raises(ParameterError, match=r"^day: another needed$"), transaction():
            raise ParameterError("day: another needed")
        with pytest.raises(StoreError, match="a record is damaged: country"), transaction():
            raise ValueError("country")
