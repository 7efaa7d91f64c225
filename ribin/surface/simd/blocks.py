"""Sums of products over blocks of 8 x 8 pixels.

A block stays in registers while it is laid on many places; written as loops, the same sums take
twice as long and more (`benchmarks/speed.py`).
"""

from __future__ import annotations

from typing import Any

from numba.core import types
from numba.extending import intrinsic, overload

from ribin.surface.simd.registers import LANES, Registers


def add_products(fixed, at, row, moved, there, moved_row, shifts, sums):
    """Add to eight sums the 64 products of a block with each of eight others.

    Parameters
    ----------
    fixed, moved : float32 arrays, flat and contiguous
        Surfaces, row by row.
    at, there : int
        Place of the first pixel of the block in `fixed`, and of its counterpart in `moved`.
    row, moved_row : int
        Pixels from one row to the next in either surface.
    shifts : (8,) int64 array
        From `there` to the first pixels of the eight.
    sums : (8,) float32 array
    """
    for k in range(LANES):
        for i in range(LANES):
            for j in range(LANES):
                other = moved[there + shifts[k] + i * moved_row + j]
                sums[k] += fixed[at + i * row + j] * other


def block_energies(fixed, at, row, moved, there, moved_row):
    """Energies of two blocks where both were measured, and the number of these pixels.

    Parameters
    ----------
    fixed, at, row, moved, there, moved_row
        As above; the surfaces are 0 where not measured, and nowhere else.

    Returns
    -------
    (float32, float32, float32)
        The energy of `moved`, that of `fixed`, the number.
    """
    energy = fixed_energy = number = fixed[at] * 0
    for i in range(LANES):
        for j in range(LANES):
            here, other = at + i * row + j, there + i * moved_row + j
            if fixed[here] != 0 and moved[other] != 0:
                energy += moved[other] * moved[other]
                fixed_energy += fixed[here] * fixed[here]
                number += 1
    return energy, fixed_energy, number


@intrinsic
def _add_products(  # type: ignore[no-untyped-def]
    typing_context: Any, fixed, at, row, moved, there, moved_row, shifts, sums
):
    signature = types.void(fixed, at, row, moved, there, moved_row, shifts, sums)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        registers = Registers(context, builder, signature.args, arguments)
        _, at, row, _, there, moved_row, _, _ = arguments
        block = registers.rows(registers.pixel(0, at), row)
        place, sums = registers.pixel(3, there), registers.pixel(7)
        products = []
        for k in range(LANES):
            shift = builder.load(registers.beyond(registers.pixel(6), k))
            other = registers.rows(registers.beyond(place, shift), moved_row)
            products.append(registers.product(block, other))
        registers.store(registers.add(registers.load(sums), registers.sums(products)), sums)
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def _block_energies(  # type: ignore[no-untyped-def]
    typing_context: Any, fixed, at, row, moved, there, moved_row
):
    three = types.UniTuple(types.float32, 3)
    signature = three(fixed, at, row, moved, there, moved_row)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        registers = Registers(context, builder, signature.args, arguments)
        _, at, row, _, there, moved_row = arguments
        block = registers.rows(registers.pixel(0, at), row)
        other = registers.rows(registers.pixel(3, there), moved_row)
        squares, other_squares = (
            [registers.multiply(v, v) for v in rows] for rows in (block, other)
        )
        mask, other_mask = ([registers.measured(v) for v in rows] for rows in (block, other))
        products = ((mask, other_squares), (squares, other_mask), (mask, other_mask))
        sums = registers.sums([registers.product(*pair) for pair in products])
        found = [registers.lane(sums, k) for k in range(len(products))]
        return context.make_tuple(builder, signature.return_type, found)

    return signature, generate


@overload(add_products, inline="always")
def _(fixed, at, row, moved, there, moved_row, shifts, sums):
    return lambda fixed, at, row, moved, there, moved_row, shifts, sums: _add_products(  # type: ignore[call-arg]
        fixed, at, row, moved, there, moved_row, shifts, sums
    )


@overload(block_energies, inline="always")
def _(fixed, at, row, moved, there, moved_row):
    return lambda fixed, at, row, moved, there, moved_row: _block_energies(  # type: ignore[call-arg]
        fixed, at, row, moved, there, moved_row
    )
