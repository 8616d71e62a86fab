"""What a schema cannot say about intents: kinds that clash, names of nothing, selections of nobody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fabric.errors import Problem
from fabric.topology._expand import Device, Fabric
from fabric.topology._intents import Intent, Selector, StorageConfined, Where
from fabric.topology._model import Topology
from fabric.topology._source import Path, Source, near_miss

_NEED_FAILURES = ("survives", "outage")


def intent_problems(topology: Topology, fabric: Fabric, source: Source) -> Iterator[Problem]:
    """Every problem of the intents of a topology that is sound otherwise."""
    first: dict[str, Path] = {}
    for index, intent in enumerate(topology.intents):
        path: Path = ("intents", index)
        yield from _kind_problems(intent, path, source)
        if intent.name in first:
            found = f"intent '{intent.name}' a second time (first at {source.where(first[intent.name])})"
            yield source.problem((*path, "name"), found, "unique names", "Rename one.")
        elif intent.name is not None:
            first[intent.name] = (*path, "name")
        for kind in intent.kinds:
            yield from _value_problems(topology, fabric, (path, kind, getattr(intent, kind)), source)


def _kind_problems(intent: Intent, path: Path, source: Source) -> Iterator[Problem]:
    known = [name for name in Intent.model_fields if name not in {"name", "why"}]
    if len(intent.kinds) != 1:
        found = " and ".join(intent.kinds) or "no intent"
        action = "Make an intent of each." if intent.kinds else "Say what is wanted."
        yield source.problem(path, found, f"exactly one of {', '.join(known)}", action)
    for kind in set(_NEED_FAILURES) & set(intent.kinds):
        if not getattr(intent, kind).failures.model_fields_set:
            where: Path = (*path, kind, "failures")
            yield source.problem(where, "no failures", "some, such as {links: 1}", "Name what may fail.")


def _value_problems(
    topology: Topology, fabric: Fabric, placed: tuple[Path, str, object], source: Source
) -> Iterator[Problem]:
    path, kind, value = placed
    for field, info in type(value).model_fields.items():  # type: ignore[attr-defined]  # every kind is a model
        inner = getattr(value, field)
        where: Path = (*path, kind, info.alias or field)
        if isinstance(inner, Where):
            yield from _where_problems(topology, fabric, inner, where, source)
    if isinstance(value, StorageConfined):
        yield from _storage_problems(topology, fabric, value, ((*path, kind), source))


def _storage_problems(
    topology: Topology, fabric: Fabric, value: StorageConfined, placed: tuple[Path, Source]
) -> Iterator[Problem]:
    path, source = placed
    if value.network not in topology.networks:
        action = near_miss(value.network, topology.networks) or "Name the storage network."
        yield source.problem((*path, "network"), f"network '{value.network}'", _some(topology.networks), action)
        return
    roles = {"arrays": value.arrays} | ({"remote_roles": value.remote_roles} if value.remote_access else {})
    for key, words in roles.items():
        chosen = Selector(role=words, network=(value.network,))
        yield from _where_problems(topology, fabric, chosen, (*path, key), source)


def _where_problems(topology: Topology, fabric: Fabric, where: Where, path: Path, source: Source) -> Iterator[Problem]:
    known: dict[str, Iterable[str]] = {
        "zone": fabric.zones,
        "rack": fabric.racks,
        "role": dict.fromkeys(device.role for device in fabric.devices),
        "node": fabric.by_name,
        "network": topology.networks,
    }
    wrong = [
        source.problem(
            (*path, key), f"{key} '{name}'", _some(known[key]), near_miss(name, list(known[key])) or "Correct it."
        )
        for key in type(where).model_fields
        for name in getattr(where, key)
        if name not in known[key]
    ]
    yield from wrong
    if not wrong and not any(_meant(topology, fabric, where, device) for device in fabric.devices):
        given = (
            ", ".join(
                f"{key}: {'/'.join(getattr(where, key))}" for key in type(where).model_fields if getattr(where, key)
            )
            or "every node"
        )
        yield source.problem(path, f"{given}, which no device is", "at least one device", "Widen the selection.")


def _meant(topology: Topology, fabric: Fabric, where: Where, device: Device) -> bool:
    given = ((where.zone, device.zone), (where.rack, device.rack), (where.role, device.role), (where.node, device.name))
    if any(words and value not in words for words, value in given):
        return False
    if isinstance(where, Selector):
        if where.network:
            return any(device.role in topology.networks[name].roles for name in where.network)
        if not where.role and not where.node:
            nodes = any(fabric.tier("node"))
            return device.tier == ("node" if nodes else "leaf")
    return True


_SHOWN = 12


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return ", ".join(listed[:_SHOWN]) + more if listed else "none is defined"
