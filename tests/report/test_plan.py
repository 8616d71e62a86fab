"""What a plan's files hold beyond its numbers: cables, oversubscription, room to grow, redundancy."""

from __future__ import annotations

import csv
import io
import json

import yaml

from fabric import plan
from fabric.plan import Plan
from fabric.report import plan_document, plan_files, plan_tables
from fabric.topology import load
from tests.cli.command import TOPOLOGIES
from tests.designs import Values, design_of

VALUES: Values = {
    "version": 1,
    "name": "demo",
    "spines": 2,
    "node_groups": {"servers": {"role": "server"}},
    "zones": [{"name": "zone-a", "racks": [{"name": n, "nodes": {"servers": 4}} for n in ("a1", "a2")]}],
    "hardware": {
        "leaf-box": {
            "ports": [
                {"name": "swp{}", "first": 1, "count": 8, "speed_gbps": 25, "use": "downlink"},
                {"name": "swp{}", "first": 49, "count": 4, "speed_gbps": 100, "use": "uplink"},
            ]
        },
    },
    "models": {"leaf": "leaf-box"},
}


def planned(**changes: object) -> Plan:
    return plan.build(design_of({**VALUES, **changes}))


def rows(value: Plan, file: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(plan_files(value)[file])))


def test_every_cable_has_its_racks_and_speed() -> None:
    found = rows(planned(), "cabling.csv")
    assert len(found) == 8 + 16
    uplink = next(row for row in found if (row["upper"], row["lower"]) == ("spine-1", "a1-leaf-1"))
    assert (uplink["upper rack"], uplink["lower rack"], uplink["lower port"], uplink["Gbit/s"]) == (
        "", "a1", "swp49", "100",
    )  # fmt: skip


def test_oversubscription_is_shown_by_leaf_and_by_tier() -> None:
    found = {row["device"]: row for row in rows(planned(), "oversubscription.csv")}
    leaf, tier = found["a1-leaf-1"], found["all leaf devices"]
    assert (leaf["down Gbit/s"], leaf["up Gbit/s"], leaf["ratio"]) == ("100", "200", "0.50")
    assert (tier["down Gbit/s"], tier["up Gbit/s"], tier["ratio"]) == ("400", "800", "0.50")
    document = plan_document(planned())["oversubscription"]
    assert document["tiers"] == [{"tier": "leaf", "down_gbps": 400, "up_gbps": 800, "ratio": 0.5}]


def test_room_to_grow_is_what_growth_reserves_less_what_is_used() -> None:
    found = {(row["owner"], row["pool"]): row for row in rows(planned(growth={"nodes_per_rack": 20}), "room.csv")}
    links = found["a1-leaf-1", "pools.node_links.ipv4"]
    assert (links["used"], links["reserved"], links["free"]) == ("4", "20", "16")


def test_a_warning_stands_in_every_answer() -> None:
    value = planned()
    (warning,) = plan_document(value)["redundancy"]["warnings"]
    assert "share an ASN" in warning
    assert plan_tables(value)["warnings"].rows == ((warning,),)
    assert warning in plan_files(value)["plan.md"]
    assert plan_tables(planned(asn={"spines": "unique"}))["warnings"].rows == ()


def test_single_points_of_failure_are_named() -> None:
    racks = [{"name": "a1", "leaves": 1, "nodes": {"servers": 1}}]
    value = planned(spines=1, zones=[{"name": "zone-a", "racks": racks}])
    facts = {row[0]: row[1] for row in plan_tables(value)["redundancy"].rows}
    assert facts["single devices that others hang on"] == "a1-leaf-1"
    assert facts["single links that others hang on"] == "a1-leaf-1>a1-server-1, spine-1>a1-leaf-1"


def test_many_single_points_are_counted_in_the_table_and_named_in_the_document() -> None:
    racks = [{"name": f"a{n}", "leaves": 1, "nodes": {"servers": 1}} for n in range(1, 13)]
    value = planned(zones=[{"name": "zone-a", "racks": racks}])
    facts = {row[0]: row[1] for row in plan_tables(value)["redundancy"].rows}
    assert facts["single devices that others hang on"].endswith(" and 4 more")
    assert len(plan_document(value)["redundancy"]["single_devices"]) == 12


def test_every_format_has_the_same_document() -> None:
    files = plan_files(planned())
    assert json.loads(files["plan.json"]) == yaml.safe_load(files["plan.yaml"])


def test_virtual_addresses_stand_once_in_a_table_of_their_own() -> None:
    value = plan.build(load(TOPOLOGIES / "rhoso-dz.yaml"))
    tables = plan_tables(value)
    assert {row[-1] for row in tables["devices"].rows} == {"", "internalapi"}
    rows = tables["virtual_addresses"].rows
    addresses = {str(vip.address) for entry in value.devices for vip in entry.vips}
    assert sorted(row[1] for row in rows) == sorted(addresses)
    assert rows[0][2:] == ("9", "rack-0-worker-0, rack-0-worker-1, rack-0-worker-2 and 6 more")
    assert all(address in plan_files(value)["devices.csv"] for address in addresses)
