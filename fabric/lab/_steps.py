"""The steps of changing a running lab: at which of them it failed, and whether it was led back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from fabric.errors import LabError, MachineError


class StepError(Exception):
    """The step at which a change failed, in words, and why."""

    def __init__(self, step: str, why: Exception) -> None:
        expected = isinstance(why, MachineError | OSError)
        super().__init__(f"{step}.\n{why if expected else f'{type(why).__name__}: {why}'}")


class StrandedError(LabError):
    """A change failed, and so did the way back: the lab is neither what it was nor what it was to be."""


@contextmanager
def step(words: str) -> Iterator[None]:
    """Within the block, whatever is raised is known by the step at which it was."""
    try:
        yield
    except Exception as error:
        raise StepError(words, error) from error


def taken_back(lab: str, failed: StepError) -> LabError:
    """The error for a change that failed and was taken back."""
    return LabError(
        f"Lab {lab} could not be changed. It failed at {failed}\nAll of it was taken back: "
        "the lab runs its old design, and sessions that were touched come up again."
    )


def stranded(lab: str, failed: StepError, back: StepError) -> StrandedError:
    """The error for a change that failed, as did the way back."""
    return StrandedError(
        f"Lab {lab} is failed. Changing it failed at {failed}\nTaking that back failed as well, at "
        f"{back}\nLook into the lab, and end it with `fabric lab down {lab}`."
    )
