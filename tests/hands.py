"""Actions that push a plant's hand, for policies of tests that run with every plant."""

from reach_gym.plants.muscle_arm import MuscleArm
from reach_gym.plants.skeleton import JointedArm, bent, reached
from reach_gym.plants.turns import cosine_and_sine

MUSCLE = 30.0  # N m, about the torque of a muscle with full activation
UNIT = 10.0  # N, the force of a push of 1: that of the point mass


def at_hand(plant, x, y, push_x, push_y):
    """The action that pushes the hand at (x, y) with 10 N for a push of 1; the same bits on every machine."""
    if not isinstance(plant, JointedArm):
        return push_x, push_y
    torques = torques_at_hand(plant, x, y, UNIT * push_x, UNIT * push_y)
    if isinstance(plant, MuscleArm):
        # The muscles of one joint each: a pair that bends and stretches the shoulder, and one for the elbow.
        shoulder, elbow = (torque / MUSCLE for torque in torques)
        return *(max(0.0, part) for part in (shoulder, -shoulder, elbow, -elbow)), 0.0, 0.0
    return tuple(torque / most for torque, most in zip(torques, plant.max_torque, strict=True))


def torques_at_hand(arm, x, y, force_x, force_y):
    """The torques at shoulder and elbow, N m, that make up this force of the hand of an arm at (x, y)."""
    q1, q2 = bent(x, y, arm.bones)
    _, _, j11, j12, j21, j22 = reached(*cosine_and_sine(q1), *cosine_and_sine(q2), arm.bones)
    return j11 * force_x + j21 * force_y, j12 * force_x + j22 * force_y
