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

MARKS = 16  # at a time: int32 in a register of 512 bits
TURNS = 4  # at a time: 4 x 4 registers of sums, 4 of products
FOUR = 4  # orders
_SUMS = ir.VectorType(INT, MARKS)
_BYTES, _PAIRS = ("llvm.x86.avx512.vpdpbusd.512", "llvm.x86.avx512.vpdpwssd.512")


def has_byte_products() -> bool:
    """Whether this machine has the instructions, and numba compiles for this machine."""
    settings = (getattr(config, name, None) for name in ("CPU_NAME", "CPU_FEATURES"))
    here = binding.get_host_cpu_features().get("avx512vnni", False)
    return bool(here) and all(setting in (None, "host") for setting in settings)


def order_products(marks, ours, firsts, starts, bits, products):
    """Two products an order of 16 marks with one query, as halves of 32 bits.

    Parameters
    ----------
    marks : (G * 16,) uint32 array
        The first four bytes of each mark, then the next four of each, and so on, order by order;
        each byte is a number and 128.
    ours : (G * 2,) uint32 array
        Four signed bytes each of the query, as it is and turned by a quarter of its period.
    firsts : (L + 1,) int64 array
        Which of the G fours of bytes is the first of each order; L is a multiple of 4.
    starts : (L * 2,) int32 array
        What the sums begin with: minus 128 times the sums of the query's bytes.
    bits : int32
        By so many a product is shifted to the right, and rounded, to fit into 16.
    products : (L * 16,) uint32 array
        Of the first two orders the products as it is, then turned; of the next two; and so on.
    """
    for order in range(len(firsts) - 1):
        for mark in range(MARKS):
            for turned in range(2):
                total = starts[2 * order + turned]
                for k in range(firsts[order], firsts[order + 1]):
                    query, theirs = ours[2 * k + turned], marks[k * MARKS + mark]
                    for shift in (0, 8, 16, 24):
                        byte = (query >> shift) & 255
                        signed = byte - ((byte & 128) << 1)
                        total += signed * ((theirs >> shift) & 255)
                half = ((total + ((1 << bits) >> 1)) >> bits) & 0xFFFF
                place = (2 * (order // 2) + turned) * MARKS + mark
                products[place] = half if order % 2 == 0 else products[place] | (half << 16)


def raise_to_turned(products, phases, fours, near, far, folded):
    """Raise the best of 16 marks to the largest of the products at four turns and their mirrors.

    Parameters
    ----------
    products : (fours * 64,) uint32 array
        From `order_products`.
    phases : (fours * 16,) uint32 array
        Of each four of orders, and each of four turns: cosines of the first two orders, their
        sines, cosines of the other two, their sines; whole numbers of 16 bits.
    fours : int64
        Fours of orders.
    near, far : (16,) int32 arrays
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
                    ours = phases[(four * TURNS + turn) * 4 + part]
                    theirs = products[(four * 4 + part) * MARKS + mark]
                    sums[part] += half(ours, 0) * half(theirs, 0) + half(ours, 1) * half(theirs, 1)
            near[mark] = max(near[mark], sums[0] + sums[2] + abs(sums[1] + sums[3]))
            if folded:
                far[mark] = max(far[mark], sums[0] - sums[2] + abs(sums[3] - sums[1]))


@intrinsic
def _order_products(  # type: ignore[no-untyped-def]
    typing_context: Any, marks, ours, firsts, starts, bits, products
):
    signature = types.void(marks, ours, firsts, starts, bits, products)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        registers = Registers(context, builder, signature.args, arguments)
        multiply = _declared(builder.module, _BYTES)
        bits = builder.trunc(arguments[4], INT) if arguments[4].type != INT else arguments[4]
        half = builder.lshr(builder.shl(INT(1), bits), INT(1))
        shift, rounding = (registers.splat(number, MARKS) for number in (bits, half))
        low = ir.Constant(_SUMS, [0xFFFF] * MARKS)
        by_sixteen = ir.Constant(_SUMS, [16] * MARKS)
        sums = [cgutils.alloca_once(builder, _SUMS) for _ in range(2)]
        pairs = builder.sdiv(registers.size(3, 0), _place(4))  # two starts an order
        with cgutils.for_range(builder, pairs) as pair:
            halves = []
            for which in range(2):
                order = builder.add(builder.mul(pair.index, _place(2)), _place(which))
                for turned, total in enumerate(sums):
                    at = builder.add(builder.mul(order, _place(2)), _place(turned))
                    first = builder.load(registers.pixel(3, at))
                    builder.store(registers.splat(first, MARKS), total)
                begin = builder.load(registers.pixel(2, order))
                end = builder.load(registers.pixel(2, builder.add(order, _place(1))))
                with _counted(builder, begin, end) as k:
                    four = registers.load(registers.pixel(0, builder.mul(k, _place(MARKS))), MARKS)
                    for turned, total in enumerate(sums):
                        at = builder.add(builder.mul(k, _place(2)), _place(turned))
                        query = registers.splat(builder.load(registers.pixel(1, at)), MARKS)
                        now = builder.call(multiply, [builder.load(total), four, query])
                        builder.store(now, total)
                for total in sums:
                    rounded = builder.add(builder.load(total), rounding)
                    halves.append(builder.ashr(rounded, shift))
            for turned in range(2):
                one, two = halves[turned], halves[2 + turned]
                both = builder.or_(builder.and_(one, low), builder.shl(two, by_sixteen))
                at = builder.add(builder.mul(pair.index, _place(2)), _place(turned))
                place = registers.pixel(5, builder.mul(at, _place(MARKS)))
                registers.store(both, place)
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
        none = ir.Constant(_SUMS, [0] * MARKS)
        sums = [cgutils.alloca_once(builder, _SUMS) for _ in range(4 * TURNS)]
        for total in sums:
            builder.store(none, total)
        with cgutils.for_range(builder, arguments[2]) as four:
            parts = []
            for part in range(4):
                at = builder.add(builder.mul(four.index, _place(4)), _place(part))
                place = registers.pixel(0, builder.mul(at, _place(MARKS)))
                parts.append(registers.load(place, MARKS))
            ours = registers.pixel(1, builder.mul(four.index, _place(4 * TURNS)))
            for number, total in enumerate(sums):
                phase = registers.splat(builder.load(registers.beyond(ours, number)), MARKS)
                now = builder.call(multiply, [builder.load(total), parts[number % 4], phase])
                builder.store(now, total)
        turned = [
            [builder.load(sums[4 * turn + part]) for part in range(4)] for turn in range(TURNS)
        ]
        here = registers.pixel(3)
        largest = registers.load(here, MARKS)
        for even, even_sine, odd, odd_sine in turned:
            sine = _absolute(builder, builder.add(even_sine, odd_sine))
            largest = _larger(builder, largest, builder.add(builder.add(even, odd), sine))
        registers.store(largest, here)
        with builder.if_then(cgutils.is_true(builder, arguments[5])):
            there = registers.pixel(4)
            largest = registers.load(there, MARKS)
            for even, even_sine, odd, odd_sine in turned:
                sine = _absolute(builder, builder.sub(odd_sine, even_sine))
                largest = _larger(builder, largest, builder.add(builder.sub(even, odd), sine))
            registers.store(largest, there)
        return context.get_dummy_value()

    return signature, generate


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
    return _larger(builder, number, builder.sub(ir.Constant(_SUMS, [0] * MARKS), number))


def _declared(module: Any, name: str) -> Any:
    """An instruction that multiplies and adds: sums and both sides as sixteen int32."""
    found = module.globals.get(name)
    return found or ir.Function(module, ir.FunctionType(_SUMS, [_SUMS] * 3), name)


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
