"""Eight pixels of a turned surface, fetched and weighed together."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic, overload

from ribin._vector.registers import FLOATS, INT, INTS, LANES, Registers


def turn_pixels(samples, row, col, down, right, out, r, c):
    """Fill eight neighbouring pixels of a turned copy, bilinearly from what was measured.

    Parameters
    ----------
    samples : (P, P, 2) float32 array, contiguous
        Values, 0 where not measured, and beside each 1 where measured.
    row, col : float32
        Where the first pixel lies in the samples: far enough inside that all eight do.
    down, right : float32
        From one pixel to the next.
    out : (2, N, M) float32 array, contiguous
        Receives values and mask; the latter is 1 where at least half of the weight was measured.
    r, c : int
        Place of the first pixel in `out`.
    """
    half = samples[0, 0, 0] * 0 + 0.5
    for k in range(LANES):
        y, x = row + k * down, col + k * right
        i, j = int(y), int(x)
        upper = samples[i, j] + (samples[i + 1, j] - samples[i, j]) * (y - i)
        lower = samples[i, j + 1] + (samples[i + 1, j + 1] - samples[i, j + 1]) * (y - i)
        value, measured = upper + (lower - upper) * (x - j)
        known = measured >= half
        out[0, r, c + k] = value / measured if known else 0
        out[1, r, c + k] = known


@intrinsic
def _turn_pixels(  # type: ignore[no-untyped-def]
    typing_context: Any, samples, row, col, down, right, out, r, c
):
    signature = types.void(samples, row, col, down, right, out, r, c)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        registers = Registers(context, builder, signature.args, arguments)
        _, row, col, down, right, _, r, c = arguments
        i, y = _whole_and_rest(registers, row, down)
        j, x = _whole_and_rest(registers, col, right)
        upper, lower = _neighbours(registers, i, j)
        four = [registers.between(*pair, y) for pair in zip(upper, lower, strict=True)]
        value, measured = (registers.between(four[k], four[k + 2], x) for k in range(2))
        half, one, none = (ir.Constant(FLOATS, [level] * LANES) for level in (0.5, 1.0, 0.0))
        known = builder.fcmp_ordered(">=", measured, half)
        value = builder.select(known, registers.divide(value, measured), none)
        planes = value, builder.select(known, one, none)
        place = builder.add(builder.mul(r, registers.size(5, 2)), c)
        plane = builder.mul(registers.size(5, 1), registers.size(5, 2))
        for numbers in planes:
            registers.store(numbers, registers.pixel(5, place))
            place = builder.add(place, plane)
        return context.get_dummy_value()

    return signature, generate


def _whole_and_rest(registers: Registers, first: Any, step: Any) -> tuple[Any, Any]:
    """Eight places on a line, none below 0: the whole number before each, and what is left."""
    lanes = ir.Constant(FLOATS, [float(k) for k in range(LANES)])
    steps = registers.multiply(lanes, registers.splat(step))
    place = registers.add(registers.splat(first), steps)
    whole = registers.builder.fptosi(place, INTS)
    return whole, registers.subtract(place, registers.builder.sitofp(whole, FLOATS))


def _neighbours(registers: Registers, i: Any, j: Any) -> tuple[list[Any], list[Any]]:
    """Value and mask at (i, j), then at (i, j + 1); and the same one row below."""
    builder, row = registers.builder, registers.size(0, 1)
    width = registers.splat(builder.trunc(row, INT))
    pixels = builder.add(builder.mul(i, width), j)
    upper, lower = [], []
    for k in range(LANES):
        # Two floats a pixel: four of them are a pixel and its right neighbour.
        pixel = builder.shl(builder.sext(registers.lane(pixels, k), row.type), row.type(1))
        upper.append(registers.load(registers.pixel(0, pixel), 4))
        below = builder.add(pixel, builder.shl(row, row.type(1)))
        lower.append(registers.load(registers.pixel(0, below), 4))
    return registers.columns(upper), registers.columns(lower)


@overload(turn_pixels, inline="always")
def _(samples, row, col, down, right, out, r, c):
    return lambda samples, row, col, down, right, out, r, c: _turn_pixels(  # type: ignore[call-arg]
        samples, row, col, down, right, out, r, c
    )
