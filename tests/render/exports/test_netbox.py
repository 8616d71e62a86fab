"""The import files have NetBox's columns, and name only what an earlier file has brought in."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass

import pytest
from hypothesis import given, settings

from fabric.render.exports import Export, netbox_tree
from tests.render.exports.designs import SHIPPED, every_address, exports, shipped


@dataclass(frozen=True)
class Form:
    """An import form of NetBox 4: columns that must be there and hold something, and others that it takes."""

    required: str
    optional: str = ""

    @property
    def columns(self) -> set[str]:
        return {*self.required.split(), *self.optional.split()}


# netbox/dcim/forms/bulk_import.py and netbox/ipam/forms/bulk_import.py, as NetBox 4.2 and 4.7 have them
FORMS = {
    "regions": Form("name slug", "parent description tags"),
    "sites": Form("name slug status", "region group tenant facility time_zone description comments tags"),
    "locations": Form("site name slug status", "parent tenant facility description tags"),
    "racks": Form("site name status width u_height", "location tenant role serial asset_tag description tags"),
    "manufacturers": Form("name slug", "description tags"),
    "device-types": Form("manufacturer model slug u_height", "is_full_depth part_number airflow description tags"),
    "device-roles": Form("name slug color", "vm_role config_template description tags"),
    "devices": Form("name role manufacturer device_type status site", "location rack position face description tags"),
    "interfaces": Form("device name type", "label enabled mtu mgmt_only description mode vrf tags"),
    "cables": Form(
        "side_a_device side_a_type side_a_name side_b_device side_b_type side_b_name",
        "type status tenant label color length length_unit description tags",
    ),
    "rirs": Form("name slug", "is_private description tags"),
    "asns": Form("asn rir", "tenant description tags"),
    "prefixes": Form("prefix status", "vrf tenant vlan_site vlan role is_pool mark_utilized description tags"),
    "primary-addresses": Form("address status", "role device interface is_primary dns_name description tags"),
    "ip-addresses": Form("address status", "role device interface is_primary dns_name description tags"),
}
REFERENCES = {
    ("sites", "region"): ("regions", "name"),
    ("locations", "site"): ("sites", "name"),
    ("racks", "site"): ("sites", "name"),
    ("racks", "location"): ("locations", "name"),
    ("device-types", "manufacturer"): ("manufacturers", "name"),
    ("devices", "role"): ("device-roles", "name"),
    ("devices", "device_type"): ("device-types", "model"),
    ("devices", "site"): ("sites", "name"),
    ("devices", "location"): ("locations", "name"),
    ("devices", "rack"): ("racks", "name"),
    ("interfaces", "device"): ("devices", "name"),
    ("asns", "rir"): ("rirs", "name"),
}
PORTS = {
    ("cables", "side_a_device", "side_a_name"),
    ("cables", "side_b_device", "side_b_name"),
    ("primary-addresses", "device", "interface"),
    ("ip-addresses", "device", "interface"),
}

UNIQUE = {
    "locations": ("site", "name"),
    "racks": ("site", "location", "name"),
    "device-types": ("manufacturer", "model"),
    "interfaces": ("device", "name"),
    "cables": ("side_a_device", "side_a_name"),
}
"""What NetBox wants unique, where it is not the first column."""

Tables = dict[str, list[dict[str, str]]]


def _tables(export: Export) -> Tables:
    """The rows of each import file, in the order of the numbers."""
    files = netbox_tree(export.plan, export.fabric)
    names = sorted(path for path in files if path.endswith(".csv"))
    return {
        name.removeprefix("netbox/")[3:].removesuffix(".csv"): list(csv.DictReader(io.StringIO(files[name])))
        for name in names
    }


@pytest.mark.parametrize("name", SHIPPED)
def test_columns_are_those_of_the_forms(name: str) -> None:
    for table, rows in _tables(shipped(name)).items():
        assert rows
        for row in rows:
            assert set(row) <= FORMS[table].columns
            assert all(row.get(column) for column in FORMS[table].required.split())
            assert len(row.get("description") or "") <= 200


@settings(deadline=None, max_examples=30)
@given(exports())
def test_references_lead_to_earlier_files(export: Export) -> None:
    tables = _tables(export)
    order = list(tables)
    for (table, column), (target, key) in REFERENCES.items():
        wanted = {row[column] for row in tables.get(table, ()) if row[column]}
        assert wanted <= {row[key] for row in tables.get(target, ())}
        assert not wanted or order.index(target) < order.index(table)
    ports = {(row["device"], row["name"]) for row in tables["interfaces"]}
    for table, device, port in PORTS:
        assert {(row[device], row[port]) for row in tables.get(table, ())} <= ports


@settings(deadline=None, max_examples=30)
@given(exports())
def test_nothing_comes_twice(export: Export) -> None:
    tables = _tables(export)
    for table, rows in tables.items():
        if not table.endswith("-addresses"):
            key = UNIQUE.get(table, tuple(rows[0])[:1])
            assert set(Counter(tuple(row[column] for column in key) for row in rows).values()) == {1}
    owned = tables["primary-addresses"] + tables.get("ip-addresses", [])
    once = Counter(row["address"].split("/")[0] for row in owned if row["role"] != "anycast")
    shared = {row["address"].split("/")[0] for row in owned if row["role"] == "anycast"}
    assert set(once.values()) == {1}
    announced = {str(vip.address) for device in export.plan.devices for vip in device.vips}
    unannounced = {str(vip) for subnet in export.plan.subnets for vip in subnet.vips} - announced
    assert set(once) | shared | unannounced == set(every_address(export))


@pytest.mark.parametrize("name", SHIPPED)
def test_only_loopbacks_are_primary(name: str) -> None:
    tables = _tables(shipped(name))
    assert {row["is_primary"] for row in tables["primary-addresses"]} == {"true"}
    # The form takes an empty cell there for "remove the device's primary address".
    assert all("is_primary" not in row for row in tables["ip-addresses"])


def test_places() -> None:
    tables = _tables(shipped("clos5"))
    devices = {row["name"]: row for row in tables["devices"]}
    place = ("site", "location", "rack")
    assert [devices["a1-leaf-1"][key] for key in place] == ["zone-a", "pod-1", "a1"]
    assert [devices["pod-2-spine-1"][key] for key in place] == ["clos5-core", "pod-2", ""]
    assert [devices["super-spine-1"][key] for key in place] == ["clos5-core", "", ""]


def test_networks_are_containers_of_their_zones_subnets() -> None:
    prefixes = {row["prefix"]: row for row in _tables(shipped("rhoso-dz"))["prefixes"]}
    assert prefixes["172.18.0.0/16"]["status"] == "container"
    assert prefixes["172.18.1.0/24"]["description"] == "Network storage of zone-b"
    assert prefixes["172.17.0.0/24"]["status"] == "active"


def test_readme_names_every_file() -> None:
    export = shipped("clos5")
    files = netbox_tree(export.plan, export.fabric)
    lines = [line.split("|")[1].strip() for line in files["netbox/README.md"].splitlines() if line.startswith("| 0")]
    assert lines == sorted(path.removeprefix("netbox/") for path in files if path.startswith("netbox/0"))
