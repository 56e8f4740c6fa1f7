"""The package's own exceptions: Gymnasium's classes, joined with the built-in ones that callers expect."""

from __future__ import annotations

from gymnasium.error import DependencyNotInstalled, InvalidAction


class InvalidActionError(InvalidAction, ValueError):
    """An action that the action space does not contain; both Gymnasium's error and a ``ValueError``."""


class NotApplicableError(TypeError, ValueError):
    """An agent that does not fit a task: it is made for other observations or actions, or for another kind of task."""


class MissingExtraError(DependencyNotInstalled, ImportError):
    """An optional dependency is not installed; the message holds the pip line that installs it."""


def missing_extra(package: str, extra: str) -> MissingExtraError:
    """Builds the error for an optional `package` that comes with the `extra` of reach-gym."""
    return MissingExtraError(f'{package} is not installed; run `pip install "reach-gym[{extra}]"`.')
