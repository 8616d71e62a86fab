"""An object of the plan beside what NetBox has: to be created, changed or left, or in each other's way. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from ipaddress import ip_interface
from typing import Any, Literal

from fabric._values import dataclass
from fabric.netbox._kinds import Kind
from fabric.netbox._records import Record, Ref, Value

Action = Literal["create", "change", "leave", "conflict"]
Object = Mapping[str, Any]
"""An object as NetBox's REST interface answers it."""
Ids = Mapping[Ref, int | None]
"""NetBox's number of each object of the plan; `None` for one that is still to be made."""
_PORT = "dcim.interface"
_UNMADE = object()


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field that is to hold something else."""

    field: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done about one object of the plan."""

    action: Action
    record: Record
    id: int | None = None
    changes: tuple[FieldChange, ...] = ()
    reason: str = ""
    """Of a conflict: what stands in the way, and what to do."""


@dataclass(frozen=True)
class Existing:
    """The objects of one kind that NetBox has."""

    kind: Kind
    objects: Sequence[Object]

    @cached_property
    def by_key(self) -> Mapping[tuple[object, ...], Sequence[Object]]:
        """The objects by their key."""
        found: dict[tuple[object, ...], list[Object]] = defaultdict(list)
        for entry in self.objects:
            found[tuple(held(entry, name) for name in self.kind.key)].append(entry)
        return found

    @cached_property
    def by_end(self) -> Mapping[int, Object]:
        """Cables by the ports that they end at."""
        return {end: entry for entry in self.objects for end in _ends(entry)}

    def unplanned(self, steps: Iterable[Step]) -> tuple[str, ...]:
        """The objects that no step is about, as NetBox shows them."""
        meant = {step.id for step in steps}
        return tuple(str(entry["display"]) for entry in self.objects if entry["id"] not in meant)


def compare(record: Record, existing: Existing, ids: Ids) -> Step:
    """What is to be done about a record."""
    key = tuple(_wanted(record.fields[name], ids) for name in record.kind.key)
    found = () if _UNMADE in key else existing.by_key.get(key, ())
    if len(found) > 1:
        several = f"NetBox has it {len(found)} times. Remove all but one, or rename the others."
        return Step("conflict", record, reason=several)
    reason = _in_the_way(record, found[0] if found else None, existing, ids)
    if reason:
        return Step("conflict", record, found[0]["id"] if found else None, reason=reason)
    if not found:
        return Step("create", record)
    changes = tuple(_changes(record, found[0], ids))
    return Step("change" if changes else "leave", record, found[0]["id"], changes)


def _in_the_way(record: Record, found: Object | None, existing: Existing, ids: Ids) -> str:
    """Why NetBox's and the plan's view cannot both be true; empty where nothing is in the way."""
    if record.kind.name == "cables" and found is None:
        ends: Value = record.fields["ends"]
        assert isinstance(ends, tuple)
        other = next((existing.by_end[i] for end in ends if (i := ids[end]) in existing.by_end and i), None)
        return f"a port of it has {other['display']} in NetBox. Move that cable, or correct the plan." if other else ""
    if record.kind.name == "addresses" and found is not None:
        port, ours = held(found, "assigned_object"), {i for ref, i in ids.items() if ref.kind == "interfaces"}
        if port is not None and port not in ours:
            owner = _shown(found, "assigned_object")
            return f"NetBox has it on {owner}. Exclude or pin it in the topology, or free it there."
    return ""


def _changes(record: Record, found: Object, ids: Ids) -> Iterable[FieldChange]:
    for name, value in record.fields.items():
        if name in record.kind.initial or name in record.kind.key:
            continue
        if held(found, name) != _wanted(value, ids):
            yield FieldChange(name, _shown(found, name), "" if value is None else str(value))


def _wanted(value: Value, ids: Ids) -> object:
    if isinstance(value, Ref):
        found = ids[value]
        return _UNMADE if found is None else found
    if isinstance(value, tuple):
        ends = [ids[ref] for ref in value]
        return _UNMADE if None in ends else frozenset(ends)
    return value


def held(entry: Object, name: str) -> object:
    """What an object holds in a field, as the plan has it: nested objects by number, choices by value."""
    if name == "ends":
        return _ends(entry)
    if name == "assigned_object":
        return entry["assigned_object_id"] if entry["assigned_object_type"] == _PORT else entry["assigned_object_type"]
    value = entry[name]
    if name == "address":
        return str(ip_interface(value))
    if isinstance(value, Mapping):
        return value["value"] if "value" in value else value["id"]
    return "" if value is None and name in ("role", "dns_name", "description") else value


def _ends(entry: Object) -> frozenset[int]:
    both = (*entry["a_terminations"], *entry["b_terminations"])
    return frozenset(end["object_id"] for end in both if end["object_type"] == _PORT)


def _shown(entry: Object, name: str) -> str:
    value = entry[name]
    if name == "assigned_object" and value and value.get("device"):
        return f"{value['device']['display']} {value['display']}"
    if isinstance(value, Mapping):
        return str(value.get("value") or value.get("display"))
    return "" if value is None else str(value)


def payload(record: Record, ids: Ids, names: Iterable[str]) -> dict[str, Any]:
    """Fields of a record as NetBox's REST interface takes them."""
    found: dict[str, Any] = {}
    for name in names:
        value = record.fields[name]
        if name == "ends":
            assert isinstance(value, tuple)
            for side, ref in zip("ab", value, strict=True):
                found[f"{side}_terminations"] = [{"object_type": _PORT, "object_id": ids[ref]}]
        elif name == "assigned_object":
            assert isinstance(value, Ref)
            found |= {"assigned_object_type": _PORT, "assigned_object_id": ids[value]}
        else:
            found[name] = ids[value] if isinstance(value, Ref) else value
    return found
