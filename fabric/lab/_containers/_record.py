"""What is written down of a lab in containers once it is up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict

from fabric._values import dataclass
from fabric.lab._state import ProcessId

RECORD_FILE = "containers.json"


@dataclass(frozen=True, slots=True)
class Record:
    """A lab that came up, or that a change left half way."""

    containers: Mapping[str, ProcessId]
    """The first process of each device's container."""
    digest: str
    """Fingerprint of what the lab was made from."""
    remarks: tuple[str, ...] = ()
    phase: str = "running"
    """`running`, or `failed` from the beginning of a change to its good end."""

    def pids(self) -> dict[str, int]:
        """The pids of those containers that run."""
        return {device: process.pid for device, process in self.containers.items() if process.lives()}

    def to_json(self) -> str:
        """The record as JSON, from which `record_from` makes an equal one."""
        return json.dumps(asdict(self))


def record_from(text: str) -> Record | None:
    """The record of a JSON text; `None` for no text, or one that a crash of the machine cut short."""
    try:
        raw = json.loads(text)
    except json.JSONDecodeError:
        return None
    containers = {device: ProcessId(**process) for device, process in raw["containers"].items()}
    return Record(containers, raw["digest"], tuple(raw["remarks"]), raw.get("phase", "running"))
