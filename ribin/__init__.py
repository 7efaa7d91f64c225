"""RIBIN compares marks on fired cartridge cases and searches them by country, cluster and network.

    read -> preprocess -> describe -> correlate -> decide -> store -> search -> report

    scan = ribin.read_scan("case.x3p")
    marks = ribin.extract_marks(scan)
    templates = [ribin.describe_mark(mark) for mark in marks]
    result = ribin.compare_marks(templates[0], other)

It sorts and shows; a named examiner concludes. Names are imported when first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ribin._version import __version__
from ribin.shown import looks_are_in

looks_are_in("ribin.report.notebook")  # imported when a notebook asks

if TYPE_CHECKING:
    from ribin.cases.exhibits import Candidate, Request, Scope, SearchResult
    from ribin.comparison import Comparison
    from ribin.errors import RibinError
    from ribin.model import Mark, Scan, Template
    from ribin.params.defaults import Params
    from ribin.params.load import load_params
    from ribin.pipeline import compare_many, compare_marks, describe_mark, extract_marks
    from ribin.read import read_scan
    from ribin.search.network import read_network
    from ribin.vault.vault import Vault

_HOMES = {
    "read_scan": "ribin.read",
    "extract_marks": "ribin.pipeline",
    "describe_mark": "ribin.pipeline",
    "compare_marks": "ribin.pipeline",
    "compare_many": "ribin.pipeline",
    "read_network": "ribin.search.network",
    "Vault": "ribin.vault.vault",
    "Scan": "ribin.model",
    "Mark": "ribin.model",
    "Template": "ribin.model",
    "Comparison": "ribin.comparison",
    "Request": "ribin.cases.exhibits",
    "Scope": "ribin.cases.exhibits",
    "Candidate": "ribin.cases.exhibits",
    "SearchResult": "ribin.cases.exhibits",
    "Params": "ribin.params.defaults",
    "load_params": "ribin.params.load",
    "RibinError": "ribin.errors",
}

__all__ = [
    "Candidate",
    "Comparison",
    "Mark",
    "Params",
    "Request",
    "RibinError",
    "Scan",
    "Scope",
    "SearchResult",
    "Template",
    "Vault",
    "__version__",
    "compare_many",
    "compare_marks",
    "describe_mark",
    "extract_marks",
    "load_params",
    "read_network",
    "read_scan",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'ribin' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
