"""The arm with muscles: the physics against a solver, every back end with the same bits, and what is refused."""

import json
import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from reach_gym.errors import NotApplicableError
from reach_gym.fields import CURSOR_PRESETS, NULL, field_around
from reach_gym.plants.compliant_muscle_arm import CompliantMuscleArm
from reach_gym.plants.muscle_arm import MuscleArm, ThelenArm, VirtualMuscleArm
from reach_gym.plants.muscle_models import FLOOR
from reach_gym.plants.muscle_motion import pulls_with
from reach_gym.plants.muscles import MUSCLES
from reach_gym.plants.skeleton import pulled
from reach_gym.plants.table import PLANTS, plant_from_data

torch = pytest.importorskip("torch")
numba = pytest.importorskip("numba")
from reach_gym.rows.compiled import register  # noqa: E402
from reach_gym.rows.records import tuple_reader  # noqa: E402

RIGID = {"kistemaker_2010": MuscleArm, "thelen_2003": ThelenArm, "todorov_li_2004": VirtualMuscleArm}
ARMS = {**RIGID, "kistemaker_2010_compliant": CompliantMuscleArm}
DT = 0.01
CURL = CURSOR_PRESETS["curl_ccw"].numbers
each_arm = pytest.mark.parametrize("arm", [cls() for cls in ARMS.values()], ids=list(ARMS))
each_rigid_arm = pytest.mark.parametrize("arm", [cls() for cls in RIGID.values()], ids=list(RIGID))
each_field = pytest.mark.parametrize("field", [None, CURL], ids=["free", "curl"])


def params_of(arm, dt=DT):
    return tuple(arm.params(dt, 1.0))


def exact_rate(arm, params, u, rising, field):
    """The derivative of the state, for a solver."""
    _, torques, _ = pulls_with(arm.model)
    around = None if field is None else field_around(1.0, 0.0, 0.0, *field)

    def rate(_, s):
        q1, q2, w1, w2, *a = map(float, s)
        t1, t2 = torques(a, q1, q2, w1, w2, params)
        turns = math.cos(q1), math.sin(q1), math.cos(q2), math.sin(q2)
        b1, b2, _, _ = pulled(*turns, w1, w2, t1, t2, around, params)
        rates = []
        for k in range(6):
            n0, n1, d0, d1 = arm.model.pace(u[k], rising[k], params[18], params[19])
            rates.append((u[k] - a[k]) * (n0 + n1 * a[k]) / (d0 + d1 * a[k]))
        return [w1, w2, b1, b2, *rates]

    return rate


@each_rigid_arm
@each_field
@pytest.mark.parametrize("seed", [0, 1])
def test_the_hand_is_where_a_solver_of_high_order_has_it(arm, field, seed):
    """1 s of random excitations in pieces of 20 ms, within 0.1 mm."""
    params, generator = params_of(arm), np.random.default_rng(seed)
    state = arm.start(0.0, 0.0, params)
    true, moved = np.array(state), 0.0
    for _ in range(50):
        u = generator.uniform(0, 1, 6)
        for _ in range(2):
            state, _, _ = arm.step(state, tuple(u.tolist()), 1.0, field, params)
        u = np.maximum(u, FLOOR)
        rate = exact_rate(arm, params, u.tolist(), (1.0 * (u > true[4:])).tolist(), field)
        true = solve_ivp(rate, (0.0, 0.02), true, "DOP853", rtol=1e-8, atol=1e-10).y[:, -1]
        (x, y, _, _), (tx, ty, _, _) = arm.hand(state, params), arm.hand(tuple(true), params)
        assert math.hypot(x - tx, y - ty) < 1e-4
        moved = max(moved, math.hypot(x, y))
    assert moved > 0.1


@each_arm
def test_the_arm_begins_in_balance_and_keeps_still(arm):
    params = params_of(arm)
    for x, y in np.random.default_rng(0).uniform(-0.1, 0.1, (20, 2)).tolist():
        state = arm.start(x, y, params)
        held = state
        for _ in range(20):
            held, _, _ = arm.step(held, state[4:10], 1.0, CURL, params)
        assert arm.hand(held, params) == pytest.approx((x, y, 0, 0), abs=5e-6)
        assert all(FLOOR <= a < 0.5 for a in state[4:10]) and state[2:4] == (0.0, 0.0)
    # Without any excitation it moves by less than 1 mm in 0.2 s.
    state = arm.start(0.0, 0.0, params)
    for _ in range(20):
        state, _, _ = arm.step(state, (0.0,) * 6, 1.0, None, params)
    x, y, _, _ = arm.hand(state, params)
    assert math.hypot(x, y) < 1e-3


@each_arm
def test_activations_stay_between_the_least_and_1(arm):
    """Excitations beyond their bounds, as noise makes them, act as the bounds do; the longest step and the shortest times too."""
    fast = plant_from_data("plant", {**arm.to_data(), "activation_time": 0.01, "deactivation_time": 0.01})
    params, generator = params_of(fast, 0.02), np.random.default_rng(0)
    state = fast.start(0.0, 0.0, params)
    for _ in range(100):
        u = generator.choice([-0.5, 0.0, 0.4, 1.0, 1.5], 6)
        old_joints, before, rest = state[:4], state[4:10], state[10:]
        state, _, _ = fast.step(state, tuple(u.tolist()), 1.0, None, params)
        for a, old, to in zip(state[4:10], before, np.clip(u, FLOOR, 1).tolist(), strict=True):
            assert min(old, to) <= a <= max(old, to)
        clipped, _, _ = fast.step((*old_joints, *before, *rest), tuple(np.clip(u, FLOOR, 1).tolist()), 1.0, None, params)
        assert clipped == state
        state = fast.stop(state, params)


def test_a_step_of_excitation_rises_and_falls_with_its_time_constants():
    """The virtual muscle's filter, exactly; Thelen's, whose decay is a logistic curve."""
    for arm, exact in (
        (VirtualMuscleArm(), lambda a, t: a * math.exp(-t / 0.066)),
        (MuscleArm(), lambda a, t: (lambda e: 0.5 * e / (1 - 1.5 * e))(a / (0.5 + 1.5 * a) * math.exp(-0.5 * t / 0.05))),
    ):
        params = params_of(arm)
        state = (0.7, 1.5, 0.0, 0.0, *[0.9] * 6)
        for k in range(1, 11):
            state, _, _ = arm.step(state, (0.0,) * 6, 1.0, None, params)
            assert state[4] == pytest.approx(exact(0.9, k * DT), abs=2e-3)  # the source ends at 0, this one at the least activation
    arm, params = VirtualMuscleArm(), params_of(VirtualMuscleArm())
    state, _, _ = arm.step((0.7, 1.5, 0.0, 0.0, *[0.2] * 6), (1.0,) * 6, 1.0, None, params)
    assert state[4] == pytest.approx(1 - 0.8 * math.exp(-DT / 0.05), rel=1e-7)


def compiled_path(arm):
    register(type(arm))
    step, stop, feel, read = arm.step, arm.stop, arm.feel, numba.extending.register_jitable(tuple_reader(16, 0))

    @numba.njit(error_model="numpy")
    def path(state, commands, params, numbers, felt):
        for k in range(len(commands)):
            u = commands[k]
            command = (u[0], u[1], u[2], u[3], u[4], u[5])
            if felt:
                state, _, _ = step(state, command, 1.0, read(numbers, 0), params)
            else:
                state, _, _ = step(state, command, 1.0, None, params)
            state = stop(state, params)
        return state, feel(state, params)

    return path


@pytest.mark.parametrize(
    "arm, steps", [(MuscleArm(), 30), (ThelenArm(), 30), (CompliantMuscleArm(), 4)], ids=["kistemaker", "thelen", "compliant"]
)
def test_every_back_end_gives_the_same_bits(arm, steps):
    params, generator, rows = params_of(arm), np.random.default_rng(0), 5
    path = compiled_path(arm)
    for field in (None, CURL):
        x, y = generator.uniform(-0.1, 0.1, (2, rows))
        commands = generator.uniform(-0.2, 1.2, (steps, 6, rows))
        arrays = arm.start(x, y, params)
        tensors = arm.start(torch.from_numpy(x), torch.from_numpy(y), params)
        floats = [arm.start(float(x[i]), float(y[i]), params) for i in range(rows)]
        assert np.array(arrays).tolist() == np.array(floats).T.tolist() == torch.stack(tensors).tolist()
        fast = [path(one, commands[:, :, i].copy(), params, np.array(CURL)[:, None], field is not None) for i, one in enumerate(floats)]
        for command in commands:
            arrays = arm.stop(arm.step(arrays, tuple(command), 1.0, field, params)[0], params)
            tensors = arm.stop(arm.step(tensors, tuple(torch.from_numpy(command)), 1.0, field, params)[0], params)
            for i in range(rows):
                moved, _, _ = arm.step(floats[i], tuple(command[:, i].tolist()), 1.0, field, params)
                floats[i] = arm.stop(moved, params)
        assert all(value.dtype == torch.float64 for value in tensors)
        assert np.array(arrays).tolist() == np.array(floats).T.tolist() == torch.stack(tensors).tolist()
        assert [state for state, _ in fast] == floats
        assert [felt for _, felt in fast] == [arm.feel(one, params) for one in floats]
        assert np.array(arm.feel(arrays, params)).T.tolist() == [list(felt) for _, felt in fast]
        assert len(arm.senses) == len(fast[0][1]) == 20


@each_arm
def test_a_field_of_zeros_is_no_field(arm):
    params, generator = params_of(arm), np.random.default_rng(0)
    free = zero = off = arm.start(0.02, -0.03, params)
    for _ in range(20):
        command = tuple(generator.uniform(0, 1, 6).tolist())
        free, _, _ = arm.step(free, command, 1.0, None, params)
        zero, fx, fy = arm.step(zero, command, 1.0, NULL.numbers, params)
        off, _, _ = arm.step(off, command, 0.0, CURL, params)
        assert free == zero == off and (fx, fy) == (0.0, 0.0)


@each_rigid_arm
def test_gradients_equal_finite_differences(arm):
    """Of the hand after 50 ms, by every excitation and the beginning."""
    params, generator = params_of(arm), np.random.default_rng(0)
    point = np.concatenate([[0.7, 1.5, 0.4, -0.6], generator.uniform(0.2, 0.8, 6), generator.uniform(0.1, 0.9, 30)])
    weight = generator.normal(size=4)

    def end(at):
        state = tuple(at[:10])
        for k in range(5):
            state, _, _ = arm.step(state, tuple(at[10 + 6 * k : 16 + 6 * k]), 1.0, CURL, params)
        return sum(w * value for w, value in zip(weight.tolist(), arm.hand(state, params), strict=True))

    leaf = torch.tensor(point, requires_grad=True)
    end(leaf.unbind()).backward()
    gradient = leaf.grad.numpy()
    for k in range(len(point)):
        up, down = point.copy(), point.copy()
        up[k], down[k] = up[k] + 1e-6, down[k] - 1e-6
        assert gradient[k] == pytest.approx((end(up.tolist()) - end(down.tolist())) / 2e-6, rel=1e-5, abs=1e-8)
    assert (gradient != 0).mean() > 0.9


@each_arm
def test_an_ideal_curl_does_no_work_on_the_hand(arm):
    params, generator = params_of(arm), np.random.default_rng(0)
    state = arm.start(0.0, 0.0, params)
    worst = most = 0.0
    for _ in range(30):
        before = arm.hand(state, params)
        state, fx, fy = arm.step(state, tuple(generator.uniform(0, 0.6, 6).tolist()), 1.0, CURL, params)
        after = arm.hand(state, params)
        work = fx * (after[0] - before[0]) + fy * (after[1] - before[1])
        worst, most = max(worst, abs(work)), max(most, math.hypot(fx, fy) * math.hypot(after[0] - before[0], after[1] - before[1]))
    assert worst < 0.01 * most and most > 1e-4


@each_arm
def test_limits_of_the_joints_only_take_energy(arm):
    params, generator = params_of(arm), np.random.default_rng(0)
    q1, q2, w1, w2 = generator.uniform([[-0.3], [-0.3], [-9], [-9]], [[2.6], [3.0], [9], [9]], (4, 400))
    stopped = arm.stop((q1, q2, w1, w2, *np.full((len(arm.State._fields) - 4, 400), 0.3)), params)

    def energy(q2, w1, w2):
        a1, a2, a3 = params[2:5]
        return 0.5 * ((a1 + 2 * a2 * np.cos(q2)) * w1**2 + 2 * (a3 + a2 * np.cos(q2)) * w1 * w2 + a3 * w2**2)

    held2 = stopped[1]  # the posture at the stop
    assert (energy(held2, *stopped[2:4]) <= energy(held2, w1, w2) + 1e-12).all()
    assert (stopped[0] >= 0).all() and (stopped[0] <= math.radians(135)).all() and (stopped[1] <= math.radians(155)).all()
    assert (np.array(stopped[4:10]) == 0.3).all()


@pytest.mark.parametrize("name", MUSCLES)
def test_the_muscles_choose_the_class_and_json_keeps_it(name):
    arm = plant_from_data("plant", {"kind": "muscle_arm", "muscles": name, "activation_time": 0.02})
    assert type(arm) is ARMS[name] and arm.muscles == name
    again = plant_from_data("plant", json.loads(json.dumps(arm.to_data())))
    assert again == arm and type(again) is type(arm)
    assert params_of(again) == params_of(arm) and arm.params(DT, 1.0).tau_act == 0.02
    assert plant_from_data("plant", type(arm).kind) == ARMS[name]()
    assert MUSCLES[name].source in arm.describe() and MUSCLES[name].names[0] in arm.describe_actions()


def test_the_virtual_muscles_too_give_the_same_bits():
    """Without compiled code, which takes a minute to make."""
    arm, generator = VirtualMuscleArm(), np.random.default_rng(0)
    params, commands = params_of(arm), generator.uniform(-0.2, 1.2, (10, 6, 5))
    x, y = generator.uniform(-0.1, 0.1, (2, 5))
    arrays, tensors = arm.start(x, y, params), arm.start(torch.from_numpy(x), torch.from_numpy(y), params)
    one = arm.start(float(x[0]), float(y[0]), params)
    for command in commands:
        arrays, _, _ = arm.step(arrays, tuple(command), 1.0, CURL, params)
        tensors, _, _ = arm.step(tensors, tuple(torch.from_numpy(command)), 1.0, CURL, params)
        one, _, _ = arm.step(one, tuple(command[:, 0].tolist()), 1.0, CURL, params)
    assert np.array(arrays).tolist() == torch.stack(tensors).tolist() and np.array(arrays)[:, 0].tolist() == list(one)


def test_the_bones_are_those_of_the_muscles():
    assert MuscleArm().arm == ThelenArm().arm == "nijhof_kouwenhoven_2000" and VirtualMuscleArm().arm == "li_todorov_2004"


BAD = [
    ({"muscles": "biceps"}, "`muscles", "biceps"),
    ({"muscles": 3}, "`muscles", "3"),
    ({"muscles": None}, "`muscles", "None"),
    ({"arm": "leg"}, "`arm", "leg"),
    ({"activation_time": 0.0}, "`activation_time", "0"),
    ({"activation_time": 0.009}, "`activation_time", "0.009"),
    ({"activation_time": 2.0}, "`activation_time", "2"),
    ({"activation_time": math.nan}, "`activation_time", "nan"),
    ({"activation_time": "fast"}, "`activation_time", "fast"),
    ({"activation_time": True}, "`activation_time", "True"),
    ({"deactivation_time": -0.05}, "`deactivation_time", "-0.05"),
    ({"deactivation_time": math.inf}, "`deactivation_time", "inf"),
    ({"deactivation_time": [0.05]}, "`deactivation_time", "[0.05]"),
    ({"max_torque": (1, 1)}, "plant", "max_torque"),
    ({"force_lag": 0.04}, "plant", "force_lag"),
    ({"lengths": (0.3, -0.3)}, "`lengths", "-0.3"),
    ({"lengths": (0.3,)}, "`lengths", "0.3"),
    ({"masses": (0.0, 1.0)}, "`masses", "0"),
    ({"centres": (0.5, 0.1)}, "`centres", "0.5"),
    ({"inertias": (0.01, 0.01)}, "`inertias", "0.01"),
    ({"inertia_axis": "elbow"}, "`inertia_axis", "elbow"),
    ({"joint_damping": ((0.1, 0.2), (0.3, 0.1))}, "`joint_damping", "0.3"),
    ({"joint_limits": ((90, 10), (0, 155))}, "`joint_limits", "90"),
    ({"shoulder": (0.0, math.nan)}, "`shoulder", "nan"),
    ({"kind": "muscle"}, "`plant.kind", "muscle"),
    ({"kind": "two_link_arm", "muscles": "thelen_2003"}, "plant", "muscles"),
]


@pytest.mark.parametrize("given, name, value", BAD, ids=[str(bad[0]) for bad in BAD])
def test_bad_parameters_are_refused_by_name(given, name, value):
    with pytest.raises((ValueError, TypeError)) as refused:
        plant_from_data("plant", {"kind": "muscle_arm", **given})
    assert name in str(refused.value) and value in str(refused.value)


def test_what_an_arm_with_muscles_is_not():
    with pytest.raises(ValueError, match="`muscles` of 'muscle_arm' must be 'kistemaker_2010', got 'thelen_2003'"):
        MuscleArm(muscles="thelen_2003")
    with pytest.raises(ValueError, match="`dt` must be at most 0.02 s"):
        MuscleArm().params(0.03, 1.0)
    with pytest.raises(NotApplicableError):
        MuscleArm().linear()
    assert PLANTS["muscle_arm"] is MuscleArm and MuscleArm().strength == MuscleArm.high == (1.0,) * 6
