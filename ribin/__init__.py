"""RIBIN compares marks on fired cartridge cases and searches them by country, cluster and network.

    read -> extract -> describe -> correlate -> decide -> vault -> search -> report

    scan = ribin.read_scan("case.x3p")                            # read
    marks = ribin.extract_marks(scan)                             # extract
    templates = [ribin.describe_mark(mark) for mark in marks]     # describe
    result = ribin.compare_marks(templates[0], other)             # correlate and decide
    vault = ribin.Vault.open("vaults/JAM")                        # vault

A search, an enrolment and a report are services: `ribin.services` has one for each thing that a
person or a job asks for. In a notebook, marks, comparisons and ranked lists show as pictures and
tables. The program sorts and shows; a named examiner concludes.

A name is imported when it is first used; `__init__.pyi` says from where.
"""

import sys
from importlib import import_module
from typing import Any

import lazy_loader

from ribin._version import __version__

__getattr__, __dir__, _names = lazy_loader.attach_stub(__name__, __file__)
__all__ = [*_names, "__version__"]

# How a notebook shows a value: the MIME type, the home and name of its class, and the function of
# `ribin.report.notebook` that draws it.
_DISPLAYS = (
    ("text/html", "ribin.model", "Mark", "mark_html"),
    ("image/png", "ribin.model", "Mark", "mark_png"),
    ("text/html", "ribin.comparison", "Comparison", "comparison_html"),
    ("image/png", "ribin.comparison", "Comparison", "comparison_png"),
    ("text/html", "ribin.cases.exhibits", "SearchResult", "result_html"),
    ("text/html", "ribin.cases.results", "SearchLists", "lists_html"),
)


def load_ipython_extension(shell: Any) -> None:
    """Tell IPython how to show marks, comparisons and lists; also called by `%load_ext ribin`.

    Nothing is imported for it: IPython goes by the names of the classes, and a display is imported
    when a value is shown.
    """

    def deferred(display: str) -> Any:
        return lambda value: getattr(import_module("ribin.report.notebook"), display)(value)

    for mime, module, name, display in _DISPLAYS:
        formatter = shell.display_formatter.formatters[mime]
        formatter.for_type_by_name(module, name, deferred(display))


if "IPython" in sys.modules and (_shell := sys.modules["IPython"].get_ipython()):
    load_ipython_extension(_shell)
