"""Names in other letters than Latin ones, and names without an end, in reports."""

from __future__ import annotations

import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

from ribin.report.document import Document, Facts, Grid, Paragraph, Section
from ribin.report.pdf import document_pdf

pytest.importorskip("reportlab")
from ribin.report import pdf as pdf_letters

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


def test_scripts_that_need_shaping_are_codes():
    assert [run for run, _ in pdf_letters.runs("שלום", pdf_letters.FONT)] == [
        "\\u05e9\\u05dc\\u05d5\\u05dd"
    ]
    assert pdf_letters.lacking(["é ü ß €", "сад" if find_spec("matplotlib") else ""]) == set()


@has_letters
def test_a_word_is_set_in_one_font():
    parts = list(pdf_letters.runs("Of Яков-17 薬", pdf_letters.BOLD))
    assert parts == [
        ("Of", "Helvetica-Bold"),
        (" ", "Helvetica-Bold"),
        ("Яков-17", "DejaVuSans-Bold"),
        (" ", "Helvetica-Bold"),
        ("\\u85ac", "Helvetica-Bold"),
    ]
    assert pdf_letters.codes_note(["Яков"]) == ""
    assert "(1 of them)" in pdf_letters.codes_note(["薬", "薬"])


def test_usual_letters_need_no_font_in_the_file():
    assert b"FontFile2" not in document_pdf(report("plain é"))


@has_letters
def test_equal_reports_are_equal_bytes():
    assert document_pdf(report("Яков")) == document_pdf(report("Яков"))
    assert b"FontFile2" in document_pdf(report("Яков")), "the letters go with the file"


@reads_pdf
def test_without_the_font_letters_are_codes(tmp_path, monkeypatch):
    monkeypatch.setattr(pdf_letters, "_glyphs", frozenset)
    assert "\\u042f" in read(report("Я"), tmp_path)
