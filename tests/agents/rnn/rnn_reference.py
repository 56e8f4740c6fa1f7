"""The networks written down once more, plainly: time step by time step, with dynamics of their own lines."""

import torch

from agents.rnn.config import ACCELERATION_UNIT, UNIT, VELOCITY_UNIT
from agents.rnn.sessions import STEPS
from reach_gym.planning import logistic
from reach_gym.plants import point_mass
from reach_gym.plants.bounds import confine

FREQUENCY = 20.0
PULSE = 5  # steps


def tensor(array):
    return torch.from_numpy(array.copy()).double()


def move(state, force, field, scale, facts, arena):
    x, y, vx, vy = state
    (x, y, vx, vy), _, _ = point_mass.step((x, y, vx, vy), force, scale, field, facts.params)
    x, vx = confine(x, vx, arena)
    y, vy = confine(y, vy, arena)
    return x, y, vx, vy


def at_rest(facts):
    zero = torch.zeros(len(facts.go), dtype=torch.float64)
    return (*tensor(facts.start.T), zero, zero)


def inputs_of(facts, scale, t):
    """Target and cue (n, 3) before step t."""
    visible = float(t >= facts.onset)
    cue = (facts.go <= t) & (t < facts.go + PULSE)
    return torch.cat([visible * tensor(facts.target - facts.start) / scale.place, scale.cue * tensor(cue)[:, None]], dim=1)


def wanted_of(facts):
    since = torch.arange(1, STEPS + 1)[:, None].numpy() - facts.go
    return [torch.from_numpy(each) for each in logistic(since * facts.dt, facts.start, facts.target)]


def elastic(errors):
    return errors.square().mean() + errors.abs().mean()


def buffer_path(network, config, facts, arena):
    """Positions (T, n, 2) of the output-buffer model, and its loss."""
    rows, field, scale = len(facts.go), list(tensor(facts.field.T)), tensor(facts.scale.T)
    state, hand = torch.zeros(rows, config.units, dtype=torch.float64), at_rest(facts)
    recent, places = [torch.zeros(rows, 2, dtype=torch.float64)] * config.buffer, []
    for t in range(STEPS):
        seen = torch.relu(network.first(torch.cat([inputs_of(facts, config.scale, t), *recent], dim=1)))
        state = network.cell(torch.relu(network.second(seen)), state)
        out = network.out(torch.relu(network.hidden(state)))
        force = (config.scale.acceleration * facts.body.mass * out.T).clamp(-facts.body.strength, facts.body.strength)
        after = move(hand, force, field, scale[t], facts, arena)
        change = torch.stack([after[2] - hand[2], after[3] - hand[3]], dim=1) / facts.dt
        recent, hand = [*recent[1:], change / config.scale.acceleration], after
        places.append(torch.stack(hand[:2], dim=1))
    path = torch.stack(places)
    return path, elastic((path - wanted_of(facts)[0]) / UNIT)


def standard_path(network, config, facts, arena):
    """Positions (T, n, 2) of the hand that the standard model leads, and the loss of its kinematics with what the field adds."""
    dt, scale, start = facts.dt, config.scale, tensor(facts.start.T)
    state, field, gains = torch.zeros(len(facts.go), config.units, dtype=torch.float64), list(tensor(facts.field.T)), tensor(facts.scale.T)
    wanted = [each.transpose(1, 2) for each in wanted_of(facts)]
    real = believed = at_rest(facts)
    before, places, errors = (torch.zeros_like(start), torch.zeros_like(start), start), [], []
    for t in range(STEPS):
        state = network.cell(inputs_of(facts, scale, t), state)
        out = network.out(torch.relu(network.hidden(state))).T
        a, v, p = out[:2] * scale.acceleration, out[2:4] * scale.velocity, out[4:] * scale.place + start
        place, pace = torch.stack(believed[:2]), torch.stack(believed[2:])
        push = (before[0] + a) / 2
        pull = FREQUENCY**2 * (p - place - dt * pace - dt**2 / 2 * push) + 2 * FREQUENCY * (v - pace - dt * push)
        force = (facts.body.mass * (push + pull)).clamp(-facts.body.strength, facts.body.strength)
        now = move(real, force, field, gains[t], facts, arena)
        free = move(believed, force, field, 0.0 * gains[t], facts, 1e9)
        added = [n - f for n, f in zip(now, free)]
        change = [(n - r) - (f - b) for n, r, f, b in zip(now, real, free, believed)]
        errors += [(a + torch.stack(change[2:]) / dt - wanted[2][t]) / ACCELERATION_UNIT]
        errors += [(v + torch.stack(added[2:]) - wanted[1][t]) / VELOCITY_UNIT]
        errors += [(p + torch.stack(added[:2]) - wanted[0][t]) / UNIT]
        before, real, believed = (a, v, p), now, free
        places.append(torch.stack(now[:2], dim=1))
    return torch.stack(places), elastic(torch.stack(errors))
