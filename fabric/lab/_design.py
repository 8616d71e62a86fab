"""A design to a lab's spec, and a running lab back to the configuration that it was made from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fabric.config import FabricConfig
from fabric.errors import LabError
from fabric.lab._engine import LabStatus
from fabric.lab._spec import LabSpec

if TYPE_CHECKING:
    from fabric.topology import Design

# The planning rooms are imported where they are used: the lab's own processes start without them.
_TOPOLOGY = "topology.json"


def spec_of(design: Design, name: str | None = None) -> LabSpec:
    """The lab of a design, named as the design unless told otherwise; it keeps the topology for `fabric_of`."""
    from fabric import config, plan
    from fabric.render import frr_files

    fabric = config.build(plan.build(design))
    text = design.topology.model_dump_json(exclude_unset=True)
    files = {device.name: frr_files(device) for device in fabric}
    return LabSpec(name or fabric.name, fabric, files, {_TOPOLOGY: text})


def fabric_of(status: LabStatus) -> FabricConfig:
    """The configuration that a running lab was made from; raises `LabError` where it was made from something else."""
    from fabric import config, plan, topology

    text = status.sources.get(_TOPOLOGY)
    if text is None:
        raise LabError(f"Lab {status.name} was not started from a topology file, so nothing is known to verify.")
    return config.build(plan.build(topology.parse(text, f"lab {status.name}")))
