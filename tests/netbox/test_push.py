"""A push makes NetBox what the plan says, a second one does nothing, and what others wrote there stays theirs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fabric import plan
from fabric.errors import InputError, NetboxError
from fabric.kubernetes import configure
from fabric.netbox import Push, connect, push, read_token, records
from fabric.plan import Plan
from fabric.topology import load
from tests.cli.command import TOPOLOGIES
from tests.designs import Values, design_of
from tests.netbox.server import TOKEN, NetBox, serving

SMALL: Values = {
    "version": 1,
    "name": "small",
    "families": ["ipv4", "ipv6"],
    "spines": 2,
    "zones": [
        {"name": "zone-a", "racks": [{"name": "a1", "nodes": {"servers": 2}}]},
        {"name": "zone-b", "racks": [{"name": "b1", "nodes": {"servers": 2}}]},
    ],
    "node_groups": {"servers": {"role": "server"}},
    "networks": {
        "storage": {
            "ipv4": "172.18.0.0/24",
            "ipv6": "fd00:18::/64",
            "roles": ["server"],
            "vips": 1,
            "vip_roles": ["server"],
        }
    },
}


@pytest.fixture
def netbox() -> NetBox:
    return NetBox()


@pytest.fixture
def url(netbox: NetBox) -> Iterator[str]:
    with serving(netbox) as found:
        yield found


def small(**values: object) -> Plan:
    return plan.build(design_of({**SMALL, **values}))


def pushed(url: str, made: Plan, *, dry_run: bool = False) -> Push:
    return push(connect(url, TOKEN), records(made, configure(made)), dry_run=dry_run)


def actions(done: Push) -> Counter[tuple[str, str]]:
    return Counter((step.action, step.record.kind.name) for step in done.steps)


def test_a_dry_run_writes_nothing_and_says_what_a_push_does(netbox: NetBox, url: str) -> None:
    dry = pushed(url, small(), dry_run=True)
    assert {method for method, _ in netbox.requests} == {"GET"}
    assert not any(netbox.tables.values())
    assert {step.action for step in dry.steps} == {"create"}
    done = pushed(url, small())
    made = actions(done)
    del made["change", "primary-addresses"]  # of devices that a dry run has not made
    assert made == actions(dry)


@pytest.mark.parametrize("name", ["rhoso-dz", "dcn-edge"])
def test_a_second_push_of_a_shipped_topology_does_nothing(netbox: NetBox, url: str, name: str) -> None:
    made = plan.build(load(TOPOLOGIES / f"{name}.yaml"))
    pushed(url, made)
    before = len(netbox.requests)
    again = pushed(url, made)
    assert again.as_planned
    assert {method for method, _ in netbox.requests[before:]} == {"GET"}
    assert not any(again.unplanned.values())
    assert len(netbox.tables["dcim/devices"]) == len(made.devices)
    assert len(netbox.tables["dcim/cables"]) == len(made.links)


def test_what_is_pushed_is_what_is_planned(netbox: NetBox, url: str) -> None:
    made = small()
    pushed(url, made)
    leaf = netbox.one("dcim/devices", name="a1-leaf-1")
    address = netbox.tables["ipam/ip-addresses"][leaf["primary_ip4"]]
    assert address["address"] == f"{made.by_name['a1-leaf-1'].router_id}/32"
    assert netbox.tables["dcim/racks"][leaf["rack"]]["name"] == "a1"
    vips = [entry for entry in netbox.tables["ipam/ip-addresses"].values() if entry["role"] == "anycast"]
    assert Counter(entry["address"] for entry in vips) == {"172.18.0.254/32": 4, "fd00:18::fe/128": 4}


def test_growth_creates_and_moves_nothing(netbox: NetBox, url: str) -> None:
    before = small()
    pushed(url, before)
    after = plan.build(design_of({**SMALL, "spines": 3}), before.ledger)
    found = actions(pushed(url, after, dry_run=True))
    assert {kind for action, kind in found if action == "create"} >= {"devices", "interfaces", "cables", "addresses"}
    changed = {kind for action, kind in found if action == "change"}
    assert changed == {"asns"}  # "2 devices from spine-1" are three now
    pushed(url, after)
    assert pushed(url, after).as_planned


def test_what_people_say_in_netbox_stays(netbox: NetBox, url: str) -> None:
    pushed(url, small())
    leaf = netbox.one("dcim/devices", name="a1-leaf-1")
    site = netbox.one("dcim/sites", slug="zone-a")
    leaf |= {"status": "active", "comments": "third unit from below"}
    site |= {"name": "Zone A, hall 3", "status": "active", "region": None}
    assert pushed(url, small()).as_planned
    assert netbox.one("dcim/devices", name="a1-leaf-1")["comments"] == "third unit from below"


def test_what_the_plan_says_is_restored_field_by_field(netbox: NetBox, url: str) -> None:
    pushed(url, small())
    port = next(e for e in netbox.tables["dcim/interfaces"].values() if e["description"] == "spine-1 eth1")
    port |= {"mtu": 1500, "description": "who knows"}
    dry = pushed(url, small(), dry_run=True)
    (step,) = (step for step in dry.steps if step.action != "leave")
    assert (step.action, step.record.name) == ("change", "a1-leaf-1 eth1")
    assert [(c.field, c.old, c.new) for c in step.changes] == [
        ("mtu", "1500", "9216"),
        ("description", "who knows", "spine-1 eth1"),
    ]
    pushed(url, small())
    assert netbox.one("dcim/interfaces", id=port["id"])["mtu"] == 9216


def test_an_unassigned_address_is_taken_and_another_ones_is_a_conflict(netbox: NetBox, url: str) -> None:
    pushed(url, small())
    foreign = netbox.add("dcim/sites", name="Elsewhere", slug="elsewhere")
    leaf = netbox.one("dcim/devices", name="a1-leaf-1")
    place = {"site": foreign["id"], "role": leaf["role"], "device_type": leaf["device_type"]}
    printer = netbox.add("dcim/devices", name="printer", **place)
    port = netbox.add("dcim/interfaces", device=printer["id"], name="eth0", type="other")
    address = netbox.one("ipam/ip-addresses", address="172.18.0.10/32")
    address |= {"assigned_object_id": port["id"]}
    free = netbox.one("ipam/ip-addresses", address="172.18.0.11/32")
    free |= {"assigned_object_id": None, "assigned_object_type": None}
    done = pushed(url, small())
    (conflict,) = done.conflicts
    assert "NetBox has it on printer eth0" in conflict.reason
    assert address["assigned_object_id"] == port["id"]
    assert netbox.one("ipam/ip-addresses", address="172.18.0.11/32")["assigned_object_id"] is not None


def test_a_cable_that_is_plugged_elsewhere_is_a_conflict(netbox: NetBox, url: str) -> None:
    pushed(url, small())
    one, other = (next(iter(netbox.tables["dcim/cables"].values())), list(netbox.tables["dcim/cables"].values())[-1])
    one["b_terminations"], other["b_terminations"] = other["b_terminations"], one["b_terminations"]
    before = {number: dict(entry) for number, entry in netbox.tables["dcim/cables"].items()}
    done = pushed(url, small())
    assert {step.record.kind.name for step in done.conflicts} == {"cables"}
    assert f"#{one['id']}" in done.conflicts[0].reason
    assert netbox.tables["dcim/cables"] == before


def test_a_name_that_netbox_has_twice_is_a_conflict(netbox: NetBox, url: str) -> None:
    pushed(url, small())
    leaf = netbox.one("dcim/devices", name="a1-leaf-1")
    twin = {**leaf, "id": 9999, "site": netbox.one("dcim/sites", slug="zone-b")["id"], "primary_ip4": None}
    netbox.tables["dcim/devices"][9999] = twin
    assert {step.record.name for step in pushed(url, small()).conflicts} >= {"a1-leaf-1"}


def test_what_is_not_of_the_plan_is_counted_and_left_alone(netbox: NetBox, url: str) -> None:
    before = small(spines=3)
    pushed(url, before)
    done = pushed(url, plan.build(design_of(SMALL), before.ledger))
    assert "spine-3" in done.unplanned["devices"]
    assert len(done.unplanned["cables"]) == 4
    assert "spine-3" in netbox.names("dcim/devices")


def test_large_answers_come_in_pages_and_large_requests_in_parts(
    netbox: NetBox, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.netbox.server._MOST", 7)
    monkeypatch.setattr("fabric.netbox._push._CHUNK", 5)
    pushed(url, small())
    assert pushed(url, small()).as_planned


def test_a_refusal_names_the_object_and_another_push_goes_on(netbox: NetBox, url: str) -> None:
    netbox.add("dcim/racks", name="a1", site=netbox.add("dcim/sites", name="zone-a", slug="other")["id"])
    told = r"refuses dcim/sites zone-a \(400: .*must make a unique set.*push again to go on"
    with pytest.raises(NetboxError, match=told):
        pushed(url, small())
    netbox.one("dcim/sites", slug="other")["name"] = "Other"
    pushed(url, small())
    assert pushed(url, small()).as_planned


@pytest.mark.parametrize("token", ["wrong", "f" * 40])
def test_a_wrong_token_is_refused_and_never_shown(url: str, token: str) -> None:
    with pytest.raises(NetboxError, match=r"403: .*Check the token") as caught:
        pushed_with(url, token)
    assert token not in str(caught.value)
    assert token not in repr(connect(url, token))


def pushed_with(url: str, token: str) -> Push:
    made = small()
    return push(connect(url, token), records(made, configure(made)), dry_run=True)


def test_no_server_and_no_netbox_are_told_apart(url: str) -> None:
    with pytest.raises(InputError, match="allowed: https://"):
        connect("netbox.example.org", TOKEN)
    with pytest.raises(NetboxError, match=r"cannot be asked for the version \(ConnectionError\)"):
        connect("http://127.0.0.1:1", TOKEN)


def test_the_token_comes_from_a_file_or_the_environment(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    environment: dict[str, Any] = {"NETBOX_TOKEN": "other"}
    assert read_token(path, environment) == TOKEN
    assert read_token(None, environment) == "other"
    for wrong in ("", "two words", "ünprintable"):
        path.write_text(wrong)
        with pytest.raises(InputError, match="holds no token"):
            read_token(path, environment)
    with pytest.raises(InputError, match="NETBOX_TOKEN: holds no token"):
        read_token(None, {})
    with pytest.raises(InputError, match="cannot be read"):
        read_token(tmp_path / "none", {})
