"""Findings about neurons of reaching animals, looked for in networks and in recordings alike.

`FINDINGS` holds what was published, with its source and how its number is known, and the measure of each with its null;
`CHANGES` holds what was published of learning, which needs a population before and after it. `report` measures a group of
populations, and `reach_gym.findings.page` shows it. Needs the extra ``neural``.
"""

from reach_gym.findings.changes import CHANGES
from reach_gym.findings.courses import Course, Windows, course_of
from reach_gym.findings.files import activity_in
from reach_gym.findings.findings import FINDINGS, Finding, Published
from reach_gym.findings.report import COMPARISONS, Report, Summary, gather, report
from reach_gym.findings.stages import Stages, stages_of

__all__ = [
    "CHANGES",
    "COMPARISONS",
    "FINDINGS",
    "Course",
    "Finding",
    "Published",
    "Report",
    "Stages",
    "Summary",
    "Windows",
    "activity_in",
    "course_of",
    "gather",
    "report",
    "stages_of",
]
