"""The derivative of a component-wise function, written by machine."""

import math

import numpy as np
import pytest

from reach_gym.differentiable.adjoint import choice, differentiated, noted_root


def made(source):
    space = {"INF": math.inf, "where": np.where, "root": np.sqrt}
    names = ", ".join([*(f"x{k}" for k in range(source.inputs)), *(f"g{k}" for k in range(len(source.outputs)))])
    for name, lines, results in (("forward", source.forward, source.outputs), ("backward", source.backward, source.gradients)):
        taken = ", ".join(f"x{k}" for k in range(source.inputs)) if name == "forward" else names
        exec(f"def {name}({taken}):\n" + "".join(f"    {line}\n" for line in lines) + f"    return ({', '.join(results)},)", space)
    return space["forward"], space["backward"]


def all_operations(x, y, z):
    inside = (x > 0.5) & (y <= 2.0) | (z != 0.25)
    bound = 1.0 - 1.0 * (x < -math.inf)
    return -x * y / (z + 3.0) - 2.0 / y + 0.5, (y - x) * inside + x * (z >= 1.0) * bound, y, 4.0


def test_it_is_that_of_finite_differences_whatever_the_operation():
    source = differentiated(all_operations, 3, 2)
    forward, backward = made(source)
    at, weights = np.array([0.7, 1.3, 0.4]), np.array([1.0, -2.0, 0.3, 5.0])
    assert forward(*at) == all_operations(*at)
    found = backward(*at, *weights)
    assert len(found) == 2
    for k in range(2):
        ends = []
        for sign in (1, -1):
            moved = at.copy()
            moved[k] += sign * 1e-6
            ends.append(weights @ np.array(all_operations(*moved)))
        assert found[k] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-8)


def test_choices_and_roots_have_slopes():
    source = differentiated(lambda x, y: [choice(x > y, x * y, x + 3.0 * y), noted_root(x * x + y)], 2, 2)
    forward, backward = made(source)
    assert forward(2.0, 5.0) == (17.0, 3.0) and forward(5.0, 2.0)[0] == 10.0
    assert backward(2.0, 5.0, 1.0, 6.0) == (1.0 + 2 * 2.0, 3.0 + 1.0) and backward(5.0, 2.0, 1.0, 0.0) == (2.0, 5.0)
    assert backward(0.0, 0.0, 0.0, 1.0) == (0.0, 0.0)  # not infinite


def test_what_is_worked_out_twice_is_worked_out_once():
    def wasteful(x):
        return (x * x + 1.0) / (x * x + 1.0) + 0.0 * x, x + 0, x + 0.0

    source = differentiated(wasteful, 1, 1)
    assert [line.split(" = ")[1] for line in source.forward].count("x0 * x0") == 1
    assert len(source.forward) == 7  # `0` and `0.0` are not the same number
    forward, backward = made(source)
    assert forward(3.0) == (1.0, 3.0, 3.0) and backward(3.0, 0.0, 2.0, 5.0) == (7.0,)


def test_what_does_not_matter_has_the_gradient_0():
    _, backward = made(differentiated(lambda x, y: [1.0 * (x > 0.0)], 2, 2))
    assert backward(1.0, 2.0, 1.0) == (0.0, 0.0)


def test_a_function_that_decides_by_its_numbers_is_refused():
    with pytest.raises(TypeError, match="decide"):
        differentiated(lambda x: [x if x > 0.0 else -x], 1, 1)
