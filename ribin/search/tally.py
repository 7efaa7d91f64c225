"""The account of a search: what was set aside where, added up over members."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ribin.cases.exhibits import Counts
from ribin.search.compare import Compared
from ribin.search.sift import Sifted


def count_marks(sifted: Sifted, shortlisted: int, compared: Compared) -> Counts:
    """The account of one member's answer."""
    return Counts(
        eligible=sifted.eligible,
        after_filters=sifted.after_filters,
        after_coarse=sifted.not_compared.total() + shortlisted,
        compared=len(compared.rows),
        not_compared=in_order(sifted.not_compared + compared.reasons),
    )


def sum_counts(counts: Iterable[Counts]) -> Counts:
    """The counts of several members as those of one."""
    listed = list(counts)
    reasons: Counter[str] = Counter()
    for one in listed:
        reasons.update(dict(one.not_compared))
    return Counts(
        eligible=sum(c.eligible for c in listed),
        after_filters=sum(c.after_filters for c in listed),
        after_coarse=sum(c.after_coarse for c in listed),
        compared=sum(c.compared for c in listed),
        not_compared=in_order(reasons),
    )


def in_order(reasons: Counter[str]) -> tuple[tuple[str, int], ...]:
    """Reasons and their numbers, the same order always."""
    return tuple(sorted(reasons.items()))
