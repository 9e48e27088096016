"""The small faults that can be put into a module, each a change of its syntax tree.

What counts as one, and what does not, is told in docs/mutation.md.
"""

from __future__ import annotations
import __future__

import ast
import copy
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import CodeType

OTHER_SIDE: Final[dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
"""A comparison → its boundary, and its opposite."""

OTHER_SUM: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitAnd,
}
OTHER_CALL: Final = {"any": "all", "all": "any", "min": "max", "max": "min"}
OTHER_CODE: Final = "INTERNAL"

_PLACEHOLDER: Final = re.compile(r"\{\w+\}")
_SENTENCE: Final = re.compile(r"\S \S")


@dataclass(frozen=True, slots=True)
class Name:
    """What a mutant is called: where it is, the line as it stands, and what becomes of what."""

    module: str
    where: str
    """The function, `Class.method`, class or constant."""
    line: str
    was: str
    becomes: str
    number: int = 1
    """Of those that would have the same name, in order."""

    def __str__(self) -> str:
        """For people."""
        nth = f" ({self.number})" if self.number > 1 else ""
        return f"{self.module}.{self.where}{nth}: {self.line}\n      {self.was} → {self.becomes}"


@dataclass(slots=True)
class Mutant:
    """One fault. `lines` are those by which it is known which tests come past it."""

    name: Name
    lines: range
    inside: bool
    """Whether it is in the body of a function."""
    _parent: ast.AST
    _field: str
    _index: int | None
    _new: ast.AST | None
    _tree: ast.Module

    def compiled(self, path: Path, *, whole: bool = False) -> CodeType:
        """The module with this fault; or only what of it stands by itself and has the fault in it."""
        old = getattr(self._parent, self._field)
        if self._index is None:
            setattr(self._parent, self._field, self._new)
        else:
            changed = list(old)
            changed[self._index : self._index + 1] = [] if self._new is None else [self._new]
            setattr(self._parent, self._field, changed)
        if self._new is not None:
            ast.fix_missing_locations(self._new)
        tree = self._tree if whole else ast.Module([self._around()], [])
        try:
            flags = __future__.annotations.compiler_flag
            code: CodeType = compile(tree, str(path), "exec", flags=flags)
            return code
        finally:
            setattr(self._parent, self._field, old)

    def _around(self) -> ast.stmt:
        first = self.lines.start
        return next(one for one in self._tree.body if one.lineno <= first <= (one.end_lineno or 0))


def mutants_of(module: str, source: str) -> list[Mutant]:
    """All faults of a module, in the order of its lines."""
    tree = ast.parse(source)
    finder = _Finder(module, tree, source.splitlines())
    finder.body(tree, "body", _Place())
    seen: Counter[Name] = Counter()
    for one in finder.found:
        seen[one.name] += 1
        one.name = replace(one.name, number=seen[one.name])
    return finder.found


def users_of(source: str, name: str) -> Iterator[range]:
    """The lines of the functions in which a name is used: what a constant or a class is used by."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and any(
            (isinstance(part, ast.Name) and part.id == name)
            or (isinstance(part, ast.Attribute) and part.attr == name)
            for part in ast.walk(node)
        ):
            yield range(node.body[0].lineno, (node.end_lineno or node.lineno) + 1)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the tree something stands."""

    where: tuple[str, ...] = ()
    inside: bool = False
    lines: range = range(0)


@dataclass(slots=True)
class _Finder:
    module: str
    tree: ast.Module
    text: list[str]
    found: list[Mutant] = field(default_factory=list)

    # Statements -------------------------------------------------------------------------------

    def body(self, parent: ast.AST, name: str, place: _Place) -> None:
        """The statements of a block."""
        for index, node in enumerate(getattr(parent, name)):
            self.statement(node, parent, name, index, place)

    def statement(self, node: ast.stmt, parent: ast.AST, name: str, index: int, at: _Place) -> None:
        """A statement and what is in it."""
        if isinstance(node, (ast.Import, ast.ImportFrom)) or _is_text(node) or _never(node):
            return
        here = replace(at, lines=_lines(node))
        match node:
            case ast.ClassDef():
                if all(ast.unparse(base) != "Protocol" for base in node.bases):
                    self.body(node, "body", replace(at, where=(*at.where, node.name)))
            case ast.FunctionDef():
                self.function(node, at)
            case ast.If() | ast.While():
                if ast.unparse(node.test) != "TYPE_CHECKING":
                    self.condition(node, here)
                    self.body(node, "body", at)
                    self.body(node, "orelse", at)
            case ast.For():
                self.expression(node, "iter", None, replace(here, lines=_lines(node.iter)))
                self.body(node, "body", at)
            case ast.Match():
                self.match(node, at)
            case _:
                self.simple(node, parent, name, index, here)

    def simple(self, node: ast.stmt, parent: ast.AST, name: str, index: int, here: _Place) -> None:
        """A statement without a block."""
        if not here.inside and not here.where:
            if _is_alias(node):
                return
            here = replace(here, where=(_target(node),))
        match node:
            case ast.Return(value=value) if value is not None and not _is_one(value):
                self.add(node, "value", None, ast.Constant(None), value, "None", here)
            case ast.Raise() | ast.Expr() | ast.AugAssign() | ast.Continue() | ast.Break():
                if not (isinstance(parent, ast.If) and _alone(parent)):
                    self.add(parent, name, index, ast.Pass(), node, "pass", here)
            case _:
                pass
        if isinstance(node, ast.AugAssign) and type(node.op) in OTHER_SUM:
            turned = copy.copy(node)
            turned.op = OTHER_SUM[type(node.op)]()
            self.add(parent, name, index, turned, node, ast.unparse(turned), here)
        for one in ("value", "exc"):
            if isinstance(getattr(node, one, None), ast.AST):
                self.expression(node, one, None, here)

    def function(self, node: ast.FunctionDef, at: _Place) -> None:
        where = (*at.where, node.name)
        header = replace(at, where=where, lines=_lines(node))
        for name in ("defaults", "kw_defaults"):
            for index, default in enumerate(getattr(node.args, name)):
                if default is not None:
                    self.expression(node.args, name, index, header)
        self.body(node, "body", _Place(where=where, inside=True))

    def condition(self, node: ast.If | ast.While, here: _Place) -> None:
        here = replace(here, lines=_lines(node.test))
        values = (False,) if isinstance(node, ast.While) else (True, False)
        for value in values:
            self.add(node, "test", None, ast.Constant(value), node.test, str(value), here)
        self.expression(node, "test", None, here)

    def match(self, node: ast.Match, at: _Place) -> None:
        self.expression(node, "subject", None, replace(at, lines=_lines(node.subject)))
        for case in node.cases:
            if any(_never(one) for one in case.body):
                continue
            here = replace(at, lines=_lines(case.pattern))
            shown = f"case {ast.unparse(case.pattern)}"
            if case.guard is not None:
                self.add(case, "guard", None, None, case.guard, "no guard", here)
                self.expression(case, "guard", None, here)
            elif not (isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None):
                self.add(
                    case,
                    "guard",
                    None,
                    ast.Constant(value=False),
                    case.pattern,
                    "never",
                    here,
                    was=shown,
                )
            self.pattern(case.pattern, here)
            self.body(case, "body", at)

    def pattern(self, node: ast.pattern, here: _Place) -> None:
        for part in ast.walk(node):
            if isinstance(part, ast.MatchOr):
                for index, one in enumerate(part.patterns):
                    self.alternative(part, index, one, here)
            if isinstance(part, ast.MatchValue):
                self.expression(part, "value", None, here)

    def alternative(self, node: ast.MatchOr, index: int, one: ast.pattern, here: _Place) -> None:
        """`A() | B()` without one of them. A class that stands for none takes its place."""
        nobody = ast.MatchClass(
            ast.Attribute(_name("NotImplemented"), "__class__", ast.Load()), [], [], []
        )
        self.add(node, "patterns", index, nobody, one, "left out", here)

    # Expressions ------------------------------------------------------------------------------

    def expression(self, parent: ast.AST, name: str, index: int | None, here: _Place) -> None:
        """An expression and what is in it."""
        value = getattr(parent, name)
        node = value if index is None else value[index]
        for new in (*_compared(node), *_computed(node)):
            self.add(parent, name, index, new, node, ast.unparse(new), here)
        if isinstance(node, (ast.Set, ast.Tuple, ast.List)):
            self.elements(parent, name, index, node.elts, here)
        match node:
            case ast.Constant() | ast.Attribute(value=ast.Name(id="Code")):
                pass
            case ast.Dict():
                self.entries(node, here)
            case ast.Subscript(slice=ast.Name()):
                self.expression(node, "value", None, here)
            case ast.Lambda():
                self.expression(node, "body", None, here)
            case ast.Call():
                self.fields(node, here)
                self.arguments(node, here)
            case _:
                self.parts(node, here)

    def parts(self, node: ast.AST, here: _Place) -> None:
        """The expressions that an expression is made of."""
        for name, value in ast.iter_fields(node):
            if isinstance(value, ast.expr):
                self.expression(node, name, None, here)
            elif isinstance(value, list):
                for index, one in enumerate(value):
                    if isinstance(one, ast.expr):
                        self.expression(node, name, index, here)
                    elif isinstance(one, ast.comprehension):
                        self.comprehension(one, here)

    def comprehension(self, node: ast.comprehension, here: _Place) -> None:
        """What a comprehension takes, and on which condition."""
        self.expression(node, "iter", None, here)
        for index, test in enumerate(node.ifs):
            shown = f"if {ast.unparse(test)}"
            self.add(node, "ifs", index, None, test, "no condition", here, was=shown)
            self.expression(node, "ifs", index, here)

    def arguments(self, node: ast.Call, here: _Place) -> None:
        """What a call is given; types that it is given are no values."""
        if isinstance(node.func, ast.Attribute):
            self.expression(node.func, "value", None, here)
        if ast.unparse(node.func) in {"cast", "TypeVar", "isinstance", "issubclass"}:
            return
        for position in range(len(node.args)):
            self.expression(node, "args", position, here)
        for one in node.keywords:
            self.expression(one, "value", None, here)

    def elements(
        self, parent: ast.AST, name: str, index: int | None, elements: list[ast.expr], here: _Place
    ) -> None:
        """A display without one of its elements; a set of members of an enum as all of them."""
        value = getattr(parent, name)
        node = value if index is None else value[index]
        kinds = {
            one.value.id
            for one in elements
            if isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name)
        }
        if isinstance(node, ast.Set) and len(kinds) == 1:
            everybody = ast.Call(_name("set"), [_name(next(iter(kinds)))], [])
            self.add(parent, name, index, everybody, node, ast.unparse(everybody), here)
        for position, one in enumerate(elements):
            if isinstance(one, ast.Constant) and _is_sentence(one.value):
                continue
            rest = [*elements[:position], *elements[position + 1 :]]
            new: ast.expr
            if isinstance(node, ast.Set):
                new = ast.Set(rest) if rest else ast.Call(_name("set"), [], [])
            elif isinstance(node, ast.Tuple) and _unpacked(parent, name):
                return
            else:
                new = type(node)(rest, ast.Load())
            shown = ast.unparse(one)
            self.add(parent, name, index, new, one, "left out", here, was=f"{shown} in it")

    def entries(self, node: ast.Dict, here: _Place) -> None:
        """Each entry of a table, whose key names it."""
        for key in node.keys:
            if key is None:
                continue
            inner = here
            if not here.inside:
                inner = replace(here, where=(*here.where, ast.unparse(key)), lines=_lines(key))
            self.expression(node, "values", node.keys.index(key), inner)

    def fields(self, node: ast.Call, here: _Place) -> None:
        """A field that an event or a change loses: the arguments that a constructor gets by name."""
        called = ast.unparse(node.func).rpartition(".")[2]
        changes = called in {"replace", "_changed"}
        if not changes and not called[0].isupper():
            return
        for position, one in enumerate(node.keywords):
            if one.arg is None:
                continue
            shown = ast.unparse(one)
            if changes:
                self.add(node, "keywords", position, None, one.value, "left out", here, was=shown)
            elif not isinstance(one.value, ast.Constant):
                new = ast.Constant(None)
                self.add(one, "value", None, new, one.value, f"{one.arg}=None", here, was=shown)

    def add(
        self,
        parent: ast.AST,
        name: str,
        index: int | None,
        new: ast.AST | None,
        old: ast.AST,
        becomes: str,
        here: _Place,
        *,
        was: str | None = None,
    ) -> None:
        line = self.text[old.lineno - 1].strip()  # type: ignore[attr-defined]
        called = Name(
            module=self.module,
            where=".".join(here.where),
            line=line,
            was=ast.unparse(old) if was is None else was,
            becomes=becomes,
        )
        if new is not None and not hasattr(new, "lineno"):
            ast.copy_location(new, old)
        self.found.append(
            Mutant(called, here.lines, here.inside, parent, name, index, new, self.tree)
        )


def _compared(node: ast.AST) -> list[ast.expr]:
    """What becomes of a comparison, of `and`, `or`, `not`, of a condition."""
    match node:
        case ast.Compare(ops=ops):
            return [
                ast.Compare(node.left, [*ops[:at], other(), *ops[at + 1 :]], node.comparators)
                for at, op in enumerate(ops)
                for other in OTHER_SIDE[type(op)]
            ]
        case ast.BoolOp(op=op, values=values):
            rests = [[*values[:at], *values[at + 1 :]] for at in range(len(values))]
            return [
                ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values),
                *(rest[0] if len(rest) == 1 else ast.BoolOp(op, rest) for rest in rests),
            ]
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            return [operand]
        case ast.IfExp(body=body, orelse=orelse):
            return [body, orelse]
        case _:
            return []


def _computed(node: ast.AST) -> list[ast.expr]:
    """What becomes of a constant, a sum, a code, `any` and the like."""
    match node:
        case ast.Constant(value=value):
            return [ast.Constant(new) for new in _constants(value)]
        case ast.BinOp(op=op) if type(op) in OTHER_SUM:
            return [ast.BinOp(node.left, OTHER_SUM[type(op)](), node.right)]
        case ast.Attribute(value=ast.Name(id="Code"), attr=attr):
            return [
                ast.Attribute(
                    node.value, "NOT_FOUND" if attr == OTHER_CODE else OTHER_CODE, ast.Load()
                )
            ]
        case ast.Call(func=ast.Name(id=called)) if called in OTHER_CALL:
            return [ast.Call(_name(OTHER_CALL[called]), node.args, node.keywords)]
        case _:
            return []


def _is_sentence(value: object) -> bool:
    return isinstance(value, str) and _SENTENCE.search(value) is not None


def _constants(value: object) -> list[bool | int | float | bytes | str]:
    """What a constant becomes. A sentence counts for its placeholders alone."""
    match value:
        case bool():
            return [not value]
        case int() | float():
            return [value + 1]
        case bytes():
            return [b"XX" + value]
        case str() if _is_sentence(value):
            return [value.replace(one, "", 1) for one in _PLACEHOLDER.findall(value)]
        case str():
            return [f"XX{value}"]
        case _:
            return []


def _name(name: str) -> ast.Name:
    return ast.Name(name, ast.Load())


def _lines(node: ast.AST) -> range:
    first: int = node.lineno  # type: ignore[attr-defined]
    last: int = node.end_lineno  # type: ignore[attr-defined]
    return range(first, last + 1)


def _is_text(node: ast.stmt) -> bool:
    """A docstring, wherever it stands, or `...`."""
    if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Constant):
        return False
    return isinstance(node.value.value, str) or node.value.value is ...


def _never(node: ast.stmt) -> bool:
    """`assert_never(event)`: the type checker shows that nothing comes here."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and ast.unparse(node.value.func) == "assert_never"
    )


def _is_one(node: ast.expr) -> bool:
    """None, or a truth value, which is turned round anyway."""
    return isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, bool))


def _alone(node: ast.If) -> bool:
    """Whether without its condition there is nothing else in it: that is a mutant already."""
    return len(node.body) == 1 and not node.orelse


def _is_alias(node: ast.stmt) -> bool:
    """`Event = A | B`, `Role = Literal[...]`: types, which are written in camel case."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Subscript() | ast.BinOp()):
            return not name.isupper() or name.startswith("_KEPT")
        case _:
            return False


def _target(node: ast.stmt) -> str:
    match node:
        case ast.Assign(targets=[target]) | ast.AnnAssign(target=target):
            return ast.unparse(target)
        case _:
            return "(module)"


def _unpacked(parent: ast.AST, name: str) -> bool:
    """Whether what stands here is taken apart at once, so that one element less is an error anyway."""
    return isinstance(parent, ast.Subscript) or (isinstance(parent, ast.Assign) and name != "value")
