"""Products of harmonics at many turns: many marks on one, the largest of each mark kept.

A turn by an angle multiplies each order of harmonics by its own phase. So the products of a mark
with the query at all turns follow from two products an order, of the cosines and of the sines, by a
Fourier series; at T turns that is a fraction of the arithmetic of T products. Its highest orders
allow to interpolate between turns of 2 degrees. All numbers are whole, so no order of adding
changes them.

Orders stand in fours: 0, 2, 1, 3, then 4, 6, 5, 7 and so on. Two of one parity share a number of
32 bits, and the sums of either parity give the turn by 180 degrees less the angle as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from llvmlite import binding, ir
from numba.core import cgutils, config, types
from numba.extending import intrinsic, overload

from ribin.surface.simd.registers import INT, Registers

_LANES = 16  # int32 in a register of 512 bits
_HALVES = 2
MARKS = _LANES * _HALVES  # at a time
TURNS = 9  # at a time: 9 x 2 registers of sums, so that loading costs less than multiplying
SHIFTS = 2  # at a time, each as it is and turned: again 4 x 2 registers of sums
_ROWS = 2 * SHIFTS
FOUR = 4  # orders
_PARTS = 4  # cosines of even orders, their sines, cosines of odd orders, their sines
WAVES = 4  # sums of a turn: of cosines and sines, of the angle and of 180 degrees less it
LESS, NEXT, AFTER = 5, 19, 4  # see `raise_to_turned`: least squares of real sketches, 1.9 degrees
_SUMS = ir.VectorType(INT, _LANES)
_BYTES, _PAIRS = ("llvm.x86.avx512.vpdpbusd.512", "llvm.x86.avx512.vpdpwssd.512")


def has_byte_products() -> bool:
    """Whether this machine has the instructions, and numba compiles for this machine."""
    settings = (getattr(config, name, None) for name in ("CPU_NAME", "CPU_FEATURES"))
    here = binding.get_host_cpu_features().get("avx512vnni", False)
    return bool(here) and all(setting in (None, "host") for setting in settings)


def order_products(marks, ours, firsts, starts, bits, products):
    """Two products an order of 32 marks with a query at two shifts, as halves of 32 bits.

    Parameters
    ----------
    marks : (G * 32,) uint32 array
        The first four bytes of each mark, then the next four of each, and so on, order by order;
        each byte is a number and 128.
    ours : (G * 4,) uint32 array
        Four signed bytes each of the query at one shift, the same turned by a quarter of its
        period; at the other shift, and turned.
    firsts : (L + 1,) int64 array
        Which of the G fours of bytes is the first of each order; L is a multiple of 4.
    starts : (L * 4,) int32 array
        What the sums begin with: minus 128 times the sums of the query's bytes, and what rounds.
    bits : int32
        By so many, 16 at the most, a sum is shifted to the right to fit into 16.
    products : (2 * L * 32,) uint32 array
        Of each shift of the first two of each four of orders the products as it is; the same
        turned; of the other two as it is; the same turned.
    """
    fours = (len(firsts) - 1) // FOUR
    for order in range(len(firsts) - 1):
        for mark in range(MARKS):
            for row in range(_ROWS):
                total = starts[_ROWS * order + row]
                for k in range(firsts[order], firsts[order + 1]):
                    query, theirs = ours[_ROWS * k + row], marks[k * MARKS + mark]
                    for shift in (0, 8, 16, 24):
                        byte = (query >> shift) & 255
                        signed = byte - ((byte & 128) << 1)
                        total += signed * ((theirs >> shift) & 255)
                half = (total >> bits) & 0xFFFF
                part = _PARTS * (row // 2) + 2 * (order // 2 % 2) + row % 2
                place = (part * fours + order // FOUR) * MARKS + mark
                products[place] = half if order % 2 == 0 else products[place] | (half << 16)


def turn_products(products, phases, fours, folded, sums):
    """The products of 32 marks at nine turns, in the parts that the mirrored turns share.

    Parameters
    ----------
    products : (4 * fours * 32,) uint32 array
        From `order_products`.
    phases : (4 * fours * 9,) uint32 array
        Of each part of the products, of each four of orders, of each turn: cosines or sines of two
        orders; whole numbers of 16 bits.
    fours : int64
        Fours of orders.
    folded : bool
        Whether turns by 180 degrees less the angles are wanted.
    sums : (9 * 4 * 32,) int32 array
        Of each turn the sums of the cosines and those of the sines, which add up to the product at
        one of the turn and its reverse and differ by that at the other; the same, where wanted, of
        180 degrees less the angle. `LESS` bits are cut off.
    """

    def half(number, which):
        number = (number >> (16 * which)) & 0xFFFF
        return number - ((number & 0x8000) << 1)

    for mark in range(MARKS):
        for turn in range(TURNS):
            parts = [0, 0, 0, 0]
            for four in range(fours):
                for part in range(_PARTS):
                    ours = phases[(part * fours + four) * TURNS + turn]
                    theirs = products[(part * fours + four) * MARKS + mark]
                    parts[part] += half(ours, 0) * half(theirs, 0) + half(ours, 1) * half(theirs, 1)
            even, even_sine, odd, odd_sine = parts
            place = turn * WAVES * MARKS + mark
            sums[place] = (even + odd) >> LESS
            sums[place + MARKS] = (even_sine + odd_sine) >> LESS
            if folded:
                sums[place + 2 * MARKS] = (even - odd) >> LESS
                sums[place + 3 * MARKS] = (even_sine - odd_sine) >> LESS


def raise_to_turned(sums, first, last, across, best):
    """Raise the best of 32 marks to the largest product at some turns, half a step apart.

    Halfway between two turns the product is interpolated: `NEXT` times the two less `AFTER` times
    those beyond them, over 2 ** `LESS`. To multiply there too would take eight times as long.

    Parameters
    ----------
    sums : (T * 4 * 32,) int32 array
        From `turn_products`, of one turn before the first, of all, and of one behind the last.
    first, last : int64
        Half steps: from the first one to before the last; 0 is the first turn.
    across : int64
        1 for the turns by 180 degrees less the angles, else 0.
    best : (32,) int32 array
        Each is raised to the products by the turns and by their reverses.
    """
    for mark in range(MARKS):
        for half_step in range(first, last):
            waves = []
            for wave in range(2 * across, 2 * across + 2):
                at = ((half_step // 2 + 1) * WAVES + wave) * MARKS + mark
                found = sums[at]
                if half_step % 2:
                    before, there, beyond = (sums[at + n * WAVES * MARKS] for n in (-1, 1, 2))
                    found = (NEXT * (found + there) - AFTER * (before + beyond)) >> LESS
                waves.append(found)
            best[mark] = max(best[mark], waves[0] + abs(waves[1]))


def four_bytes(numbers, place):
    """Four bytes of a flat uint8 array as one uint32, the first lowest; all within the array."""
    found = 0
    for byte in range(4):
        found |= int(numbers[place + byte]) << (8 * byte)
    return found


@intrinsic
def _four_bytes(typing_context: Any, numbers, place):  # type: ignore[no-untyped-def]
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        registers = Registers(context, builder, signature.args, arguments)
        here = registers.pixel(0, arguments[1])
        return builder.load(builder.bitcast(here, INT.as_pointer()), align=1)

    return types.uint32(numbers, place), generate


@intrinsic
def _order_products(  # type: ignore[no-untyped-def]
    typing_context: Any, marks, ours, firsts, starts, bits, products
):
    signature = types.void(marks, ours, firsts, starts, bits, products)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        registers = Registers(context, builder, signature.args, arguments)
        multiply = _declared(builder.module, _BYTES)
        bits = builder.trunc(arguments[4], INT) if arguments[4].type != INT else arguments[4]
        shifts = bits, builder.sub(INT(16), bits)
        down, up = (registers.splat(number, _LANES) for number in shifts)
        low, high = (ir.Constant(_SUMS, [half] * _LANES) for half in (0xFFFF, 0xFFFF0000))
        sums = [[cgutils.alloca_once(builder, _SUMS) for _ in range(_HALVES)] for _ in range(_ROWS)]
        fours = builder.sdiv(registers.size(3, 0), _place(_ROWS * FOUR))
        with cgutils.for_range(builder, fours) as four:
            for parity in range(2):
                pairs: list[Any] = []
                for which in range(2):
                    order = _add(builder, four.index, FOUR, 2 * parity + which)
                    for row, totals in enumerate(sums):
                        start = builder.load(registers.pixel(3, _add(builder, order, _ROWS, row)))
                        for total in totals:
                            builder.store(registers.splat(start, _LANES), total)
                    begin = builder.load(registers.pixel(2, order))
                    end = builder.load(registers.pixel(2, builder.add(order, _place(1))))
                    with _counted(builder, begin, end) as k:
                        here = registers.pixel(0, builder.mul(k, _place(MARKS)))
                        bytes_of = [
                            registers.load(registers.beyond(here, _LANES * half), _LANES)
                            for half in range(_HALVES)
                        ]
                        for row, totals in enumerate(sums):
                            ours = builder.load(registers.pixel(1, _add(builder, k, _ROWS, row)))
                            query = registers.splat(ours, _LANES)
                            for total, four_bytes in zip(totals, bytes_of, strict=True):
                                now = [builder.load(total), four_bytes, query]
                                builder.store(builder.call(multiply, now), total)
                    pairs.append([[builder.load(total) for total in totals] for totals in sums])
                for row in range(_ROWS):
                    at = _PARTS * (row // 2) + 2 * parity + row % 2
                    part = builder.mul(fours, _place(at))
                    place = builder.mul(builder.add(part, four.index), _place(MARKS))
                    for half_of in range(_HALVES):
                        one, two = (pair[row][half_of] for pair in pairs)
                        one = builder.and_(builder.lshr(one, down), low)
                        both = builder.or_(one, builder.and_(builder.shl(two, up), high))
                        there = registers.pixel(5, place)
                        registers.store(both, registers.beyond(there, _LANES * half_of))
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def _turn_products(  # type: ignore[no-untyped-def]
    typing_context: Any, products, phases, fours, folded, sums
):
    signature = types.void(products, phases, fours, folded, sums)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        registers = Registers(context, builder, signature.args, arguments)
        multiply = _declared(builder.module, _PAIRS)
        none, less = (ir.Constant(_SUMS, [number] * _LANES) for number in (0, LESS))
        totals = [cgutils.alloca_once(builder, _SUMS) for _ in range(TURNS * _HALVES)]
        found = []
        for part in range(_PARTS):
            for total in totals:
                builder.store(none, total)
            first = builder.mul(arguments[2], _place(part))
            with cgutils.for_range(builder, arguments[2]) as four:
                here = builder.add(first, four.index)
                theirs = registers.pixel(0, builder.mul(here, _place(MARKS)))
                ours = registers.pixel(1, builder.mul(here, _place(TURNS)))
                products = [
                    registers.load(registers.beyond(theirs, _LANES * half), _LANES)
                    for half in range(_HALVES)
                ]
                for turn in range(TURNS):
                    phase = registers.splat(builder.load(registers.beyond(ours, turn)), _LANES)
                    for half, product in enumerate(products):
                        total = totals[turn * _HALVES + half]
                        now = builder.call(multiply, [builder.load(total), product, phase])
                        builder.store(now, total)
            found.append([builder.load(total) for total in totals])

        def keep(join: Any, wave: int) -> None:
            for place, (even, even_sine, odd, odd_sine) in enumerate(zip(*found, strict=True)):
                turn, half = divmod(place, _HALVES)
                at = (turn * WAVES + wave) * MARKS + half * _LANES
                for one, two in ((even, odd), (even_sine, odd_sine)):
                    kept = builder.ashr(join(one, two), less)
                    registers.store(kept, registers.pixel(4, _place(at)))
                    at += MARKS

        keep(builder.add, 0)
        with builder.if_then(cgutils.is_true(builder, arguments[3])):
            keep(builder.sub, 2)
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def _raise_to_turned(  # type: ignore[no-untyped-def]
    typing_context: Any, sums, first, last, across, best
):
    signature = types.void(sums, first, last, across, best)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        registers = Registers(context, builder, signature.args, arguments)
        first, last, across = arguments[1:4]
        following, after, less = (
            ir.Constant(_SUMS, [number] * _LANES) for number in (NEXT, AFTER, LESS)
        )
        one, two = _place(1), _place(2)
        halves = [_LANES * half for half in range(_HALVES)]
        bests = [cgutils.alloca_once(builder, _SUMS) for _ in halves]
        for half, best in zip(halves, bests, strict=True):
            builder.store(registers.load(registers.pixel(4, _place(half)), _LANES), best)

        def waves(turn: Any) -> list[Any]:
            """Of each half the sums of cosines, then of sines."""
            of_turn = builder.mul(turn, _place(WAVES))
            first = builder.mul(builder.add(of_turn, builder.mul(across, two)), _place(MARKS))
            places = [half + MARKS * wave for wave in range(2) for half in halves]
            return [
                registers.load(registers.pixel(0, builder.add(first, _place(place))), _LANES)
                for place in places
            ]

        def raise_to(found: list[Any]) -> None:
            for best, cosine, sine in zip(bests, found, found[_HALVES:], strict=False):
                product = builder.add(cosine, _absolute(builder, sine))
                builder.store(_larger(builder, builder.load(best), product), best)

        begin, end = (builder.sdiv(builder.add(at, one), two) for at in (first, last))
        with _counted(builder, begin, end) as turn:  # whole steps; there is a turn before the first
            raise_to(waves(builder.add(turn, one)))
        begin, end = (builder.sdiv(at, two) for at in (first, last))
        window = [
            [
                cgutils.alloca_once_value(builder, wave)
                for wave in waves(builder.add(begin, _place(n)))
            ]
            for n in range(3)
        ]
        with _counted(builder, begin, end) as turn:
            four = [[builder.load(wave) for wave in some] for some in window]
            four.append(waves(builder.add(turn, _place(3))))
            found = []
            for before, here, there, beyond in zip(*four, strict=True):
                inner = builder.mul(builder.add(here, there), following)
                outer = builder.mul(builder.add(before, beyond), after)
                found.append(builder.ashr(builder.sub(inner, outer), less))
            raise_to(found)
            for some, next_ones in zip(window, four[1:], strict=True):
                for place, wave in zip(some, next_ones, strict=True):
                    builder.store(wave, place)
        for half, best in zip(halves, bests, strict=True):
            registers.store(builder.load(best), registers.pixel(4, _place(half)))
        return context.get_dummy_value()

    return signature, generate


def _add(builder: Any, number: Any, times: int, more: int) -> Any:
    return builder.add(builder.mul(number, _place(times)), _place(more))


def _place(number: int) -> Any:
    return ir.IntType(64)(number)


@contextmanager
def _counted(builder: Any, begin: Any, end: Any) -> Iterator[Any]:
    """A loop from one number to before another."""
    with cgutils.for_range(builder, builder.sub(end, begin)) as loop:
        yield builder.add(begin, loop.index)


def _larger(builder: Any, one: Any, two: Any) -> Any:
    return builder.select(builder.icmp_signed(">", one, two), one, two)


def _absolute(builder: Any, number: Any) -> Any:
    return _larger(builder, number, builder.sub(ir.Constant(_SUMS, [0] * _LANES), number))


def _declared(module: Any, name: str) -> Any:
    """An instruction that multiplies and adds: sums and both sides as sixteen int32."""
    found = module.globals.get(name)
    return found or ir.Function(module, ir.FunctionType(_SUMS, [_SUMS] * 3), name)


@overload(four_bytes, inline="always")
def _(numbers, place):
    return lambda numbers, place: _four_bytes(numbers, place)  # type: ignore[call-arg]


@overload(order_products, inline="always")
def _(marks, ours, firsts, starts, bits, products):
    return lambda marks, ours, firsts, starts, bits, products: _order_products(  # type: ignore[call-arg]
        marks, ours, firsts, starts, bits, products
    )


@overload(turn_products, inline="always")
def _(products, phases, fours, folded, sums):
    return lambda products, phases, fours, folded, sums: _turn_products(  # type: ignore[call-arg]
        products, phases, fours, folded, sums
    )


@overload(raise_to_turned, inline="always")
def _(sums, first, last, across, best):
    return lambda sums, first, last, across, best: _raise_to_turned(  # type: ignore[call-arg]
        sums, first, last, across, best
    )
