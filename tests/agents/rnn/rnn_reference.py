"""The networks written down once more, plainly: time step by time step, with PyTorch's own cells and automatic gradients."""

import torch
from agents.rnn.trials import STEPS

from agents.rnn.config import ACCELERATION_UNIT, UNIT, VELOCITY_UNIT
from reach_gym.plants import point_mass
from reach_gym.plants.bounds import confine

FREQUENCY = 20.0
torch.set_num_threads(1)  # tests run side by side; for tensors of this size more threads only wait for each other


def tensor(array, like):
    return torch.from_numpy(array.copy()).to(like.dtype)


def field_of(facts, like):
    return [tensor(facts.field[:, i], like) for i in range(16)], tensor(facts.scale.T, like)


def move(state, force, field, scale, facts, arena):
    x, y, vx, vy = state
    (x, y, vx, vy), _, _ = point_mass.step((x, y, vx, vy), force, scale, field, facts.params)
    x, vx = confine(x, vx, arena)
    y, vy = confine(y, vy, arena)
    return x, y, vx, vy


def at_rest(facts, like):
    zero = torch.zeros(len(facts.go), dtype=like.dtype)
    return (*tensor(facts.start.T, like), zero, zero)


def elastic(errors):
    return errors.square().mean() + errors.abs().mean()


def buffer_path(network, config, batch, arena, masks=None):
    """Positions (T, 2, n) of the output-buffer model, and its loss."""
    facts, like = batch.facts, batch.inputs
    rows = like.shape[1]
    field, scale = field_of(facts, like)
    state, hand = torch.zeros(rows, config.units, dtype=like.dtype), at_rest(facts, like)
    recent, places = [torch.zeros(rows, 2, dtype=like.dtype)] * config.buffer, []
    one = torch.ones(1, dtype=like.dtype)
    for t in range(STEPS):
        first, second, shown = (each[t] for each in masks) if masks else (one, one, one)
        seen = torch.relu(network.first(torch.cat([like[t], *recent], dim=1))) * first
        seen = torch.relu(network.second(seen)) * second
        state = network.cell(seen, state)
        out = network.out(torch.relu(network.hidden(state * shown)))
        force = (config.scale.acceleration * facts.body.mass * out.T).clamp(-facts.body.strength, facts.body.strength)
        after = move(hand, force, field, scale[t], facts, arena)
        change = torch.stack([after[2] - hand[2], after[3] - hand[3]], dim=1) / facts.dt
        recent, hand = [*recent[1:], change / config.scale.acceleration], after
        places.append(torch.stack(hand[:2]))
    path = torch.stack(places)
    return path, elastic((path - batch.position) / UNIT)


def standard_path(network, config, batch, arena, masks=None):
    """Positions (T, 2, n) of the hand that the standard model leads, and the loss of its kinematics with what the field adds."""
    facts, like, dt = batch.facts, batch.inputs, batch.facts.dt
    state, outputs = torch.zeros(like.shape[1], config.units, dtype=like.dtype), []
    for t in range(STEPS):
        state = network.cell(like[t], state)
        outputs.append(network.out(torch.relu(network.hidden(state * masks[0][t] if masks else state))).T)
    made, scale = torch.stack(outputs), config.scale
    start = tensor(facts.start.T, like)
    a, v, p = made[:, :2] * scale.acceleration, made[:, 2:4] * scale.velocity, made[:, 4:] * scale.place + start
    field, gains = field_of(facts, like)
    real = believed = at_rest(facts, like)
    before, places, errors = (torch.zeros_like(start), torch.zeros_like(start), start), [], []
    for t in range(STEPS):
        place, pace = torch.stack(believed[:2]), torch.stack(believed[2:])
        push = (before[0] + a[t]) / 2
        wanted = push + FREQUENCY**2 * (p[t] - place - dt * pace - dt**2 / 2 * push) + 2 * FREQUENCY * (v[t] - pace - dt * push)
        force = (facts.body.mass * wanted).clamp(-facts.body.strength, facts.body.strength)
        now = move(real, force, field, gains[t], facts, arena)
        free = move(believed, force, field, 0.0 * gains[t], facts, 1e9)
        more = [(n - r) - (f - b) for n, r, f, b in zip(now, real, free, believed)], [n - f for n, f in zip(now, free)]
        errors += [(a[t] + torch.stack(more[0][2:]) / dt - batch.acceleration[t]) / ACCELERATION_UNIT]
        errors += [(v[t] + torch.stack(more[1][2:]) - batch.velocity[t]) / VELOCITY_UNIT]
        errors += [(p[t] + torch.stack(more[1][:2]) - batch.position[t]) / UNIT]
        before, real, believed = (a[t], v[t], p[t]), now, free
        places.append(torch.stack(now[:2]))
    return torch.stack(places), elastic(torch.stack(errors))
