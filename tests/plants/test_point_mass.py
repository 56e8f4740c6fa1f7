"""One time step of the cursor: four back ends with the same bits, gradients, and the physics by hand."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from reach_gym import fields
from reach_gym.fields import CURSOR_PRESETS, NULL, ForceField, channel, force_of
from reach_gym.plants import bounds, turns
from reach_gym.plants.bounds import confine
from reach_gym.plants.point_mass import PointMass, step, stop
from reach_gym.plants.turns import swing, turn

torch = pytest.importorskip("torch")
numba = pytest.importorskip("numba")
from reach_gym.rows.compiled import register  # noqa: E402

register(fields, turns, bounds, PointMass)

DT, STEPS, ROWS = 0.01, 50, 2
EVERYWHERE = (-math.inf, -math.inf, math.inf, math.inf)
cases = settings(max_examples=200, deadline=None)


def numbers(span):
    return st.floats(-span, span)


def many(span, count):
    return st.tuples(*[numbers(span)] * count)


# The 16 numbers of a field: a region that the paths enter and leave, push (N), viscosity (N s/m), stiffness (N/m), origin (m).
regions = st.tuples(numbers(0.1), numbers(0.1), st.floats(0, 0.3), st.floats(0, 0.3)).map(lambda r: (r[0], r[1], r[0] + r[2], r[1] + r[3]))
numbers_of_a_field = st.tuples(st.one_of(st.just(EVERYWHERE), regions), many(20, 2), many(30, 4), many(100, 4), many(0.1, 2)).map(
    lambda parts: tuple(n for part in parts for n in part)
)
seeds = st.integers(0, 2**32 - 1)


def after(field, scale, x, y, vx, vy, ux, uy, rate, damping, limit, cosine, sine):
    """One step of everything that moves: hand (x, y, vx, vy) and cursor (x, y). The same lines for all back ends."""
    params = (rate, rate * damping, DT, limit)
    moved, fx, fy = step((x, y, vx, vy), (ux, uy), scale, field, params)
    x, y, vx, vy = stop(moved, params)
    dx, dy = swing(x, y, cosine, sine)
    return x, y, vx, vy, x + dx, y + dy


_after = numba.njit(after)


@numba.njit
def numba_path(field, scale, state, pushes, rate, damping, limit, degrees, out):
    cosine, sine = turn(degrees)
    for i in range(state.shape[1]):
        x, y, vx, vy = state[0, i], state[1, i], state[2, i], state[3, i]
        for s in range(len(pushes)):
            now = _after(field, scale, x, y, vx, vy, pushes[s, 0, i], pushes[s, 1, i], rate, damping, limit, cosine, sine)
            x, y, vx, vy = now[0], now[1], now[2], now[3]
            for n in range(6):
                out[s, n, i] = now[n]


def path(field, scale, state, pushes, rate, damping, limit, degrees):
    """The path as a list of six values per step: floats, arrays or tensors as `state` and `pushes` are."""
    cosine, sine = turn(degrees)
    hand, out = tuple(state), []
    for ux, uy in pushes:
        out.append(after(field, scale, *hand, ux, uy, rate, damping, limit, cosine, sine))
        hand = out[-1][:4]
    return out


def beginnings(seed, steps=STEPS, rows=ROWS):
    """Hands somewhere in the arena, and a random walk of the hand's force."""
    generator = np.random.default_rng(seed)
    state = np.concatenate([generator.uniform(-0.2, 0.2, (2, rows)), generator.uniform(-1, 1, (2, rows))])
    return state, np.clip(np.cumsum(generator.normal(0, 2, (steps, 2, rows)), axis=0), -10, 10)


@cases
@given(numbers_of_a_field, numbers(2), seeds, st.floats(0.1, 10), st.floats(0, 20), numbers(360))
def test_four_back_ends_give_the_same_bits(field, scale, seed, mass, damping, degrees):
    """Python floats, NumPy, Numba and torch: `==` after 50 steps in and out of a region and against the walls."""
    state, pushes = beginnings(seed)
    rest = (DT / mass, damping, 0.2, degrees)
    arrays = np.array(path(field, scale, state, pushes, *rest))
    tensors = path(field, scale, torch.from_numpy(state), torch.from_numpy(pushes), *rest)
    compiled = np.empty((STEPS, 6, ROWS))
    numba_path(field, scale, state, pushes, *rest, compiled)
    assert np.isfinite(arrays).all()
    assert np.array_equal(arrays, compiled)
    assert all(value.dtype == torch.float64 for value in tensors[-1])
    assert arrays.tolist() == [[value.tolist() for value in now] for now in tensors]
    for i in range(ROWS):
        floats = path(field, scale, state[:, i].tolist(), pushes[:, :, i].tolist(), *rest)
        assert all(type(value) is float for value in floats[-1])
        assert np.array(floats).tolist() == arrays[:, :, i].tolist()


@pytest.mark.parametrize("inputs", ["tensors", "numbers"])
def test_tensors_of_everything_give_the_same_bits(inputs):
    """Field, mass and rotation as tensors too (one per row), and as plain numbers next to tensors without dimensions."""
    generator = np.random.default_rng(3)
    state, pushes = beginnings(4, rows=50)
    field = [*np.full((2, 50), -0.1), *np.full((2, 50), 0.05), *generator.uniform(-20, 20, (10, 50)), *generator.uniform(-0.1, 0.1, (2, 50))]
    scale, rate, damping, degrees = generator.uniform(-1, 1, 50), 0.01 / generator.uniform(0.5, 2, 50), np.full(50, 0.7), generator.uniform(-90, 90, 50)
    arrays = np.array(path(field, scale, state, pushes, rate, damping, 0.2, degrees))
    assert (abs(arrays[:, :2]) == 0.2).any() and (abs(arrays[-1, :2]) < 0.2).any()
    if inputs == "tensors":
        given_ = [torch.from_numpy(np.array(value)) for value in (field, scale, state, pushes, rate, damping)]
        tensors = path(*given_, torch.full((50,), 0.2, dtype=torch.float64), torch.from_numpy(degrees))
        assert arrays.tolist() == [[value.tolist() for value in now] for now in tensors]
        return
    for i in range(0, 50, 10):
        row = [float(n[i]) for n in field], float(scale[i])
        single = path(*row, torch.from_numpy(state[:, i]), torch.from_numpy(pushes[:, :, i]), float(rate[i]), 0.7, 0.2, float(degrees[i]))
        assert all(value.dtype == torch.float64 for value in single[-1])
        assert arrays[:, :, i].tolist() == [[value.item() for value in now] for now in single]


@pytest.mark.parametrize("seed", range(5))
def test_gradients_equal_finite_differences(seed):
    """200 fields, each with a derivative along a random direction of state, forces, field, mass, damping and rotation; no bound of a
    region is near, since there the force jumps."""
    generator = np.random.default_rng(seed)
    state, pushes = beginnings(seed, rows=200)
    spans = [10] * 2 + [15] * 4 + [30] * 4 + [0.1] * 2  # push, viscosity, stiffness, origin
    field = generator.uniform(-1, 1, (12, 200)) * np.array(spans)[:, None]
    rest = generator.uniform([[-1], [0.005], [0], [-180]], [[1], [0.02], [5], [180]], (4, 200))  # scale, dt / mass, damping, degrees
    point = np.concatenate([state, field, rest, pushes.reshape(-1, 200)])
    weight, along = generator.normal(size=(STEPS * 6, 200)), generator.normal(size=point.shape)
    along[17] *= 1e-3
    bounds = np.where(generator.random(200) < 0.5, np.inf, 50.0) * np.array([[-1], [-1], [1], [1]])

    def states(at, region):
        """Every number on the way."""
        pushes = zip(at[20::2], at[21::2], strict=True)
        steps = path((*region, *at[4:16]), at[16], at[:4], pushes, at[17], at[18], 1e3, at[19])
        return [value for now in steps for value in now]

    leaf = torch.tensor(point, requires_grad=True)
    (torch.stack(states(leaf.unbind(), torch.from_numpy(bounds))) * torch.from_numpy(weight)).sum().backward()
    gradient, h = leaf.grad.numpy(), 1e-6
    up, down = (np.array(states(point + side * along, bounds)) for side in (h, -h))
    error = (gradient * along).sum(axis=0) - (weight * (up - down)).sum(axis=0) / (2 * h)
    assert (np.abs(error) <= 1e-7 * np.abs(gradient * along).sum(axis=0)).all()
    assert (gradient != 0).mean() > 0.95  # but for what the last forces cannot reach, everything counts


def test_the_gradient_stops_at_the_wall():
    x, v = (torch.tensor([0.15, 0.35, -0.9], dtype=torch.float64, requires_grad=True) for _ in range(2))
    place, speed = confine(x, v, 0.2)
    assert place.tolist() == [0.15, 0.2, -0.2] and speed.tolist() == [0.15, 0.0, 0.0]
    (place + speed).sum().backward()
    assert x.grad.tolist() == v.grad.tolist() == [1, 0, 0]


def test_the_gradient_stops_outside_the_region():
    v = torch.tensor([1.0, 1.0], dtype=torch.float64, requires_grad=True)
    x = torch.tensor([0.0, 2.0], dtype=torch.float64)
    fx, fy = force_of(2.0, x, x, v, v, -1.0, -1.0, 1.0, 1.0, *CURSOR_PRESETS["curl_ccw"].numbers[4:])
    assert (fx.tolist(), fy.tolist()) == ([-26.0, 0.0], [26.0, 0.0])
    fy.sum().backward()
    assert v.grad.tolist() == [26.0, 0.0]


CURL = CURSOR_PRESETS["curl_ccw"].numbers


def run(state, field, seconds, dt, mass=1.0, damping=0.0, command=(0.0, 0.0)):
    """The states at the times 0, dt, ... under a constant command, and the field's mean force in each step."""
    states, forces, params = [state], [], (dt / mass, dt / mass * damping, dt, 1e9)
    for _ in range(round(seconds / dt)):
        state, fx, fy = step(state, command, 1.0, field, params)
        states.append(state)
        forces.append((fx, fy))
    return np.array(states), np.array(forces)


def exact(state, field, seconds, mass=1.0, damping=0.0, command=(0.0, 0.0)):
    """The state after so many seconds, by a solver of order 8 that shares no code with the step."""

    def rate(_, s):
        fx, fy = force_of(1.0, *s, *field)
        return [s[2], s[3], (command[0] + fx - damping * s[2]) / mass, (command[1] + fy - damping * s[3]) / mass]

    return solve_ivp(rate, (0.0, seconds), state, "DOP853", rtol=1e-12, atol=1e-14).y[:, -1]


def test_one_step_by_hand():
    """m = 2 kg, dt = 0.5 s, 6 N along x, no damping: v = 1 + 0.25 * 6, x = 3 + 0.5 * (1 + 2.5) / 2; nothing along y but drift."""
    moved, fx, fy = step((3.0, 0.0, 1.0, -4.0), (6.0, 0.0), 0.0, None, (0.25, 0.0, 0.5, 9.0))
    assert (moved, fx, fy) == ((3.875, -2.0, 2.5, -4.0), 0.0, 0.0)
    # With a damping of 4 N s/m, z = -1: D = 1 + 1/2 + 1/12 = 19/12, N = 1 - 1/2 + 1/12 = 7/12; the place moves by the mean 12/19.
    (x, _, vx, _), _, _ = step((0.0, 0.0, 19.0, 0.0), (0.0, 0.0), 0.0, None, (0.25, 1.0, 0.5, 99.0))
    assert (x, vx) == pytest.approx((0.5 * 12, 7))


def test_a_constant_force_moves_as_newton_says():
    states, _ = run((0.0, 0.0, 0.0, 0.0), None, 1.0, DT, mass=2.0, command=(3.0, -1.5))
    time = np.arange(101) * DT
    assert states[:, 2:] == pytest.approx(np.stack([1.5 * time, -0.75 * time], axis=1), abs=1e-12)
    assert states[:, :2] == pytest.approx(np.stack([0.75 * time**2, -0.375 * time**2], axis=1), abs=1e-12)


@pytest.mark.parametrize("damping", [4.0, 90.0, 1e6])
def test_damping_alone_slows_down_as_the_exponential_does_and_never_turns_back(damping):
    states, _ = run((0.0, 0.0, 1.0, 0.0), None, 0.5, DT, mass=0.5, damping=damping)
    assert (states[:, 2] > 0).all() and (np.diff(states[:, 2]) <= 0).all()
    if damping == 4.0:
        assert states[:, 2] == pytest.approx(np.exp(-8.0 * DT * np.arange(51)), abs=1e-6)


@pytest.mark.parametrize("viscosity", [13.0, 30.0])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_an_ideal_curl_does_no_work_and_leads_in_the_exact_circle(viscosity, sign):
    """A free hand of 1 kg at 0.5 m/s for 0.5 s, in steps of 10 ms: once its energy grew 2.31-fold and it ended 19 mm off."""
    field = ForceField(viscosity=((0.0, -sign * viscosity), (sign * viscosity, 0.0))).numbers
    states, forces = run((0.0, 0.0, 0.5, 0.0), field, 0.5, DT)
    energy = (states[:, 2:] ** 2).sum(axis=1) / 0.25
    assert energy == pytest.approx(np.ones(51), abs=1e-12)  # asked: 0.1 %
    turned, radius = viscosity * DT * np.arange(51), 0.5 / viscosity
    circle = radius * np.stack([np.sin(turned), sign * (1 - np.cos(turned))], axis=1)
    assert np.hypot(*(states[:, :2] - circle).T).max() < 1e-5  # 0.01 mm; asked: 0.5 mm
    # The power of the field at the hand: its mean force times the mean velocity of each step.
    power = (forces * np.diff(states[:, :2], axis=0) / DT).sum(axis=1)
    assert np.abs(power).max() < 1e-9


@pytest.mark.parametrize("name", [name for name in CURSOR_PRESETS if name != "push"])
def test_every_field_agrees_with_a_solver_of_high_order(name):
    state, field = (0.01, -0.02, 0.3, -0.1), CURSOR_PRESETS[name].numbers
    states, _ = run(state, field, 0.3, DT, damping=5.0, command=(1.0, -2.0))
    assert np.hypot(*(states[-1, :2] - exact(state, field, 0.3, damping=5.0, command=(1.0, -2.0))[:2])) < 1e-5


def test_the_mean_force_is_what_changes_the_momentum():
    states, forces = run((0.0, 0.01, 0.3, 0.2), (*CURL[:8], 4.0, *CURL[9:]), 0.3, DT, mass=2.0)
    assert 2.0 * np.diff(states[:, 2:], axis=0) == pytest.approx(DT * forces, abs=1e-12)


def test_a_stiff_field_keeps_its_energy_on_the_whole_and_errs_to_the_second_order():
    field = ForceField(stiffness=((-400.0, 0.0), (0.0, -400.0))).numbers  # a period of 0.31 s
    errors = []
    for dt in (0.01, 0.005, 0.0025):
        states, _ = run((0.05, 0.0, 0.0, 0.6), field, 1.0, dt)
        energy = 0.5 * (states[:, 2:] ** 2).sum(axis=1) + 200.0 * (states[:, :2] ** 2).sum(axis=1)
        assert np.abs(energy / energy[0] - 1).max() < 0.02
        errors.append(np.hypot(*(states[-1, :2] - exact((0.05, 0.0, 0.0, 0.6), field, 1.0)[:2])))
    assert [coarse / fine for coarse, fine in zip(errors, errors[1:], strict=False)] == pytest.approx([4, 4], rel=0.05)


@cases
@given(numbers_of_a_field, seeds, st.sampled_from([0.0, -0.0]))
def test_a_field_of_gain_zero_is_no_field(field, seed, zero):
    state, pushes = beginnings(seed)
    rest = (DT, 0.0, 0.2, 0.0)
    assert np.array_equal(path(field, zero, state, pushes, *rest), path(NULL.numbers, 1.0, state, pushes, *rest))


@cases
@given(numbers_of_a_field, numbers(2), seeds, st.floats(0, 10), numbers(360))
def test_a_mirrored_field_gives_the_mirrored_path(field, scale, seed, damping, degrees):
    """Mirror everything at the y axis: not a bit differs."""
    x0, y0, x1, y1, cx, cy, bxx, bxy, byx, byy, kxx, kxy, kyx, kyy, ox, oy = field
    mirrored = (-x1, y0, -x0, y1, -cx, cy, bxx, -bxy, -byx, byy, kxx, -kxy, -kyx, kyy, -ox, oy)
    state, pushes = beginnings(seed)
    sides = np.array([-1.0, 1.0, -1.0, 1.0, -1.0, 1.0])[:, None]
    rest = (DT, damping, 0.2)
    left = np.array(path(mirrored, scale, state * sides[:4], pushes * sides[:2], *rest, -degrees))
    assert np.array_equal(left, np.array(path(field, scale, state, pushes, *rest, degrees)) * sides)


@cases
@given(numbers(5400))
def test_turn_is_cosine_and_sine(degrees):
    """5,400 degrees are the greatest rotation, 180, times the greatest gain: 10, its wave 10, its spread 10."""
    cosine, sine = turn(degrees)
    assert abs(cosine - math.cos(math.radians(degrees))) < 1e-13
    assert abs(sine - math.sin(math.radians(degrees))) < 1e-13
    assert turn(-degrees) == (cosine, -sine)


def test_turn_is_exact_at_zero_and_counter_clockwise():
    assert turn(0.0) == turn(-0.0) == (1.0, 0.0)
    assert swing(0.123, -0.456, *turn(0.0)) == (0.0, 0.0)
    dx, dy = swing(1.0, 0.0, *turn(90.0))
    assert (1 + dx, dy) == pytest.approx((0, 1), abs=1e-13)
    angles = np.linspace(-5400, 5400, 2161)
    assert np.abs(np.array(turn(angles)) - (np.cos(np.radians(angles)), np.sin(np.radians(angles)))).max() < 1e-13


@cases
@given(numbers(1), numbers(1), numbers(720))
def test_a_swing_keeps_the_length_and_swings_back(x, y, degrees):
    cosine, sine = turn(degrees)
    dx, dy = swing(x, y, cosine, sine)
    turned = (x + dx, y + dy)
    assert abs(math.hypot(*turned) - math.hypot(x, y)) < 1e-12
    angle = math.radians(degrees)
    assert turned == pytest.approx((math.cos(angle) * x - math.sin(angle) * y, math.sin(angle) * x + math.cos(angle) * y), abs=1e-12)
    back = swing(*turned, cosine, -sine)
    assert (turned[0] + back[0], turned[1] + back[1]) == pytest.approx((x, y), abs=1e-12)


def test_confine_by_hand():
    """At the wall itself the hand is free; beyond it stands at the wall without velocity."""
    for place, speed in ((0.1, -3.0), (0.2, 2.0), (-0.2, -2.0), (0.0, 0.0)):
        assert confine(place, speed, 0.2) == (place, speed)
    beyond = math.nextafter(0.2, 1)
    assert confine(beyond, 2.0, 0.2) == confine(9.0, -2.0, 0.2) == (0.2, 0.0)
    assert confine(-beyond, 2.0, 0.2) == confine(-1e9, 2.0, 0.2) == (-0.2, 0.0)


@cases
@given(numbers(1), numbers(9), st.floats(0.01, 0.5))
def test_confine_holds_every_back_end_at_the_same_wall(place, speed, limit):
    held, pace = confine(place, speed, limit)
    assert held == min(max(place, -limit), limit) and pace == (speed if abs(place) <= limit else 0)
    for make, take in ((np.array, float), (lambda value: torch.tensor(value, dtype=torch.float64), lambda value: value.item())):
        both = confine(make([place, place]), make([speed, speed]), limit)
        assert [take(value[1]) for value in both] == [held, pace]


def test_a_channel_is_stable_in_the_coarsest_time_step():
    """Its walls at dt = 0.01 s and 1 kg: a hand beside the line comes back to it within a few steps and stays there."""
    walls = channel((0.0, 0.0), (0.03, 0.08))
    across = np.array([0.08, -0.03]) / math.hypot(0.08, 0.03)
    states, _ = run((*0.01 * across, 0.0, 0.0), walls.numbers, 0.6, DT)
    offsets = states[:, :2] @ across
    assert (np.abs(offsets) <= np.minimum(0.01, 0.05 * 0.59 ** np.arange(61)) + 1e-14).all()
    assert (states[:, :2] @ np.array([-across[1], across[0]])) == pytest.approx(np.zeros(61), abs=1e-15)

