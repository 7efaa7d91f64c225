"""Comparisons of a search without a cut, kept as they are made, so that a stopped one goes on.

    index/full-<what is compared with what>.lines

They lie beside the owner's index and are as derived as it is: a lost file or line costs time and
changes no list. What is kept is of pairs of marks, not of a request: rules are applied anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from ribin._version import __version__
from ribin.comparison import Comparison
from ribin.model import Template
from ribin.params.defaults import Params
from ribin.vault.exhibits import StoredMark
from ribin.vault.files import INDEX_FOLDER, make_line, parse_line, remove_derived
from ribin.vault.scanfile import template_sha256
from ribin.vault.vault import Vault

_DAYS = 30  # that a search may be left alone before it begins anew


@dataclass(frozen=True)
class KeptFigures:
    """What a list shows of a comparison; a pair that could not be compared has only a reason."""

    score: float = 0.0
    cmc: float = 0.0
    cmc_fraction: float = 0.0
    cells: int = 0
    ccf: float = 0.0
    rotation_deg: float = 0.0
    shift_um: tuple[float, float] = (0.0, 0.0)
    reason: str = ""

    @classmethod
    def of(cls, found: Comparison) -> Self:
        if not found.compared:
            return cls(reason=found.reason or "no score")
        shift = float(found.shift_um[0]), float(found.shift_um[1])
        figures = (found.cmc_fraction, int(found.cells), found.ccf, found.rotation_deg, shift)
        return cls(found.score, found.cmc, *figures)


class KeptComparisons:
    """Figures of one query's comparisons with marks of a vault, in memory and in a file.

    The file is read when this is made, and only ever added to. Where the disk refuses, nothing is
    kept and the search goes on.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found = dict(_read(path))

    @classmethod
    def beside(cls, vault: Vault, query: Template, params: Params) -> Self | None:
        """Those of a query in a vault; None where nothing may be kept."""
        if not vault.writable:
            return None
        compared = "\n".join((template_sha256(query), params.params_id, __version__))
        _forget_old(vault)
        name = hashlib.sha256(compared.encode()).hexdigest()[:32]
        return cls(vault.path / INDEX_FOLDER / f"full-{name}.lines")

    def get(self, mark: StoredMark) -> KeptFigures | None:
        return self._found.get(mark.template_sha256)

    def put(self, marks: Sequence[StoredMark], figures: Sequence[KeptFigures]) -> None:
        """Keep what a portion of the marks gave."""
        lines = []
        for mark, one in zip(marks, figures, strict=True):
            self._found[mark.template_sha256] = one
            lines.append(make_line({"template": mark.template_sha256, **vars(one)}))
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab") as file:
                file.write(b"".join(lines))

    def forget(self) -> None:
        """The search was answered: take the file away."""
        remove_derived(self._path)


def kept_files(vault: Vault) -> list[Path]:
    """Of all queries of a vault."""
    return sorted((vault.path / INDEX_FOLDER).glob("full-*.lines"))


def _read(path: Path) -> Mapping[str, KeptFigures]:
    found = {}
    with contextlib.suppress(OSError), path.open("rb") as file:
        for line in file:
            entry = parse_line(line)
            if entry is None:
                continue
            with contextlib.suppress(TypeError, ValueError, LookupError):  # of another layout
                template, figures = _entry(**entry)
                found[template] = figures
    return found


def _forget_old(vault: Vault) -> None:
    """Take away what no search went on with for so long."""
    for path in kept_files(vault):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _DAYS * 86_400:
                remove_derived(path)


def _entry(template: str, shift_um: list[float], **figures: Any) -> tuple[str, KeptFigures]:
    return template, KeptFigures(shift_um=(shift_um[0], shift_um[1]), **figures)
