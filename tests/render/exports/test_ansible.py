"""The inventory has every host in the groups of its place, and nothing that Ansible would run or show."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
import yaml

from fabric.config import Secret
from fabric.render.exports import ansible_tree
from fabric.render.exports._ansible import _Dumper
from fabric.render.exports._yaml import yaml_text
from tests.render.exports.designs import SHIPPED, shipped

_GROUP = re.compile(r"[a-z][a-z0-9_]*")
"""Names that Ansible takes for a group without a warning."""


def _load(name: str, path: str) -> Any:
    export = shipped(name)
    return yaml.safe_load(ansible_tree(export.plan, export.fabric)[f"ansible/{path}"])


@pytest.mark.parametrize("name", SHIPPED)
def test_groups_hold_the_devices_of_their_place(name: str) -> None:
    inventory = _load(name, "inventory.yml")["all"]
    design = shipped(name).plan.design
    assert list(inventory["hosts"]) == [device.name for device in design.fabric.devices]
    assert all(_GROUP.fullmatch(group) for group in inventory["children"])
    found = {(group, host) for group, members in inventory["children"].items() for host in members["hosts"]}
    wanted = {
        (f"{notion}_{value}".replace("-", "_"), device.name)
        for device in design.fabric.devices
        for notion in ("tier", "role", "zone", "rack", "pod")
        if (value := getattr(device, notion))
    }
    assert found == wanted


@pytest.mark.parametrize("name", SHIPPED)
def test_every_host_has_its_variables(name: str) -> None:
    export = shipped(name)
    files = ansible_tree(export.plan, export.fabric)
    hosts = {path for path in files if path.startswith("ansible/host_vars/")}
    assert hosts == {f"ansible/host_vars/{device.name}.yml" for device in export.fabric}


def test_variables_of_a_leaf() -> None:
    told = _load("quickstart", "host_vars/a1-leaf-1.yml")
    assert (told["asn"], told["router_id"], told["rack"]) == (64640, "10.240.0.1", "a1")
    assert "pod" not in told
    assert told["loopbacks"] == ["10.240.0.1", "fd00:fab::1"]
    ports = {port["name"]: port for port in told["interfaces"]}
    assert ports["eth1"] == {
        "name": "eth1",
        "mtu": 9216,
        "addresses": ["10.244.0.1/31", "fd00:fab:0:1::1/127"],
        "peer": "spine-1",
        "peer_interface": "eth1",
    }
    assert "peer" not in ports["lo"]
    assert told["bgp_neighbors"][0] == {
        "address": "10.244.0.0",
        "remote_as": 64520,
        "description": "spine-1",
        "families": ["ipv4"],
        "bfd": True,
    }


def test_unnumbered_neighbor_is_an_interface() -> None:
    told = _load("rhoso-dz", "host_vars/spine-0.yml")
    assert [neighbor["interface"] for neighbor in told["bgp_neighbors"]] == [f"eth{n}" for n in range(1, 8)]


def test_node_without_bgp_has_routes_and_no_asn() -> None:
    told = _load("rhoso-dz", "host_vars/rack-0-array-0.yml")
    assert "asn" not in told
    assert told["bgp_neighbors"] == []
    assert told["static_routes"][0]["next_hops"] == ["100.64.0.29", "100.65.0.29"]


def test_no_password_in_any_file() -> None:
    export = shipped("quickstart")
    leaf = export.fabric.by_name["a1-leaf-1"]
    guarded = tuple(replace(neighbor, password=Secret("t0p-secret")) for neighbor in leaf.bgp[0].neighbors)
    told = replace(leaf, bgp=(replace(leaf.bgp[0], neighbors=guarded),))
    fabric = replace(export.fabric, devices=tuple(told if device is leaf else device for device in export.fabric))
    assert "t0p-secret" not in "".join(ansible_tree(export.plan, fabric).values())


@pytest.mark.parametrize("text", ["{{ lookup('pipe', 'id') }}", "a {% raw %}", "{# x"])
def test_ansible_takes_no_text_for_a_template(text: str) -> None:
    assert yaml_text({"a": text, "b": "plain"}, "fab", _Dumper).splitlines()[1:] == [
        f"a: !unsafe {_quoted(text)}",
        "b: plain",
    ]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
