"""A vault in open formats and back: import(export(x)) is x, and the files need no RIBIN."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import io
import json
import shutil
import tempfile
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import x3pio
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from PIL import Image
from vault_makers import enrol, make_exhibit, make_mark, make_scan, make_template

from ribin.cases.exhibits import ExhibitKind, Scope
from ribin.errors import FormatError, ParameterError, StoreError
from ribin.export.restore import import_vault
from ribin.export.scanfolder import write_x3p
from ribin.export.write import export_vault
from ribin.model import MarkType, ScanKind
from ribin.text import clean_text
from ribin.vault.catalogue import SCHEMA_VERSION
from ribin.vault.enrol import exhibit_problems, scan_path
from ribin.vault.rebuild import read_tables
from ribin.vault.redescribe import admit_description, described_path
from ribin.vault.retention import keep_until, purge_exhibit
from ribin.vault.sharing import (
    end_release,
    pseudonyms,
    release_exhibit,
    set_default_sharing,
    set_sharing,
)
from ribin.vault.vault import Vault

TEXT = st.text(st.characters(categories=["L", "N", "P", "S", "M"]), max_size=12).map(clean_text)
NAME = st.text("abcÄß漢 0-9/.'\"", min_size=1, max_size=8).map(lambda text: clean_text(f"n{text}n"))
DAY = st.dates(date(1900, 1, 1), date(2026, 1, 1)).map(lambda day: day.isoformat()) | st.just("")


@st.composite
def exhibits(draw):
    """An exhibit, the marks of each of its scans, and whether a person outlined it."""
    kind = draw(st.sampled_from(ExhibitKind))
    made = make_exhibit(
        draw(NAME),
        draw(st.sampled_from(Scope)),
        kind=kind,
        firearm=draw(TEXT) if kind is ExhibitKind.TEST_FIRE else "",
        event=draw(NAME),
        case_number=draw(TEXT),
        date=draw(DAY),
        place=draw(TEXT),
        calibre=draw(TEXT),
    )
    assume(not exhibit_problems(made, "made"))
    marks = st.lists(st.sampled_from(MarkType), min_size=1, max_size=3)
    scans = draw(st.lists(st.tuples(marks, st.booleans()), min_size=1, max_size=2))
    return made, scans


ACTIONS = st.sampled_from(["share", "release", "end", "retain", "purge", "setting", "none"])


def act(vault: Vault, action: str, exhibit: str) -> None:
    """One thing that a laboratory does with an exhibit; what is refused is refused."""
    said = {"who": "chief", "reason": "why"}
    try:
        if action == "share":
            set_sharing(vault, [exhibit], Scope.NETWORK, **said)
        elif action == "release":
            release_exhibit(vault, exhibit, "BLZ", Scope.COUNTRY, original=True, **said)
        elif action == "end":
            end_release(vault, exhibit, "BLZ", **said)
        elif action == "retain":
            keep_until(vault, exhibit, "2030-01-01", **said)
        elif action == "purge":
            purge_exhibit(vault, exhibit, **said)
        elif action == "setting":
            set_default_sharing(vault, Scope.CLUSTER, **said)
    except StoreError:
        pass


def fill(vault: Vault, made, actions) -> None:
    seed = 0
    for exhibit, scans in made:
        for types, outlined in scans:
            seed += 1
            original, scan = make_scan(seed, outlined)
            marks = [make_mark(scan, mark_type) for mark_type in types]
            templates = [make_template(scan, mark_type=mark_type) for mark_type in types]
            try:
                vault.enrol(original, scan, marks, templates, exhibit, who="chief", reason="")
            except StoreError:  # an exhibit or event of this name is recorded otherwise
                continue
        for name, action in actions:
            if name < len(made):
                act(vault, action, made[name][0].exhibit)


def whole(vault: Vault):
    with vault.catalogue.reading() as db:
        tables = read_tables(db)
    audit = tables.pop("audit")
    files = {path.name: path.read_bytes() for path in sorted((vault.path / "marks").rglob("*.h5"))}
    return tables, audit, files


def check_round_trip(made, actions) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Vault.create(folder / "x", "JAM", "chief") as x:
            fill(x, made, actions)
            export_vault(x, folder / "out", who="chief", reason="end of life")
            import_vault(folder / "out", folder / "y", who="chief", reason="new machine")
            tables, audit, files = whole(x)
            with Vault.open(folder / "y") as y:
                again, audit_again, files_again = whole(y)
                assert again == tables
                assert audit_again.rows[:-1] == audit.rows
                assert audit_again.rows[-1][audit.columns.index("action")] == "import"
                assert files_again == files
                assert y.check().problems == x.check().problems == ()
                assert y.exhibits() == x.exhibits()
                assert y.holdings() == x.holdings()
                assert pseudonyms(y, x.exhibits()) == pseudonyms(x, x.exhibits())


QUIET = {"deadline": None, "suppress_health_check": list(HealthCheck)}
VAULTS = st.lists(exhibits(), max_size=4)
DEEDS = st.lists(st.tuples(st.integers(0, 3), ACTIONS), max_size=4)


@settings(max_examples=8, derandomize=True, **QUIET)
@given(VAULTS, DEEDS)
def test_import_of_export_is_the_same_vault(made, actions):
    check_round_trip(made, actions)


@pytest.mark.slow
@settings(max_examples=60, **QUIET)
@given(VAULTS, DEEDS)
def test_import_of_export_is_the_same_vault_often(made, actions):
    check_round_trip(made, actions)


@pytest.fixture
def exported(tmp_path):
    with Vault.create(tmp_path / "x", "JAM", "chief") as vault:
        enrol(vault, 1, make_exhibit("X1", place='Kingston, "port", side'))
        export_vault(vault, tmp_path / "out", who="chief", reason="why")
    return tmp_path


def test_the_files_are_read_without_ribin(exported):
    out = exported / "out"
    text = (out / "tables" / "events.csv").read_text("utf-8-sig")
    (event,) = csv.DictReader(io.StringIO(text, newline=""))
    assert event["place"] == 'Kingston, "port", side'
    (folder,) = (out / "scans").iterdir()
    original, scan = make_scan(1)
    assert (folder / "original.x3p").read_bytes() == original
    mark = make_mark(scan)
    heights_m = x3pio.read(folder / "000-breech_face.x3p").layers[0].z
    np.testing.assert_array_equal(np.isnan(heights_m), ~mark.valid)
    np.testing.assert_allclose(heights_m[mark.valid] * 1e6, mark.surface[mark.valid], rtol=1e-12)
    with Image.open(folder / "000-breech_face.measured.png") as mask:
        np.testing.assert_array_equal(np.asarray(mask) == 255, mark.valid)
    with Image.open(folder / "000-breech_face.png") as picture:
        assert picture.size == mark.valid.shape[::-1]
    coarse = np.loadtxt(folder / "000-template" / "coarse.csv", np.float32)
    np.testing.assert_array_equal(coarse, make_template(scan).arrays["coarse"])
    facts = json.loads((folder / "scan.json").read_text())
    assert facts["scan"]["provenance"]["source"] == "scan1.x3p"
    assert b"PRIVATE" not in b"".join(p.read_bytes() for p in out.rglob("*") if p.is_file())


def test_an_image_is_written_exactly_too(tmp_path):
    original, scan = make_scan(3)
    scan = dataclasses.replace(scan, kind=ScanKind.IMAGE)
    mark, template = make_mark(scan), make_template(scan)
    with Vault.create(tmp_path / "x", "JAM", "chief") as vault:
        vault.enrol(original, scan, [mark], [template], make_exhibit(), who="chief")
        export_vault(vault, tmp_path / "out", who="chief", reason="why")
        import_vault(tmp_path / "out", tmp_path / "y", who="chief")
        path = scan_path(vault.path, scan.provenance.sha256)
        again = scan_path(tmp_path / "y", scan.provenance.sha256)
        assert again.read_bytes() == path.read_bytes()


def test_a_real_scan(tmp_path, sample_dir, ribin):
    vault = ("--vault", tmp_path / "x", "--who", "chief")
    ribin("init", tmp_path / "x", "--member", "JAM", "--who", "chief")
    file = sample_dir / "JAM-2026-0007-1.x3p"
    ribin("enrol", file, "--event", "E", "--exhibit", "X", *vault)
    ran = ribin("export", tmp_path / "out", "--reason", "end of life", *vault)
    assert ran.code == 0, ran.err
    assert "1 exhibit, 1 scan" in ran.out
    ran = ribin("import", tmp_path / "out", tmp_path / "y", "--who", "chief")
    assert ran.code == 0, ran.err
    assert ran.out.startswith(f"{tmp_path / 'y'}: vault of JAM made, 1 exhibit, 1 scan")
    assert ribin("store", "check", "--vault", tmp_path / "y").code == 0
    (one,) = (tmp_path / "x" / "marks").rglob("*.h5")
    (two,) = (tmp_path / "y" / "marks").rglob("*.h5")
    assert one.read_bytes() == two.read_bytes()
    ran = ribin("import", tmp_path / "out", tmp_path / "y", "--who", "chief")
    assert (ran.code, ran.out) == (3, "")
    assert "a new or empty folder needed, found files in it" in ran.err
    for args in (("export", tmp_path / "out", *vault), ("export", tmp_path / "o2", *vault)):
        assert ribin(*args).code == 2
    assert not (tmp_path / "o2").exists()


def test_a_changed_file_is_named_and_nothing_is_made(exported):
    out = exported / "out"
    for path in sorted(p for p in out.rglob("*") if p.is_file() and p.name != "manifest.json"):
        content = path.read_bytes()
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]) if content else b"x")
        with pytest.raises(FormatError, match="not as the manifest says"):
            import_vault(out, exported / "y", who="chief")
        path.write_bytes(content)
        assert not (exported / "y").exists()
    (out / "README.txt").unlink()
    with pytest.raises(FormatError, match=r"README.txt: a file of an export needed, No such file"):
        import_vault(out, exported / "y", who="chief")


def test_tables_that_contradict_their_audit_log(exported):
    """With hashes made to agree: whoever changes an export still meets the chain."""
    out = exported / "out"
    path = out / "tables" / "events.json"
    forge(out, path, path.read_bytes().replace(b"Kingston", b"Montego!"))
    with pytest.raises(StoreError, match="events/E-X1 is not as it was written"):
        import_vault(out, exported / "y", who="chief")
    assert not (exported / "y").exists()
    path = out / "tables" / "audit.json"
    forge(out, path, path.read_bytes().replace(b'"tester"', b'"nobody"'))
    with pytest.raises(StoreError, match="row 2 is not as it was written"):
        import_vault(out, exported / "y", who="chief")


def test_files_that_other_libraries_pack(exported):
    """Imitated by a surface that was changed: bytes differ, original and template do not."""
    out = exported / "out"
    (surface,) = out.rglob("000-breech_face.x3p")
    mark = make_mark(make_scan(1)[1])
    forge(out, surface, write_x3p(dataclasses.replace(mark, surface=mark.surface * 2)))
    with pytest.raises(StoreError, match="something in it was changed, or other libraries packed"):
        import_vault(out, exported / "y", who="chief")
    import_vault(out, exported / "y", who="chief", accept_repacked=True)
    with Vault.open(exported / "y") as y:
        assert y.check().problems == ()
        assert list(y.audit_log()[-1].details["records"]) == [f"scans/{mark.provenance.sha256}"]
    for name, what in (
        ("original.x3p", "the original is not"),
        ("coarse.csv", "template 0 is not"),
    ):
        (path,) = out.rglob(name)
        content = path.read_bytes()
        forge(out, path, content.replace(b"-", b"", 1) if name == "coarse.csv" else content[:-1])
        with pytest.raises(StoreError, match=what):
            import_vault(out, exported / "z", who="chief", accept_repacked=True)
        forge(out, path, content)
    assert not (exported / "z").exists()


def forge(out, path, content):
    facts = json.loads((out / "manifest.json").read_text())
    path.write_bytes(content)
    for file in facts["files"]:
        if out / file["name"] == path:
            file.update(size=len(content), sha256=hashlib.sha256(content).hexdigest())
    (out / "manifest.json").write_text(json.dumps(facts))


@pytest.mark.parametrize(("schema", "age"), [(SCHEMA_VERSION + 1, "newer"), (5, "older")])
def test_an_export_of_another_schema_is_refused_in_one_line(exported, ribin, schema, age):
    manifest = exported / "out" / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "schema": schema}))
    ran = ribin("import", exported / "out", exported / "y", "--who", "chief")
    needed = (
        f"schema {SCHEMA_VERSION} needed, found {schema}: of a{'n' * (age[0] == 'o')} {age} ribin"
    )
    assert (ran.code, ran.out) == (3, "")
    assert ran.err.endswith(f"out/manifest.json: {needed}\n")
    assert ran.err.count("\n") == 1
    assert not (exported / "y").exists()


def test_an_export_without_a_table_is_refused(exported):
    manifest = exported / "out" / "manifest.json"
    facts = json.loads(manifest.read_text())
    facts["files"] = [file for file in facts["files"] if file["name"] != "tables/bundles.json"]
    manifest.write_text(json.dumps(facts))
    with pytest.raises(StoreError, match="needed, found 'bundles' missing or beyond them"):
        import_vault(exported / "out", exported / "y", who="chief")
    assert not (exported / "y").exists()


def test_a_disk_that_refuses_leaves_nothing(exported, monkeypatch):
    def refuse(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("ribin.vault.rebuild.write_durably", refuse)
        with pytest.raises(StoreError, match="a folder to write needed, No space left"):
            import_vault(exported / "out", exported / "y", who="chief")
    assert not (exported / "y").exists()
    with Vault.open(exported / "x") as vault, monkeypatch.context() as patch:
        patch.setattr("ribin.export.write._put", refuse)
        with pytest.raises(ParameterError, match="a folder to write needed, No space left"):
            export_vault(vault, exported / "out2", who="chief", reason="why")
    assert not (exported / "out2").exists()
    shutil.rmtree(exported / "out")


def test_notices_come_back_too(exported):
    folder, out = exported / "x" / "notices", exported / "out2"
    folder.mkdir()
    for name in ("JAM-L1-confirmed-JAM.json", "JAM-L1-confirmed-JAM.pdf", "aside"):
        (folder / name).write_text(name)
    with Vault.open(exported / "x") as vault:
        export_vault(vault, out, who="chief", reason="why")
    import_vault(out, exported / "y", who="chief")
    again = {path.name: path.read_text() for path in (exported / "y" / "notices").iterdir()}
    assert again == {name: name for name in again}
    assert sorted(again) == ["JAM-L1-confirmed-JAM.json", "JAM-L1-confirmed-JAM.pdf"]


def test_marks_described_anew_come_back_too(tmp_path):
    original, scan = make_scan(5)
    mark = make_mark(scan)
    with Vault.create(tmp_path / "x", "JAM", "chief") as vault:
        vault.enrol(original, scan, [mark], [make_template(scan)], make_exhibit(), who="chief")
        later = make_template(scan, np.arange(24.0), params_id="ba9876543210")
        admit_description(vault, scan, [mark], [later], who="chief", reason="tuned")
        export_vault(vault, tmp_path / "out", who="chief", reason="why")
        import_vault(tmp_path / "out", tmp_path / "y", who="chief")
        path = described_path(vault.path, scan.provenance.sha256, later.params_id)
        again = described_path(tmp_path / "y", scan.provenance.sha256, later.params_id)
        assert again.read_bytes() == path.read_bytes()
        with Vault.open(tmp_path / "y") as y:
            assert y.check().problems == ()
            assert y.marks_of("X1") == vault.marks_of("X1")
