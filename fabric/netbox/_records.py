"""A fabric as the objects that NetBox shall hold, made from the very tables that its import files are made from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fabric._values import dataclass
from fabric.config import FabricConfig
from fabric.netbox._kinds import KINDS, Kind
from fabric.plan import Plan
from fabric.render.exports import NetboxTable, netbox_tables

Row = Mapping[str, Any]
_SHARED = "anycast"


@dataclass(frozen=True, slots=True)
class Ref:
    """An object of the plan that another one refers to."""

    kind: str
    label: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join(self.label)


Value = str | int | bool | None | Ref | tuple[Ref, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """An object as NetBox shall have it."""

    kind: Kind
    label: tuple[str, ...]
    fields: Mapping[str, Value]

    @property
    def name(self) -> str:
        """What a person calls it."""
        return " ".join(self.label)


def records(plan: Plan, fabric: FabricConfig, domain: str | None = None) -> tuple[Record, ...]:
    """Every object of the fabric, each after those that it refers to; raises InputError for a domain that is none."""
    found = [record for table in netbox_tables(plan, fabric, domain) for record in _records(table)]
    order = list(KINDS)
    return tuple(sorted(found, key=lambda record: order.index(record.kind.name)))


def _records(table: NetboxTable) -> Iterator[Record]:
    rows = [dict(zip(table.columns, map(_plain, row), strict=True)) for row in table.rows]
    match table.name:
        case "cables":
            yield from map(_cable, rows)
        case "ip-addresses":
            yield from map(_address, rows)
        case "primary-addresses":
            yield from map(_address, rows)
            yield from _primaries(rows)
        case name:
            yield from (_record(KINDS[name], row) for row in rows)


def _plain(cell: object) -> Any:
    """Numbers and truth values as they are, all else as text."""
    return cell if cell is None or isinstance(cell, bool | int) else str(cell)


def _record(kind: Kind, row: Row) -> Record:
    fields = {column: _value(kind, column, row) for column in row if column not in kind.unused}
    return Record(kind, tuple(str(row[column]) for column in kind.label), fields)


def _value(kind: Kind, column: str, row: Row) -> Value:
    if column not in kind.refs:
        value: Value = row[column]
        return value
    target, columns = kind.refs[column]
    return None if row[column] is None else Ref(target, tuple(str(row[name]) for name in columns))


def _cable(row: Row) -> Record:
    ends = tuple(Ref("interfaces", (row[f"side_{s}_device"], row[f"side_{s}_name"])) for s in "ab")
    return Record(KINDS["cables"], (f"{ends[0]} - {ends[1]}",), {"ends": ends, "status": row["status"]})


def _address(row: Row) -> Record:
    kind = KINDS["shared-addresses" if row["role"] == _SHARED else "addresses"]
    fields = {name: row[name] or "" for name in ("address", "status", "role", "dns_name")}
    port = Ref("interfaces", (row["device"], row["interface"]))
    return Record(kind, _address_label(row), {**fields, "assigned_object": port})


def _address_label(row: Row) -> tuple[str, ...]:
    return row["address"], row["device"], row["interface"]


def _primaries(rows: Iterable[Row]) -> Iterator[Record]:
    """For each device the addresses that it is reached by."""
    found: dict[str, dict[str, Value]] = {}
    for row in rows:
        family = "primary_ip6" if ":" in row["address"] else "primary_ip4"
        fields = found.setdefault(row["device"], {"name": row["device"]})
        fields[family] = Ref("addresses", _address_label(row))
    yield from (Record(KINDS["primary-addresses"], (name,), fields) for name, fields in found.items())
