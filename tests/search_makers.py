"""A network of small vaults, and a correlator that only multiplies coarse vectors."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from vault_makers import COARSE, enrol, make_exhibit, make_scan, make_template

from ribin.cases.exhibits import Candidate, Request, Scope, SearchResult
from ribin.comparison import Comparison
from ribin.correlate.sketch import QueryMoves
from ribin.model import Template
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.search.context import Query, SearchContext
from ribin.search.engine import search_marks
from ribin.search.network import Network
from ribin.services.lines import open_network
from ribin.vault.sharing import pseudonyms
from ribin.vault.vault import Vault

PARAMS_ID = DEFAULT_PARAMS.template_id  # what a template names
LINKED = ("BLZ", "BRB", "JAM")
# Cuts, shards and batches that a few marks overflow.
SMALL = dataclasses.replace(
    DEFAULT_PARAMS,
    search=dataclasses.replace(
        DEFAULT_PARAMS.search,
        shortlist_marks=6,
        second_pass_marks=8,
        second_pass_share=0.25,
        index_shard_marks=4,
        batch_marks=2,
    ),
)


def make_network(folder: Path, members: Iterable[str], linked: Iterable[str] = LINKED) -> Network:
    """A network.toml and an empty vault for each member."""
    lines = []
    for code in members:
        lines.append(f'[members.{code}]\nvault = "vaults/{code}"')
        Vault.create(folder / "vaults" / code, code).close()
    names = ", ".join(f'"{code}"' for code in linked)
    lines.append(f"[clusters]\nlinked = [{names}]")
    (folder / "network.toml").write_text("\n".join(lines), encoding="utf-8")
    return open_network(folder / "network.toml")


def fill(network: Network, code: str, seeds: Iterable[int], **fields: Any) -> None:
    """Enrol the scans of these seeds, each as an exhibit of its own shared with the cluster."""
    with Vault.open(network.members[code].vault) as vault:
        for seed in seeds:
            made = make_exhibit(f"{code}-{seed}", Scope.CLUSTER, **fields)
            enrol(vault, seed, made, params_id=PARAMS_ID)


def make_query(seed: int = 10_000, vector: np.ndarray | None = None, **fields: Any) -> Template:
    fields = {"params_id": PARAMS_ID, **fields}
    return make_template(make_scan(seed)[1], vector, **fields)


def ask(asker: str, scope: Scope = Scope.COUNTRY, **fields: Any) -> Request:
    return Request(asker, scope, **{"who": "examiner", "reason": "a shooting", **fields})


def likeness(query: Template, coarse: np.ndarray) -> float:
    return round(float(np.vdot(query.arrays["coarse"].astype(float), coarse)), 9)


def fake_sketch(template: Template, params: Any) -> np.ndarray:
    coarse = template.arrays["coarse"]
    assert coarse.shape == (COARSE,)
    return np.rint(127.0 * coarse / np.abs(coarse).max()).astype(np.int8)


def fake_moves(query: Template, params: Any) -> tuple[QueryMoves, QueryMoves]:
    """One shift and no turn in either pass: all numbers are of order 0."""
    sketch = fake_sketch(query, params)
    moves = QueryMoves(sketch[None], np.array([len(sketch)]), np.zeros(1))
    return moves, moves


def fake_compare_many(
    query: Template, templates: Iterable[Template], params: Any, threads: int | None = None
) -> list[Comparison]:
    return [_compare(query, t, params) for t in templates]


def _compare(query: Template, other: Template, params: Any) -> Comparison:
    score = likeness(query, other.arrays["coarse"])
    reason = "too few cells" if "unusable" in other.arrays else ""
    return Comparison(
        reference=query.provenance.source,
        comparison=other.provenance.source,
        mark=query.mark_type,
        cells=20,
        cmc=math.nan if reason else max(score, 0) * 20,
        cmc_fraction=math.nan if reason else max(score, 0),
        ccf=math.nan if reason else score,
        score=math.nan if reason else score,
        score_parts=(),
        rotation_deg=1.5,
        shift_um=(2.0, -3.0),
        cell_fits=(),
        params_id=params.params_id,
        version="test",
        reason=reason,
    )


# Names as an owner writes them, of rows that another member knows under pseudonyms.


def own_name(network: Network, row: Candidate) -> str:
    """The exhibit of a row as its owner calls it; a name that is none of its own as it is."""
    return _names(network.members[row.member].vault).get(row.exhibit, row.exhibit)


def owner_name(network: Network, member: str, exhibit: str) -> str:
    """The exhibit as its owner calls it, of a row in JSON."""
    return _names(network.members[member].vault).get(exhibit, exhibit)


def own_names(network: Network, rows: tuple[Candidate, ...]) -> list[str]:
    return [own_name(network, row) for row in rows]


@cache
def _names(vault: Path) -> dict[str, str]:
    with Vault.open(vault, read_only=True) as opened:
        names = pseudonyms(opened, opened.exhibits())
    return {opaque: exhibit for exhibit, opaque in names.items()}


def search(
    template: Template, request: Request, context: SearchContext, members: Sequence[str] = ()
) -> SearchResult:
    """The list of a search with one mark."""
    return search_marks([Query(template)], request, context, members).first
