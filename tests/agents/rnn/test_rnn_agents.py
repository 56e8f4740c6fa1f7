"""The networks as agents: what they do in the environment is the training's roll-out, row by row."""

import numpy as np
import pytest
import torch
from agents.rnn.activity import WHOLE, record_network
from agents.rnn.agents import agent_of, load_agent
from agents.rnn.trials import TrialSource

import tests.agents.rnn.rnn_reference  # noqa: F401  (one thread)
from agents.rnn import checkpoint
from agents.rnn.config import RnnConfig
from agents.rnn.models import make_network
from agents.rnn.training import RnnLearner, make_rollout
from reach_gym.acting import rollout
from reach_gym.evaluation import evaluate

MODELS = [("output_buffer", "gru"), ("output_buffer", "relu"), ("standard", "relu")]
# Every trial lasts until the time limit; curl and channel trials, and a hand that is not the registered one.
KWARGS = {**WHOLE, "schedule": [{"name": "both", "trials": 9, "clamp": 0.3}], "mass": 1.2, "damping": 0.3}


def config_of(model, cell):
    return RnnConfig(model=model, cell=cell, units=24)


def lively(config):
    network = make_network(config, 2)
    with torch.no_grad():
        network.out.weight.mul_(4.0)
    return network


@pytest.mark.parametrize("cue", ["pulse", "latched"])
@pytest.mark.parametrize(("model", "cell"), MODELS)
def test_a_roll_out_in_the_environment_is_the_trainings(model, cell, cue):
    """Whether or not the cue stays on: the networks are shown the pulse that they have learned from."""
    config = config_of(model, cell)
    network, rows, seed = lively(config), 6, 11
    env = rollout.make_rows("reach_gym/CursorReachCurl-v0", rows, {**KWARGS, "cue": cue})
    observations, info = env.reset(seed=seed)
    source = TrialSource("reach_gym/CursorReachCurl-v0", KWARGS, config, rows, seed)
    path = make_rollout(network, config, source.task.arena).forward(source.draw(0))
    agent, far = agent_of(env, network, config), 0.0
    agent.reset(np.ones(rows, np.bool_))
    for t in range(100):
        observations, _, _, _, info = env.step(agent.act(observations))
        np.testing.assert_allclose(agent.states, path.states[t].numpy(), atol=2e-4)
        hand = np.stack([info["hand_x"], info["hand_y"]])
        np.testing.assert_allclose(hand, path.position[t + 1].numpy(), rtol=0, atol=1e-5)
        far = max(far, float(np.abs(hand).max()))
    assert far > 0.002 and info["channel"].any() and not info["channel"].all()


@pytest.mark.parametrize(("model", "cell"), MODELS)
def test_a_row_that_begins_anew_remembers_nothing(model, cell):
    """After an autoreset the next trial is acted as by a fresh agent, while the other rows go on."""
    config = config_of(model, cell)
    network = lively(config)
    env = rollout.make_rows("reach_gym/CursorReach-v0", 2, {})
    agent, seen = agent_of(env, network, config), {}
    for name, steps in (("long", 230), ("again", 120)):
        observations, _ = env.reset(seed=4)
        agent.reset(np.ones(2, np.bool_))
        for t in range(steps):
            actions = agent.act(observations)
            seen[name, t] = actions
            observations, _, terminated, truncated, _ = env.step(actions)
            if (terminated | truncated).any():
                agent.reset(terminated | truncated)
    assert all(np.array_equal(seen["long", t], seen["again", t]) for t in range(120))


def test_a_run_directory_is_an_agent_at_the_end_of_any_block(tmp_path):
    session = [{"name": "before", "trials": 2, "gain": 0.0}, {"name": "in", "trials": 2}, {"name": "after", "trials": 5, "gain": 0.0}]
    learner = RnnLearner("reach_gym/CursorReachRegion-v0", {"schedule": session}, RnnConfig(units=16, batch=4), 0)
    learner.learn(5)
    checkpoint.save(learner, tmp_path)
    env = rollout.make_rows("reach_gym/CursorReachRegion-v0", 3, {})
    now, first = load_agent(tmp_path, env), load_agent(tmp_path, env, block=0)
    assert torch.equal(now.network.get_parameter("out.weight"), learner.network.get_parameter("out.weight"))
    assert torch.equal(first.network.get_parameter("out.weight"), learner.snapshots[0]["out.weight"])
    with pytest.raises(ValueError, match="from 0 to 1"):
        load_agent(tmp_path, env, block=2)

    class Loaded:
        def __new__(cls, env):
            return load_agent(tmp_path, env)

    assert evaluate(Loaded, "reach_gym/CursorReachRegion-v0", 3).summary()["episodes"] == 3
    with pytest.raises(TypeError, match="cursor reach"):
        load_agent(tmp_path, rollout.make_rows("reach_gym/GridReach-v0", 1, {}))


def test_a_trained_network_scores_in_the_environment():
    config = RnnConfig(model="standard", cell="relu", units=64, batch=32, warm_up=10)
    session = {"schedule": [{"name": "before", "trials": 130, "gain": 0.0}], "targets": "center-out"}
    learner = RnnLearner("reach_gym/CursorReach-v0", session, config, 0)
    learner.learn(130)
    activity = record_network(learner.network, config, "reach_gym/CursorReach-v0", {"targets": "center-out"}, 32)
    recording = activity.recording
    # Seen through the environment's own measures, whatever the training believed: most reaches end on the target in time.
    assert recording.success.mean() > 0.5 and not recording.false_start.any()
    assert np.nanmean(recording.measures()["endpoint_error"]) < 0.02
