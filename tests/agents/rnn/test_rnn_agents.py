"""The networks as agents: what they do in the environment is the training's roll-out, row by row."""

import numpy as np
import pytest
import torch

from agents.rnn import checkpoint
from agents.rnn.checkpoint import load_agent
from agents.rnn.config import RnnConfig
from agents.rnn.models import body_of, make_network
from agents.rnn.sessions import WHOLE
from agents.rnn.training import RnnLearner
from reach_gym.acting import rollout
from reach_gym.acting.modules import FromModule
from reach_gym.differentiable import TorchReach
from reach_gym.evaluation import evaluate
from reach_gym.neural import record_activity
from reach_gym.recording import record

MODELS = [("output_buffer", "gru"), ("output_buffer", "relu"), ("standard", "relu")]
# Every trial lasts until the time limit; curl and channel trials, and a hand that is not the registered one.
KWARGS = {**WHOLE, "schedule": [{"name": "both", "trials": 9, "clamp": 0.3}], "mass": 1.2, "damping": 0.3}
REGION = "reach_gym/CursorReachRegion-v0"


@pytest.mark.parametrize("cue", ["pulse", "latched"])
@pytest.mark.parametrize(("model", "cell"), MODELS)
def test_a_roll_out_in_the_environment_is_the_trainings(model, cell, cue):
    """Whether or not the cue stays on: the networks are shown the pulse that they have learned from."""
    config, rows, task = RnnConfig(model=model, cell=cell, units=24), 6, TorchReach("reach_gym/CursorReachCurl-v0", 6, **KWARGS)
    network = make_network(config, body_of(task.task), 2)
    with torch.no_grad():
        network.out.weight.mul_(4.0)
        task.reset(11)
        path = task.rollout(network)
    env = rollout.make_rows("reach_gym/CursorReachCurl-v0", rows, {**KWARGS, "cue": cue})
    observations, info = env.reset(seed=11)
    agent = FromModule(network)
    agent.reset(np.ones(rows, np.bool_))
    for t in range(100):
        observations, _, _, _, info = env.step(agent.act(observations))
        np.testing.assert_allclose(agent.states, path.activity[t].numpy(), atol=2e-4)
        hand = np.stack([info["hand_x"], info["hand_y"]], axis=1)
        np.testing.assert_allclose(hand, path.hand[t, :, :2].numpy(), rtol=0, atol=1e-5)
    assert float(path.hand[..., :2].abs().max()) > 0.002 and info["channel"].any() and not info["channel"].all()


def test_a_run_directory_is_an_agent_at_the_end_of_any_block(tmp_path):
    session = [{"name": "before", "trials": 2, "gain": 0.0}, {"name": "in", "trials": 2}, {"name": "after", "trials": 5, "gain": 0.0}]
    learner = RnnLearner(REGION, {"schedule": session}, RnnConfig(units=16, batch=4), 0)
    checkpoint.save(learner, tmp_path)
    env = rollout.make_rows(REGION, 3, {})
    untrained = load_agent(tmp_path, env)
    learner.learn_block()
    learner.learn_block()
    checkpoint.save(learner, tmp_path)
    now, first = load_agent(tmp_path, env), load_agent(tmp_path, env, block=0)
    told = [{name: each._module.get_parameter(name) for name in learner.snapshots[0]} for each in (untrained, first, now)]
    assert all(torch.equal(told[1][name], weight) for name, weight in learner.snapshots[0].items())
    assert all(torch.equal(told[2][name], weight) for name, weight in learner.network.named_parameters())
    assert not torch.equal(told[0]["out.weight"], told[1]["out.weight"])
    with pytest.raises(ValueError, match="from 0 to 1"):
        load_agent(tmp_path, env, block=2)

    class Loaded:
        def __new__(cls, env):
            return load_agent(tmp_path, env)

    assert evaluate(Loaded, REGION, 3).summary()["episodes"] == 3
    for name, kwargs in (("reach_gym/GridReach-v0", {}), (REGION, {"observation": "pixels"})):
        with pytest.raises(TypeError, match="cursor reach|'vector'"):
            load_agent(tmp_path, rollout.make_rows(name, 1, kwargs))


def test_a_trained_network_scores_in_the_environment():
    config = RnnConfig(model="standard", units=64, batch=32, warm_up=10)
    session = {"schedule": [{"name": "before", "trials": 130, "gain": 0.0}], "targets": "center-out"}
    learner = RnnLearner("reach_gym/CursorReach-v0", session, config, 0)
    learner.learn()
    learner.network.eval()
    kwargs = {"targets": "center-out"}
    recording = record(learner.network, "reach_gym/CursorReach-v0", 32, env_kwargs=kwargs)
    # Seen through the environment's own measures, whatever the training believed: most reaches end on the target in time.
    assert recording.success.mean() > 0.5 and not recording.false_start.any()
    assert np.nanmean(recording.measures()["endpoint_error"]) < 0.02
    assert record_activity(learner.network, "reach_gym/CursorReach-v0", 8, env_kwargs=kwargs).rates.shape[2] == 64
