"""The derivative of a component-wise function, written by machine.

What plants and rules do consists of `+ - * /`, comparisons, truth values, choices and square roots, whatever the numbers are.
Called once with numbers that note what is done to them, such a function becomes a list of operations; read backwards, the list is
the source of the derivative (reverse mode). So every plant has an analytic derivative without a line of its own. PyTorch's
automatic one notes the same list anew in every step.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

_Node = tuple[Any, ...]  # operation and what it is of: numbers of nodes, or a constant
_NO_SLOPE = ("input", "constant", "<", "<=", ">", ">=", "==", "!=", "&", "|")


class Tape:
    """The operations noted, each once: what is worked out twice from the same is the same node."""

    def __init__(self) -> None:
        """Nothing is noted."""
        self.nodes: list[_Node] = []
        self._known: dict[Any, int] = {}

    def note(self, kind: str, *of: Any) -> Noted:
        """The number that this operation gives."""
        # 0.0 equals -0.0, and 1 equals True.
        key = (kind, repr(of), type(of[0])) if kind == "constant" else (kind, *of)
        if key not in self._known:
            self._known[key] = len(self.nodes)
            self.nodes.append((kind, *of))
        return Noted(self, self._known[key])

    def number(self, value: Any) -> int:
        """The node of a number, noted or plain."""
        if isinstance(value, Noted):
            return value.node
        return self.note("constant", value if isinstance(value, bool | int) else float(value)).node


class Noted:
    """A number that notes what is done to it."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, tape: Tape, node: int) -> None:
        """Stands for a node of a tape."""
        self.tape, self.node = tape, node

    def _with(self, kind: str, other: Any, turned: bool = False) -> Noted:
        pair = self.node, self.tape.number(other)
        return self.tape.note(kind, *(pair[::-1] if turned else pair))

    def __bool__(self) -> bool:
        raise TypeError("a component-wise function must not decide by its numbers.")

    def __neg__(self) -> Noted:
        return self.tape.note("negative", self.node)


def _operator(kind: str, turned: bool = False) -> Callable[[Noted, Any], Noted]:
    return lambda self, other: self._with(kind, other, turned)


for _name, _kind in (("add", "+"), ("sub", "-"), ("mul", "*"), ("truediv", "/"), ("and", "&"), ("or", "|")):
    setattr(Noted, f"__{_name}__", _operator(_kind))
    setattr(Noted, f"__r{_name}__", _operator(_kind, True))
for _name, _kind in (("lt", "<"), ("le", "<="), ("gt", ">"), ("ge", ">="), ("eq", "=="), ("ne", "!=")):
    setattr(Noted, f"__{_name}__", _operator(_kind))


def choice(condition: Any, one: Any, other: Any) -> Any:
    """`one` where the `condition` holds, a noted one, else the `other`."""
    tape: Tape = condition.tape
    return tape.note("where", *(tape.number(each) for each in (condition, one, other)))


def noted_root(value: Noted) -> Noted:
    """The square root; at 0, where it has no derivative, with the gradient 0."""
    return value.tape.note("root", value.node)


class Source(NamedTuple):
    """The text of a function and of its derivative, as bodies of functions of numbers or arrays.

    The inputs are called ``x0, x1, ...``, and the gradients of the outputs ``g0, g1, ...``. The text may call ``where(condition,
    one, other)`` and ``root(value)``; ``INF`` is infinity.

    Attributes:
        inputs: How many inputs there are.
        forward: The lines that work out the outputs.
        outputs: What the outputs are then called.
        backward: The lines that work out the gradients, from inputs and gradients of outputs alone.
        gradients: What the gradients of the inputs that have one are then called.
    """

    inputs: int
    forward: list[str]
    outputs: list[str]
    backward: list[str]
    gradients: list[str]


def differentiated(function: Callable[..., Sequence[Any]], inputs: int, active: int) -> Source:
    """Notes what a component-wise function does, and writes its derivative.

    Args:
        function: Of numbers; it returns numbers.
        inputs: How many it takes.
        active: The first so many have gradients.

    Raises:
        TypeError: The function decides by its numbers, so that it is not component-wise.
    """
    tape = Tape()
    given = [tape.note("input", k) for k in range(inputs)]
    outputs = [tape.number(value) for value in function(*given)]
    writer = _Writer(tape.nodes, active)
    backward, gradients = writer.backward(outputs)
    return Source(inputs, writer.lines(outputs), [writer.name(node) for node in outputs], backward, gradients)


class _Writer:
    """Writes the lines of a list of nodes."""

    def __init__(self, nodes: list[_Node], active: int) -> None:
        self._nodes = nodes
        self._has_slope: list[bool] = []
        for kind, *of in nodes:
            passes = kind not in _NO_SLOPE and any(self._has_slope[node] for node in of)
            self._has_slope.append(passes or (kind == "input" and of[0] < active))
        self._active = active

    def name(self, node: int) -> str:
        kind, one, *_ = self._nodes[node]
        if kind == "input":
            return f"x{one}"
        if kind != "constant":
            return f"v{node}"
        return f"({'-' * (one < 0)}INF)" if isinstance(one, float) and math.isinf(one) else f"({one!r})"

    def lines(self, wanted: Sequence[int]) -> list[str]:
        """The lines that work out the `wanted` nodes."""
        needed, open_ = set(), list(wanted)
        while open_:
            node = open_.pop()
            if node not in needed and self._nodes[node][0] not in ("input", "constant"):
                needed.add(node)
                open_ += self._nodes[node][1:]
        return [f"v{node} = {self._expression(node)}" for node in sorted(needed)]

    def _expression(self, node: int) -> str:
        kind, *of = self._nodes[node]
        names = [self.name(each) for each in of]
        if kind in ("where", "root"):
            return f"{kind}({', '.join(names)})"
        return f"-{names[0]}" if kind == "negative" else f"{names[0]} {kind} {names[1]}"

    def backward(self, outputs: list[int]) -> tuple[list[str], list[str]]:
        """The lines of the derivative, and the names of the gradients of the active inputs."""
        terms: dict[int, list[str]] = {}
        used: set[int] = set()
        for k, node in enumerate(outputs):
            terms.setdefault(node, []).append(f"g{k}")
        written, gradients = [], ["(0.0)"] * self._active
        for node in range(len(self._nodes) - 1, -1, -1):
            if self._has_slope[node] and node in terms:
                written.append(f"a{node} = {' + '.join(terms[node])}")
                if self._nodes[node][0] == "input":
                    gradients[self._nodes[node][1]] = f"a{node}"
                else:
                    self._pass_on(node, terms, used)
        return self.lines(sorted(used)) + written, gradients

    def _pass_on(self, node: int, terms: dict[int, list[str]], used: set[int]) -> None:
        """Adds what a node's gradient gives to those of what it is made of; notes whose values that takes."""
        for part, text, takes in self._slopes(f"a{node}", node, *self._nodes[node]):
            if self._has_slope[part] and not any(self._nodes[each][:2] == ("constant", 0.0) for each in takes):
                terms.setdefault(part, []).append(text)
                used.update(takes)

    def _slopes(self, a: str, node: int, kind: str, *of: int) -> list[tuple[int, str, tuple[int, ...]]]:
        """What a node's gradient `a` gives to each node that it is made of, and whose values that takes."""
        if kind == "negative":
            return [(of[0], f"(-{a})", ())]
        if kind == "root":
            at = self.name(node)
            return [(of[0], f"{a} * 0.5 * ({at} != 0.0) / ({at} + ({at} == 0.0))", (node,))]
        if kind == "where":
            condition = self.name(of[0])
            return [(of[1], f"where({condition}, {a}, 0.0)", of[:1]), (of[2], f"where({condition}, 0.0, {a})", of[:1])]
        (one, other), (x, y) = of, map(self.name, of)
        if kind in "+-":
            return [(one, a, ()), (other, a if kind == "+" else f"(-{a})", ())]
        if kind == "*":
            return [(one, f"{a} * {y}", (other,)), (other, f"{a} * {x}", (one,))]
        return [(one, f"{a} / {y}", (other,)), (other, f"(-{a} * {self.name(node)} / {y})", (node, other))]
