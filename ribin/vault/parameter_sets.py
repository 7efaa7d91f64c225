"""The sets of parameters that templates of a vault were made with, kept so that they stay of use.

    params/<params_id>.json      every number of the set; its name is drawn from those of a template

A vault that was described with other parameters still answers members whose templates are of an
earlier set, until an administrator drops that. A file whose numbers are not those in its name, or
that another version of the program cannot read, counts as not there.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

from ribin.errors import ParameterError, StoreError
from ribin.params.defaults import Params
from ribin.params.load import params_of
from ribin.vault.files import fsync_folder, make_folder, write_durably

if TYPE_CHECKING:
    from ribin.vault.vault import Vault

PARAMETERS_FOLDER = "params"
# What two members do that have no set in common.
NO_SET_SHARED = (
    "the one with the older ribin installs the newer one and types `ribin store describe`, which "
    "keeps its older templates in use for others: `ribin store parameters` shows the sets"
)


def keep_parameters(folder: Path, params: Params) -> None:
    """Keep a set that marks of a vault are made with; StoreError where the disk refuses."""
    path = _path(folder, params.template_id)
    if path.is_file():
        return
    text = json.dumps(dataclasses.asdict(params), sort_keys=True, indent=1)
    try:
        make_folder(path.parent)
        write_durably(path, text.encode())
        fsync_folder(path.parent.parent)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written: {error.strerror}") from error


def kept_parameters(folder: Path) -> dict[str, Params]:
    """Each set that can be read, by the id that its templates have."""
    found = {}
    for path in sorted((folder / PARAMETERS_FOLDER).glob("*.json")):
        with contextlib.suppress(ParameterError):
            found[path.stem] = _read(path)
    return found


def parameter_problems(folder: Path) -> list[str]:
    """One sentence for each file that does not hold the set that it is named by."""
    found = []
    for path in sorted((folder / PARAMETERS_FOLDER).glob("*")):
        try:
            _read(path)
        except ParameterError as error:
            found.append(str(error))
    return found


@dataclasses.dataclass(frozen=True)
class ParameterSet:
    """A set of parameters, and how many marks of a vault were made with it: those that count now,
    and those that another set has taken the place of."""

    params_id: str
    in_use: int
    earlier: int
    kept: bool  # whether questions that carry templates of this set are answered


def parameter_sets(vault: Vault) -> list[ParameterSet]:
    """Every set that marks of a vault were made with, the one of most marks in use first."""
    kept = kept_parameters(vault.path)
    query = (
        "SELECT m.params_id, sum(m.description IS s.description), count(*) FROM marks m"
        " JOIN scans s USING (sha256) GROUP BY m.params_id ORDER BY 2 DESC, 1"
    )
    with vault.catalogue.reading() as db:
        rows = db.execute(query).fetchall()
    return [ParameterSet(name, used, made - used, name in kept) for name, used, made in rows]


def drop_parameters(vault: Vault, params_id: str, *, who: str, reason: str) -> None:
    """Answer no more with a set that no mark in use was made with; the marks stay as evidence of
    what earlier lists and leads rest on.

    Raises ParameterError: the set is not kept, or marks in use were made with it; AccessError:
    `who` is no administrator; StoreError: the vault is read-only or locked.
    """
    known = {one.params_id: one for one in parameter_sets(vault)}
    found = known.get(params_id)
    path = _path(vault.path, params_id)
    if found is None or not path.is_file():
        listed = ", ".join(one.params_id for one in known.values() if one.kept) or "none"
        raise ParameterError(f"template parameters {params_id}: a kept set needed, found {listed}")
    if found.in_use:
        raise ParameterError(
            f"template parameters {params_id}: a set that no mark in use was made with needed, "
            f"found {found.in_use} marks",
            hint="`ribin store describe` makes them with others",
        )
    with vault.act("drop parameters", who, reason) as act:
        act.log(params_id, marks=found.earlier)
    try:
        path.unlink()  # behind the row: one that stands there is dropped when this is asked again
    except OSError as error:
        raise StoreError(f"{path}: cannot be removed: {error.strerror}") from error


def _path(folder: Path, params_id: str) -> Path:
    return folder / PARAMETERS_FOLDER / f"{params_id}.json"


def _read(path: Path) -> Params:
    try:
        params = params_of(json.loads(path.read_bytes()), str(path))
    except (OSError, ValueError) as error:
        raise ParameterError(f"{path}: a set of parameters needed, {error}") from error
    if path.name != f"{params.template_id}.json":
        raise ParameterError(
            f"{path}: the numbers of its name needed, found those of {params.template_id}"
        )
    return params
