"""The sessions of published protocols by name."""

import subprocess
import sys

import numpy as np
import pytest

from reach_gym.sessions import SESSIONS, TrialTable, read_table, write_table


@pytest.mark.parametrize("name", list(SESSIONS))
def test_every_session_is_a_table_that_survives_its_files(name, tmp_path):
    table = SESSIONS[name]
    assert isinstance(table, TrialTable)
    assert TrialTable.from_data(table.to_data()) == table
    write_table(table, tmp_path / "session.csv")
    assert read_table(tmp_path / "session.csv").gain.tolist() == table.gain.tolist()
    # Nothing is left to be drawn, so that models and agents go through the same trials.
    assert set(np.asarray(table.channel, float)) <= {0.0, 1.0}
    assert set(np.asarray(table.catch, float)) <= {0.0, 1.0}


def test_the_protocol_of_recovery_has_the_published_numbers_of_trials():
    table = SESSIONS["spontaneous_recovery"]
    assert [span.trials for span in table.blocks] == [50, 125, 15, 150]
    assert (table.gain[50:175] == 1).all()
    assert (table.gain[175:190] == -1).all()
    assert (np.asarray(table.channel, float)[190:] == 1).all()


def test_evoked_recovery_differs_from_spontaneous_recovery_by_two_trials():
    evoked, spontaneous = SESSIONS["evoked_recovery"], SESSIONS["spontaneous_recovery"]
    other = [k for k in range(340) if evoked[k] != spontaneous[k]]
    assert other == [192, 193]  # clamp trials 3 and 4
    assert [evoked[k].gain for k in other] == [1.0, 1.0]
    assert [evoked[k].channel for k in other] == [0.0, 0.0]


@pytest.mark.parametrize(("name", "column"), [("dual_lead_in", "lead_in"), ("dual_cue", "cue")])
def test_opposite_fields_are_balanced_and_told_by_their_context(name, column):
    table = SESSIONS[name]
    learning = table.block == "adaptation"
    gain, context = table.gain[learning], getattr(table, column)[learning]
    assert gain.sum() == 0
    assert len(set(context[gain > 0].tolist())) == len(set(context[gain < 0].tolist())) == 1
    assert context[gain > 0][0] != context[gain < 0][0]


def test_days_pass_before_long_term_retention():
    rest = SESSIONS["retention_160"].rest
    assert rest.max() == 86_400
    assert np.flatnonzero(rest).tolist() == [205]


def test_sessions_are_made_when_asked_for():
    code = "import reach_gym.sessions as s; assert not s.SESSIONS._made; s.SESSIONS['savings']; assert list(s.SESSIONS._made) == ['savings']"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_unknown_name_is_refused():
    with pytest.raises(KeyError):
        SESSIONS["nothing"]
