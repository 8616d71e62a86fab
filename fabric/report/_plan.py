"""A plan as tables and as a document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml

from fabric.plan import DevicePlan, LinkEnd, LinkPlan, Plan
from fabric.report._table import Table, table, to_csv, to_markdown

Document = dict[str, Any]


def plan_tables(plan: Plan) -> Mapping[str, Table]:
    """The plan's tables by file stem: devices, links, networks, pools."""
    return {
        "devices": _devices(plan),
        "links": _links(plan),
        "networks": _networks(plan),
        "pools": _pools(plan),
    }


def _devices(plan: Plan) -> Table:
    columns = ("device", "role", "zone", "rack", "pod", "asn", "router id", "loopbacks", "addresses", "vips")
    return table("Devices", columns, (_device_row(entry) for entry in plan.devices))


def _device_row(entry: DevicePlan) -> tuple[object, ...]:
    device = entry.device
    return (
        *(device.name, device.role, device.zone, device.rack, device.pod, entry.asn, entry.router_id),
        " ".join(map(str, entry.loopbacks)),
        " ".join(f"{host.network}={host.address}" for host in entry.hosts),
        " ".join(f"{vip.network}={vip.address}" for vip in entry.vips),
    )


def _links(plan: Plan) -> Table:
    columns = ("upper", "port", "addresses", "lower", "lower port", "lower addresses")
    return table("Links", columns, ((*_end(link.upper), *_end(link.lower)) for link in plan.links))


def _end(end: LinkEnd) -> tuple[str, str, str]:
    return end.device, end.interface, " ".join(map(str, end.addresses)) or "unnumbered"


def _networks(plan: Plan) -> Table:
    columns = ("network", "scope", "subnets", "virtual addresses")
    rows = ((s.network, s.scope, " ".join(map(str, s.prefixes)), " ".join(map(str, s.vips))) for s in plan.subnets)
    return table("Networks", columns, rows)


def _pools(plan: Plan) -> Table:
    columns = ("pool", "range", "used", "capacity", "unit", "full")
    rows = ((u.pool, u.range, u.used, u.capacity, u.unit, f"{u.used / u.capacity:.1%}") for u in plan.pools)
    return table("Pools", columns, rows)


def plan_document(plan: Plan) -> Document:
    """The plan as plain values, for JSON and YAML."""
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
            }
            for s in plan.subnets
        ],
        "pools": [
            {"pool": u.pool, "range": u.range, "unit": u.unit, "used": u.used, "capacity": u.capacity}
            for u in plan.pools
        ],
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
        "vips": [{"network": v.network, "address": str(v.address)} for v in entry.vips],
    }


def _link_document(link: LinkPlan) -> Document:
    return {
        "kind": link.link.kind,
        "upper": _end_document(link.upper),
        "lower": _end_document(link.lower),
    }


def _end_document(end: LinkEnd) -> Document:
    return {"device": end.device, "port": end.interface, "addresses": [str(a) for a in end.addresses]}


def _to_yaml(document: Document) -> str:
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # libyaml's is ten times faster where it was built in
    return str(yaml.dump(document, Dumper=dumper, sort_keys=False, width=120))


def plan_files(plan: Plan) -> Mapping[str, str]:
    """The files that `fabric plan -o DIR` writes: YAML, JSON, Markdown, and a CSV file a table."""
    document, tables = plan_document(plan), plan_tables(plan)
    title = f"# Plan of {plan.design.topology.name}\n"
    return {
        "plan.json": json.dumps(document, indent=2) + "\n",
        "plan.yaml": _to_yaml(document),
        "plan.md": "\n".join([title, *map(to_markdown, tables.values())]),
        **{f"{stem}.csv": to_csv(value) for stem, value in tables.items()},
    }
