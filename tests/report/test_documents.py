"""Reports for a case file: what they say, that HTML and PDF say the same, that they are safe."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from wording import forbidden_words

from ribin.cases.exhibits import Event, Exhibit
from ribin.errors import ParameterError
from ribin.model import MarkType
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.report.comparison import comparison_document
from ribin.report.document import (
    Blanks,
    ChainHead,
    Document,
    Facts,
    Figure,
    Grid,
    Paragraph,
    Points,
    Section,
    WritingSpace,
    document_texts,
    numbered,
)
from ribin.report.html import document_html
from ribin.report.pdf import document_pdf
from ribin.services.marks import Asker, side_of
from ribin.services.pair import (
    ReportOptions,
    check_reports,
    prepare_pair,
    report_pair,
    write_reports,
)

PAIR = ("JAM-2026-0007-1.x3p", "BLZ-2025-0042-1.x3p")


@pytest.fixture(scope="module")
def made(sample_dir):
    asker = Asker(DEFAULT_PARAMS)
    pair = prepare_pair(*(sample_dir / name for name in PAIR), asker)
    asked = ReportOptions("A. Examiner", case_number="JCF 12/2026")
    return report_pair(pair, asker, asked), pair.result


def every_block() -> Document:
    """A document with one of each block, and with text that a page must not take for markup."""
    picture = np.full((20, 40, 3), 200, np.uint8)
    blocks = (
        Paragraph("5 < 6 & <script>alert(1)</script>"),
        Points(("one", "two")),
        Facts((("SHA-256", "c4" * 32), ("Name", 'O"Neil <b>'))),
        Grid(("rank", "score"), (("1", "99.0"), ("2", "9.0")), frozenset({0, 1}), (0.99, 0.09)),
        Grid(("cell", "outcome"), tuple((str(n), "place") for n in range(90)), small=True),
        Figure(picture, "grey"),
        Blanks(("Name", "Signature"), ("Examiner", "Second examiner")),
        WritingSpace("Observations", 3),
    )
    sections = (Section("Words", blocks), Section("Cells", (Paragraph("all"),), annex=True))
    return Document("A report", "of 薬莢 and \u00e9", (("Made by", "me"),), "foot", sections)


class Page(HTMLParser):
    """The visible text of a page, and every tag."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.tags: list[tuple[str, dict]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def test_a_comparison_says_all_that_a_case_file_needs(made):
    document, result = made
    titles = [section.title for _, section in numbered(document)]
    assert titles == [
        "Question",
        "Item: reference",
        "Item: comparison",
        "Method",
        "What was compared, and what was not",
        "Result",
        "Pictures",
        "Limits",
        "Record",
        "Examiner",
        "Cells",
    ]
    texts = "\n".join(document_texts(document))
    for fact in (
        *("A. Examiner", "JCF 12/2026", *PAIR, result.params_id, "RIBIN 0.1.0"),
        *(
            "c48e46899150f5f8de5346d6a0f1ea40773a99eb1892034920967f7410f4d78d",
            f"{result.score:.2f}",
        ),
        *("80 of 80 cells", "not a likelihood ratio", "Signature", "Second examiner", "none: no"),
    ):
        assert fact in texts
    assert len([b for s in document.sections for b in s.blocks if isinstance(b, Figure)]) == 2


def test_reports_speak_no_conclusion(made):
    document, _ = made
    assert forbidden_words("\n".join(document_texts(document))) == []
    assert forbidden_words(Page(document_html(document)).text) == []


def test_a_pair_that_was_not_compared_has_no_score(made, sample_dir):
    _, result = made
    bare = replace(result, score=np.nan, cmc=np.nan, reason="no overlap", cell_fits=())
    items = tuple(side_of(sample_dir / name, Asker(DEFAULT_PARAMS)) for name in PAIR)
    method = DEFAULT_PARAMS.breech_face
    head = ReportOptions("me").head()
    texts = "\n".join(document_texts(comparison_document(head, items, bare, "id", method)))
    assert "The two marks were not compared: no overlap. There is no score." in texts
    assert "nan" not in texts


def test_an_exhibit_and_the_audit_chain_are_named(made, sample_dir):
    _, result = made
    event = Event("2026-17", case_number="C 9", date="2026-03-16", place="Kingston")
    items = tuple(
        replace(
            side_of(sample_dir / name, Asker(DEFAULT_PARAMS)),
            others=(MarkType.FIRING_PIN,),
            member="JAM",
            exhibit=Exhibit(name[:-4], event),
        )
        for name in PAIR
    )
    chain = ChainHead("JAM", 12, "2026-11-24T10:00:00.000+00:00", "ab" * 32)
    method, head = DEFAULT_PARAMS.breech_face, ReportOptions("me", question="Why?").head("JAM")
    document = comparison_document(head, items, result, "id", method, chain)
    texts = "\n".join(document_texts(document))
    for fact in ("2026-17", "C 9", "2026-03-16, Kingston", "ab" * 32, "12, written", "Why?"):
        assert fact in texts
    assert "reference: firing pin; comparison: firing pin" in texts


def test_html_holds_every_text_and_nothing_from_elsewhere():
    document = every_block()
    html = document_html(document)
    page = Page(html)
    for text in document_texts(document):
        assert " ".join(text.split()) in page.text
    empty_icon = ("link", {"rel": "icon", "href": "data:,"})
    others = [one for one in page.tags if one != empty_icon]
    assert [tag for tag, _ in others if tag in ("script", "link", "iframe", "b")] == []
    addresses = [value for _, attrs in page.tags for key, value in attrs.items() if key == "src"]
    assert addresses
    assert all(address.startswith("data:image/png;base64,") for address in addresses)
    assert "default-src 'none'" in html
    assert all(attrs.get("alt") for tag, attrs in page.tags if tag == "img")


def test_pdf_is_the_same_bytes_for_the_same_report_and_counts_its_pages():
    content = document_pdf(every_block())
    assert content.startswith(b"%PDF-")
    assert content == document_pdf(every_block())
    pages = len(re.findall(rb"/Type /Page\b", content))
    assert pages >= 3  # the long grid goes on, and the annex begins a page


def test_both_files_are_written_whole(made, tmp_path):
    paths = (tmp_path / "r.html", tmp_path / "r.pdf")
    check_reports(paths)
    write_reports(made[0], paths)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.html", "r.pdf"]
    assert all(path.stat().st_size > 100_000 for path in paths)


def test_a_pdf_without_reportlab_is_refused_before_the_work(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "reportlab", None)
    with pytest.raises(ParameterError, match=r"reportlab, which is not installed: pip install"):
        check_reports([tmp_path / "r.pdf"])
    check_reports([tmp_path / "r.html"])


@pytest.mark.parametrize(
    ("name", "complaint"),
    [("r.docx", "ends in .html or .pdf needed"), ("no/r.pdf", "a folder that is there needed")],
)
def test_names_that_cannot_be_reports(tmp_path, name, complaint):
    with pytest.raises(ParameterError, match=complaint):
        check_reports([tmp_path / name])
