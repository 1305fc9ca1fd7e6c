"""Writes random programs whose course depends on what nobody knows, and all that Python makes of them: test/unit/fixtures/pythonDoubts.json.

Usage: python test/corpus/tools/make_python_doubts.py [first seed] [programs]

Every call of `what()` is true or false at random. What the interpreter of the Python language claims to know after such a program has
to be so in every run; it is run with what() always true, always false, and at random. Runs that end with an exception do not count:
the interpreter assumes that none happens.

Not in the programs: a list that is given another name where nobody knows whether it is. What is changed by that name later is not
followed.
"""

import json
import pathlib
import random
import sys
import warnings

RUNS = 24
PRELUDE = """
class O:
    def __init__(self):
        self.p = 1
        self.q = [0]
    def inc(self, n):
        self.p += n
        return self.p
    def put(self, n):
        self.q.append(n)
        if n > 3:
            return None
        self.p = n
    @property
    def r(self):
        return self.p * 2
def push(l, n):
    l.append(n)
    return l
def bump(n):
    global g
    g += n
    return g
a, b, c, g = 1, 2, 3, 0
xs = [1, 2]
ys = xs
zs = [5]
d = {"k": 1, "l": xs}
o = O()
o2 = o
"""
GLOBALS = "global a, b, c, xs, ys, zs, o, o2, w"


class Programs:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.names = 0
        self.depth = 0

    def one_of(self, *options):
        chosen = self.random.choice(options)
        return chosen if isinstance(chosen, str) else chosen()

    def fresh(self, prefix):
        self.names += 1
        return f"{prefix}{self.names}"

    def a_list(self):
        return self.one_of("xs", "ys", "zs", "o.q", "d['l']")

    def number(self, depth=0):
        plain = ["1", "2", "a", "b", "c", "len(xs)", "g", "o.p"]
        if depth == 2:
            return self.one_of(*plain)
        n = lambda: self.number(depth + 1)
        return self.one_of(
            *plain,
            lambda: f"({n()} {self.one_of('+', '-')} {n()})",
            lambda: f"({n()} * 2)",
            lambda: f"({n()} if {self.condition(depth + 1)} else {n()})",
            lambda: f"o.inc({n()})",
            lambda: "o.r",
            lambda: f"bump({n()})",
            lambda: f"(w := {n()})",
            lambda: f"sum([i for i in range(3) if {self.condition(depth + 1)}])",
            lambda: "d.get('k', 0)",
            lambda: f"max({n()}, {n()})",
            lambda: f"len(push({self.a_list()}, {n()}))",
            lambda: f"d.setdefault({self.one_of('1', '2')}, {n()})",
        )

    def condition(self, depth=0):
        chance = self.random.random()
        if chance < 0.35:
            return "what()"
        if chance < 0.45 and depth < 2:
            return f"({self.condition(depth + 1)} {self.one_of('and', 'or')} {self.condition(depth + 1)})"
        if chance < 0.5 and depth < 2:
            return f"not {self.condition(depth + 1)}"
        return f"{self.number(depth + 1)} {self.one_of('<', '>', '==', '!=')} {self.number(depth + 1)}"

    def block(self, indent, in_loop, in_function):
        lines = []
        for _ in range(self.random.randint(1, 3)):
            lines += self.statement(indent, in_loop, in_function)
        return lines

    def statement(self, indent, in_loop, in_function):
        kinds = ["assign"] * 4 + ["change"] * 4 + ["augment", "attribute", "item", "unpack", "and"]
        if self.depth < 4:
            kinds += ["if"] * 4 + ["for"] * 2 + ["while", "try", "function", "with", "match", "raise", "generator"]
        if in_loop:
            kinds += ["leave"] * 2
        if in_function:
            kinds += ["return"]
        self.depth += 1
        lines = getattr(self, self.random.choice(kinds) + "_", None) or self.simple
        made = lines(in_loop, in_function) if lines != self.simple else self.simple()
        self.depth -= 1
        return ["    " * indent + line for line in made]

    def inner(self, in_loop, in_function):
        return self.block(1, in_loop, in_function)

    def maybe(self, chance, head, in_loop, in_function):
        return [head, *self.inner(in_loop, in_function)] if self.random.random() < chance else []

    def simple(self):
        n, name, some = self.number, self.one_of("a", "b", "c"), self.a_list
        target = self.one_of("xs", "ys", "zs")
        return [
            self.one_of(
                lambda: f"{name} = {n()}",
                lambda: f"{name} = {n()}",
                lambda: f"{self.one_of(name, 'o.p', 'o2.p')} += {n()}",
                lambda: f"{target} += [{n()}]",
                lambda: f"{some()}.append({n()})",
                lambda: f"push({some()}, {n()})",
                lambda: f"o.put({n()})",
                lambda: f"bump({n()})",
                lambda: f"{target} = list({some()})",
                lambda: f"d['l'] = list({some()})",
                lambda: f"o.q = [*{some()}]",
                lambda: f"{some()}[0:1] = [{n()}]",
                lambda: f"d.update(m={n()})",
                lambda: f"setattr(o, {self.one_of(repr('p'), repr('s'), 'str().join([' + repr('p') + '])')}, {n()})",
                lambda: f"{self.one_of('o', 'o2')}.{self.one_of('p', 's')} = {n()}",
                lambda: f"d[{self.one_of(repr('k'), repr('n'), n)}] = {n()}",
                lambda: f"{name}, {self.one_of('a', 'b', 'o.p')} = {n()}, {n()}",
                lambda: f"{self.condition()} and push({some()}, {n()})",
            )
        ]

    def if_(self, *where):
        return [
            *[f"if {self.condition()}:", *self.inner(*where)],
            *self.maybe(0.4, f"elif {self.condition()}:", *where),
            *self.maybe(0.5, "else:", *where),
        ]

    def raise_(self, *_):
        return [f"if {self.condition()}:", "    raise ValueError('x')"]

    def leave_(self, *_):
        return [f"if {self.condition()}:", f"    {self.one_of('break', 'continue')}"]

    def return_(self, *_):
        return [f"if {self.condition()}:", f"    return {self.number()}"]

    def for_(self, in_loop, in_function):
        items = self.one_of("range(3)", "list(xs)[:3]", "[1, 2]", "(range(2) if what() else range(1))")
        return [
            *[f"for {self.one_of('i', 'a', 'b')} in {items}:", *self.inner(True, in_function)],
            *self.maybe(0.3, "else:", in_loop, in_function),
        ]

    def while_(self, in_loop, in_function):
        count = self.fresh("n")
        return [
            *[f"{count} = 0", f"while {count} < 3 and {self.condition()}:", f"    {count} += 1"],
            *self.inner(True, in_function),
            *self.maybe(0.3, "else:", in_loop, in_function),
        ]

    def try_(self, *where):
        error = f"raise {self.one_of('ValueError', 'KeyError')}"
        return [
            *["try:", *self.inner(*where)],
            *([f"    if {self.one_of('a > 1', 'b == 2', 'True', 'c < 0')}:", f"        {error}"] if self.random.random() < 0.5 else []),
            *[f"except {self.one_of('ValueError', 'Exception', '(KeyError, ValueError)')}:", *self.inner(*where)],
            *self.maybe(0.3, "else:", *where),
            *self.maybe(0.3, "finally:", False, False),
        ]

    def with_(self, *where):
        return ["with manager() as m:", *self.inner(*where)]

    def match_(self, *where):
        def case(pattern):
            return [f"    case {pattern}:", *self.block(2, *where)]

        last = case("_") if self.random.random() < 0.5 else []
        return [f"match {self.number()}:", *case("1"), *case(f"2 if {self.condition()}"), *last]

    def generator_(self, *_):
        name = self.fresh("h")
        return [
            *[f"def {name}(n):", "    global g", "    yield n"],
            *[f"    if {self.condition()}:", f"        yield {self.number()}", f"    g = {self.number()}", "    yield g"],
            f"{self.one_of('xs', 'zs')} = list({name}({self.number()}))",
        ]

    def function_(self, *_):
        name = self.fresh("f")
        body = self.inner(False, True)
        last = [f"    return {self.number()}"] if self.random.random() < 0.7 else []
        return [
            *[f"def {name}(n, l={self.a_list()}):", f"    {GLOBALS}", *body, *last],
            f"{self.one_of('a', 'b', 't')} = {name}({self.number()})",
        ]


class Manager:
    def __enter__(self):
        return 1

    def __exit__(self, *args):
        return None


def outcome(source, run):
    """What names and attributes hold at the end; None where an exception ends the run."""
    chances = random.Random(run)
    calls = 0

    def what():
        nonlocal calls
        calls += 1
        if calls > 5000:
            raise SystemError("too long")
        return run == 0 if run < 2 else chances.random() < 0.5

    names = {"what": what, "manager": Manager, "__name__": "model"}
    try:
        exec(compile(source, "program", "exec"), names)
        held = {name: repr(names[name]) for name in ("a", "b", "c", "g", "xs", "ys", "zs", "d", "t", "w") if name in names}
    except Exception:
        return None
    held |= {f"o.{name}": repr(value) for name, value in vars(names["o"]).items()}
    held["xs is ys"] = repr(names["xs"] is names["ys"])
    return held


def main():
    first, wanted = (int(argument) for argument in (sys.argv[1:3] or (0, 120)))
    warnings.simplefilter("ignore")
    programs = []
    seed = first
    while len(programs) < wanted:
        maker = Programs(seed)
        lines = [line for _ in range(maker.random.randint(2, 6)) for line in maker.statement(0, False, False)]
        seed += 1
        source = "\n".join(lines) + "\n"
        held = [found for run in range(RUNS) if (found := outcome(PRELUDE + source, run))]
        if not held or len(lines) > 60:
            continue
        names = sorted(set().union(*held))
        programs.append({"source": source, "values": {name: sorted({each.get(name, "") for each in held}) for name in names}})
    path = pathlib.Path(__file__).parents[2] / "unit" / "fixtures" / "pythonDoubts.json"
    path.write_text(json.dumps({"prelude": PRELUDE, "programs": programs}, separators=(",", ":")).replace('{"source"', '\n{"source"') + "\n")
    print(len(programs), "programs, seeds to", seed)


if __name__ == "__main__":
    main()
