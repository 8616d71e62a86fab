"""Bringing NetBox up to date with a plan, kind by kind; the same push a second time does nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from itertools import groupby
from typing import Any, Protocol, TypeVar

from fabric._values import dataclass
from fabric.errors import NetboxError
from fabric.netbox._compare import Existing, Object, Step, compare, payload
from fabric.netbox._kinds import Kind
from fabric.netbox._records import Record, Ref

_T = TypeVar("_T")
Filters = Mapping[str, Any]
_CHUNK = 100
"""Objects in one request: NetBox carries out a request whole or not at all, and answers within its time limit."""


class Client(Protocol):
    """NetBox's REST interface, as far as a push needs it; each method raises `NetboxError`."""

    def find(self, endpoint: str, filters: Filters) -> Sequence[Object]:
        """All objects that pass the filters."""
        ...

    def create(self, endpoint: str, objects: Sequence[Object]) -> Sequence[Object]:
        """The objects as they were made, in the same order."""
        ...

    def change(self, endpoint: str, objects: Sequence[Object]) -> None:
        """Changes fields of the objects that are named by `id`."""
        ...


@dataclass(frozen=True, slots=True)
class Push:
    """What is to be done, or was, and what else NetBox has where the plan's objects are."""

    steps: tuple[Step, ...]
    unplanned: Mapping[str, tuple[str, ...]]
    """By kind: what stands in the fabric's sites and prefixes and is not of the plan. It is left alone."""

    @property
    def as_planned(self) -> bool:
        """True where nothing is to be done."""
        return all(step.action == "leave" for step in self.steps)

    @property
    def conflicts(self) -> tuple[Step, ...]:
        """What a person must decide."""
        return tuple(step for step in self.steps if step.action == "conflict")


def push(client: Client, wanted: Sequence[Record], *, dry_run: bool) -> Push:
    """What a push of the records does, or in a dry run would do; objects in conflict are left out.

    Nothing is ever removed from NetBox. Raises `NetboxError` where NetBox refuses something; what was written until
    then stays, and another push goes on from there.
    """
    ids: dict[Ref, int | None] = {}
    steps: list[Step] = []
    unplanned: dict[str, tuple[str, ...]] = {}
    for kind, group in groupby(wanted, key=lambda record: record.kind):
        members = [record for record in group if not (kind.only_changes and ids[Ref("devices", record.label)] is None)]
        existing = Existing(kind, tuple(_existing(client, kind, members, ids, wanted)))
        found = [compare(record, existing, ids) for record in members]
        made = {} if dry_run else _write(client, kind, found, ids)
        ids |= {Ref(kind.name, step.record.label): made.get(step.record.label, step.id) for step in found}
        steps += found
        if kind.search in ("site", "inside") and not kind.only_changes:
            unplanned[kind.name] = existing.unplanned(found)
    return Push(tuple(steps), unplanned)


def _existing(
    client: Client, kind: Kind, members: Sequence[Record], ids: Mapping[Ref, int | None], wanted: Sequence[Record]
) -> Iterator[Object]:
    """What NetBox has of a kind, each object once; shared addresses are a kind of their own."""
    seen: set[int] = set()
    for filters in _filters(kind, members, ids, wanted):
        for entry in client.find(kind.endpoint, filters):
            if entry["id"] not in seen and _is_of(kind, entry):
                seen.add(entry["id"])
                yield entry


def _is_of(kind: Kind, entry: Object) -> bool:
    shared = kind.endpoint == "ipam/ip-addresses" and (entry["role"] or {}).get("value") == "anycast"
    return shared == (kind.name == "shared-addresses")


def _filters(
    kind: Kind, members: Sequence[Record], ids: Mapping[Ref, int | None], wanted: Sequence[Record]
) -> Iterator[Filters]:
    match kind.search:
        case "site":
            sites = sorted(number for ref, number in ids.items() if ref.kind == "sites" and number is not None)
            yield from ({"site_id": part} for part in _chunks(sites))
        case "inside":
            spaces = list(_spaces(wanted))
            if kind.name == "prefixes":
                yield from ({"within_include": space, "vrf_id": "null"} for space in spaces)
            else:
                yield from ({"parent": part, "vrf_id": "null"} for part in _chunks(spaces))
        case "slug" | "asn" as name:
            values: list[object] = [record.fields[name] for record in members]
            for part in _chunks(values):
                yield {name: part}


def _spaces(wanted: Iterable[Record]) -> Iterator[str]:
    """The prefixes that hold all prefixes of the plan."""
    found = [ip_network(str(record.fields["prefix"])) for record in wanted if record.kind.name == "prefixes"]
    four = [prefix for prefix in found if isinstance(prefix, IPv4Network)]
    six = [prefix for prefix in found if isinstance(prefix, IPv6Network)]
    yield from map(str, (*collapse_addresses(four), *collapse_addresses(six)))


def _chunks(values: Sequence[_T]) -> Iterator[Sequence[_T]]:
    return (values[start : start + _CHUNK] for start in range(0, len(values), _CHUNK))


def _write(
    client: Client, kind: Kind, steps: Sequence[Step], ids: Mapping[Ref, int | None]
) -> dict[tuple[str, ...], int]:
    """The numbers of the objects that are made."""
    made: dict[tuple[str, ...], int] = {}
    for part in _chunks([step.record for step in steps if step.action == "create"]):
        answered = client.create(kind.endpoint, [payload(record, ids, record.fields) for record in part])
        if len(answered) != len(part):
            raise NetboxError(f"{kind.endpoint}: asked for {len(part)} objects, NetBox made {len(answered)}.")
        made |= {record.label: entry["id"] for record, entry in zip(part, answered, strict=True)}
    for changed in _chunks([step for step in steps if step.action == "change"]):
        client.change(kind.endpoint, [{"id": step.id, **_changed(step, ids)} for step in changed])
    return made


def _changed(step: Step, ids: Mapping[Ref, int | None]) -> dict[str, Any]:
    return payload(step.record, ids, (change.field for change in step.changes))
