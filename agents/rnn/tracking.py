"""How the standard model's six kinematics become forces: the hand that it believes in is led along them.

The network sees nothing of the real hand. What it believes in is a hand in no field that obeys it, an efference copy. Followed by
second differences alone, outputs that jitter by a tenth of a millimetre would ask for more than the hand's strength.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from agents.rnn.plant import Hands, Workspace
from reach_gym.planning.minimum_jerk import FREQUENCY
from reach_gym.reach.facts import TrialFacts


def lead(before: Any, now: Any, place: Any, pace: Any, dt: float) -> Any:
    """The acceleration, in m/s^2, that leads a hand along the kinematics; tensors or arrays alike.

    The planned acceleration, in the middle of the step, and a critically damped pull towards planned position and velocity.

    Args:
        before: Acceleration, velocity and position planned for now: the outputs of the step before.
        now: Those planned for after this step.
        place: Where the hand is, m.
        pace: Its velocity, m/s.
        dt: Time step, s.
    """
    push = 0.5 * (before[0] + now[0])
    off = now[2] - (place + dt * pace + 0.5 * dt * dt * push)
    slow = now[1] - (pace + dt * push)
    return push + FREQUENCY * FREQUENCY * off + 2.0 * FREQUENCY * slow


class Led:
    """n hands, really and as believed, under one and the same force.

    Attributes:
        real: The hands, which feel the field.
        believed: The same hands if there were no field; the same object where there is none.
    """

    def __init__(self, plan: list[Tensor], facts: TrialFacts, arena: float, space: Workspace, believed: Workspace) -> None:
        """Leads the hands along the `plan`: acceleration, velocity and position after each step, (T, 2, n) each."""
        steps = len(plan[0])
        self._facts, self._steps = facts, steps
        self.real = Hands(facts, arena, steps, 0, space)
        self.felt = bool((facts.scale != 0).any())
        self.believed = self.real
        if self.felt:
            self.believed = Hands(facts._replace(scale=0.0 * facts.scale), torch.inf, steps, 0, believed)
        start = self.real.position[0]
        before = [torch.zeros_like(start), torch.zeros_like(start), start]
        for t in range(steps):
            now = [part[t] for part in plan]
            place, pace = self.believed.position[t], self.believed.velocity[t]
            force = facts.body.mass * lead(before, now, place, pace, facts.dt)
            self.real.move(t, force)
            if self.felt:
                self.believed.move(t, force)
            before = now

    def added(self) -> list[Tensor]:
        """What the field added to acceleration, velocity and position after each step."""
        real, believed = self.real, self.believed
        return [
            (real.change - believed.change) / self._facts.dt,
            real.velocity[1:] - believed.velocity[1:],
            real.position[1:] - believed.position[1:],
        ]

    def back(self, to_added: list[Tensor]) -> list[Tensor]:
        """The gradients for the plan, for those of `added`."""
        facts, dt, steps = self._facts, self._facts.dt, self._steps
        to_plan = [torch.zeros_like(part) for part in to_added]
        to_place = to_pace = torch.zeros_like(to_added[0][0])  # of the believed hand before the step that was looked at last
        self.real.begin_back()
        self.believed.begin_back()
        for t in reversed(range(steps)):
            change, pace, place = (part[t] for part in to_added)
            change = change / dt
            to_force = self.real.move_back(t, place, change, pace)
            to_force = to_force + self.believed.move_back(t, to_place - place, -change, to_pace - pace)
            push = facts.body.mass * to_force
            pull, brake = FREQUENCY * FREQUENCY * push, 2.0 * FREQUENCY * push
            to_plan[2][t] += pull
            to_plan[1][t] += brake
            half = 0.5 * (push - 0.5 * dt * dt * pull - dt * brake)
            to_plan[0][t] += half
            if t:
                to_plan[0][t - 1] += half
            to_place, to_pace = -pull, -dt * pull - brake
        return to_plan
