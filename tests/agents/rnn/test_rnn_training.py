"""Learning through a session: it learns, resumes bit for bit, stops at NaN, and leaves the world alone."""

import json
import math

import numpy as np
import pytest
import torch
from agents.rnn.rollout import Path
from agents.rnn.trials import STEPS, TrialSource

import tests.agents.rnn.rnn_reference  # noqa: F401  (one thread)
from agents.rnn import checkpoint as rnn_checkpoint
from agents.rnn.config import PRESETS, RnnConfig, config_from_data
from agents.rnn.figures import paths_of
from agents.rnn.models import make_network
from agents.rnn.probe import MEASURES, Push, onsets, probe_batch, push_of, pushed
from agents.rnn.report import phases, table
from agents.rnn.sessions import SESSIONS, session_of
from agents.rnn.training import RnnLearner, make_rollout
from reach_gym.planning import minimum_jerk
from reach_gym.sessions.schedule import Block
from reach_gym.training import checkpoint
from reach_gym.training.checkpoint import CheckpointError
from reach_gym.training.seeds import training_seed

TASK = "reach_gym/CursorReach-v0"
SMALL = RnnConfig(units=16, batch=4, warm_up=2)


def blocks(*trials, gains=(0.0, 1.0, 0.0, 1.0)):
    return [{"name": f"block {i}", "trials": n, "gain": gains[i]} for i, n in enumerate(trials)]


def learner(config=SMALL, seed=0, session=None, **kwargs):
    return RnnLearner(TASK, {"field": "curl_ccw", "schedule": session or blocks(3, 3, 2), **kwargs}, config, seed)


def weights(each):
    return {name: weight.detach().clone() for name, weight in each.network.named_parameters()}


def same(a, b):
    return all(torch.equal(a[name], b[name]) for name in a)


@pytest.fixture(scope="module")
def trained():
    """A session long enough to learn, meet a curl field and wash out."""
    config = RnnConfig(model="standard", cell="relu", units=32, batch=16, warm_up=10)
    each = learner(config, session=blocks(100, 50, 25), targets="center-out", field={"preset": "curl_ccw", "gain": 0.3})
    each.learn(each.total)
    each.close()
    return each


def test_it_learns_meets_the_field_and_shows_an_after_effect_on_the_other_side(trained):
    before, field, after = phases(trained.probes, trained.records)
    assert before["endpoint_mm"] < 30 and before["moved"] == 1.0
    assert field["onset_deviation_mm"] > 5  # counter-clockwise: to the left
    assert field["deviation_size_mm"] < field["onset_deviation_size_mm"]
    assert after["onset_deviation_mm"] < -3 and after["after_effect_mm"] < 0  # the other side
    assert after["endpoint_mm"] < after["onset_endpoint_mm"]
    assert math.isnan(before["after_effect_mm"]) and math.isnan(field["after_effect_mm"])
    assert table([before, field, after], "t").row_count == 3
    assert all(len(values) == trained.total for values in trained.records.values())
    assert np.isfinite(list(trained.status().values())).all()


@pytest.mark.parametrize("model", ["standard", "output_buffer"])
def test_a_resumed_run_ends_with_the_same_bits(model, tmp_path):
    config = RnnConfig(**{**SMALL.to_data(), "model": model, "dropout": 0.2})
    whole, first, second = (learner(config, session=blocks(3, 3, 2)) for _ in range(3))
    whole.learn(8)
    first.learn(4)
    rnn_checkpoint.save(first, tmp_path)
    rnn_checkpoint.resume(second, tmp_path)
    second.learn(4)
    assert same(weights(whole), weights(second))
    assert whole.records == second.records or np.allclose(
        [whole.records[name] for name in whole.records], [second.records[name] for name in whole.records], equal_nan=True, rtol=0, atol=0
    )
    assert len(second.snapshots) == 3 and all(map(same, whole.snapshots, second.snapshots))
    rnn_checkpoint.save(whole, tmp_path / "a")
    rnn_checkpoint.save(second, tmp_path / "b")
    assert (tmp_path / "a" / "checkpoint.json").read_text() == (tmp_path / "b" / "checkpoint.json").read_text()


def test_seeds_differ_and_repeat_and_no_global_state_is_touched():
    torch.manual_seed(1)
    np.random.seed(1)  # noqa: NPY002
    states = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    one, two, other = learner(), learner(), learner(seed=1)
    for each in (one, two, other):
        each.learn(2)
    assert same(weights(one), weights(two)) and not same(weights(one), weights(other))
    assert torch.equal(states[0], torch.get_rng_state()) and (states[1] == np.random.get_state()[1]).all()  # noqa: NPY002
    assert training_seed(0) != training_seed(1) + 1


def test_a_batch_is_a_pure_function_of_its_number():
    source, again = (TrialSource(TASK, {"field": "push", "schedule": blocks(4, 4)}, SMALL, 5, 3) for _ in range(2))
    forward = [source.draw(k).facts for k in range(6)]
    for k in (5, 2, 3, 0):
        jumped = again.draw(k).facts
        assert all(np.array_equal(getattr(jumped, name), getattr(forward[k], name)) for name in ("target", "go", "scale"))
    assert not np.array_equal(forward[0].target, forward[1].target)
    assert forward[3].scale.max() == 0 < forward[4].scale.min()  # the schedule's gain


def test_nan_stops_with_a_clear_error_and_the_weights_before_it():
    each = learner()
    each.learn(1)
    with torch.no_grad():
        each.network.get_parameter("hidden.weight")[0, 0] = math.inf
    kept = weights(each)
    with pytest.raises(FloatingPointError, match="update 2; a smaller learning rate"):
        each.learn(1)
    assert each.done == 1 and len(each.records["loss"]) == 1 and same(kept, weights(each))


def test_gradients_stay_finite_at_a_rate_that_is_far_too_high():
    each = learner(RnnConfig(**{**SMALL.to_data(), "learning_rate": 0.5, "adaptation_rate": 0.5}), session=blocks(20, 20))
    each.learn(40)
    assert np.isfinite(each.records["loss"]).all()


def test_the_rate_rises_and_falls_in_every_block():
    each = learner(RnnConfig(warm_up=3, floor=0.1), session=blocks(10, 10))
    rates = [each.rate(k) for k in range(20)]
    assert rates[0] == pytest.approx(5e-3 / 4) and rates[10] == pytest.approx(2e-3 / 4)
    assert max(rates[:10]) == pytest.approx(5e-3, rel=0.3) and rates[9] < rates[4] and rates[19] < rates[14]


def test_a_branch_is_the_same_network_in_another_session():
    each = learner(session=blocks(2, 2))
    each.learn(2)
    twin = each.branch({**each.env_kwargs, "schedule": blocks(2, 3, gains=(0.0, 0.0))})
    alone = learner(session=blocks(2, 3, gains=(0.0, 0.0)))
    alone.learn(5)
    each.learn(2)
    twin.learn(3)
    assert same(weights(twin), weights(alone)) and not same(weights(twin), weights(each))
    with pytest.raises(ValueError, match="the same first 2 blocks"):
        each.branch({**each.env_kwargs, "schedule": blocks(2, 3)})


def test_savings_and_after_effects_of_made_up_records():
    probes = [
        {"name": name, "field": None, "gain": gain, "trials": 20, "before": numbers(start), "after": numbers(1.0)}
        for name, gain, start in (("a", 0.0, 1.0), ("b", 1.0, 30.0), ("c", 0.0, -20.0), ("d", 1.0, 12.0))
    ]
    sizes = [1.0] * 20 + [30.0] * 20 + [20.0] * 20 + [12.0] * 20
    rows = phases(probes, {"deviation_size_mm": sizes})
    assert rows[3]["savings"] == pytest.approx(0.6) and math.isnan(rows[1]["savings"])
    assert rows[2]["after_effect_mm"] == -20.0 and math.isnan(rows[0]["after_effect_mm"])
    probes[3]["field"] = "curl_cw"  # another one, which was not met before
    assert math.isnan(phases(probes, {"deviation_size_mm": sizes})[3]["savings"])


def numbers(value):
    return dict.fromkeys(MEASURES, value)


def drawn(gain, **more):
    config = RnnConfig(model="standard", cell="relu")
    kwargs = {"field": "curl_ccw", **more}
    return probe_batch("reach_gym/CursorReach-v0", kwargs, config, Block("b", 1, gain=gain), 0)


def path_of(batch, begin):
    """Minimum-jerk reaches that begin at these times in s, (n,), whenever the cue comes."""
    since = (np.arange(STEPS + 1)[:, None] - np.zeros(len(batch.facts.go))) * 0.01 - begin
    told = minimum_jerk(since, batch.facts.start, batch.facts.target)
    return Path(*(torch.from_numpy(each).transpose(1, 2) for each in (told.position, told.velocity)), torch.zeros(0))


@pytest.mark.parametrize("begin", [0.1, 0.15, 0.2, 0.25, 0.4])
def test_a_hand_that_does_not_wait_for_the_cue_is_found_out(begin):
    batch = drawn(0.0)
    go = batch.facts.go

    def slope(path):
        onset = onsets(path, batch.facts)
        assert (onset >= 0).all()
        return np.polyfit(go, onset, 1)[0]

    assert abs(slope(path_of(batch, begin))) < 1e-6
    assert slope(path_of(batch, 0.01 * go + 0.05)) == pytest.approx(1.0, abs=1e-6)
    assert slope(path_of(batch, 0.2 + 0.5 * (0.01 * go - 0.2))) == pytest.approx(0.5, abs=0.05)
    wanted = Path(*(torch.cat([each[:1], each]) for each in (batch.position, batch.velocity)), torch.zeros(0))
    assert slope(wanted) == pytest.approx(1.0, abs=0.02)  # the logistic begins before its cue


def test_an_after_effect_is_the_mirror_image_of_the_push_whatever_the_field():
    batch, generator = drawn(1.0), np.random.default_rng(0)
    late = np.arange(1, STEPS + 1)[:, None] > batch.facts.go
    angle = np.linspace(0, 2 * np.pi, STEPS)[:, None]
    # A hand that a field turns round once is on average where it would have been.
    course = torch.from_numpy(0.03 * np.stack([np.cos(angle), np.sin(angle)], axis=1) * late[:, None]).float()
    rest = torch.from_numpy(generator.normal(0, 0.02, (STEPS, 2, 1)) * late[:, None]).float()
    push = Push(*(each.permute(2, 0, 1).numpy() for each in (rest.expand_as(course), course)))

    def found(share):
        position = batch.position + rest + share * course
        return pushed(Path(torch.cat([position[:1], position]), torch.zeros(0), torch.zeros(0)), batch, push)

    assert [round(1000 * found(share), 2) for share in (1.0, 0.0, -1.0, -0.5)] == [30.0, 0.0, -30.0, -15.0]
    still = Push(push.without, np.zeros_like(push.added))
    assert math.isnan(pushed(Path(torch.zeros(STEPS + 1, 2, 256), torch.zeros(0), torch.zeros(0)), batch, still))


def test_the_push_is_what_the_field_adds_to_the_same_network():
    config, batch = RnnConfig(model="standard", cell="relu", units=16), drawn(1.0)
    roll = make_rollout(make_network(config), config, 0.2)
    push, free = push_of(roll, batch), push_of(roll, drawn(0.0))
    np.testing.assert_array_equal(push.without, free.without)
    assert not free.added.any() and push.added.any() and pushed(roll.forward(batch), batch, push) > 0
    assert abs(pushed(roll.forward(drawn(0.0)), batch, push)) < 1e-6


def test_a_ramp_and_a_block_with_its_own_field_are_told_by_their_end():
    session = [
        {"name": "before", "trials": 2, "gain": 0.0},
        {"name": "ramp", "trials": 3, "gain": 0.0, "gain_end": 1.0},
        {"name": "other", "trials": 2, "field": "curl_cw"},
        {"name": "after", "trials": 2, "gain": 0.0},
    ]
    each = learner(RnnConfig(model="standard", cell="relu", units=8, batch=4), session=session, field="curl_ccw")
    each.learn(each.total)
    rows = phases(each.probes, each.records)
    assert [probe["gain"] for probe in each.probes] == [0.0, 1.0, 1.0, 0.0]
    assert [probe["field"] is None for probe in each.probes] == [True, True, False, True]
    assert [math.isnan(row["after_effect_mm"]) for row in rows] == [True, True, True, False]
    assert all(math.isnan(row["savings"]) for row in rows)
    panels = paths_of(each)
    assert [panel.title for panel in panels] == [
        *("before", "ramp, learned", "other, at first", "other, learned", "after, at first", "after, at the end")
    ]
    viscosity = [panel.recording.metadata["field"]["viscosity"] for panel in panels]
    assert viscosity[2] == viscosity[3] != viscosity[1] == viscosity[0]
    with pytest.raises(ValueError, match="at most 0"):
        each.learn(1)
    each.close()


@pytest.mark.parametrize("keywords", [{"dt": 0.001}, {"go_delay": 0.9}])
def test_a_cue_that_comes_too_late_is_refused_at_once(keywords):
    with pytest.raises(ValueError, match="`dt` and `go_delay`"):
        learner(RnnConfig(units=4, batch=2), session=blocks(1), **keywords)


def test_paths_of_a_task_with_another_start_have_its_own_targets():
    each = learner(RnnConfig(model="standard", cell="relu", units=4, batch=2), session=blocks(1, 1), start=[0.05, 0.05])
    each.learn(each.total)
    assert len(paths_of(each)) == 3
    each.close()


def test_damaged_and_foreign_checkpoints_are_refused(tmp_path):
    each = learner()
    each.learn(3)
    rnn_checkpoint.save(each, tmp_path)
    with pytest.raises(CheckpointError, match="seed 0"):
        rnn_checkpoint.resume(learner(seed=1), tmp_path)
    with pytest.raises(CheckpointError, match="config"):
        rnn_checkpoint.resume(learner(RnnConfig(**{**SMALL.to_data(), "l1": 0.5})), tmp_path)
    with pytest.raises(CheckpointError, match="env"):
        rnn_checkpoint.resume(learner(damping=0.1), tmp_path)
    arrays, manifest = checkpoint.load(tmp_path)
    for change in (
        lambda a, m: a.pop("now/out.weight"),
        lambda a, m: a.update({"now/out.bias": a["now/out.bias"].astype(np.float64)}),
        lambda a, m: m.update(done=2),
        lambda a, m: m.update(config={"units": -1}),
        lambda a, m: a.pop("history_known"),
        lambda a, m: a.pop("block 0/out.bias"),
        lambda a, m: m.update(agent="q_learning"),
        lambda a, m: m.update(probes=[]),
        lambda a, m: m.update(probes=[1]),
        lambda a, m: m["probes"][0].pop("gain"),
        lambda a, m: m["probes"][0].pop("after"),
        lambda a, m: m["probes"][0].update(trials="many"),
        lambda a, m: m["probes"][0]["before"].update(loss=[1]),
        lambda a, m: m["probes"][0]["before"].pop("loss"),
        lambda a, m: a.update({"push/added": np.zeros((256, 2), np.float32)}),
    ):
        some, told = dict(arrays), json.loads(json.dumps(manifest))
        change(some, told)
        checkpoint.save(tmp_path / "bad", some, told)
        fresh = learner()
        kept = weights(fresh)
        with pytest.raises(CheckpointError):
            rnn_checkpoint.resume(fresh, tmp_path / "bad")
        assert fresh.done == 0 and same(kept, weights(fresh))


def test_a_large_claim_costs_nothing(tmp_path, monkeypatch):
    each = learner()
    each.learn(1)
    rnn_checkpoint.save(each, tmp_path)
    arrays, manifest = checkpoint.load(tmp_path)
    manifest["config"]["units"] = 4096
    checkpoint.save(tmp_path / "bad", arrays, manifest)
    monkeypatch.setattr(torch.nn.Module, "to_empty", None)  # nothing is made of that size
    with pytest.raises(CheckpointError, match="`now/.*` must be float32"):
        rnn_checkpoint.load(tmp_path / "bad")


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        ({"cell": "lstm"}, ValueError, "`cell` must be one of"),
        ({"units": 0}, ValueError, "`units` must be an integer from 1"),
        ({"dropout": 1.0}, ValueError, "`dropout` must be"),
        ({"learning_rate": math.nan}, ValueError, "`learning_rate` must be a finite number"),
        ({"batch": 1.5}, TypeError, "`batch` must be an integer"),
        ({"l1": 0, "l2": 0}, ValueError, "must not both be 0"),
        ({"colour": 1}, ValueError, "unknown key 'colour'"),
    ],
)
def test_bad_settings_are_refused(data, error, message):
    with pytest.raises(error, match=message):
        config_from_data(data)


def test_presets_and_sessions_are_what_the_paper_says():
    paper, code = (config_from_data(PRESETS[name]) for name in ("paper", "paper_code"))
    assert (paper.dropout, paper.batch, paper.learning_rate, paper.buffer, paper.scaling) == (0.3, 32, 3e-4, 4, "paper")
    assert (code.buffer, code.gate, code.l1) == (5, "acceleration", 0.01)
    assert config_from_data(paper.to_data()) == paper
    assert sum(b["trials"] for b in session_of("control")) == SESSIONS["adaptation"].trials
    assert [b["trials"] for b in session_of("adaptation", 0.001)] == [1, 1, 1]
    for text in ("nothing", "[1", '[{"name": "a"}]'):
        with pytest.raises(ValueError):
            session_of(text)


def test_tasks_that_no_network_is_taught_are_refused():
    for kwargs in ({"delay": 3}, {"motor_noise": [0.1, 0.0]}, {"rotation": 30.0}):
        with pytest.raises(ValueError, match="exact roll-outs"):
            learner(**kwargs)
