"""The pages of a PDF report: size, margins, colours, and the line at the foot with its number."""

from __future__ import annotations

from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from ribin.report.pdf_letters import FONT, runs, width_of

PAGE = A4
MARGINS = {
    "leftMargin": 22 * mm,
    "rightMargin": 18 * mm,
    "topMargin": 18 * mm,
    "bottomMargin": 20 * mm,
}
WIDTH = PAGE[0] - MARGINS["leftMargin"] - MARGINS["rightMargin"] - 12  # reportlab pads a frame by 6

INK, SOFT = HexColor("#1b1f24"), HexColor("#57606a")
LINE, BAR, DEEP = HexColor("#d0d7de"), HexColor("#cfe3f1"), HexColor("#0a4b75")
_SMALL = 7.5


def numbered_canvas(footer: str, *args: Any, **kwargs: Any) -> Canvas:
    """A canvas that writes `footer` and "page N of ALL" on each page once all are known."""
    return _NumberedCanvas(footer, *args, **kwargs)


class _NumberedCanvas(Canvas):
    def __init__(self, footer: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._footer = footer
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802 - reportlab's name
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        for number, page in enumerate(self._pages, start=1):
            self.__dict__.update(page)
            self._foot(f"page {number} of {len(self._pages)}")
            super().showPage()
        super().save()

    def _foot(self, page: str) -> None:
        left, right = MARGINS["leftMargin"] + 6, PAGE[0] - MARGINS["rightMargin"] - 6
        self.setStrokeColor(LINE)
        self.setLineWidth(0.5)
        self.line(left, 15 * mm, right, 15 * mm)
        self.setFillColor(SOFT)
        self.setFont(FONT, _SMALL)
        self.drawRightString(right, 11 * mm, page)
        room = right - left - stringWidth(page, FONT, _SMALL) - 12
        line = self.beginText(left, 11 * mm)
        for run, font in runs(_cut(self._footer, room), FONT):
            line.setFont(font, _SMALL)
            line.textOut(run)
        self.drawText(line)


def _cut(text: str, room: float) -> str:
    while width_of(text, FONT, _SMALL) > room:
        text = text[:-4] + "..."
    return text
