"""
Whether enclosures hold the exact values, by MPFR at 200 bits (gmpy2, Debian package python3-gmpy2). Work comes on standard input as numbers of the machine's own
byte order; the answer is one JSON object on standard output: how many values were `checked`, how many are `outside`, and the first of these as `examples`.

highPrecision.py operation NAME   rows of float64: the arguments, then lo and hi, which the operation of the arguments must lie between
highPrecision.py programs         straight-line programs, each with bounds of its outputs; the format is at `programs` below
"""

import json
import math
import sys
from array import array

import gmpy2
from gmpy2 import mpfr

gmpy2.get_context().precision = 200


def sigmoid(x):
    return 1 / (1 + gmpy2.exp(-x))


# The model's constants are float64 numbers, of which these are the exact values.
GELU_SCALE = mpfr(2 * math.sqrt(2 / math.pi))
GELU_CUBIC = mpfr(0.044715)
LEAK = mpfr(0.01)

BINARY = {"add": gmpy2.add, "sub": gmpy2.sub, "mul": gmpy2.mul, "div": gmpy2.div}
UNARY = {"exp": gmpy2.exp, "log": gmpy2.log, "sqrt": gmpy2.sqrt, "sin": gmpy2.sin, "cos": gmpy2.cos}
# By other formulas than the evaluator's, where there are others.
ACTIVATIONS = {
    "relu": lambda x: x if x > 0 else mpfr(0),
    "relu-squared": lambda x: x * x if x > 0 else mpfr(0),
    "leaky-relu": lambda x: x if x > 0 else LEAK * x,
    "elu": lambda x: x if x > 0 else gmpy2.expm1(x),
    "sigmoid": sigmoid,
    "tanh": gmpy2.tanh,
    "softplus": lambda x: gmpy2.log1p(gmpy2.exp(x)),
    "silu": lambda x: x * sigmoid(x),
    "gelu": lambda x: x * sigmoid(GELU_SCALE * x * (1 + GELU_CUBIC * x * x)),
}
DISTANCES = {"apart": lambda x, y: abs(x - y)}


class Tally:
    def __init__(self):
        self.checked = 0
        self.outside = 0
        self.examples = []

    def compare(self, lo, value, hi, place):
        """The ternary value `rc` says on which side of the exact value a rounded one is, which decides where it is rounded onto a bound."""
        self.checked += 1
        above = lo < value or (lo == value and value.rc <= 0)
        below = value < hi or (value == hi and value.rc >= 0)
        if not (above and below):
            self.outside += 1
            if len(self.examples) < 5:
                self.examples.append({"place": place(), "lo": repr(lo), "value": str(value), "hi": repr(hi)})

    def print(self):
        print(json.dumps({"checked": self.checked, "outside": self.outside, "examples": self.examples}))


def read(kind, count):
    numbers = array(kind)
    numbers.frombytes(sys.stdin.buffer.read(count * numbers.itemsize))
    return numbers


def operation(name, tally):
    """Bounds that the value is strictly between, nearly all, are settled without a call: there are millions of them."""
    two = BINARY.get(name) or DISTANCES.get(name)
    one = UNARY.get(name) or ACTIVATIONS.get(name)
    columns = 4 if two else 3
    while rows := read("d", 4096 * columns):
        arguments = [rows[i::columns] for i in range(columns - 2)]
        values = map(two or one, *(map(mpfr, argument) for argument in arguments))
        for row, (value, lo, hi) in enumerate(zip(values, rows[columns - 2 :: columns], rows[columns - 1 :: columns])):
            if lo < value < hi:
                tally.checked += 1
            else:
                tally.compare(lo, value, hi, lambda: [argument[row] for argument in arguments])


def programs(tally):
    """
    A program is four 32-bit integers (its number; how many steps, constants and outputs it has), then (operation, operand, operand) for each step, the steps that are
    its outputs, the constants, and lo and hi of each output. Operation 0 takes a constant, the others are those of `BINARY`, then of `UNARY`, whose operands are
    earlier steps.
    """
    functions = [None, *BINARY.values(), *UNARY.values()]
    last_binary = len(BINARY)
    while head := read("i", 4):
        number, steps, constants, outputs = head
        code = iter(read("i", 3 * steps))
        wanted = read("i", outputs)
        exact = [mpfr(x) for x in read("d", constants)]
        bounds = read("d", 2 * outputs)
        values = []
        for kind, a, b in zip(code, code, code):
            if kind == 0:
                values.append(exact[a])
            elif kind <= last_binary:
                values.append(functions[kind](values[a], values[b]))
            else:
                values.append(functions[kind](values[a]))
        for output, step in enumerate(wanted):
            tally.compare(bounds[2 * output], values[step], bounds[2 * output + 1], lambda: [number, output])


tally = Tally()
if sys.argv[1] == "operation":
    operation(sys.argv[2], tally)
else:
    programs(tally)
tally.print()
