"""Starting a lab in containers, from a spec to routers that have their configuration."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from fabric._values import dataclass
from fabric.lab._blueprint import BLUEPRINT_FILE, Blueprint, DevicePlan, Wire, draw
from fabric.lab._channel import Progress
from fabric.lab._containers import _command as command
from fabric.lab._containers import _router as router
from fabric.lab._containers._enter import ask
from fabric.lab._containers._record import RECORD_FILE, Record
from fabric.lab._daemons import config_refused
from fabric.lab._engine import UpResult
from fabric.lab._spec import LabSpec
from fabric.lab._state import LabDirectory, ProcessId, write_file

CONFIGURATIONS = "frr"
"""The directory of what FRR reads, in the lab's."""


@dataclass(frozen=True)
class Site:
    """Where a lab in containers is made, and what of."""

    name: str
    program: Path
    environ: Mapping[str, str]
    directory: LabDirectory
    files: Mapping[str, str]
    deadline_s: float

    def digest(self) -> str:
        """A fingerprint of what the lab is made from."""
        return digest_of(self.files)

    def write_topology(self) -> Path:
        """The topology file, which says what is to be ended with the lab: where it is missing, nothing runs."""
        topology = topology_file(self.directory.path, self.name)
        self.write(topology.name, self.files[topology.name])
        return topology

    def write_configurations(self, devices: Iterable[str]) -> None:
        """Nothing; what FRR reads is there. A file that was there is still the same one, which its container mounts."""
        places = {self.directory.path / CONFIGURATIONS / device for device in devices}
        for name, text in self.files.items():
            path = self.directory.path / name
            if path.parent in places:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)

    def write(self, name: str, text: str) -> None:
        """Nothing; the lab's directory has the file."""
        with self.directory.opened() as descriptor:
            write_file(descriptor, name, text)


def start(it: Site, spec: LabSpec, listener: Callable[[Progress], None]) -> UpResult:
    """How the start went. Raises `LabError`, and then leaves what there is for whoever ends it."""
    names = tuple(device.name for device in spec.fabric)
    began, seconds = time.monotonic(), dict[str, float]()
    listener(Progress("containers", 0, len(names)))
    it.write_configurations(names)
    command.deploy(it.program, it.write_topology(), it.deadline_s, it.environ)
    containers = command.container_processes(it.name, names)
    seconds["containers"] = time.monotonic() - began
    listener(Progress("containers", len(names), len(names)))
    left_s = max(1.0, it.deadline_s - seconds["containers"])
    router.await_routers(containers, left_s, lambda done: listener(Progress("devices", done, len(names))))
    seconds["devices"] = time.monotonic() - began
    drawn = draw(spec, router.installation(next(iter(containers.values())).pid))
    return UpResult(it.name, False, seconds, write_down(it, drawn, containers))


def write_down(it: Site, drawn: Blueprint, containers: Mapping[str, ProcessId]) -> tuple[str, ...]:
    """FRR's remarks, once it is known that FRR took every line; the lab's directory tells all of it from now on."""
    loaded = [router.loaded(d.name, d.frr_conf, containers[d.name].pid) for d in drawn.devices]
    if refused := config_refused(loaded):
        raise refused
    remarks = tuple(f"{entry.device}: {remark}" for entry in loaded for remark in entry.remarks)
    pids = {device: process.pid for device, process in containers.items()}
    numbers = ask(pids, {"op": "indexes", "devices": list(pids)})
    it.write(BLUEPRINT_FILE, with_indexes(drawn, numbers).to_json())
    it.write(RECORD_FILE, Record(containers, it.digest(), remarks).to_json())
    return remarks


def with_indexes(blueprint: Blueprint, numbers: Mapping[str, Mapping[str, int]]) -> Blueprint:
    """The blueprint with the interface numbers that the kernel gave out, and the cables that containerlab laid."""
    return replace(
        blueprint,
        wires=tuple(_numbered_wires(blueprint.wires, numbers)),
        devices=tuple(_numbered(device, numbers[device.name]) for device in blueprint.devices),
    )


def _numbered_wires(wires: Iterable[Wire], numbers: Mapping[str, Mapping[str, int]]) -> Iterator[Wire]:
    """Without what only gives a port of a sandbox its carrier. Both ends have the lower MTU of the two."""
    for wire in wires:
        found = [numbers.get(end.device, {}).get(end.name) for end in (wire.a, wire.b)]
        if found[0] is not None and found[1] is not None:
            mtu = min(wire.a.mtu, wire.b.mtu)
            yield Wire(replace(wire.a, index=found[0], mtu=mtu), replace(wire.b, index=found[1], mtu=mtu))


def _numbered(device: DevicePlan, numbers: Mapping[str, int]) -> DevicePlan:
    ports = tuple(replace(port, index=numbers[port.name]) for port in device.ports if port.name in numbers)
    return replace(device, ports=ports)


def configurations(devices: Sequence[DevicePlan]) -> dict[str, str]:
    """What FRR reads on these devices, by the paths of `containerlab_files`."""
    files = {f"{CONFIGURATIONS}/{device.name}/frr.conf": device.frr_conf for device in devices}
    return {**files, **{f"{CONFIGURATIONS}/{device.name}/daemons": device.daemons_file for device in devices}}


def digest_of(files: Mapping[str, str]) -> str:
    """A fingerprint of files, whatever their order."""
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()


def topology_file(directory: Path, name: str) -> Path:
    """The file that containerlab reads."""
    return directory / f"{name}.clab.yml"
