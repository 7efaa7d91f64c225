"""Products of Fourier series, eight orders at once, added up over four rings in registers."""

from __future__ import annotations

from typing import Any

from numba.core import types
from numba.extending import intrinsic, overload

from ribin.surface.simd.registers import LANES, Registers

_RINGS = 4


def add_series_products(one, at, two, there, ring, plane, sums, place, row):
    """Add to sums over rings the products of eight neighbouring orders.

    Of numbers a + ib of one and c + id of the other these are ac + bd, ad and bc: the last two are
    kept apart, because they change places where the two sides do.

    Parameters
    ----------
    one, two : float32 arrays, flat and contiguous
        Real parts of the series of all rings, and imaginary ones `plane` numbers on.
    at, there : int
        Place of the first order in the first ring of four, whose numbers lie `ring` apart.
    sums : float32 array, flat and contiguous
        Receives them at `place`, `place + row` and `place + 2 row`.
    """
    for k in range(_RINGS):
        for m in range(LANES):
            a, b = one[at + k * ring + m], one[at + k * ring + m + plane]
            c, d = two[there + k * ring + m], two[there + k * ring + m + plane]
            sums[place + m] += a * c + b * d
            sums[place + row + m] += a * d
            sums[place + 2 * row + m] += b * c


@intrinsic
def _add_series_products(  # type: ignore[no-untyped-def]
    typing_context: Any, one, at, two, there, ring, plane, sums, place, row
):
    signature = types.void(one, at, two, there, ring, plane, sums, place, row)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        registers = Registers(context, builder, signature.args, arguments)
        _, at, _, there, ring, plane, _, place, row = arguments
        first, second = registers.pixel(0, at), registers.pixel(2, there)
        targets = [registers.pixel(6, place)]
        for _ in range(2):
            targets.append(registers.beyond(targets[-1], row))
        totals = [registers.load(target) for target in targets]
        for _ in range(_RINGS):
            a, c = registers.load(first), registers.load(second)
            b = registers.load(registers.beyond(first, plane))
            d = registers.load(registers.beyond(second, plane))
            pairs = ((0, a, c), (0, b, d), (1, a, d), (2, b, c))
            for which, left, right in pairs:
                totals[which] = registers.add(totals[which], registers.multiply(left, right))
            first, second = registers.beyond(first, ring), registers.beyond(second, ring)
        for total, target in zip(totals, targets, strict=True):
            registers.store(total, target)
        return context.get_dummy_value()

    return signature, generate


@overload(add_series_products, inline="always")
def _(one, at, two, there, ring, plane, sums, place, row):
    return lambda one, at, two, there, ring, plane, sums, place, row: _add_series_products(  # type: ignore[call-arg]
        one, at, two, there, ring, plane, sums, place, row
    )
