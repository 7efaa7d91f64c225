"""What of a vault a query may be compared with, and why not the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Set
from dataclasses import dataclass

from ribin.casework import Exhibit, Request, Scope
from ribin.lighting import light_hindrance
from ribin.model import Template
from ribin.search.rules import may_see, passes
from ribin.store.records import Holdings, StoredMark

REVIEWED = "reviewed already"
OTHER_PARAMETERS = "described with parameters"  # how a reason begins


@dataclass(frozen=True)
class Sifted:
    """Every eligible mark of a vault before the coarse cut, accounted for once."""

    eligible: int
    after_filters: int
    wanted: tuple[StoredMark, ...]  # can be compared, oldest first
    indexed: tuple[StoredMark, ...]  # all of the vault of the same type, kind and parameters
    not_compared: Counter[str]  # the others that passed the filters, by reason


def sift_marks(
    query: Template,
    holdings: Holdings,
    request: Request,
    reach: Scope,
    left_out: Set[str] = frozenset(),
) -> Sifted:
    """Apply sharing, class gates and comparability, in this order.

    Parameters
    ----------
    reach : Scope
        The narrowest scope in which the asker reaches the owner of these holdings.
    left_out : set of str
        Exhibits that the asker has reviewed against the query and does not want again.
    """

    def is_shown(exhibit: Exhibit) -> bool:
        return may_see(exhibit, request.scope, reach)

    marks = [m for m in holdings.marks if m.mark_type is query.mark_type]
    shown = [m for m in marks if is_shown(m.scan.exhibit)]
    passing = [m for m in shown if passes(m.scan.exhibit, request.filters)]
    reasons = {mark.mark_id: _why_not(query, mark, left_out) for mark in passing}

    marked = {mark.scan.sha256 for mark in marks}
    bare = [s for s in holdings.scans if s.sha256 not in marked and is_shown(s.exhibit)]
    bare_passing = sum(passes(scan.exhibit, request.filters) for scan in bare)
    not_compared = Counter(reason for reason in reasons.values() if reason)
    if bare_passing:
        not_compared[f"no {query.mark_type} mark in the scan"] = bare_passing
    return Sifted(
        eligible=len(shown) + len(bare),
        after_filters=len(passing) + bare_passing,
        wanted=tuple(mark for mark in passing if not reasons[mark.mark_id]),
        indexed=tuple(m for m in marks if _same_making(query, m)),
        not_compared=not_compared,
    )


def _why_not(query: Template, mark: StoredMark, left_out: Set[str]) -> str:
    """Why a mark of the query's type cannot be compared with it; empty where it can."""
    if mark.scan.sha256 == query.provenance.sha256:
        return "the query itself"
    if mark.scan.exhibit.exhibit in left_out:
        return REVIEWED
    if mark.kind is not query.kind:
        return f"{mark.kind} enrolled, {query.kind} asked"
    unlike = light_hindrance(mark.scan.lighting, query.provenance.lighting)
    if unlike:
        return unlike
    if mark.params_id != query.params_id:
        return f"{OTHER_PARAMETERS} {mark.params_id}, {query.params_id} asked"
    return ""


def _same_making(query: Template, mark: StoredMark) -> bool:
    return mark.kind is query.kind and mark.params_id == query.params_id
