"""Products of harmonics at many turns: many marks on one, the largest of each mark kept.

A turn by an angle multiplies each order of harmonics by its own phase. So the products of a mark
with the query at all turns follow from two products an order, of the cosines and of the sines, by a
Fourier series; at T turns that is a fraction of the arithmetic of T products. All numbers are
whole, so no order of adding changes them.

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
TURNS = 8  # at a time: 8 x 2 registers of sums, so that loading costs less than multiplying
SHIFTS = 2  # at a time, each as it is and turned: again 4 x 2 registers of sums
_ROWS = 2 * SHIFTS
FOUR = 4  # orders
_PARTS = 4  # cosines of even orders, their sines, cosines of odd orders, their sines
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


def raise_to_turned(products, phases, fours, near, far, folded):
    """Raise the best of 32 marks to the largest of the products at eight turns and their mirrors.

    Parameters
    ----------
    products : (4 * fours * 32,) uint32 array
        From `order_products`.
    phases : (4 * fours * 8,) uint32 array
        Of each part of the products, of each four of orders, of each turn: cosines or sines of two
        orders; whole numbers of 16 bits.
    fours : int64
        Fours of orders.
    near, far : (32,) int32 arrays
        Of the turns by the angles and their reverses; of those by 180 degrees less the angles.
    folded : bool
        Whether the latter are wanted.
    """

    def half(number, which):
        number = (number >> (16 * which)) & 0xFFFF
        return number - ((number & 0x8000) << 1)

    for mark in range(MARKS):
        for turn in range(TURNS):
            sums = [0, 0, 0, 0]
            for four in range(fours):
                for part in range(4):
                    ours = phases[(part * fours + four) * TURNS + turn]
                    theirs = products[(part * fours + four) * MARKS + mark]
                    sums[part] += half(ours, 0) * half(theirs, 0) + half(ours, 1) * half(theirs, 1)
            near[mark] = max(near[mark], sums[0] + sums[2] + abs(sums[1] + sums[3]))
            if folded:
                far[mark] = max(far[mark], sums[0] - sums[2] + abs(sums[3] - sums[1]))


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
def _raise_to_turned(  # type: ignore[no-untyped-def]
    typing_context: Any, products, phases, fours, near, far, folded
):
    signature = types.void(products, phases, fours, near, far, folded)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        registers = Registers(context, builder, signature.args, arguments)
        multiply = _declared(builder.module, _PAIRS)
        none = ir.Constant(_SUMS, [0] * _LANES)
        sums = [cgutils.alloca_once(builder, _SUMS) for _ in range(TURNS * _HALVES)]
        found = []
        for part in range(_PARTS):
            for total in sums:
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
                        total = sums[turn * _HALVES + half]
                        now = builder.call(multiply, [builder.load(total), product, phase])
                        builder.store(now, total)
            found.append([builder.load(total) for total in sums])
        turned = list(zip(*found, strict=True))
        _raise(registers, 3, turned, builder.add)
        with builder.if_then(cgutils.is_true(builder, arguments[5])):
            _raise(registers, 4, turned, builder.sub)
        return context.get_dummy_value()

    return signature, generate


def _raise(registers: Registers, number: int, turned: Any, join: Any) -> None:
    """The best in an argument, by sums over even and odd orders of each turn and half."""
    builder = registers.builder
    for half in range(_HALVES):
        place = registers.beyond(registers.pixel(number), _LANES * half)
        largest = registers.load(place, _LANES)
        for even, even_sine, odd, odd_sine in turned[half::_HALVES]:
            sine = _absolute(builder, join(odd_sine, even_sine))
            largest = _larger(builder, largest, builder.add(join(even, odd), sine))
        registers.store(largest, place)


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


@overload(raise_to_turned, inline="always")
def _(products, phases, fours, near, far, folded):
    return lambda products, phases, fours, near, far, folded: _raise_to_turned(  # type: ignore[call-arg]
        products, phases, fours, near, far, folded
    )
