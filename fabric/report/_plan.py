"""A plan as tables and as a document."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from fabric.errors import listed
from fabric.plan import DevicePlan, LinkEnd, LinkPlan, Plan, SubnetPlan
from fabric.render import to_yaml
from fabric.report._html import to_html
from fabric.report._plan_facts import (
    PlanFacts,
    cabling_table,
    facts_document,
    oversubscription_table,
    redundancy_table,
    room_table,
    summaries_table,
    warnings_table,
)
from fabric.report._table import Table, table, to_csv, to_markdown

_HOLDERS_SHOWN = 3
Document = dict[str, Any]


def plan_tables(plan: Plan) -> Mapping[str, Table]:
    """What a terminal shows of a plan, by file stem: devices, links, networks, pools, redundancy, warnings.

    Virtual addresses, which many devices share, stand in a table of their own.
    """
    facts = _short_tables(PlanFacts(plan))
    return {
        "devices": _devices(plan, _vip_networks),
        "virtual_addresses": _virtual_addresses(plan),
        **{stem: value for stem, value in facts.items() if stem != "devices"},
    }


def _short_tables(facts: PlanFacts) -> dict[str, Table]:
    plan = facts.plan
    return {
        "devices": _devices(plan),
        "links": _links(plan),
        "networks": _networks(plan),
        "pools": _pools(plan),
        "summaries": summaries_table(facts),
        "redundancy": redundancy_table(facts),
        "warnings": warnings_table(facts),
    }


def _all_tables(facts: PlanFacts) -> dict[str, Table]:
    return {
        **_short_tables(facts),
        "oversubscription": oversubscription_table(facts),
        "room": room_table(facts),
        "cabling": cabling_table(facts),
    }


def _vips(entry: DevicePlan) -> Iterable[str]:
    return (f"{vip.network}={vip.address}" for vip in entry.vips)


def _vip_networks(entry: DevicePlan) -> Iterable[str]:
    """The networks alone, of virtual addresses that stand elsewhere."""
    return dict.fromkeys(vip.network for vip in entry.vips)


def _virtual_addresses(plan: Plan) -> Table:
    """Each virtual address once, with the devices that may have it."""
    holders: dict[tuple[str, str], list[str]] = {}
    for entry in plan.devices:
        for vip in entry.vips:
            holders.setdefault((vip.network, str(vip.address)), []).append(entry.name)
    rows = ((*vip, len(names), listed(names, _HOLDERS_SHOWN)) for vip, names in holders.items())
    return table("Virtual addresses", ("network", "address", "devices", "which"), rows)


def _devices(plan: Plan, vips: Callable[[DevicePlan], Iterable[str]] = _vips) -> Table:
    columns = ("device", "role", "zone", "rack", "pod", "asn", "router id", "loopbacks", "addresses", "vips")
    return table("Devices", columns, (_device_row(entry, vips(entry)) for entry in plan.devices))


def _device_row(entry: DevicePlan, vips: Iterable[str]) -> tuple[object, ...]:
    device = entry.device
    return (
        *(device.name, device.role, device.zone, device.rack, device.pod, entry.asn, entry.router_id),
        " ".join(map(str, entry.loopbacks)),
        " ".join(f"{host.network}={host.address}" for host in (*entry.hosts, *entry.segments)),
        " ".join(vips),
    )


def _links(plan: Plan) -> Table:
    columns = ("upper", "port", "addresses", "lower", "lower port", "lower addresses")
    return table("Links", columns, ((*_end(link.upper), *_end(link.lower)) for link in plan.links))


def _end(end: LinkEnd) -> tuple[str, str, str]:
    return end.device, end.interface, " ".join(map(str, end.addresses)) or "unnumbered"


def _networks(plan: Plan) -> Table:
    columns = ("network", "kind", "scope", "subnets", "vlan", "gateways", "virtual addresses", "left to others")
    return table("Networks", columns, (_network_row(entry) for entry in plan.subnets))


def _network_row(entry: SubnetPlan) -> tuple[object, ...]:
    return (
        *(entry.network, entry.kind, entry.scope, " ".join(map(str, entry.prefixes)), entry.vlan),
        " ".join(map(str, entry.gateways)),
        " ".join(map(str, entry.vips)),
        " ".join(f"{first}-{last}" for first, last in entry.allocations),
    )


def _pools(plan: Plan) -> Table:
    columns = ("pool", "range", "used", "capacity", "unit", "full")
    rows = ((u.pool, u.range, u.used, u.capacity, u.unit, f"{u.used / u.capacity:.1%}") for u in plan.pools)
    return table("Pools", columns, rows)


def plan_document(plan: Plan) -> Document:
    """The plan as plain values, for JSON and YAML."""
    return _document(PlanFacts(plan))


def _document(facts: PlanFacts) -> Document:
    plan = facts.plan
    topology = plan.design.topology
    return {
        "version": 1,
        "fabric": topology.name,
        "profile": topology.profile,
        "families": list(topology.families),
        "devices": {entry.name: _device_document(entry) for entry in plan.devices},
        "links": [_link_document(link) for link in plan.links],
        "networks": [
            {
                "network": s.network,
                "scope": s.scope,
                "subnets": [str(p) for p in s.prefixes],
                "vips": [str(v) for v in s.vips],
                "kind": s.kind,
                "vlan": s.vlan,
                "gateways": [str(g) for g in s.gateways],
                "allocations": [{"first": str(first), "last": str(last)} for first, last in s.allocations],
            }
            for s in plan.subnets
        ],
        "pools": [
            {"pool": u.pool, "range": u.range, "unit": u.unit, "used": u.used, "capacity": u.capacity}
            for u in plan.pools
        ],
        **facts_document(facts),
    }


def _device_document(entry: DevicePlan) -> Document:
    device = entry.device
    return {
        "role": device.role,
        "tier": device.tier,
        "zone": device.zone,
        "rack": device.rack,
        "pod": device.pod,
        "asn": entry.asn,
        "router_id": str(entry.router_id),
        "loopbacks": [str(a) for a in entry.loopbacks],
        "addresses": [{"network": h.network, "address": str(h.address)} for h in entry.hosts],
        "segments": [{"network": h.network, "address": str(h.address)} for h in entry.segments],
        "vips": [{"network": v.network, "address": str(v.address)} for v in entry.vips],
    }


def _link_document(link: LinkPlan) -> Document:
    return {
        "kind": link.link.kind,
        "speed_gbps": link.speed_gbps,
        "upper": _end_document(link.upper),
        "lower": _end_document(link.lower),
    }


def _end_document(end: LinkEnd) -> Document:
    return {"device": end.device, "port": end.interface, "addresses": [str(a) for a in end.addresses]}


def plan_files(plan: Plan) -> Mapping[str, str]:
    """The files that `fabric plan -o DIR` writes: YAML, JSON, Markdown, HTML, and a CSV file a table."""
    facts = PlanFacts(plan)
    document, tables = _document(facts), _all_tables(facts)
    title = f"Plan of {plan.design.topology.name}"
    return {
        "plan.json": json.dumps(document, indent=2) + "\n",
        "plan.yaml": to_yaml(document),
        "plan.md": "\n".join([f"# {title}\n", *map(to_markdown, tables.values())]),
        "plan.html": to_html(title, tables.values()),
        **{f"{stem}.csv": to_csv(value) for stem, value in tables.items()},
    }
