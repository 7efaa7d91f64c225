"""Names in other letters than Latin ones, and names without an end, in reports."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from ribin.errors import ParameterError
from ribin.report.document import Document, Facts, Grid, Paragraph, Section
from ribin.report.pdf import document_pdf

pytest.importorskip("reportlab")

has_letters = pytest.mark.skipif(not find_spec("matplotlib"), reason="no matplotlib: no DejaVu")
reads_pdf = pytest.mark.skipif(not shutil.which("pdftotext"), reason="no pdftotext")


def report(name: str) -> Document:
    blocks = (
        Paragraph(f"Of {name}."),
        Facts((("Exhibit", name),)),
        Grid(("rank", "exhibit", "score"), (("1", name, "99.0"),), frozenset({0, 2}), (0.99,)),
    )
    return Document(f"Of {name}", name, (("Made by", name),), name, (Section(name, blocks),))


def read(document: Document, folder: Path) -> str:
    (folder / "report.pdf").write_bytes(document_pdf(document))
    ran = subprocess.run(
        ["pdftotext", "-layout", folder / "report.pdf", "-"], capture_output=True, check=True
    )
    return ran.stdout.decode()


@has_letters
@reads_pdf
@pytest.mark.parametrize("name", ["Яков-17", "Ωμέγα", "Łódź", "Ярослав and Ελένη"])
def test_letters_of_other_scripts_are_printed(tmp_path, name):
    text = read(report(name), tmp_path)
    for word in name.split():
        assert text.count(word) >= 6
    assert "\\u" not in text
    assert "codes" not in text


@reads_pdf
def test_what_no_font_has_is_a_code_and_said(tmp_path):
    text = read(report("薬莢"), tmp_path)
    assert "\\u85ac\\u83a2" in text
    assert "2 of them" in text
    assert "as their codes" in text


@reads_pdf
def test_scripts_that_need_shaping_are_codes(tmp_path):
    text = read(report("שלום"), tmp_path)
    assert "\\u05e9\\u05dc\\u05d5\\u05dd" in text
    assert "4 of them" in text


@has_letters
@reads_pdf
def test_letters_of_one_word_are_shown_or_codes_one_by_one(tmp_path):
    text = read(report("é-Яков-薬"), tmp_path)
    assert text.count("é-Яков-\\u85ac") >= 6
    assert "(1 of them)" in text


@has_letters
def test_all_text_is_set_in_one_family():
    for name in ("plain é", "Яков"):
        content = document_pdf(report(name))
        assert content.count(b"/FontFile2") == 2, "regular and bold go with the file"
        assert b"+DejaVuSans-Bold" in content


@has_letters
def test_equal_reports_are_equal_bytes():
    assert document_pdf(report("Яков")) == document_pdf(report("Яков"))


@pytest.fixture
def no_matplotlib(monkeypatch):
    """The layout as it is where matplotlib, which carries the letters, is not installed."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "ribin.report.pdf_layout", raising=False)
    yield
    sys.modules.pop("ribin.report.pdf_layout", None)


@reads_pdf
def test_without_the_font_letters_beyond_latin_are_codes(tmp_path, no_matplotlib):
    text = read(report("é Я"), tmp_path)
    assert "é \\u042f" in text
    assert "(1 of them)" in text
    assert b"FontFile2" not in (tmp_path / "report.pdf").read_bytes()


def test_without_reportlab_all_but_a_pdf_works():
    program = (
        "import sys; sys.modules['reportlab'] = None;"
        "import ribin.services.pair, ribin.leads.notices, ribin.report.pdf as pdf;"
        "pdf.document_pdf(None)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ParameterError.__name__ in ran.stderr
    assert "pip install 'ribin[pdf]'" in ran.stderr
