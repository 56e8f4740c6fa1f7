"""Arms that cannot be are refused by name: the right class, a message with name and value, whoever makes them."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from reach_gym.plants.table import plant_from_data
from reach_gym.plants.two_link_arm import TwoLinkArm
from reach_gym.reach.env import CursorReachEnv
from reach_gym.reach.vector_env import CursorReachVectorEnv
from tests.refusals import label, wording

NAN, INF = float("nan"), float("inf")
HUGE = 10**5000  # Python refuses to print it

# (keywords of the arm, class, parameter's name, the value as the message shows it)
ARMS = [
    ({"arm": "popeye"}, ValueError, "arm", "'shadmehr_mussa_ivaldi_1994', got 'popeye'."),
    ({"arm": ""}, ValueError, "arm", "got ''."),
    ({"arm": None}, TypeError, "arm", "got None."),
    ({"arm": 2004}, TypeError, "arm", "got 2004."),
    ({"arm": ["li_todorov_2004"]}, TypeError, "arm", "got ['li_todorov_2004']."),
    ({"lengths": 0.3}, TypeError, "lengths", "got 0.3."),
    ({"lengths": (0.3,)}, ValueError, "lengths", "got (0.3,)."),
    ({"lengths": (0.3, 0.3, 0.1)}, ValueError, "lengths", "got (0.3, 0.3, 0.1)."),
    ({"lengths": "03"}, TypeError, "lengths", "got '03'."),
    ({"lengths": (0.0, 0.3)}, ValueError, "lengths[0]", "got 0.0."),
    ({"lengths": (0.3, -0.3)}, ValueError, "lengths[1]", "got -0.3."),
    ({"lengths": (0.3, 11)}, ValueError, "lengths[1]", "got 11."),
    ({"lengths": (NAN, 0.3)}, ValueError, "lengths[0]", "got nan."),
    ({"lengths": (0.3, INF)}, ValueError, "lengths[1]", "got inf."),
    ({"lengths": (True, 0.3)}, TypeError, "lengths[0]", "got True."),
    ({"lengths": ("0.3", 0.3)}, TypeError, "lengths[0]", "got '0.3'."),
    ({"lengths": np.array(0.3)}, TypeError, "lengths", "got array(0.3)."),
    ({"lengths": (HUGE, 0.3)}, ValueError, "lengths[0]", "cannot be printed"),
    ({"masses": (-1.4, 1.0)}, ValueError, "masses[0]", "got -1.4."),
    ({"masses": (1.4, 0)}, ValueError, "masses[1]", "got 0."),
    ({"masses": (1.4, 101.0)}, ValueError, "masses[1]", "got 101.0."),
    ({"masses": (1.4, NAN)}, ValueError, "masses[1]", "got nan."),
    ({"masses": (1.4, None)}, TypeError, "masses[1]", "got None."),
    ({"masses": {"upper": 1.4}}, TypeError, "masses", "got {'upper': 1.4}."),
    ({"masses": (1.4, 1j)}, TypeError, "masses[1]", "got 1j."),
    ({"masses": (60.0, 1.0)}, ValueError, "inertias", "0.726 kg m^2, got 0.025;"),  # the set's inertia is too small for it
    ({"centres": (0.0, 0.1)}, ValueError, "centres[0]", "got 0.0."),
    ({"centres": (0.11, -INF)}, ValueError, "centres[1]", "got -inf."),
    ({"centres": (0.31, 0.1)}, ValueError, "centres", "got 0.31 m for the upper arm of 0.3 m."),
    ({"centres": (0.11, 0.34)}, ValueError, "centres", "got 0.34 m for the forearm of 0.33 m."),
    ({"lengths": (0.3, 0.15)}, ValueError, "centres", "got 0.16 m for the forearm of 0.15 m."),
    ({"centres": [0.11]}, ValueError, "centres", "got [0.11]."),
    ({"inertias": (0.0, 0.045)}, ValueError, "inertias[0]", "got 0.0."),
    ({"inertias": (0.025, -0.045)}, ValueError, "inertias[1]", "got -0.045."),
    ({"inertias": (0.025, NAN)}, ValueError, "inertias[1]", "got nan."),
    ({"inertias": (0.025, np.True_)}, TypeError, "inertias[1]", "got np.True_."),
    ({"inertias": (0.01, 0.045)}, ValueError, "inertias", "0.01694 kg m^2, got 0.01; `inertia_axis`"),
    ({"inertias": (0.0141, 0.0188)}, ValueError, "inertias", "got 0.0141; `inertia_axis`"),  # of another set, about its centres
    ({"inertia_axis": "joint", "arm": "shadmehr_mussa_ivaldi_1994"}, ValueError, "inertias", "got 0.0141; `inertia_axis`"),
    ({"inertia_axis": "center"}, ValueError, "inertia_axis", "'joint', 'centre', got 'center'."),
    ({"inertia_axis": 0}, TypeError, "inertia_axis", "got 0."),
    ({"joint_damping": 0.05}, TypeError, "joint_damping", "got 0.05."),
    ({"joint_damping": (0.05, 0.05)}, TypeError, "joint_damping[0]", "got 0.05."),
    ({"joint_damping": ((0.05, 0.0),)}, ValueError, "joint_damping", "got ((0.05, 0.0),)."),
    ({"joint_damping": ((0.05, 0.0), (0.0, 0.05, 0.0))}, ValueError, "joint_damping[1]", "got (0.0, 0.05, 0.0)."),
    ({"joint_damping": ((NAN, 0.0), (0.0, 0.05))}, ValueError, "joint_damping[0][0]", "got nan."),
    ({"joint_damping": ((0.05, 0.0), (INF, 0.05))}, ValueError, "joint_damping[1][0]", "got inf."),
    ({"joint_damping": ((0.05, 0.0), (0.0, 1e3))}, ValueError, "joint_damping[1][1]", "got 1000.0."),
    ({"joint_damping": ((0.05, False), (0.0, 0.05))}, TypeError, "joint_damping[0][1]", "got False."),
    ({"joint_damping": ((0.05, 0.025), (0.02, 0.05))}, ValueError, "joint_damping", "symmetric"),
    ({"joint_damping": ((-0.05, 0.0), (0.0, 0.05))}, ValueError, "joint_damping", "no negative eigenvalue"),
    ({"joint_damping": ((0.05, 0.06), (0.06, 0.05))}, ValueError, "joint_damping", "got ((0.05, 0.06), (0.06, 0.05))."),
    ({"joint_limits": None}, TypeError, "joint_limits", "got None."),
    ({"joint_limits": (0, 135, 0, 155)}, ValueError, "joint_limits", "got (0, 135, 0, 155)."),
    ({"joint_limits": ((0, 135), 155)}, TypeError, "joint_limits[1]", "got 155."),
    ({"joint_limits": ((135, 0), (0, 155))}, ValueError, "joint_limits[0]", "least < greatest"),
    ({"joint_limits": ((0, 135), (90, 90))}, ValueError, "joint_limits[1]", "got ((0, 135), (90, 90))."),
    ({"joint_limits": ((0, 181), (0, 155))}, ValueError, "joint_limits[0][1]", "got 181."),
    ({"joint_limits": ((-171, 0), (0, 155))}, ValueError, "joint_limits[0][0]", "got -171."),
    ({"joint_limits": ((0, 135), (-10, 155))}, ValueError, "joint_limits[1][0]", "got -10."),  # it bends to one side only
    ({"joint_limits": ((0, NAN), (0, 155))}, ValueError, "joint_limits[0][1]", "got nan."),
    ({"joint_limits": (("0", 135), (0, 155))}, TypeError, "joint_limits[0][0]", "got '0'."),
    ({"shoulder": -0.45}, TypeError, "shoulder", "got -0.45."),
    ({"shoulder": (0.0, -0.45, 0.0)}, ValueError, "shoulder", "got (0.0, -0.45, 0.0)."),
    ({"shoulder": (0.0, NAN)}, ValueError, "shoulder[1]", "got nan."),
    ({"shoulder": (11.0, 0.0)}, ValueError, "shoulder[0]", "got 11.0."),
    ({"shoulder": None}, TypeError, "shoulder", "got None."),
    ({"max_torque": 10}, TypeError, "max_torque", "got 10."),
    ({"max_torque": (10.0, 0.0)}, ValueError, "max_torque[1]", "got 0.0."),
    ({"max_torque": (-10.0, 10.0)}, ValueError, "max_torque[0]", "got -10.0."),
    ({"max_torque": (INF, 10.0)}, ValueError, "max_torque[0]", "got inf."),
    ({"max_torque": (10.0, 2e6)}, ValueError, "max_torque[1]", "got 2000000.0."),
    ({"max_torque": (10.0, True)}, TypeError, "max_torque[1]", "got True."),
    ({"force_lag": -0.01}, ValueError, "force_lag", "got -0.01."),
    ({"force_lag": 11.0}, ValueError, "force_lag", "got 11.0."),
    ({"force_lag": NAN}, ValueError, "force_lag", "got nan."),
    ({"force_lag": "0.04"}, TypeError, "force_lag", "got '0.04'."),
    ({"force_lag": None}, TypeError, "force_lag", "got None."),
]
# Whatever makes it: the class, its data, the tasks of one row and of many, and keywords beside those of the task.
MAKERS = [
    lambda values: TwoLinkArm(**values),
    lambda values: plant_from_data("plant", {"kind": "two_link_arm", **values}),
    lambda values: CursorReachEnv(plant={"kind": "two_link_arm", **values}),
    lambda values: CursorReachVectorEnv(2, plant={"kind": "two_link_arm", **values}),
    lambda values: CursorReachEnv(plant="two_link_arm", **values),
]


@pytest.mark.parametrize("case", ARMS, ids=lambda case: label(case[0]))
def test_bad_arms(case):
    values, kind, name, value = case
    for make in MAKERS:
        with pytest.raises(kind, match=wording(name, value)):
            make(values)


def test_they_are_refused_with_assertions_switched_off():
    code = "from tests.plants.test_bad_arms import ARMS, TwoLinkArm; from tests.refusals import unrefused; print(*unrefused([(lambda v=v: TwoLinkArm(**v), rest) for v, *rest in ARMS]))"
    done = subprocess.run([sys.executable, "-O", "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.stdout == f"{len(ARMS)} []\n", done.stderr
    assert len(ARMS) >= 60


@pytest.mark.parametrize("dt", [0.0201, 0.05, 1.0])
def test_time_steps_that_are_too_long_are_refused(dt):
    with pytest.raises(ValueError, match=wording("dt", f"at most 0.02 s with an arm of two bones, got {dt:g}.")):
        CursorReachEnv(plant="two_link_arm", dt=dt)
    assert CursorReachEnv(plant="two_link_arm", dt=0.02).task.params.dt == 0.02


@pytest.mark.parametrize(("values", "error", "match"), [
    ({"kind": "two_link_leg"}, ValueError, "`plant.kind` must be one of"), ({"kind": None}, TypeError, "got None"),
    ({"kind": "two_link_arm", "mass": 1.0}, ValueError, "'mass'"), ({"kind": "two_link_arm", "length": (0.3, 0.3)}, ValueError, "'length'"),
    ({"kind": "point_mass", "lengths": (0.3, 0.3)}, ValueError, "'lengths'"), (3, TypeError, "got 3"), ("arm", ValueError, "got 'arm'"),
])  # fmt: skip
def test_what_is_no_arm_is_refused(values, error, match):
    with pytest.raises(error, match=match):
        plant_from_data("plant", values)


@pytest.mark.parametrize("values", [
    {}, {"arm": "nijhof_kouwenhoven_2000"}, {"lengths": [0.3, 0.33]}, {"masses": np.array([1.4, 1.0])}, {"max_torque": (1, 2)},
    {"joint_limits": [[10, 120], [20, 150]]}, {"joint_damping": np.eye(2).tolist()}, {"inertias": (0.014, 0.019), "inertia_axis": "centre"},
], ids=str)  # fmt: skip
def test_what_is_good_is_not_refused(values):
    arms = [make(values) for make in MAKERS[:2]]
    assert arms[0] == arms[1] == plant_from_data("plant", arms[0].to_data())
