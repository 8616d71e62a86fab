"""What a schema cannot say about impairments: targets that the fabric has not, values that do not go together."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from fabric.errors import Problem
from fabric.topology._expand import Fabric
from fabric.topology._model import LinkImpairment, Topology
from fabric.topology._source import Path, Source, near_miss


def impairment_problems(topology: Topology, fabric: Fabric, source: Source) -> Iterator[Problem]:
    """Every problem of the impairments of a topology that is sound otherwise."""
    first: dict[str, Path] = {}
    for index, entry in enumerate(topology.impairments):
        path: Path = ("impairments", index)
        yield from _value_problems(entry, path, source)
        yield from _target_problems(entry.target, fabric, (*path, "target"), source)
        if entry.target in first:
            found = f"{entry.target} a second time (first at {source.where(first[entry.target])})"
            yield source.problem((*path, "target"), found, "each target once", "Write one entry with all of it.")
        first.setdefault(entry.target, (*path, "target"))


def _value_problems(entry: LinkImpairment, path: Path, source: Source) -> Iterator[Problem]:
    if not entry.model_fields_set - {"target"}:
        known = ", ".join(name for name in LinkImpairment.model_fields if name != "target")
        yield source.problem(path, "nothing that happens to packets", f"one or more of {known}", "Say what happens.")
    if entry.jitter_ms > entry.delay_ms:
        allowed = f"at most delay_ms, {entry.delay_ms:g}"
        yield source.problem((*path, "jitter_ms"), f"{entry.jitter_ms:g}", allowed, "Lower it or raise delay_ms.")


def _target_problems(target: str, fabric: Fabric, path: Path, source: Source) -> Iterator[Problem]:
    kind, _, name = target.partition(":")
    for what, part, known in _named(kind, name, fabric):
        if part not in known:
            action = near_miss(part, known) or "Correct the name."
            yield source.problem(path, f"{what} '{part}'", f"a {what} of the fabric", action)
    if kind in ("link", "zones") and "--" in name:
        one, _, other = name.partition("--")
        cabled = any({link.upper, link.lower} == {one, other} for link in fabric.links)
        if kind == "link" and {one, other} <= set(fabric.by_name) and not cabled:
            yield source.problem(path, f"{one} and {other}", "two devices with a cable between them", "Name a cable.")
        if kind == "zones" and one == other:
            yield source.problem(path, f"zone {one} twice", "two zones", "Name two.")


def _named(kind: str, name: str, fabric: Fabric) -> Iterator[tuple[str, str, Collection[str]]]:
    """The names in a target: of what, the name, and all that there are."""
    match kind:
        case "link" | "zones":
            what, known = ("zone", fabric.zones) if kind == "zones" else ("device", fabric.by_name)
            parts = name.split("--") if "--" in name else [name.partition(":")[0]]
            yield from ((what, part, known) for part in parts)
        case "node":
            yield "device", name, fabric.by_name
        case "rack":
            yield "rack", name, fabric.racks
        case "zone":
            yield "zone", name, fabric.zones
        case _:
            yield "tier", name, dict.fromkeys(device.role for device in fabric.devices)
