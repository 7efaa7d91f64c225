"""Products of bytes: many moves on many marks, the largest of each mark kept in registers.

Processors with AVX-512 VNNI multiply and add four bytes where they would one float: four times the
arithmetic of a matrix product of float32. The sums are whole numbers, so no order of adding
changes them.
"""

from __future__ import annotations

from typing import Any

from llvmlite import binding, ir
from numba.core import config, types
from numba.extending import intrinsic, overload

from ribin.surface.simd.registers import INT, Registers

MOVES = 6  # at a time
_LANES = 16  # int32 in a register of 512 bits
_QUARTERS = 4
MARKS = _LANES * _QUARTERS  # at a time: 6 x 4 registers of sums, 4 of marks, 1 of a move
_SUMS = ir.VectorType(INT, _LANES)
_INSTRUCTION = "llvm.x86.avx512.vpdpbusd.512"


def has_byte_products() -> bool:
    """Whether this machine has the instruction, and numba compiles for this machine."""
    settings = (getattr(config, name, None) for name in ("CPU_NAME", "CPU_FEATURES"))
    here = binding.get_host_cpu_features().get("avx512vnni", False)
    return bool(here) and all(setting in (None, "host") for setting in settings)


def raise_to_largest(marks, moves, starts, depth, best):
    """Raise the best of 64 marks to the largest of their products with six moves.

    Parameters
    ----------
    marks : (depth * 64,) uint32 array
        The first four bytes of each mark, then the next four of each, and so on; each byte is a
        number and 128.
    moves : (6 * depth,) uint32 array
        Four signed bytes each, move by move.
    starts : (6,) int32 array
        What a sum begins with: minus 128 times the sum of the move's bytes.
    depth : int64
        Fours of bytes.
    best : (64,) int32 array
    """
    for move in range(MOVES):
        for mark in range(MARKS):
            total = starts[move]
            for k in range(depth):
                ours, theirs = moves[move * depth + k], marks[k * MARKS + mark]
                for shift in (0, 8, 16, 24):
                    byte = (ours >> shift) & 255
                    signed = byte - ((byte & 128) << 1)
                    total += signed * ((theirs >> shift) & 255)
            best[mark] = max(best[mark], total)


@intrinsic
def _raise_to_largest(  # type: ignore[no-untyped-def]
    typing_context: Any, marks, moves, starts, depth, best
):
    signature = types.void(marks, moves, starts, depth, best)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        registers = Registers(context, builder, signature.args, arguments)
        depth = arguments[3]
        multiply = _declared(builder.module)
        starts = registers.pixel(2)
        first = [
            registers.splat(builder.load(registers.beyond(starts, move)), _LANES)
            for move in range(MOVES)
        ]
        before, loop = builder.block, builder.append_basic_block("four_bytes")
        builder.branch(loop)
        builder.position_at_end(loop)
        k = builder.phi(depth.type)
        sums = [[builder.phi(_SUMS) for _ in range(_QUARTERS)] for _ in range(MOVES)]
        here = registers.pixel(0, builder.mul(k, depth.type(MARKS)))
        fours = [
            registers.load(registers.beyond(here, _LANES * quarter), _LANES)
            for quarter in range(_QUARTERS)
        ]
        more = []
        for move in range(MOVES):
            place = builder.add(builder.mul(depth, depth.type(move)), k)
            four = registers.splat(builder.load(registers.pixel(1, place)), _LANES)
            more.append(
                [
                    builder.call(multiply, [s, b, four])
                    for s, b in zip(sums[move], fours, strict=True)
                ]
            )
        following = builder.add(k, depth.type(1))
        k.add_incoming(depth.type(0), before)
        k.add_incoming(following, loop)
        for move in range(MOVES):
            for total, now in zip(sums[move], more[move], strict=True):
                total.add_incoming(first[move], before)
                total.add_incoming(now, loop)
        done = builder.append_basic_block("all_bytes")
        builder.cbranch(builder.icmp_signed("<", following, depth), loop, done)
        builder.position_at_end(done)
        for quarter in range(_QUARTERS):
            best = registers.pixel(4, depth.type(_LANES * quarter))
            largest = registers.load(best, _LANES)
            for move in range(MOVES):
                total = more[move][quarter]
                largest = builder.select(builder.icmp_signed(">", total, largest), total, largest)
            registers.store(largest, best)
        return context.get_dummy_value()

    return signature, generate


def _declared(module: Any) -> Any:
    """The instruction: sums, unsigned bytes, signed bytes, all as sixteen int32."""
    found = module.globals.get(_INSTRUCTION)
    return found or ir.Function(module, ir.FunctionType(_SUMS, [_SUMS] * 3), _INSTRUCTION)


@overload(raise_to_largest, inline="always")
def _(marks, moves, starts, depth, best):
    return lambda marks, moves, starts, depth, best: _raise_to_largest(  # type: ignore[call-arg]
        marks, moves, starts, depth, best
    )
