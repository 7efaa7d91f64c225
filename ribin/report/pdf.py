"""A report as PDF, where reportlab is installed: it comes with the extra `ribin[pdf]`.

How the pages look is in `pdf_layout`, which cannot be imported without reportlab.
"""

from __future__ import annotations

from ribin.errors import ParameterError
from ribin.report.document import Document

_MISSING = "a PDF needs reportlab, which is not installed: pip install 'ribin[pdf]', or write .html"


def document_pdf(document: Document) -> bytes:
    """The whole file; the same bytes for the same report.

    Raises ParameterError: reportlab is not installed.
    """
    check_reportlab()
    from ribin.report.pdf_layout import laid_out

    return laid_out(document)


def check_reportlab() -> None:
    """Refuse a PDF before the work where it could not be written after it; ParameterError."""
    try:
        import reportlab  # noqa: F401
    except ImportError as error:
        raise ParameterError(_MISSING) from error
