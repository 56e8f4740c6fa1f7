"""A component-wise function of blocks and its derivative (`reach_gym.differentiable.adjoint`), over all rows at once.

On the CPU both are compiled with Numba where that is installed; else, and on other devices, they work on whole lines.
"""

from __future__ import annotations

import importlib.util
import math
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from reach_gym.differentiable.adjoint import differentiated
from reach_gym.differentiable.blocks import Block
from reach_gym.reach.events import pick


class Arranged(NamedTuple):
    """How a block lies in memory.

    Attributes:
        size: How many numbers each row has.
        order: ``"lines"``: (size, n); ``"rows"``: (n, size); ``"shared"``: (size,), an array of what is the same for all rows.
    """

    size: int
    order: str = "lines"

    def cell(self, block: str, k: int) -> str:
        """The text of number `k` of row i."""
        return {"lines": f"{block}[{k}, i]", "rows": f"{block}[i, {k}]", "shared": f"{block}[{k}]"}[self.order]

    def parts(self, block: Block) -> Any:
        """Each number, of all rows; views."""
        if self.order == "shared":
            return block.tolist()
        turned = block if self.order == "lines" else block.T
        return turned.unbind(0) if isinstance(block, Tensor) else turned


class Written:
    """A function and its derivative."""

    def __init__(
        self, function: Callable[..., Any], inputs: Sequence[Arranged], active: int, outputs: Sequence[Arranged], sloped: int
    ) -> None:
        """Writes the derivative of a component-wise `function`.

        Args:
            function: Of the numbers of all `inputs`; it returns those of all `outputs`.
            inputs: The blocks that it takes.
            active: The first so many have gradients.
            outputs: The blocks that it makes.
            sloped: The first so many have gradients.
        """
        source = differentiated(function, sum(each.size for each in inputs), sum(each.size for each in inputs[:active]))
        self.forward = _Loop([("x", inputs)], source.forward, source.outputs, outputs)
        """``forward(*inputs, *outputs)`` writes the outputs."""
        given = [("x", inputs), ("g", outputs[:sloped])]
        self.backward = _Loop(given, source.backward, source.gradients, inputs[:active])
        """``backward(*inputs, *gradients of outputs, *gradients of inputs)`` writes those of the inputs."""


class _Loop:
    """Lines of a function that are worked out for all rows."""

    def __init__(
        self, given: Sequence[tuple[str, Sequence[Arranged]]], lines: list[str], results: list[str], into: Sequence[Arranged]
    ) -> None:
        self._given, self._into = [layout for _, layouts in given for layout in layouts], into
        names = [f"{letter}{k}" for letter, layouts in given for k in range(sum(each.size for each in layouts))]
        body = "".join(f"    {line}\n" for line in lines)
        text = f"def made({', '.join(names)}):\n{body}    return ({', '.join(results)},)\n"
        self._of_arrays = _made(text, np.where, np.sqrt)
        self._of_tensors = _made(text, torch.where, torch.sqrt)
        self._compiled: Any = None
        if importlib.util.find_spec("numba"):
            self._compiled = _compiled(_loop(names, self._given, lines, results, into))

    def __call__(self, *blocks: Block) -> None:
        """Takes blocks, and overwrites those that come last."""
        if self._compiled is not None and not isinstance(blocks[0], Tensor):
            self._compiled(*blocks)
            return
        taken, put = blocks[: len(self._given)], blocks[len(self._given) :]
        numbers = (part for layout, block in zip(self._given, taken, strict=True) for part in layout.parts(block))
        made = iter((self._of_tensors if isinstance(blocks[0], Tensor) else self._of_arrays)(*numbers))
        for layout, block in zip(self._into, put, strict=True):
            # In this order the numbers of one block are used up before those of the next.
            for part, value in zip(layout.parts(block), made):  # noqa: B905
                part[:] = value


def _loop(names: list[str], given: Sequence[Arranged], lines: list[str], results: list[str], into: Sequence[Arranged]) -> str:
    """The text of a loop over the rows of blocks."""
    cells = [layout.cell(f"b{number}", k) for number, layout in enumerate(given) for k in range(layout.size)]
    used = set(re.findall(r"\b[xg]\d+\b", " ".join([*lines, *results])))
    taken = [f"{name} = {cell}" for name, cell in zip(names, cells, strict=True) if name in used]
    cells = [layout.cell(f"into{number}", k) for number, layout in enumerate(into) for k in range(layout.size)]
    put = [f"{cell} = {result}" for cell, result in zip(cells, results, strict=True)]
    blocks = [*(f"b{number}" for number in range(len(given))), *(f"into{number}" for number in range(len(into)))]
    rows = f"b0.shape[{1 if given[0].order == 'lines' else 0}]"
    body = "".join(f"        {line}\n" for line in [*taken, *lines, *put])
    return f"def made({', '.join(blocks)}):\n    for i in range({rows}):\n{body}"


def _compiled(text: str) -> Any:
    import numba
    from numba.extending import register_jitable

    from reach_gym.rows.compiled import kept

    return kept(numba.njit(error_model="numpy")(_made(text, register_jitable(pick), math.sqrt)), text)


def _made(text: str, where: Any, root: Any) -> Callable[..., Any]:
    space: dict[str, Any] = {"__name__": __name__, "INF": float("inf"), "where": where, "root": root}
    # Made of the operations of component-wise functions and nothing else. Numba keeps machine code beside a function's file.
    exec(compile(text, __file__, "exec"), space)
    made: Callable[..., Any] = space["made"]
    return made
