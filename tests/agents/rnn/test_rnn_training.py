"""Learning through a session: it learns, resumes bit for bit, stops at NaN, and leaves the world alone."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from agents.rnn import checkpoint as rnn_checkpoint
from agents.rnn import training
from agents.rnn.config import PRESETS, RnnConfig, config_from_data
from agents.rnn.figures import paths_of
from agents.rnn.objective import desired
from agents.rnn.probe import PROBED, Probe, Push, onsets, push_of, pushed
from agents.rnn.report import phases, table
from agents.rnn.sessions import PAPER_TRIALS, SESSIONS, session_of
from agents.rnn.training import RnnLearner, rate_of
from reach_gym.planning import minimum_jerk
from reach_gym.training import checkpoint
from reach_gym.training.checkpoint import CheckpointError
from tests.reach.test_events import TABLE

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
    config = RnnConfig(model="standard", units=32, batch=16, warm_up=10)
    each = learner(config, session=blocks(60, 30, 15), targets="center-out", field={"preset": "curl_ccw", "gain": 0.3})
    each.learn()
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


class Ended(Exception):
    """A run is ended from outside."""


def interrupt_after(monkeypatch, updates):
    """Ends a training after so many more updates."""
    real, left = torch.optim.Adam.step, [updates]

    def step(self, *args, **kwargs):
        if left[0] == 0:
            raise Ended
        left[0] -= 1
        return real(self, *args, **kwargs)

    monkeypatch.setattr(torch.optim.Adam, "step", step)


@pytest.mark.parametrize(
    "model, updates",  # within a block, at the end of one, within the second
    [("output_buffer", 2), ("output_buffer", 3), ("output_buffer", 5), ("standard", 5)],
)
def test_a_resumed_run_ends_with_the_same_bits(model, updates, tmp_path, monkeypatch):
    config = replace(SMALL, model=model, dropout=0.2)
    whole, first, second = (learner(config) for _ in range(3))
    whole.learn()

    def go_on(each):
        while not each.is_over:
            each.learn_block(tmp_path / f"block_{len(each.snapshots)}", save_every=1)
            rnn_checkpoint.save(each, tmp_path)

    rnn_checkpoint.save(first, tmp_path)
    with monkeypatch.context() as patch, pytest.raises(Ended):
        interrupt_after(patch, updates)
        go_on(first)
    rnn_checkpoint.resume(second, tmp_path)
    assert second.done == (0 if updates < 3 else 3)
    go_on(second)
    assert same(weights(whole), weights(second)) and whole.records == second.records
    assert len(second.snapshots) == 3 and all(map(same, whole.snapshots, second.snapshots))
    rnn_checkpoint.save(whole, tmp_path / "a")
    assert (tmp_path / "a" / "checkpoint.json").read_text() == (tmp_path / "checkpoint.json").read_text()


def test_seeds_differ_and_repeat_and_no_global_state_is_touched():
    torch.manual_seed(1)
    np.random.seed(1)  # noqa: NPY002
    states = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    one, two, other = (learner(session=blocks(2), seed=seed) for seed in (0, 0, 1))
    for each in (one, two, other):
        each.learn()
    assert same(weights(one), weights(two)) and not same(weights(one), weights(other))
    assert torch.equal(states[0], torch.get_rng_state()) and (states[1] == np.random.get_state()[1]).all()  # noqa: NPY002


def test_blocks_have_trials_of_their_own():
    each = learner(session=blocks(1, 1, gains=(0.0, 0.0)))
    each.learn()
    assert each.records["endpoint_mm"][0] != each.records["endpoint_mm"][1]
    still = learner(replace(SMALL, learning_rate=0.0, adaptation_rate=0.0), session=blocks(1, 1, gains=(0.0, 0.0)))
    still.learn()
    assert still.records["endpoint_mm"][0] != still.records["endpoint_mm"][1]


def test_nan_stops_with_a_clear_error_and_the_weights_before_it(monkeypatch):
    each = learner()
    each.learn_block()
    kept = weights(each)
    monkeypatch.setattr(training, "objective", lambda config: lambda path: math.nan * path.hand.sum())
    with pytest.raises(FloatingPointError, match="update 1; a smaller `rate`"):
        each.learn_block()
    assert each.done == 3 and len(each.probes) == 1 and same(kept, weights(each))


def test_gradients_stay_finite_at_a_rate_that_is_far_too_high():
    each = learner(replace(SMALL, learning_rate=0.5, adaptation_rate=0.5), session=blocks(20, 20))
    each.learn()
    assert np.isfinite(each.records["loss"]).all()


def test_the_rate_rises_and_falls_in_every_block():
    config = RnnConfig(warm_up=3, floor=0.1, adaptation_rate=2e-3)
    first, later = ([rate_of(config, 10, first)(k) for k in range(10)] for first in (True, False))
    assert first[0] == pytest.approx(5e-3 / 4) and later[0] == pytest.approx(2e-3 / 4)
    assert max(first) == pytest.approx(5e-3, rel=0.3) and first[9] < first[4] and later[9] < later[4]


def test_a_branch_is_the_same_network_in_another_session():
    each = learner(session=blocks(2, 2))
    each.learn_block()
    twin = each.branch({**each.env_kwargs, "schedule": blocks(2, 3, gains=(0.0, 0.0))})
    alone = learner(session=blocks(2, 3, gains=(0.0, 0.0)))
    for one in (alone, each, twin):
        one.learn()
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
    return dict.fromkeys(PROBED, value)


CONFIG = RnnConfig(model="standard", units=16)


def probe_of(gain):
    return Probe(TASK, {**PAPER_TRIALS, "field": "curl_ccw", "schedule": [{"name": "b", "trials": 1, "gain": gain}]}, CONFIG, 0)


@pytest.fixture(scope="module")
def drawn():
    """What is known of held-out trials, to which paths are made up."""
    network = learner(CONFIG, **PAPER_TRIALS).network
    return probe_of(0.0).rollout(network)


def path_of(drawn, position, velocity=None):
    """A rollout in which hands are at `position` (T, n, 2) after each step."""
    position = np.asarray(position)
    velocity = np.gradient(position, 0.01, axis=0) if velocity is None else velocity
    hand = torch.from_numpy(np.concatenate([position, velocity], axis=2)).float()
    return replace(drawn, hand=hand, cursor=hand)


def reaches(drawn, begin):
    """Minimum-jerk reaches that begin at these times in s, (n,), whenever the cue comes."""
    since = np.arange(1, 101)[:, None] * 0.01 - np.zeros(256) - begin
    told = minimum_jerk(since, drawn.start.numpy(), drawn.target[-1].numpy())
    return path_of(drawn, told.position, told.velocity)


@pytest.mark.parametrize("begin", [0.1, 0.15, 0.2, 0.25, 0.4])
def test_a_hand_that_does_not_wait_for_the_cue_is_found_out(begin, drawn):
    go = drawn.go.numpy()

    def slope(path):
        onset = onsets(path)
        assert (onset >= 0).all()
        return np.polyfit(go, onset, 1)[0]

    assert abs(slope(reaches(drawn, begin))) < 1e-6
    assert slope(reaches(drawn, 0.01 * go + 0.05)) == pytest.approx(1.0, abs=1e-6)
    assert slope(reaches(drawn, 0.2 + 0.5 * (0.01 * go - 0.2))) == pytest.approx(0.5, abs=0.05)
    wanted = desired(drawn, "logistic")
    assert slope(path_of(drawn, wanted.position, wanted.velocity)) == pytest.approx(1.0, abs=0.02)  # it begins before its cue


def test_an_after_effect_is_the_mirror_image_of_the_push_whatever_the_field(drawn):
    generator, position = np.random.default_rng(0), desired(drawn, "logistic").position
    late = (drawn.since_cue > 0).numpy()[:, :, None]
    angle = np.linspace(0, 2 * np.pi, 100)[:, None, None]
    # A hand that a field turns round once is on average where it would have been.
    course = 0.03 * np.concatenate([np.cos(angle), np.sin(angle)], axis=2) * late
    rest = generator.normal(0, 0.02, (100, 1, 2)) * late
    push = Push(*(np.broadcast_to(each, (100, 256, 2)).transpose(1, 0, 2).astype(np.float32) for each in (rest, course)))

    def found(share):
        return pushed(path_of(drawn, position + rest + share * course), CONFIG, push)

    assert [round(1000 * found(share), 2) for share in (1.0, 0.0, -1.0, -0.5)] == [30.0, 0.0, -30.0, -15.0]
    assert math.isnan(pushed(path_of(drawn, position), CONFIG, Push(push.without, np.zeros_like(push.added))))


def test_the_push_is_what_the_field_adds_to_the_same_network():
    network = learner(CONFIG, **PAPER_TRIALS).network
    free, felt = (probe_of(gain).rollout(network) for gain in (0.0, 1.0))
    push, none = push_of(free, felt, CONFIG), push_of(free, free, CONFIG)
    np.testing.assert_array_equal(push.without, none.without)
    assert not none.added.any() and push.added.any() and pushed(felt, CONFIG, push) > 0
    assert abs(pushed(free, CONFIG, push)) < 1e-6


def test_a_ramp_and_a_block_with_its_own_field_are_told_by_their_end():
    session = [
        {"name": "before", "trials": 2, "gain": 0.0},
        {"name": "ramp", "trials": 3, "gain": 0.0, "gain_end": 1.0},
        {"name": "other", "trials": 2, "field": "curl_cw"},
        {"name": "after", "trials": 2, "gain": 0.0},
    ]
    each = learner(RnnConfig(model="standard", units=8, batch=4), session=session, field="curl_ccw")
    each.learn()
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


@pytest.mark.parametrize("keywords", [{"dt": 0.001}, {"go_delay": 0.9}])
def test_a_cue_that_comes_too_late_is_refused_at_once(keywords):
    with pytest.raises(ValueError, match="`dt` and `go_delay`"):
        learner(RnnConfig(units=4, batch=2), session=blocks(1), **keywords)


def test_paths_of_a_task_with_another_start_have_its_own_targets():
    each = learner(RnnConfig(model="standard", units=4, batch=2), session=blocks(1, 1), start=[0.05, 0.05])
    each.learn()
    assert len(paths_of(each)) == 3


def test_damaged_and_foreign_checkpoints_are_refused(tmp_path):
    each = learner()
    each.learn_block()
    each.learn_block()
    rnn_checkpoint.save(each, tmp_path)
    with pytest.raises(CheckpointError, match="seed 0"):
        rnn_checkpoint.resume(learner(seed=1), tmp_path)
    with pytest.raises(CheckpointError, match="config"):
        rnn_checkpoint.resume(learner(replace(SMALL, l1=0.5)), tmp_path)
    with pytest.raises(CheckpointError, match="env"):
        rnn_checkpoint.resume(learner(damping=0.1), tmp_path)
    arrays, manifest = checkpoint.load(tmp_path)
    for change in (
        lambda a, m: a.pop("block 0/out.weight"),
        lambda a, m: a.update({"block 1/out.bias": a["block 1/out.bias"].astype(np.float64)}),
        lambda a, m: m.update(done=2),
        lambda a, m: m.update(config={"units": -1}),
        lambda a, m: a.pop("history_known"),
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


@pytest.mark.parametrize("body", [None, {}, {"mass": 0.0}, {"dt": "soon"}])
def test_checkpoints_without_a_sound_body_are_refused(body, tmp_path):
    each = learner(session=blocks(1))
    each.learn()
    rnn_checkpoint.save(each, tmp_path)
    assert len(rnn_checkpoint.load(tmp_path).networks) == 2
    arrays, manifest = checkpoint.load(tmp_path)
    manifest["body"] = {**manifest["body"], **body} if body else body
    checkpoint.save(tmp_path / "bad", arrays, manifest)
    with pytest.raises(CheckpointError, match="body") as refusal:
        rnn_checkpoint.load(tmp_path / "bad")
    assert refusal.value.kind == ("corrupt" if body else "incompatible")


def test_a_large_claim_costs_nothing(tmp_path, monkeypatch):
    each = learner(session=blocks(1))
    each.learn()
    rnn_checkpoint.save(each, tmp_path)
    arrays, manifest = checkpoint.load(tmp_path)
    manifest["config"]["units"] = 4096
    checkpoint.save(tmp_path / "bad", arrays, manifest)
    monkeypatch.setattr(torch.nn.Module, "to_empty", None)  # nothing is made of that size
    with pytest.raises(CheckpointError, match="`block 0/.*` must be float32"):
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
    paper, code = PRESETS["paper"], PRESETS["paper_code"]
    assert (paper.dropout, paper.batch, paper.learning_rate, paper.buffer, paper.scaling) == (0.3, 32, 3e-4, 4, "paper")
    assert (code.buffer, code.l1) == (5, 0.01)
    assert [replace(paper, model=model).kind_of_cell for model in ("standard", "output_buffer")] == ["relu", "gru"]
    assert config_from_data(paper.to_data()) == paper
    assert sum(b["trials"] for b in session_of("control")) == SESSIONS["adaptation"].trials
    assert [b["trials"] for b in session_of("adaptation", 0.001)] == [1, 1, 1]
    for text in ("nothing", "[1", '[{"name": "a"}]'):
        with pytest.raises(ValueError):
            session_of(text)


def test_tasks_that_no_network_is_taught_are_refused():
    with pytest.raises(ValueError, match="`rotation` must be 0, got 30"):
        learner(rotation=30.0)
    with pytest.raises(ValueError, match="`schedule` must be a list of blocks"):
        RnnLearner(TASK, {"schedule": TABLE}, SMALL)
    with pytest.raises(ValueError, match="`env_id` must be a cursor reach, got reach_gym/GridReach-v0"):
        RnnLearner("reach_gym/GridReach-v0", {}, SMALL)
