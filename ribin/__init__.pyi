from .cases.exhibits import Candidate, Request, Scope, SearchResult
from .comparison import Comparison
from .errors import RibinError
from .model import Mark, Scan, Template
from .params.defaults import Params
from .params.load import load_params
from .pipeline import compare_many, compare_marks, describe_mark, extract_marks
from .read import read_scan
from .search.network import read_network
from .vault.vault import Vault

__version__: str

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

def load_ipython_extension(shell: object) -> None: ...
