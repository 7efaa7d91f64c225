"""Eight pixels of a turned surface, fetched and weighed together."""

from __future__ import annotations

from typing import Any

from numba.core import types
from numba.extending import intrinsic, overload

from ribin.surface.simd.registers import FLOATS, INT, INTS, LANES, Registers

NEXT_TO_0 = 1e-18  # of a measured height; its square is a normal float32, and its energy nothing


def turn_pixels(surface, row, col, down, right, out, at):
    """Fill eight neighbouring pixels of a turned copy, bilinearly from what was measured.

    Parameters
    ----------
    surface : (P, P) float32 array, contiguous
        0 where not measured and nowhere else.
    row, col : float32
        Where the first pixel lies in the surface: far enough inside that all eight do.
    down, right : float32
        From one pixel to the next.
    out : (N,) float32 array, contiguous
        Receives the values, 0 where less than half of the weight was measured. A measured 0 becomes
        `NEXT_TO_0`.
    at : int
        Place of the first pixel in `out`.
    """
    for k in range(LANES):
        y, x = row + k * down, col + k * right
        i, j = int(y), int(x)
        above, below = 1 - (y - i), y - i
        value = measured = surface[0, 0] * 0
        for c, weight in ((j, 1 - (x - j)), (j + 1, x - j)):
            value += weight * (above * surface[i, c] + below * surface[i + 1, c])
            measured += weight * (above * (surface[i, c] != 0) + below * (surface[i + 1, c] != 0))
        if measured >= 0.5:
            out[at + k] = value / measured if value != 0 else NEXT_TO_0
        else:
            out[at + k] = 0


@intrinsic
def _turn_pixels(  # type: ignore[no-untyped-def]
    typing_context: Any, surface, row, col, down, right, out, at
):
    signature = types.void(surface, row, col, down, right, out, at)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        registers = Registers(context, builder, signature.args, arguments)
        _, row, col, down, right, _, at = arguments
        i, y = _whole_and_rest(registers, row, down)
        j, x = _whole_and_rest(registers, col, right)
        four = _neighbours(registers, i, j)
        value = _within(registers, four, y, x)
        measured = _within(registers, [registers.measured(corner) for corner in four], y, x)
        half, none, next_to_0 = (registers.constant(level) for level in (0.5, 0.0, NEXT_TO_0))
        value = registers.divide(value, measured)
        value = builder.select(builder.fcmp_ordered("==", value, none), next_to_0, value)
        known = builder.fcmp_ordered(">=", measured, half)
        registers.store(builder.select(known, value, none), registers.pixel(5, at))
        return context.get_dummy_value()

    return signature, generate


def _whole_and_rest(registers: Registers, first: Any, step: Any) -> tuple[Any, Any]:
    """Eight places on a line, none below 0: the whole number before each, and what is left."""
    lanes = registers.constant(*range(LANES))
    steps = registers.multiply(lanes, registers.splat(step))
    place = registers.add(registers.splat(first), steps)
    whole = registers.builder.fptosi(place, INTS)
    return whole, registers.subtract(place, registers.builder.sitofp(whole, FLOATS))


def _neighbours(registers: Registers, i: Any, j: Any) -> list[Any]:
    """Eight pixels at (i, j), their right neighbours, and the same one row below."""
    builder, row = registers.builder, registers.size(0, 1)
    pixels = builder.add(builder.mul(i, registers.splat(builder.trunc(row, INT))), j)
    places = [builder.sext(registers.lane(pixels, k), row.type) for k in range(LANES)]
    upper = [registers.pixel(0, place) for place in places]
    lower = [registers.beyond(pixel, row) for pixel in upper]
    found: list[Any] = []
    for line in (upper, lower):
        found += registers.columns([registers.load(pixel, 2) for pixel in line])
    return found


def _within(registers: Registers, four: list[Any], y: Any, x: Any) -> Any:
    """Between the four corners of a square, by the shares of its sides."""
    left, right = (registers.between(four[k], four[k + 2], y) for k in range(2))
    return registers.between(left, right, x)


@overload(turn_pixels, inline="always")
def _(surface, row, col, down, right, out, at):
    return lambda surface, row, col, down, right, out, at: _turn_pixels(  # type: ignore[call-arg]
        surface, row, col, down, right, out, at
    )
