"""What kernels do with eight numbers at once, as instructions for the compiler.

numba compiles loops; these instructions are what its loops do not become. LLVM fits them to the
machine, so one with shorter registers does the same in two steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir

LANES = 8  # float32 in a register of 256 bits; pixels of a row of a block
INT = ir.IntType(32)
_PLACE = ir.IntType(64)
INTS, FLOATS = (ir.VectorType(kind, LANES) for kind in (INT, ir.FloatType()))
# A sum may be reordered and fused; what is not a number stays one.
_FLAGS = ("reassoc", "contract", "arcp", "nsz")


class Registers:
    """Instructions, in the order in which the methods are called, of a function being compiled.

    `kinds` are numba's types of its arguments.
    """

    def __init__(self, context: Any, builder: Any, kinds: Any, arguments: Any) -> None:
        self.context, self.builder = context, builder
        self._kinds, self._arguments = kinds, arguments

    def array(self, number: int) -> Any:
        """The array that is the argument of this number: `.data`, `.shape`."""
        make = self.context.make_array(self._kinds[number])
        return make(self.context, self.builder, self._arguments[number])

    def size(self, number: int, axis: int) -> Any:
        """Of that array, along an axis."""
        return self.builder.extract_value(self.array(number).shape, axis)

    def pixel(self, number: int, place: Any = None) -> Any:
        """Where a number of that array is, counted from its first."""
        data = self.array(number).data
        return data if place is None else self.beyond(data, place)

    def beyond(self, pixel: Any, step: Any) -> Any:
        """Where the number is that comes so many after another."""
        return self.builder.gep(pixel, [_PLACE(step) if isinstance(step, int) else step])

    def load(self, pixel: Any, lanes: int = LANES) -> Any:
        kind = ir.VectorType(pixel.type.pointee, lanes).as_pointer()
        return self.builder.load(self.builder.bitcast(pixel, kind), align=4)

    def store(self, numbers: Any, pixel: Any) -> None:
        self.builder.store(numbers, self.builder.bitcast(pixel, numbers.type.as_pointer()), align=4)

    def rows(self, pixel: Any, step: Any) -> list[Any]:
        """Eight rows of eight, from one to the next `step` numbers."""
        found = []
        for _ in range(LANES):
            found.append(self.load(pixel))
            pixel = self.beyond(pixel, step)
        return found

    def constant(self, *numbers: float) -> Any:
        """One number in all lanes, or eight."""
        lanes = numbers if len(numbers) == LANES else numbers * LANES
        return ir.Constant(FLOATS, [float(number) for number in lanes])

    def measured(self, numbers: Any) -> Any:
        """1 where a number is not 0."""
        none = self.constant(0.0)
        differs = self.builder.fcmp_unordered("!=", numbers, none)
        return self.builder.select(differs, self.constant(1.0), none)

    def splat(self, number: Any, lanes: int = LANES) -> Any:
        """The same number in all lanes."""
        kind = ir.VectorType(number.type, lanes)
        one = self.builder.insert_element(ir.Constant(kind, ir.Undefined), number, INT(0))
        return self.shuffle(one, one, [0] * lanes)

    def shuffle(self, one: Any, two: Any, lanes: Sequence[int]) -> Any:
        """Lanes of one, numbered from 0, and of two, numbered on, in a new order."""
        order = ir.Constant(ir.VectorType(INT, len(lanes)), list(lanes))
        return self.builder.shuffle_vector(one, two, order)

    def lane(self, numbers: Any, k: int) -> Any:
        return self.builder.extract_element(numbers, INT(k))

    def add(self, one: Any, two: Any) -> Any:
        return self.builder.fadd(one, two, flags=_FLAGS)

    def subtract(self, one: Any, two: Any) -> Any:
        return self.builder.fsub(one, two, flags=_FLAGS)

    def multiply(self, one: Any, two: Any) -> Any:
        return self.builder.fmul(one, two, flags=_FLAGS)

    def divide(self, one: Any, two: Any) -> Any:
        return self.builder.fdiv(one, two, flags=_FLAGS)

    def between(self, one: Any, two: Any, share: Any) -> Any:
        """From one to two, by a share of the way."""
        return self.add(one, self.multiply(share, self.subtract(two, one)))

    def product(self, ones: Sequence[Any], twos: Sequence[Any]) -> Any:
        """The products of rows, lane by lane, added up over the rows."""
        total = None
        for one, two in zip(ones, twos, strict=True):
            product = self.multiply(one, two)
            total = product if total is None else self.add(total, product)
        return total

    def sums(self, rows: Sequence[Any]) -> Any:
        """The sum over the lanes of each of up to eight rows; of the first in the first lane."""
        none = self.constant(0.0)
        rows = [*rows, *[none] * (LANES - len(rows))]
        # Halves of rows four apart are joined and added, then pairs of rows two apart, then ...
        for apart, first, second in (
            (4, [0, 1, 2, 3, 8, 9, 10, 11], [4, 5, 6, 7, 12, 13, 14, 15]),
            (2, [0, 1, 8, 9, 4, 5, 12, 13], [2, 3, 10, 11, 6, 7, 14, 15]),
            (1, [0, 8, 2, 10, 4, 12, 6, 14], [1, 9, 3, 11, 5, 13, 7, 15]),
        ):
            pairs = zip(rows[:apart], rows[apart:], strict=True)
            rows = [
                self.add(self.shuffle(one, two, first), self.shuffle(one, two, second))
                for one, two in pairs
            ]
        return rows[0]

    def columns(self, pairs: Sequence[Any]) -> tuple[Any, Any]:
        """Eight pairs as two columns of eight."""
        quads = [self.shuffle(pairs[k], pairs[k + 1], range(4)) for k in range(0, LANES, 2)]
        one, two = (self.shuffle(quads[k], quads[k + 2], range(LANES)) for k in range(2))
        left, right = [0, 2, 8, 10, 4, 6, 12, 14], [1, 3, 9, 11, 5, 7, 13, 15]
        return self.shuffle(one, two, left), self.shuffle(one, two, right)
