"""Sums of products of 8 x 8 pixels in the machine's vector registers, for use inside kernels.

numba's loops cannot keep a block in registers while it is laid on many places: written as loops,
the same sums take two and a half times as long (`benchmarks/speed.py`, row `_block_sums`).
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic, overload

_SIDE = 8  # lanes of a register of 256 bits, and rows of a block
_LANES = ir.VectorType(ir.FloatType(), _SIDE)
_SUM_FLAGS = ("reassoc", "contract")


def block_product(fixed, at, row, moved, there, moved_row):
    """Sum of the 64 products of two blocks of 8 x 8 pixels.

    Parameters
    ----------
    fixed, moved : float32 arrays, flat and contiguous
        Surfaces, row by row.
    at, there : int
        Place of the first pixel of the block in `fixed`, and of its counterpart in `moved`.
    row, moved_row : int
        Pixels from one row to the next in either surface.
    """
    total = fixed[at] * 0
    for i in range(_SIDE):
        for j in range(_SIDE):
            total += fixed[at + i * row + j] * moved[there + i * moved_row + j]
    return total


@intrinsic
def _block_product(  # type: ignore[no-untyped-def]
    typing_context: Any, fixed, at, row, moved, there, moved_row
):
    signature = types.float32(fixed, at, row, moved, there, moved_row)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        fixed, at, row, moved, there, moved_row = arguments
        array_types = signature.args[0], signature.args[3]
        one, two = (
            builder.gep(context.make_array(kind)(context, builder, array).data, [first])
            for kind, array, first in zip(array_types, (fixed, moved), (at, there), strict=True)
        )
        sums = None
        for _ in range(_SIDE):
            product = builder.fmul(_load(builder, one), _load(builder, two), flags=_SUM_FLAGS)
            sums = product if sums is None else builder.fadd(sums, product, flags=_SUM_FLAGS)
            one, two = builder.gep(one, [row]), builder.gep(two, [moved_row])
        return _total(builder, sums)

    return signature, generate


@overload(block_product, inline="always")
def _overloaded(fixed, at, row, moved, there, moved_row):
    return lambda fixed, at, row, moved, there, moved_row: _block_product(  # type: ignore[call-arg]
        fixed, at, row, moved, there, moved_row
    )


def _load(builder: Any, pixel: Any) -> Any:
    return builder.load(builder.bitcast(pixel, _LANES.as_pointer()), align=4)


def _total(builder: Any, lanes: Any) -> Any:
    """The lanes added up, half on half."""
    step = _SIDE // 2
    while step:
        order = [(lane + step) % _SIDE for lane in range(_SIDE)]
        moved = builder.shuffle_vector(
            lanes, lanes, ir.Constant(ir.VectorType(ir.IntType(32), _SIDE), order)
        )
        lanes = builder.fadd(lanes, moved, flags=_SUM_FLAGS)
        step //= 2
    return builder.extract_element(lanes, ir.IntType(32)(0))
