"""What goes into a vault comes out the same; what contradicts it is refused in one line."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from vault_makers import enrol, make_exhibit, make_mark, make_scan, make_template

from ribin.cases.exhibits import ExhibitKind, Scope
from ribin.errors import ParameterError, StoreError
from ribin.model import MarkType
from ribin.vault.catalogue import SCHEMA_VERSION as OURS
from ribin.vault.enrol import EnrolOutcome
from ribin.vault.files import new_folder
from ribin.vault.scanfile import pack_scan
from ribin.vault.vault import Vault


@pytest.fixture
def vault(tmp_path):
    with Vault.create(tmp_path / "JAM", "JAM") as made:
        yield made


def listing(folder: Path) -> dict[str, bytes]:
    files = {p for p in folder.rglob("*") if p.is_file() and "sqlite-" not in p.name}
    return {str(p.relative_to(folder)): p.read_bytes() for p in files}


def test_what_was_stored_is_read_back(vault):
    original, scan = make_scan(1, outlined=True)
    types = [MarkType.BREECH_FACE, MarkType.EJECTOR]
    marks = [make_mark(scan, t) for t in types]
    templates = [make_template(scan, mark_type=t) for t in types]
    templates[0].arrays["area"] = np.array(2.5)
    exhibit = make_exhibit(
        "2024-17/3",
        Scope.CLUSTER,
        case_number="C 9",
        date="2024-02-29",
        place="Belize City",
        calibre="9 mm Luger",
        ammunition="été",
        kind=ExhibitKind.TEST_FIRE,
        firearm="F 7",
    )
    done = vault.enrol(original, scan, marks, templates, exhibit, who="A. Examiner")
    assert (done.outcome, done.exhibit, done.marks) == (EnrolOutcome.NEW, "2024-17/3", 2)

    with Vault.open(vault.path) as again:
        assert again.member == "JAM"
        assert again.exhibits() == {"2024-17/3": exhibit}
        stored = again.marks_of("2024-17/3")
        assert [s.mark_type for s in stored] == types
        assert again.holdings().marks == tuple(stored)
        assert again.original(done.sha256) == original
        for s, mark, template in zip(stored, marks, templates, strict=True):
            read, described = again.mark(s), again.template(s)
            for name in ("surface", "valid"):
                np.testing.assert_array_equal(getattr(read, name), getattr(mark, name))
                assert getattr(read, name).dtype == getattr(mark, name).dtype
            assert (read.pitch_um, read.origin_um) == (25.0, (1.5, -2.25))
            assert read.provenance == scan.provenance == described.provenance
            assert (described.mark_type, described.params_id) == (s.mark_type, s.params_id)
            assert described.arrays.keys() == template.arrays.keys()
            for name, array in template.arrays.items():
                np.testing.assert_array_equal(described.arrays[name], array)
                assert isinstance(described.arrays[name], np.ndarray)
                assert described.arrays[name].dtype == array.dtype


def test_a_scan_file_depends_on_its_input_alone():
    original, scan = make_scan(1, outlined=True)
    parts = [make_mark(scan)], [make_template(scan)]
    assert pack_scan(original, scan, *parts) == pack_scan(original, scan, *parts)


def test_the_same_scan_twice_changes_nothing_and_says_so(vault):
    assert enrol(vault, 1, make_exhibit(calibre="9 mm")).outcome == "new"
    before, log = listing(vault.path), vault.audit_log()
    again = enrol(vault, 1, make_exhibit(calibre="9 mm"))
    assert (again.outcome, again.marks) == ("already there", 1)
    assert enrol(vault, 1, make_exhibit()).outcome == "already there"  # says nothing of calibre
    assert listing(vault.path) == before
    assert vault.audit_log() == log


def test_one_exhibit_may_have_many_scans_and_one_event_many_exhibits(vault):
    for seed, name in ((1, "X1"), (2, "X1"), (3, "X2")):
        assert enrol(vault, seed, make_exhibit(name, event="E1")).outcome == "new"
    assert len(vault.marks_of("X1")) == 2
    assert len(vault.exhibits()) == 2
    assert vault.check().clean


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"calibre": ".40 S&W"}, "exhibit X1: calibre is '9 mm' in the vault, found '.40 S&W'"),
        ({"sharing": Scope.NETWORK}, "exhibit X1: sharing is 'country' in the vault, found"),
        ({"event": "E2"}, "exhibit X1: event is 'E-X1' in the vault, found 'E2'"),
        ({"date": "2024-01-02"}, "event E-X1: date is '2024-01-01' in the vault, found"),
    ],
)
def test_an_exhibit_recorded_otherwise_is_refused(vault, change, message):
    facts = {"calibre": "9 mm", "date": "2024-01-01"}
    enrol(vault, 1, make_exhibit(**facts))
    before = listing(vault.path)
    for seed in (1, 2):
        with pytest.raises(StoreError, match=message.split(",")[0]) as refused:
            enrol(vault, seed, make_exhibit(**{**facts, **change}))
        assert message in str(refused.value)
    assert listing(vault.path) == before


def test_a_scan_of_another_exhibit_is_refused(vault):
    enrol(vault, 1, make_exhibit("X1"))
    with pytest.raises(StoreError, match=r"scan1\.x3p: this scan is enrolled as exhibit X1, found"):
        enrol(vault, 1, make_exhibit("X2"))
    assert list(vault.exhibits()) == ["X1"]


# `info NAME` would read each of these as something else than an own exhibit.
MEANS_ELSE = ("exhibit:X", "BLZ:X", "./X", "../X", "/X")


@pytest.mark.parametrize(
    ("exhibit", "message"),
    [
        (make_exhibit(""), "exhibit needs an identifier, found ''"),
        *((make_exhibit(name), "do not read as a file") for name in MEANS_ELSE),
        (make_exhibit(" X"), "exhibit needs an identifier, found ' X'"),
        (make_exhibit(event="a\nb"), "event needs an identifier"),
        (make_exhibit(date="1.2.2024"), "date needs a day as YYYY-MM-DD, found '1.2.2024'"),
        (make_exhibit(date="20240102"), "date needs a day as YYYY-MM-DD, found '20240102'"),
        (make_exhibit(firearm="F1"), "only a test fire has a known firearm, found 'F1'"),
    ],
)
def test_unusable_facts_are_refused(vault, exhibit, message):
    with pytest.raises(ParameterError, match=message):
        enrol(vault, 1, exhibit)
    assert vault.holdings().scans == ()


def test_parts_that_do_not_belong_together_are_refused(vault):
    original, scan = make_scan(1)
    mark, template = make_mark(scan), make_template(scan)
    ejector = make_template(scan, mark_type=MarkType.EJECTOR)
    x = make_exhibit()
    with pytest.raises(ParameterError, match=r"scan1\.x3p: bytes of SHA-256 \w+ needed, found"):
        vault.enrol(original + b"!", scan, [mark], [template], x, who="me")
    for marks, templates in (([mark], []), ([], []), ([mark], [ejector])):
        with pytest.raises(ParameterError, match="a template of each needed"):
            vault.enrol(original, scan, marks, templates, x, who="me")
    with pytest.raises(ParameterError, match="who enrols needed"):
        vault.enrol(original, scan, [mark], [template], x, who=" ")
    assert vault.check().clean
    assert vault.holdings().marks == ()


def fill(folder, error=None):
    with new_folder(folder, StoreError):
        (folder / "marks").mkdir()
        (folder / "file").write_text("")
        if error:
            raise error
        (folder / "marks").mkdir()  # as another process may have made it


def test_a_new_folder_is_filled_or_gone(tmp_path):
    with pytest.raises(StoreError, match="x: a folder to write needed, No space left on device"):
        fill(tmp_path / "x", OSError(28, "No space left on device"))
    assert not (tmp_path / "x").exists()
    (tmp_path / "y").mkdir()
    with pytest.raises(KeyError):
        fill(tmp_path / "y", KeyError())
    assert list((tmp_path / "y").iterdir()) == []


def test_who_comes_second_into_a_new_folder_takes_nothing_away(tmp_path):
    with pytest.raises(StoreError, match="x: a folder to write needed, File exists"):
        fill(tmp_path / "x")
    assert (tmp_path / "x" / "marks").is_dir()


def test_a_vault_is_made_in_an_empty_folder_only(vault, tmp_path):
    with pytest.raises(StoreError, match="JAM: a new or empty folder needed, found files"):
        Vault.create(vault.path, "JAM")
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="a folder to write needed"):
        Vault.create(tmp_path / "file", "JAM")
    for code in ("jam", "JAMA", "", 'J"M'):
        with pytest.raises(ParameterError, match="three capital letters"):
            Vault.create(tmp_path / "new", code)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "not a vault: vault.toml needed, found none"),
        (
            f'member = "JAM"\nschema = {OURS + 1}\n',
            f"{OURS} needed, found {OURS + 1}: a newer ribin",
        ),
        ('member = "JAM"\nschema = 0\n', f"schema {OURS} needed, found 0: an older ribin"),
        ('member = "JAM"\nschema = 1\n', f"schema {OURS} needed, found 1: an older ribin made"),
        (f'member = "BRB"\nschema = {OURS}\n', "vault.toml names BRB, the catalogue JAM"),
        (f'member = "Jam"\nschema = {OURS}\n', "three capital letters needed, found 'Jam'"),
        ('member = "JAM"\n', "keys member and schema needed, found member"),
        ("member = ", "vault.toml: cannot be read"),
    ],
)
def test_a_vault_that_is_none_of_ours(vault, text, message):
    path = vault.path / "vault.toml"
    path.unlink() if text is None else path.write_text(text)
    with pytest.raises(StoreError, match=message) as refused:
        Vault.open(vault.path)
    assert "\n" not in str(refused.value)


def test_a_catalogue_that_is_none(vault, tmp_path):
    path = vault.path / "catalogue.sqlite"
    vault.close()
    path.write_bytes(b"x" * 4096)
    with pytest.raises(StoreError, match="the catalogue cannot be used: file is not a database"):
        Vault.open(vault.path)
    path.unlink()
    with pytest.raises(StoreError, match="catalogue of a vault needed, found none"):
        Vault.open(vault.path)
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE t (x)")
    other.close()
    with pytest.raises(StoreError, match="a catalogue of ribin needed, found another"):
        Vault.open(vault.path)
    with pytest.raises(StoreError, match="the folder of a vault needed, found none"):
        Vault.open(tmp_path / "nowhere")


def test_a_locked_catalogue_is_said_to_be_locked(vault):
    other = sqlite3.connect(vault.path / "catalogue.sqlite", isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        with (
            Vault.open(vault.path, wait_s=0.05) as waiting,
            pytest.raises(StoreError, match=r"locked by another program; waited 0\.05 s") as locked,
        ):
            enrol(waiting, 1, make_exhibit())
        assert locked.value.hint == "try again when that one is done"
    finally:
        other.close()
    assert enrol(vault, 1, make_exhibit()).outcome == "new"


def test_a_part_that_fails_is_not_written_where_the_rest_goes_on(vault):
    with vault.catalogue.writing():
        vault.record("export", "before", "me", "")
        with suppress(ParameterError), vault.act("export", "me", "") as act:
            vault.record("export", "deep", "me", "")
            act.log("lost")
            raise ParameterError("no")
        vault.record("export", "after", "me", "")
    assert [row.subject for row in vault.audit_log()[1:]] == ["before", "after"]
    assert vault.check().clean


def test_a_read_only_vault_is_read_and_not_written(vault):
    enrol(vault, 1, make_exhibit())
    with Vault.open(vault.path, read_only=True) as reader:
        assert not reader.writable
        assert len(reader.holdings().marks) == 1
        with pytest.raises(StoreError, match="a writable vault needed, found a read-only one"):
            enrol(reader, 2, make_exhibit("X2"))
        assert reader.check().clean


@pytest.mark.skipif(os.name == "nt", reason="permissions of folders are POSIX")
def test_a_vault_on_a_read_only_disk_is_read():
    """A folder this user may not write, the catalogue in write-ahead mode and closed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "JAM"
        with Vault.create(folder, "JAM") as vault:
            enrol(vault, 1, make_exhibit())
        Path(name).chmod(0o755)
        for path in [folder, *folder.rglob("*")]:
            path.chmod(0o555 if path.is_dir() else 0o444)
        code = (
            "import os, sys; import ribin.crypto.keys; from ribin.vault.vault import Vault\n"
            "if os.geteuid() == 0: os.setuid(65534)\n"  # root may write anywhere
            "v = Vault.open(sys.argv[1]); r = v.check()\n"
            "print(v.writable, len(v.holdings().marks), r.clean or r.problems)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, str(folder)], capture_output=True, text=True
        )
        for path in [folder, *folder.rglob("*")]:
            path.chmod(0o755)
    assert (done.stdout, done.stderr) == ("False 1 True\n", "")


def test_a_full_disk_leaves_nothing(vault, monkeypatch):
    def refuse(path, content):
        path.write_bytes(content[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ribin.vault.enrol.write_synced", refuse)
    before = listing(vault.path)
    with pytest.raises(StoreError, match=r"cannot be written: .*No space left"):
        enrol(vault, 1, make_exhibit())
    assert listing(vault.path) == before
    assert vault.holdings().scans == ()


def test_a_file_that_is_gone_is_named(vault, tmp_path):
    _, scan = make_scan(1)
    parts = [make_mark(scan)], [make_template(scan)]
    with pytest.raises(StoreError, match=r"gone\.x3p: cannot be read: No such file"):
        vault.enrol(tmp_path / "gone.x3p", scan, *parts, make_exhibit(), who="me")


def test_an_unknown_exhibit_is_named(vault):
    with pytest.raises(StoreError, match="exhibit X9 needed, found none of this id"):
        vault.marks_of("X9")


def test_equal_content_has_an_equal_snapshot(vault, tmp_path):
    empty = vault.holdings().snapshot
    with Vault.create(tmp_path / "other", "JAM") as other:
        for v in (vault, other):
            enrol(v, 1, make_exhibit(calibre="9 mm"))
        one = vault.holdings().snapshot
        assert one == other.holdings().snapshot != empty
        enrol(other, 2, make_exhibit(calibre="9 mm"))
        assert other.holdings().snapshot != one
