"""Writes what Python makes of snippets, which the interpreter of the Python language is held to: test/unit/fixtures/pythonSemantics.json.

Usage: python test/corpus/tools/make_python_semantics.py (any CPython from 3.10; the values have been the same in all of them)
"""

import json
import pathlib
import textwrap

SNIPPETS = r'''
# integers
result = [7 // 2, -7 // 2, 7 // -2, -7 // -2, 7 % 3, -7 % 3, 7 % -3, -7 % -3, 0 % 5, divmod(-17, 5)]
---
result = [7.5 // 2, -7.5 // 2, 7.5 % -2, -7.5 % 2, 1e300 % 7, -0.0 // 3, 6.0 % 3, -6.0 % 3, 0.3 // 0.1, 1 % 0.1]
---
result = [2 ** 10, 2 ** -1, 2 ** 0.5, (-2) ** 3, 0 ** 0, 1 / 3, 6 / 3, 10 / 4, True + True, True * 3, -True, ~5, ~True]
---
result = [5 & 3, 5 | 3, 5 ^ 3, 1 << 10, -5 >> 1, True & False, True | 2, 1 << 40, (1 << 40) | 1, -1 & 0xFF]
---
result = [0x1F, 0o17, 0b101, 1_000_000, 1e3, 1.5e-7, 1e16, 1e22, 123456789012345.0, 1e-4, 1e-5, .5, 5., 2.5e10]
---
result = [round(0.5), round(1.5), round(2.5), round(-0.5), round(2.675, 2), round(0.125, 2), round(0.375, 2), round(1234.5), round(7), round(-2.5)]
---
result = [int(3.9), int(-3.9), int("12"), int(" -7 "), int("ff", 16), int(True), float("1e3"), float("-inf"), float(3), int("1_000")]
---
result = [abs(-3), abs(-2.5), abs(True), min(3, 1, 2), max([1, 5, 3]), min("b", "a"), max((1, 2), (1, 3)), sum([1, 2.5]), sum([[1], [2]], []), max([], default=9)]
---
result = [1 == 1.0, True == 1, 1 < 2 < 3, 1 < 3 < 2, 3 > 2 != 1, 1 == 1 in [1, True], "a" < "b", [1, 2] < [1, 3], (1,) < (1, 0), [2] is not None]
---
calls = []
def f(x):
    calls.append(x)
    return x
value = f(1) < f(0) < f(5)
result = (value, calls)
---
result = [0 or "x", "" and 1, None or 0, [] or {} or (), 1 and 2, not [], not 0.0, 1 if [] else 2, (None or 5) + 1]
---
result = [x for x in range(10) if x % 2 if x > 3], {x: y for x, y in zip("abc", range(3))}, [(i, j) for i in range(3) for j in range(i)], sorted({x % 3 for x in range(9)})
---
x = "outer"
squares = [x * x for x in range(4)]
result = x, squares
---
result = [f() for f in [lambda i=i: i for i in range(3)]], [f() for f in [lambda: i for i in range(3)]]
---
def make():
    count = 0
    def step(by=1):
        nonlocal count
        count += by
        return count
    return step
a, b = make(), make()
result = [a(), a(5), b(), a()]
---
total = 0
def add(n):
    global total
    total += n
add(3); add(4)
result = total
---
def f(x, items=[]):
    items.append(x)
    return items
f(1)
result = f(2), f(3, [0])
---
n = 1
def f(a=n):
    return a
n = 2
result = f(), n
---
def f(a, b=2, *rest, c, d=4, **more):
    return a, b, rest, c, d, more
result = f(1, c=3), f(1, 2, 3, 4, c=5, e=6), f(*[1, 2], **{"c": 3, "z": 1})
---
def f(a, /, b, *, c):
    return a + b + c
result = f(1, 2, c=3), f(1, b=2, c=3)
---
a, *b, c = range(5)
*d, e = "xy"
(f, g), h = (1, 2), 3
[i, [j, *k]] = 1, [2, 3, 4]
result = a, b, c, d, e, f, g, h, i, j, k
---
a = b = [1]
b += [2]
c = a
c = c + [3]
t = (1,)
u = t
u += (2,)
result = a, b, c, t, u
---
x = [1, 2, 3, 4, 5, 6]
result = x[-1], x[1:3], x[::-1], x[::2], x[-2:], x[:-4], x[10:], x[4:1:-1], x[1:100:2], "hello"[1:-1], (1, 2, 3)[1:]
---
x = list(range(6))
x[1:3] = ["a", "b", "c"]
x[0] = "z"
del x[-1]
y = list(range(6))
y[::2] = [0, 0, 0]
del y[1:3]
result = x, y
---
x, y = 1, 2
x, y = y, x + y
d = {}
d["a"], d["b"] = x, y
result = x, y, d
---
out = []
for i in range(5):
    if i == 3:
        break
    out.append(i)
else:
    out.append("else")
for i in range(2):
    pass
else:
    out.append("done")
while out and len(out) > 2:
    out.pop(0)
else:
    out.append("empty")
result = out, i
---
out = []
for i in range(6):
    if i % 2:
        continue
    for j in range(3):
        if j == i:
            break
    else:
        out.append(i)
result = out
---
def f(n):
    while True:
        n -= 1
        if n < 0:
            return "end"
        if n == 3:
            continue
        if n == 1:
            break
    return n
result = f(6), f(0), f(3)
---
class A:
    kind = "A"
    def who(self):
        return "A"
    def name(self):
        return self.who() + self.kind
class B(A):
    kind = "B"
    def who(self):
        return "B" + super().who()
class C(A):
    def who(self):
        return "C" + super().who()
class D(B, C):
    pass
result = D().name(), [c.__name__ for c in D.__mro__[:4]], C().name()
---
class A:
    def __init__(self, x=1):
        self.x = x
        self._y = None
    @property
    def y(self):
        return self._y if self._y is not None else self.x * 10
    @y.setter
    def y(self, value):
        self._y = value
    @classmethod
    def make(cls, n):
        return cls(n)
    @staticmethod
    def twice(n):
        return 2 * n
class B(A):
    def __init__(self, *args, **kwargs):
        super(B, self).__init__(*args, **kwargs)
        self.z = self.x + 1
b = B.make(4)
before = b.y
b.y = 7
result = before, b.y, b.z, type(b).__name__, A.twice(3), b.twice(4), isinstance(b, A), isinstance(A(), B), issubclass(B, A)
---
class Counter:
    count = 0
    def __init__(self):
        Counter.count += 1
        self.id = self.count
a, b = Counter(), Counter()
a.count = 10
result = a.id, b.id, Counter.count, a.count, b.count
---
class V:
    def __init__(self, *xs):
        self.xs = list(xs)
    def __len__(self):
        return len(self.xs)
    def __getitem__(self, i):
        return self.xs[i]
    def __iter__(self):
        return iter(self.xs)
    def __call__(self, k, *, scale=1):
        return [x * k * scale for x in self.xs]
    def __add__(self, other):
        return V(*(self.xs + other.xs))
    def __radd__(self, other):
        return ("r", other)
    def __eq__(self, other):
        return self.xs == other.xs
    def __contains__(self, x):
        return x in self.xs
    def __lt__(self, other):
        return len(self) < len(other)
    def __neg__(self):
        return V(*[-x for x in self.xs])
    def __setitem__(self, i, x):
        self.xs[i] = x
v = V(1, 2) + V(3)
v[0] = 9
w = [*v]
result = len(v), v[-1], w, v(2, scale=3), 1 + v, v == V(9, 2, 3), v != V(1), 2 in v, V(1) < v, v > V(1), (-v).xs, bool(V()), sum(v)
---
from dataclasses import dataclass, field, asdict, replace
@dataclass
class Config:
    d: int = 4
    heads: int = 2
    layers: list = field(default_factory=list)
    head: int = field(init=False)
    def __post_init__(self):
        self.head = self.d // self.heads
@dataclass
class Big(Config):
    heads: int = 8
    extra: str = "x"
a, b = Config(), Config(8, layers=[1])
a.layers.append(5)
c = Big(16, extra="y")
result = a, b, c, a == Config(layers=[5]), replace(b, d=20).head, asdict(b), b.layers
---
from dataclasses import dataclass
from typing import ClassVar, Optional
@dataclass(frozen=True)
class P:
    scale: ClassVar[int] = 3
    x: int
    y: Optional[int] = None
    @property
    def size(self):
        return self.x * self.scale
result = P(2), P(x=1, y=2).size, P(1) == P(1), P(1) == P(2)
---
from collections import namedtuple, OrderedDict, defaultdict, Counter, deque
from typing import NamedTuple
P = namedtuple("P", "x y")
class Q(NamedTuple):
    a: int
    b: int = 5
    def total(self):
        return self.a + self.b
p = P(1, y=2)
x, y = p
d = defaultdict(list)
d["k"].append(1)
d["k"].append(2)
result = p, x + y, p[0], p._replace(x=9), Q(1), Q(1).total(), len(Q(1, 2)), dict(d), list(OrderedDict([("a", 1), ("b", 2)]).items()), dict(Counter("abca")), tuple(Q(3))
---
from enum import Enum, IntEnum, auto
class Color(Enum):
    RED = 1
    BLUE = "b"
    def low(self):
        return self.name.lower()
class Level(IntEnum):
    A = auto()
    B = auto()
class Kind(str, Enum):
    X = "x"
result = Color.RED.value, Color("b").name, Color["RED"].low(), Color.RED is Color(1), Color.RED == Color.BLUE, [c.name for c in Color], Level.B + 1, Level.A < Level.B, Kind.X == "x", Color.RED in (Color.BLUE, Color.RED), Level.B == 2
---
from types import SimpleNamespace
s = SimpleNamespace(a=1, **{"b": 2})
s.c = s.a + s.b
result = s.c, hasattr(s, "a"), hasattr(s, "zz"), getattr(s, "zz", 7), vars(s)
---
class A:
    pass
a = A()
setattr(a, "x" + "1", 5)
a.__dict__["y"] = 6
a.__dict__.update({"z": 7})
delattr(a, "x1")
result = a.y, a.z, hasattr(a, "x1"), getattr(a, "y"), sorted(a.__dict__)
---
class A:
    def __getattr__(self, name):
        return "got " + name
a = A()
a.x = 1
result = a.x, a.other
---
import functools, itertools, operator
from functools import partial, reduce
@functools.lru_cache(maxsize=None)
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)
def deco(f):
    @functools.wraps(f)
    def inner(*args, **kwargs):
        return ("called", f(*args, **kwargs))
    return inner
@deco
def g(x, y=1):
    return x + y
def named(name):
    def wrap(f):
        return lambda *a: (name, f(*a))
    return wrap
@named("n")
@deco
def h():
    return 0
result = fib(15), g(1, y=5), h(), partial(pow, 2)(5), partial(g, y=10)(1), reduce(lambda a, b: a * b, [1, 2, 3, 4]), reduce(operator.add, [1, 2], 10)
---
import itertools
result = list(itertools.product([1, 2], "ab")), list(itertools.chain([1], (2, 3))), list(itertools.combinations(range(4), 2)), list(itertools.permutations([1, 2, 3], 2))[:3], list(itertools.accumulate([1, 2, 3])), list(itertools.repeat(0, 3)), list(itertools.islice(itertools.count(5), 3)), list(zip(itertools.cycle("ab"), range(3))), list(itertools.pairwise([1, 2, 3])), list(itertools.zip_longest([1], [2, 3], fillvalue=0)), list(itertools.chain.from_iterable([[1], [2]]))
---
import math
result = math.sqrt(16), math.ceil(1.2), math.floor(-1.2), math.log2(8), math.prod([2, 3, 4]), math.gcd(12, 18), math.inf, math.pi, math.isqrt(17), math.log10(1000), math.factorial(5), math.comb(5, 2), math.log(math.e), math.trunc(-2.7), math.pow(2, 3), math.isclose(0.1 + 0.2, 0.3), math.exp(0), math.log(8, 2)
---
import copy
class A:
    def __init__(self):
        self.xs = [[1]]
a = A()
b, c = copy.copy(a), copy.deepcopy(a)
a.xs[0].append(2)
a.xs.append(3)
result = b.xs, c.xs, copy.deepcopy({"k": (1, [2])})
---
s = "Hello World"
result = s.lower(), s.upper(), s.split(), "a,b,,c".split(","), "-".join(["x", "y"]), s.replace("o", "0"), s.startswith("He"), s.endswith(("x", "d")), s.find("o"), s.count("l"), "  x ".strip(), "xxaxx".strip("x"), "a.b.c".rsplit(".", 1), "a.b.c".split(".", 1), "abc".isalpha(), "12".isdigit(), "a=b".partition("="), "ab" * 3, "ell" in s, s[0], s.title(), "7".zfill(3), "prefix_x".removeprefix("prefix_"), s.index("W")
---
w, x, name = 8, 3.14159, "n"
result = f"{x:.2f}", f"{x:{w}.1f}|", f"{name!r:>5}", f"{1000000:,}", f"{255:x} {255:#06x}" if False else "", f"{5:03d}", f"{x=:.1f}", f"{name=}", f"{{}}", f"{'a' if w else 'b'}", f"{0.5:.0%}", f"{1e-5}", f"{12345.678:e}", f"{-3:+d} {3:+d}", "{} {0}".format(1) if False else "{1} {0} {k:.1f}".format(1, 2, k=3.0), "%d-%s-%.2f %5.1f" % (3, "s", 2.5, 1.25), f"{'x':>3}{'y':<3}{'z':^3}|", f"{[1, 'a', None]}"
---
result = "a\tb\n\\ \x41 é \u00e9 \101", r"\n", 'it\'s', "say \"hi\"", """two
lines""", "con" "cat" f"{1}", "é"
---
result = repr("it's"), repr('"'), repr("'\""), str(1.0), str(None), repr([1.5, "x", (1,), {}, {"a": True}]), str(()), repr(1e100), repr(-0.0), str(True)
---
d = {"a": 1, "b": 2}
d.update(c=3)
d.setdefault("a", 9)
e = d.copy()
popped = d.pop("b")
missing = d.pop("zz", None)
result = d, list(d.keys()), list(d.values()), list(e.items()), popped, missing, d.get("q"), d.get("q", 5), "a" in d, len(d), {**d, "a": 0}, d | {"z": 1}, dict(a=1, **{"b": 2}), dict([(1, 2)]), {1: "x", 1.5: "y", (1, 2): "z", None: 0}[(1, 2)], dict.fromkeys("ab", 0)
---
result = {True: "t", 1: "one"}, {0: "a", False: "b"}, {1: 2} == {True: 2}
---
x = [3, 1, 2]
y = sorted(x, key=lambda v: -v)
x.sort()
z = sorted(["bb", "a", "ccc"], key=len, reverse=True)
x.insert(1, 9)
x.extend((7, 8))
x.remove(9)
result = x, y, z, x.index(7), x.count(1), list(reversed(x)), x.pop(), x.pop(0), [1, 2] * 2, [0] * 0, [1] + [2], sorted([(1, "b"), (1, "a"), (0, "z")])
---
result = list(enumerate("ab", 1)), list(zip([1, 2, 3], "ab")), list(map(lambda a, b: a + b, [1, 2], [3, 4])), list(filter(None, [0, 1, "", "x"])), any([0, 1]), all([]), all(x > 0 for x in [1, 2]), list(range(5, 0, -2)), list(range(-2, 2)), range(10)[3], len(range(0, 10, 3)), 4 in range(0, 10, 2), list(map(str, (1, 2)))
---
def gen(n):
    for i in range(n):
        if i == 1:
            continue
        yield i
    yield from ("a", "b")
    return
it = iter([1, 2, 3])
first = next(it)
rest = list(it)
result = list(gen(4)), first, rest, next(it, "none"), sum(gen(0), start=[]) if False else None, [*gen(1)]
---
def f(x):
    try:
        if x == 0:
            raise ValueError("zero")
        return [1, 2][x]
    except ValueError as e:
        return "value " + str(e.args[0])
    except (KeyError, IndexError):
        return "index"
    finally:
        log.append(x)
log = []
result = f(0), f(1), f(5), log
---
class E(ValueError):
    def __init__(self, n):
        super().__init__(n)
        self.n = n
def f():
    try:
        raise E(3)
    except KeyError:
        return "key"
    except ValueError as e:
        return e.n, isinstance(e, E), isinstance(e, Exception)
def g():
    try:
        {}["x"]
    except KeyError:
        try:
            1 / 0
        except ArithmeticError:
            return "arithmetic"
def h():
    try:
        f()
    except Exception:
        return "no"
    else:
        return "else"
result = f(), g(), h()
---
class Manager:
    def __init__(self, log):
        self.log = log
    def __enter__(self):
        self.log.append("in")
        return self
    def __exit__(self, *args):
        self.log.append("out")
log = []
with Manager(log) as m, Manager(log):
    m.log.append("body")
result = log
---
def f(x):
    match x:
        case 0 | 1:
            return "small"
        case -1:
            return "minus"
        case [a, *rest] if a > 5:
            return "list", a, rest
        case [a, b]:
            return "pair", a, b
        case {"k": v}:
            return "dict", v
        case str() as s:
            return "str", s
        case None:
            return "none"
        case _:
            return "other"
result = [f(0), f(1), f(-1), f([7, 8, 9]), f((1, 2)), f("x"), f(None), f(2.5)]
---
from dataclasses import dataclass
@dataclass
class P:
    x: int
    y: int
def f(p):
    match p:
        case P(x=0, y=b):
            return "axis", b
        case P(a, b) if a == b:
            return "diagonal"
        case P():
            return "point"
result = f(P(0, 3)), f(P(2, 2)), f(P(1, 2)), f(3)
---
if (n := 10) > 5:
    y = n
values = [last := i for i in range(3)]
while (n := n - 3) > 0:
    pass
result = n, y, last, values
---
def outer():
    x = 1
    class A:
        x = 2
        def get(self):
            return x
        y = [x for _ in range(2)]
        z = x
    return A().get(), A.z, A.y
result = outer()
---
class A:
    n = 3
    squares = [i * i for i in range(n)]
    class Inner:
        value = 5
    inner = Inner()
    def f(self, k=n):
        return k
result = A.squares, A.inner.value, A().f(), A.Inner.value
---
a = {1, 2, 3}
b = {2, 3, 4}
a.add(9)
result = sorted(a | b), sorted(a & b), sorted(a - b), sorted(a ^ b), {1} <= a, a == {9, 3, 2, 1}, len(a), 2 in a, set(), sorted(set("hello")), sorted(a.union([7], b)), {1}.issubset(a), bool(set())
---
def f(*args, **kwargs):
    return args, kwargs
def g(*args, **kwargs):
    return f(1, *args, x=2, **kwargs)
result = g(2, 3, y=4), g(), f(*"ab"), f(*(), **{})
---
x = 5
def f():
    return x
x = 6
def g(h=lambda: x):
    x = 7
    return h(), x
result = f(), g()
---
def compose(*fs):
    def run(x):
        for f in reversed(fs):
            x = f(x)
        return x
    return run
result = compose(lambda x: x + 1, lambda x: x * 2)(5), (lambda *a, k=2: (a, k))(1, 2), (lambda: None)()
---
def f(a):
    a = a + [1]
    return a
def g(a):
    a += [1]
    return a
x, y = [0], [0]
f(x), g(y)
result = x, y
---
class Base:
    def __init_subclass__(cls, **kw):
        pass
    def run(self):
        return self.step(2)
    def step(self, n):
        raise NotImplementedError
class Child(Base):
    def step(self, n):
        return n * 10
    run_again = Base.run
result = Child().run(), Child().run_again(), Base.run(Child())
---
class A:
    def __init__(self):
        self.calls = []
        self.register = self.calls.append
    def f(self):
        self.register(1)
        m = self.f2
        m(2)
        return self.calls
    def f2(self, x):
        self.calls.append(x)
result = A().f()
---
from abc import ABC, abstractmethod
class A(ABC):
    @abstractmethod
    def f(self): ...
    @classmethod
    def new(cls, *a):
        return cls(*a)
    @property
    @abstractmethod
    def p(self): ...
class B(A):
    def f(self):
        return "f"
    @property
    def p(self):
        return "p"
result = B.new().f(), B().p
---
from functools import cached_property
class A:
    n = 0
    @cached_property
    def value(self):
        A.n += 1
        return A.n
a = A()
result = a.value, a.value, A.n
---
class Meta:
    def __new__(cls, *args):
        self = super().__new__(cls)
        self.made = args
        return self
    def __init__(self, x):
        self.x = x
m = Meta(3)
result = m.made, m.x
---
class D(dict):
    def __getattr__(self, k):
        return self[k]
class L(list):
    def first(self):
        return self[0]
d = D(a=1)
d["b"] = 2
l = L([5, 6])
l.append(7)
result = d.a, d["b"], len(d), sorted(d.keys()), l.first(), len(l), list(l), l[1:], isinstance(d, dict)
---
x = 10
x += 5
x -= 1
x *= 2
x //= 3
x **= 2
x %= 50
y = 7
y /= 2
z = "a"
z += "b"
b = 6
b |= 1
b &= 5
b <<= 2
result = x, y, z, b
---
def f(n):
    if n == 0:
        return 0
    elif n < 0:
        return -1
    elif n % 2:
        s = "odd"
    else:
        s = "even"
    return s
result = [f(i) for i in (-1, 0, 1, 2)]
---
matrix = [[1 if j <= i else 0 for j in range(4)] for i in range(4)]
flat = [x for row in matrix for x in row]
transposed = [list(r) for r in zip(*matrix)]
nested = {i: {j: i * j for j in range(2)} for i in range(2)}
result = matrix, sum(flat), transposed, nested
---
class Node:
    def __init__(self, value, next=None):
        self.value, self.next = value, next
    def __iter__(self):
        node = self
        while node:
            yield node.value
            node = node.next
class Up:
    def __init__(self, n):
        self.i, self.n = 0, n
    def __iter__(self):
        return self
    def __next__(self):
        if self.i >= self.n:
            raise StopIteration
        self.i += 1
        return self.i
result = list(Node(1, Node(2, Node(3)))), list(Up(3)), sum(Up(4))
---
def f():
    x = 1
    def g():
        def h():
            nonlocal x
            x += 1
            return x
        return h
    h = g()
    h()
    return h(), x
result = f()
---
a = [[0] * 2] * 2
a[0][0] = 1
b = [[0] * 2 for _ in range(2)]
b[0][0] = 1
c = d = {}
c["x"] = 1
result = a, b, d, a[0] is a[1], b[0] is b[1]
---
first, second = {"a": 1, "b": 2}
(x, y), *others = [(1, 2), 3, 4]
for i, (j, k) in enumerate([(1, 2), (3, 4)]):
    pass
result = first, second, x, y, others, i, j, k, [a + b for a, b in {1: 2}.items()]
---
assert True, "never"
def f(x: int, y: "str" = "d", *, z: float = 1.0) -> tuple[int, str]:
    """Documented."""
    w: list[int] = [x]
    v: int
    return w, y, z
result = f(1), f(2, "e", z=2.5)
---
result = [isinstance(1, int), isinstance(True, int), isinstance(1.0, (int, float)), isinstance("s", str), isinstance([], (tuple, list)), isinstance(None, int), isinstance({}, dict), type(3) is int, type("x") == str, isinstance(3, int | str), callable(len), callable(3)]
---
result = 10 if 5 > 3 else 20, [1, 2][True], "yes" if not None else "no", (1, 2) + (3,), 3 * (0,), -2 ** 2, (-2) ** 2, 2 ** 3 ** 2, not True == False, 1 + 2 * 3 - 4 / 2, 7 - 3 - 2, 1 or 1 / 0
---
layers = []
for i in range(4):
    dim = 8 * 2 ** i
    layers.append((dim, dim // 2 if i else None))
    if i >= 2: break
names = {f"layer_{i}": l for i, l in enumerate(layers)}
result = layers, names, layers[-1][0], sum(d for d, _ in layers)
---
class Config:
    def __init__(self, **kwargs):
        for k, v in kwargs.items():
            setattr(self, k, v)
        self.head_dim = getattr(self, "head_dim", None) or self.d // self.h
    def to_dict(self):
        return {k: v for k, v in self.__dict__.items() if not k.startswith("_")}
c = Config(d=64, h=4, _x=1)
result = c.head_dim, c.to_dict(), Config(d=8, h=2, head_dim=3).head_dim
---
window = 3
def sliding(w):
    def mask(b, h, q, k):
        return q >= k and q - k <= w
    mask.__name__ = f"sliding_{w}"
    return mask
m = sliding(window)
window = 100
result = [[int(m(0, 0, q, k)) for k in range(5)] for q in range(5)], m.__name__
---
import copy
def clones(m, n):
    return [copy.deepcopy(m) for _ in range(n)]
class L:
    def __init__(self): self.w = [0]
ls = clones(L(), 3)
ls[0].w[0] = 5
result = [l.w for l in ls]
'''


def evaluate(source):
    names = {"__name__": "model"}
    exec(compile(source, "snippet", "exec"), names)
    return repr(names["result"])


def main():
    entries = []
    for snippet in SNIPPETS.split("\n---\n"):
        source = textwrap.dedent(snippet).strip("\n") + "\n"
        entries.append({"source": source, "result": evaluate(source)})
    path = pathlib.Path(__file__).parents[2] / "unit" / "fixtures" / "pythonSemantics.json"
    path.write_text(json.dumps(entries, indent=1, ensure_ascii=False) + "\n")
    print(len(entries), "snippets")


if __name__ == "__main__":
    main()
