"""One lab in containers: what is written of it, what runs of it, and what is broken in it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from fabric.errors import LabError
from fabric.lab._blueprint import BLUEPRINT_FILE, Blueprint, from_json
from fabric.lab._containers._enter import ask, enter_argv
from fabric.lab._containers._record import RECORD_FILE, Record, record_from
from fabric.lab._containers._relay import RELAY_FILE
from fabric.lab._containers._start import configurations, topology_file
from fabric.lab._engine import change_from, impairment_change_from, no_device, not_up
from fabric.lab._fault import FAULTS, Fault, FaultChange, fault_value
from fabric.lab._impairment import IMPAIRMENTS, Impaired, ImpairmentChange, impaired_value
from fabric.lab._spec import check_lab_name
from fabric.lab._state import LabDirectory, refuse_strangers, write_file

_PATIENCE_S = 10.0  # for a lab that another command holds while it changes something


class ContainerLab:
    """What a command finds of a lab; no process of ours lives as long as the lab, so that each command looks anew."""

    def __init__(self, root: Path, name: str) -> None:
        check_lab_name(name)
        self.name = name
        self.directory = LabDirectory(root / name)
        refuse_strangers(root, self.directory.path)

    @contextmanager
    def locked(self) -> Iterator[Self]:
        """The lab, which no other command changes meanwhile; raises `LabError` where one does."""
        lock = self.directory.lock(_PATIENCE_S)
        if lock is None:
            raise LabError(f"Lab {self.name} is being changed by another process. Wait for that to finish.")
        try:
            yield self
        finally:
            os.close(lock)

    def record(self) -> Record | None:
        """What is known of a lab of which a container runs."""
        record = record_from(self.directory.text(RECORD_FILE))
        return record if record and any(process.lives() for process in record.containers.values()) else None

    def pids(self, device: str | None = None) -> Mapping[str, int]:
        """The first process of each container; raises `LabError` for a lab that is not up, or has not the device."""
        record = self.record()
        if record is None:
            raise not_up(self.name)
        pids = record.pids()
        if device is not None and device not in pids:
            raise no_device(self.blueprint(), device)
        return pids

    def blueprint(self) -> Blueprint:
        """What the lab was built by."""
        return from_json(self.directory.text(BLUEPRINT_FILE))

    def files(self) -> Mapping[str, str]:
        """The files that the lab was made from."""
        topology = topology_file(self.directory.path.parent, self.name).name
        return {**configurations(self.blueprint().devices), topology: self.directory.text(topology)}

    def write(self, file: str, text: str) -> None:
        """Nothing; the lab's directory has the file."""
        with self.directory.opened() as descriptor:
            write_file(descriptor, file, text)

    def inside(self, argv: Sequence[str]) -> tuple[str, ...]:
        """The command that runs `argv` where all devices' namespaces can be seen."""
        return enter_argv(self.pids(), argv)

    def ask(self, request: Mapping[str, Any]) -> Any:
        """What the hand replies, told what the lab is and what holds in it."""
        lab = {
            "blueprint": self.directory.text(BLUEPRINT_FILE),
            "before": list(map(fault_value, self.faults().values())),
            "impaired": _values(self.impairments()),
            "relay": self.directory.text(RELAY_FILE),
        }
        return ask(self.pids(), {**lab, **request})

    def faults(self) -> dict[str, Fault]:
        """The active faults, by target."""
        return {fault.target: fault for fault in FAULTS.entries(self.directory.text(FAULTS.file), self.name)}

    def impairments(self) -> dict[str, Impaired]:
        """The active impairments, by target."""
        return {e.target: e for e in IMPAIRMENTS.entries(self.directory.text(IMPAIRMENTS.file), self.name)}

    def set_faults(self, before: Mapping[str, Fault], after: Mapping[str, Fault]) -> FaultChange:
        """What changed: the lab has exactly the faults `after`.

        They are written down before they act: what was written can be healed.
        """
        faults = {"before": list(map(fault_value, before.values())), "after": list(map(fault_value, after.values()))}
        self.ask({"op": "check", **faults})
        self.write(FAULTS.file, FAULTS.text(after.values()))
        return change_from(self.ask({"op": "change", **faults}))

    def set_impairments(self, before: Mapping[str, Impaired], after: Mapping[str, Impaired]) -> ImpairmentChange:
        """What changed: the lab has exactly the impairments `after`, or, where they are refused, those of before.

        They are written down before they act: what was written can be cleared.
        """
        request = {"op": "impair", "impaired": _values(before), "after": _values(after)}
        self.write(IMPAIRMENTS.file, IMPAIRMENTS.text(after.values()))
        try:
            reply = self.ask(request)
        except LabError:
            self.write(IMPAIRMENTS.file, IMPAIRMENTS.text(before.values()))
            raise
        self.write(RELAY_FILE, reply["relay"])
        return impairment_change_from(reply)


def _values(impaired: Mapping[str, Impaired]) -> list[dict[str, Any]]:
    return list(map(impaired_value, impaired.values()))
