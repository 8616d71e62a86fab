"""A design to a lab's spec, and a running lab back to the configuration that it was made from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from fabric._values import dataclass
from fabric.config import FabricConfig, Secret
from fabric.errors import LabError
from fabric.lab._engine import LabStatus
from fabric.lab._impairment import Impairment
from fabric.lab._spec import LabSpec

if TYPE_CHECKING:
    from fabric.kubernetes import ClusterSource
    from fabric.plan import Ledger, Plan
    from fabric.topology import Design

# The planning rooms are imported where they are used: the lab's own processes start without them.
_TOPOLOGY = "topology.json"
_LEDGER = "plan.lock.yaml"
_PASSWORDS = "passwords.json"
_RELEASE = "release"
_RESOURCES = "resources/"


def spec_of(
    design: Design,
    name: str | None = None,
    cluster: ClusterSource | None = None,
    ledger: Ledger | None = None,
    passwords: Mapping[str, Secret] = MappingProxyType({}),
) -> LabSpec:
    """The lab of a design, planned with the ledger if there is one, and named as the design unless told otherwise.

    With `cluster`, the OpenShift nodes, and any other node that a resource names, run what the cluster's resources give
    them. Sessions with a password that is not among `passwords` have its placeholder. The lab keeps topology, ledger,
    resources and passwords for `fabric_of`, where only its owner reads them.
    """
    from fabric.plan import EMPTY, ledger_text
    from fabric.render import frr_files

    fabric = _fabric(design, cluster, ledger or EMPTY, passwords)
    sources = {_TOPOLOGY: design.topology.model_dump_json(exclude_unset=True, by_alias=True)}
    sources[_LEDGER] = ledger_text(ledger or EMPTY)
    sources[_PASSWORDS] = json.dumps({name: secret.value for name, secret in passwords.items()})
    if cluster is not None:
        sources |= {_RELEASE: cluster.release, **{f"{_RESOURCES}{file}": text for file, text in cluster.texts.items()}}
    files = {device.name: frr_files(device) for device in fabric}
    return LabSpec(name or fabric.name, fabric, files, sources)


def containerlab_files(spec: LabSpec, image: str) -> Mapping[str, str]:
    """The files of a lab in containers by path: `NAME.clab.yml`, and what FRR reads on each device."""
    from fabric.render.exports import clab_tree, frr_path

    files = {frr_path(name, "frr.conf"): files.frr_conf for name, files in spec.files.items()}
    files |= {frr_path(name, "daemons"): files.daemons for name, files in spec.files.items()}
    return {**files, **clab_tree(replace(spec.fabric, name=spec.name), image)}


def parsed_topology(text: str) -> Any:
    """A containerlab topology as plain values."""
    import yaml

    return yaml.load(text, Loader=yaml.CSafeLoader)


def fabric_of(status: LabStatus) -> FabricConfig:
    """The configuration that a running lab was made from; raises `LabError` where it was made from something else."""
    from fabric.plan import parse_ledger

    design = design_of(status)
    ledger = parse_ledger(status.sources[_LEDGER], f"lab {status.name}")
    passwords = {name: Secret(value, name) for name, value in json.loads(status.sources[_PASSWORDS]).items()}
    return _fabric(design, _cluster(status.sources), ledger, passwords).run_by(status.frr_version)


def plan_of(status: LabStatus) -> Plan:
    """The plan that a running lab was made from; raises `LabError` where it was made from something else."""
    from fabric.plan import build, parse_ledger

    design = design_of(status)
    return build(design, parse_ledger(status.sources[_LEDGER], f"lab {status.name}"))


def design_of(status: LabStatus) -> Design:
    """The design that a running lab was made from; raises `LabError` where it was made from something else."""
    from fabric import topology

    text = status.sources.get(_TOPOLOGY)
    if text is None:
        raise LabError(f"Lab {status.name} was not started from a topology file, so nothing is known to verify.")
    return topology.parse(text, f"lab {status.name}")


@dataclass(frozen=True, slots=True)
class ZonePair:
    """What a topology file says of the way between two zones."""

    zones: tuple[str, str]
    rtt_ms: float
    mtu: int | None


def zone_pairs_of(status: LabStatus | LabSpec) -> tuple[ZonePair, ...]:
    """`inter_zone` of the topology that a lab is made from; empty where it is made from something else."""
    text = status.sources.get(_TOPOLOGY)
    entries = json.loads(text).get("inter_zone", ()) if text else ()
    return tuple(ZonePair(tuple(e["zones"]), e.get("rtt_ms", 0.0), e.get("mtu")) for e in entries)


def impairments_of(status: LabStatus | LabSpec) -> tuple[tuple[str, Impairment], ...]:
    """`impairments` of the topology that a lab is made from: target and what happens there."""
    text = status.sources.get(_TOPOLOGY)
    entries = json.loads(text).get("impairments", ()) if text else ()
    return tuple((e["target"], Impairment(**{k: v for k, v in e.items() if k != "target"})) for e in entries)


def _fabric(
    design: Design, cluster: ClusterSource | None, ledger: Ledger, passwords: Mapping[str, Secret]
) -> FabricConfig:
    from fabric import plan
    from fabric.kubernetes import configure

    return configure(plan.build(design, ledger), cluster, passwords)


def _cluster(sources: Mapping[str, str]) -> ClusterSource | None:
    """The cluster that a lab's sources tell of."""
    from fabric.kubernetes import ClusterSource

    if _RELEASE not in sources:
        return None
    texts = {key.removeprefix(_RESOURCES): text for key, text in sources.items() if key.startswith(_RESOURCES)}
    return ClusterSource(texts, sources[_RELEASE])
