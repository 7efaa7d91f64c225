"""The templates of the pages; every value in them is escaped."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from ribin.report.document import words

PAGES = Environment(
    loader=PackageLoader("ribin.web", "pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
PAGES.filters["words"] = lambda value: words(str(value))
