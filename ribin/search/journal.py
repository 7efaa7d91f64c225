"""The journal of a search without a coarse cut, by which a stopped one goes on.

    index/full-<what is compared with what>.journal

It lies beside the owner's index and is as derived as it is: a lost file or line costs time and
changes no list. It holds figures of pairs of marks, not of a request: rules are applied afresh.
"""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from ribin._version import __version__
from ribin.comparison import Comparison
from ribin.model import Template
from ribin.params.defaults import Params
from ribin.vault.exhibits import StoredMark
from ribin.vault.files import INDEX_FOLDER, remove_derived
from ribin.vault.journal import append_entries, read_entries
from ribin.vault.scanfile import template_sha256
from ribin.vault.vault import Vault

_DAYS = 30  # that a stopped search may be left alone before its journal goes


@dataclass(frozen=True)
class PairFigures:
    """What a list shows of a comparison; a pair that could not be compared has only a reason."""

    score: float = 0.0
    cmc: float = 0.0
    cmc_fraction: float = 0.0
    cells: int = 0
    ccf: float = 0.0
    rotation_deg: float = 0.0
    shift_um: tuple[float, float] = (0.0, 0.0)
    along: str = ""
    note: str = ""
    reason: str = ""

    @classmethod
    def of(cls, result: Comparison) -> Self:
        if not result.compared:
            return cls(reason=result.reason or "no score")
        return cls(
            score=result.score,
            cmc=result.cmc,
            cmc_fraction=result.cmc_fraction,
            cells=int(result.cells),
            ccf=result.ccf,
            rotation_deg=result.rotation_deg,
            shift_um=(float(result.shift_um[0]), float(result.shift_um[1])),
            along=result.along,
            note=result.note,
        )


class FullSearchJournal:
    """Figures of one query's comparisons with marks of a vault, in memory and in a file.

    The file is read when this is made, and only ever added to. Where the disk refuses, nothing is
    noted and the search goes on.
    """

    def __init__(self, path: Path, job: Mapping[str, Any]) -> None:
        self._path, self._job = path, dict(job)
        self._figures = dict(_pairs(path))

    @classmethod
    def beside(cls, vault: Vault, query: Template, params: Params) -> Self | None:
        """That of a query in a vault; None where nothing may be written."""
        if not vault.writable:
            return None
        compared = template_sha256(query), params.params_id, __version__
        _forget_old(vault)
        name = hashlib.sha256("\n".join(compared).encode()).hexdigest()[:32]
        path = vault.path / INDEX_FOLDER / f"full-{name}.journal"
        return cls(path, dict(zip(("query", "params_id", "version"), compared, strict=True)))

    def get(self, mark: StoredMark) -> PairFigures | None:
        return self._figures.get(mark.template_sha256)

    def put(self, marks: Sequence[StoredMark], figures: Sequence[PairFigures]) -> None:
        """Note what a portion of the marks gave."""
        new = {mark.template_sha256: one for mark, one in zip(marks, figures, strict=True)}
        self._figures |= new
        with contextlib.suppress(OSError):
            entries = ({"item": template, "done": vars(one)} for template, one in new.items())
            append_entries(self._path, self._job, entries)

    def forget(self) -> None:
        """The search was answered: take the file away."""
        remove_derived(self._path)


def full_search_journals(vault: Vault) -> list[Path]:
    """Of all queries of a vault."""
    return sorted((vault.path / INDEX_FOLDER).glob("full-*.journal"))


def _forget_old(vault: Vault) -> None:
    """Take away what no search went on with for so long."""
    for path in full_search_journals(vault):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _DAYS * 86_400:
                remove_derived(path)


def _pairs(path: Path) -> Iterator[tuple[str, PairFigures]]:
    """The template and the figures of each line; one of another layout is passed over."""
    for entry in read_entries(path):
        with contextlib.suppress(TypeError, ValueError, LookupError):
            down_um, right_um = entry["done"]["shift_um"]
            yield entry["item"], PairFigures(**{**entry["done"], "shift_um": (down_um, right_um)})
