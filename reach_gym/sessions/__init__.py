"""Sessions: tables of trials and blocks as data, and what is drawn in each trial."""

from reach_gym.sessions.building import block
from reach_gym.sessions.named import SESSIONS
from reach_gym.sessions.rows import Event, Row
from reach_gym.sessions.schedule import SCHEDULES, Block, Schedule
from reach_gym.sessions.table import TrialTable
from reach_gym.sessions.table_files import read_table, write_table

__all__ = ["SCHEDULES", "SESSIONS", "Block", "Event", "Row", "Schedule", "TrialTable", "block", "read_table", "write_table"]
