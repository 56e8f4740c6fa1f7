"""The hands that a network moves: forward through the package's own dynamics, backward by the transpose of each step.

The backward pass is written by hand because an automatic one would cost more than the network itself: a step of the dynamics
takes some fifty operations on tiny tensors. A step is linear in the hand's state and force wherever it is differentiable; the
tests hold it to PyTorch's automatic gradient of the same functions.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from reach_gym.errors import NotApplicableError
from reach_gym.fields import is_inside
from reach_gym.plants import point_mass
from reach_gym.plants.bounds import confine
from reach_gym.reach.facts import TrialFacts

_LINEAR = slice(6, 14)  # of a field's numbers: viscosity and stiffness
_PER_ACCELERATION = 100.0  # 1/s^2, of the paper's code: its unit of acceleration, 0.2 m/s^2, over its unit of length, 2 mm


def params_of(facts: TrialFacts) -> point_mass.Params:
    """The parameters of the point mass whose steps the networks learn through.

    Raises:
        NotApplicableError: The plant is another, such as one whose force lags behind the command.
    """
    if type(facts.plant) is not point_mass.PointMass:
        raise NotApplicableError(
            f"these networks move only a point mass without a lag of its force, got {facts.plant.describe()}."
        )
    params: point_mass.Params = facts.params
    return params


class Workspace:
    """Tensors that are used again and again: fresh ones of this size would cost a fifth of the time in page faults."""

    def __init__(self, dtype: torch.dtype) -> None:
        """For tensors of `dtype`."""
        self.dtype = dtype
        self._kept: dict[str, Tensor] = {}

    def __call__(self, name: str, *shape: int) -> Tensor:
        """The tensor called `name`; its content is whatever was left in it."""
        if name not in self._kept or self._kept[name].shape != shape:
            self._kept[name] = torch.empty(shape, dtype=self.dtype)
        return self._kept[name]


class Hands:
    """n hands during T steps.

    Attributes:
        position: (T+1, 2, n), m.
        velocity: (T+1, 2, n), m/s.
        change: (T+k, 2, n), m/s: k zeros, then by how much each step changed the velocity, field and walls included.
    """

    def __init__(self, facts: TrialFacts, arena: float, steps: int, lead: int, space: Workspace, gate: str = "place") -> None:
        """Puts the hands at their starts.

        Args:
            facts: The trials.
            arena: Half the side of the square that a hand cannot leave, m.
            steps: T.
            lead: k.
            space: Where the tensors live.
            gate: See `RnnConfig.gate`.

        Raises:
            NotApplicableError: The hands are no point masses without a lag of their force.
        """
        rows, self._facts, self._arena, self._by_place = len(facts.go), facts, arena, gate == "place"
        self.position, self.velocity = space("position", steps + 1, 2, rows), space("velocity", steps + 1, 2, rows)
        self.change, self._force = space("change", steps + lead, 2, rows), space("force", steps, 2, rows)
        self.position[0], self.velocity[0], self.change[:lead] = torch.from_numpy(facts.start.T), 0.0, 0.0
        self._positions, self._velocities = self.position.unbind(0), self.velocity.unbind(0)
        self._changes, self._forces = self.change[lead:].unbind(0), self._force.unbind(0)
        self._params = params_of(facts)
        self._rate, self._drag, self._dt, _ = self._params
        self._z = -self._drag
        self._d = 1.0 - 0.5 * self._z + self._z * self._z / 12.0
        self._scale = torch.from_numpy(facts.scale.T[:steps]).to(space.dtype)
        self._felt = bool((facts.scale != 0).any())
        same = bool((facts.field == facts.field[0]).all())
        # Numbers where all rows have the same field, tensors (n,) where some run in a channel.
        self._field: Any = facts.field[0].tolist() if same else list(torch.from_numpy(facts.field.T).to(space.dtype))
        self._linear = bool(facts.field[:, _LINEAR].any())
        # Where a hand met a wall, and the field's factor where it acted, in each step.
        self._walls: list[Tensor | None] = [None] * steps
        self._acting: list[Tensor | None] = [None] * steps

    def move(self, t: int, force: Tensor) -> None:
        """Step `t` under the hands' own `force` (2, n) in N, which is cut where it exceeds the greatest."""
        facts = self._facts
        self._forces[t].copy_(force)
        force = force.clamp(-facts.body.strength, facts.body.strength)
        place, pace = self._positions[t], self._velocities[t]
        after, speed = self._step(t, place, pace, force)
        if float(after.abs().max()) > self._arena:
            self._walls[t] = after.abs() <= self._arena
            after, speed = confine(after, speed, self._arena)
        self._positions[t + 1].copy_(after)
        self._velocities[t + 1].copy_(speed)
        torch.sub(speed, pace, out=self._changes[t])

    def follow(self, forces: Tensor) -> None:
        """All steps under `forces` (T, 2, n) that are known in advance."""
        for t, force in enumerate(forces):
            self.move(t, force)

    def _step(self, t: int, place: Tensor, pace: Tensor, force: Tensor) -> tuple[Tensor, Tensor]:
        """One step of the dynamics, and note of the factor with which the field acts."""
        params = self._params
        if self._felt:
            self._acting[t] = acting = self._scale[t] * self._here(place + 0.5 * self._dt * pace, force / self._facts.body.mass)
            if self._linear:
                everywhere = (-torch.inf, -torch.inf, torch.inf, torch.inf)
                state, field = (*place, *pace), (*everywhere, *self._field[4:])
                (x, y, vx, vy), _, _ = point_mass.step(state, tuple(force), acting, field, params)
                return torch.stack((x, y)), torch.stack((vx, vy))
            # A mere push is the same in every state: it adds to the hand's own force.
            push_x, push_y = self._field[4:6]
            force = force + torch.stack((push_x * acting, push_y * acting))
        # Without a matrix the law of motion is the same along both axes: as the first component they go through it together.
        (after, _, speed, _), _, _ = point_mass.step((place, 0.0, pace, 0.0), (force, 0.0), 0.0, None, params)
        return after, speed

    def _here(self, place: Tensor, own: Tensor) -> Tensor:
        """Where the field acts: by place, or as the paper's code has it, by the hand's own acceleration."""
        x_min, y_min, x_max, y_max = self._field[:4]
        if self._by_place:
            x, y = place
            return torch.as_tensor(is_inside(x, y, x_min, y_min, x_max, y_max))
        ax, ay = own / _PER_ACCELERATION
        return torch.as_tensor(((ax >= x_min) & (ax <= x_max)) | ((ay >= y_min) & (ay <= y_max)))

    def begin_back(self) -> None:
        """Starts the backward pass, after the last step."""
        self._to_position, self._to_velocity = torch.zeros_like(self.position[0]), torch.zeros_like(self.position[0])
        most = self._facts.body.strength
        free = self._force.abs() <= most
        self._free = None if bool(free.all()) else free.to(self._force.dtype).mul_(self._rate).unbind(0)

    def move_back(self, t: int, to_position: Tensor, to_change: Tensor, to_velocity: Tensor | None = None) -> Tensor:
        """The gradient (2, n) for the force of step `t`; to be called for the last step first.

        Args:
            t: The step.
            to_position: Gradient (2, n) for the position after it.
            to_change: Likewise for its change of velocity.
            to_velocity: Likewise for the velocity after it.
        """
        to_place, to_pace = self._to_position.add_(to_position), self._to_velocity.add_(to_change)
        if to_velocity is not None:
            to_pace.add_(to_velocity)
        walls = self._walls[t]
        if walls is not None:
            to_place.mul_(walls)
            to_pace.mul_(walls)
        acting = self._acting[t]
        to_gain = self._gain_back(acting, to_place, to_pace)
        to_pace.sub_(to_change)
        return to_gain * (self._rate if self._free is None else self._free[t])

    def _gain_back(self, acting: Tensor | None, to_place: Tensor, to_pace: Tensor) -> Tensor:
        """The gradient (2, n) for the gain of velocity by forces; turns those for the state after a step into those before it."""
        dt, rate = self._dt, self._rate
        if acting is None or not self._linear:
            z, d = self._z, self._d
            to_mean: Tensor = (dt * to_place + z * to_pace).div_(d)
            to_gain: Tensor = to_pace + (0.5 - z / 12.0) * to_mean
            to_pace.add_(to_mean)
            return to_gain
        b_xx, b_xy, b_yx, b_yy, k_xx, k_xy, k_yx, k_yy = self._field[_LINEAR]
        of = rate * acting
        zxx, zxy, zyx, zyy = of * b_xx + self._z, of * b_xy, of * b_yx, of * b_yy + self._z
        both = (zxx + zyy) / 12.0 - 0.5
        dxx, dyy = 1.0 - 0.5 * zxx + (zxx * zxx + zxy * zyx) / 12.0, 1.0 - 0.5 * zyy + (zyy * zyy + zxy * zyx) / 12.0
        dxy, dyx = zxy * both, zyx * both
        size = dxx * dyy - dxy * dyx
        (to_x, to_y), (to_vx, to_vy) = to_place, to_pace
        # Each line is the transpose of one of `point_mass.step`, the last one first.
        mean_x, mean_y = dt * to_x + zxx * to_vx + zyx * to_vy, dt * to_y + zxy * to_vx + zyy * to_vy
        right_x, right_y = (dyy * mean_x - dyx * mean_y) / size, (dxx * mean_y - dxy * mean_x) / size
        gain_x = to_vx + 0.5 * right_x - (zxx * right_x + zyx * right_y) / 12.0
        gain_y = to_vy + 0.5 * right_y - (zxy * right_x + zyy * right_y) / 12.0
        half = torch.stack((of * (k_xx * gain_x + k_yx * gain_y), of * (k_xy * gain_x + k_yy * gain_y)))
        to_place.add_(half)
        to_pace.add_(torch.stack((right_x, right_y))).add_(half, alpha=0.5 * dt)
        return torch.stack((gain_x, gain_y))
