"""What a supervisor is told when it is started."""

from __future__ import annotations

import json
from dataclasses import asdict

from fabric._values import dataclass


@dataclass(frozen=True, slots=True)
class Job:
    """What a supervisor is started for. The three descriptors are inherited."""

    directory: int
    channel: int
    lock: int
    deadline_s: float
    keep: bool
    """Stay, for a look at it, when the lab does not come up."""

    def to_json(self) -> str:
        """The job as the supervisor's argument."""
        return json.dumps(asdict(self))


def job_from_json(text: str) -> Job:
    """The job that `Job.to_json` wrote."""
    return Job(**json.loads(text))
