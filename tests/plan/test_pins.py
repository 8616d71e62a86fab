"""Pins from a CSV file or a NetBox export: they hold in the plan, and every wrong line of the file is named."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path

import pytest

from fabric import plan
from fabric.errors import InputError, PlanError, TopologyError
from fabric.plan import EMPTY, Ledger, Plan
from fabric.topology import with_pins
from tests.designs import Values, design_of

VALUES: Values = {
    "version": 1,
    "name": "demo",
    "families": ["ipv4", "ipv6"],
    "spines": 2,
    "node_groups": {"workers": {"role": "worker"}, "arrays": {"role": "storage"}},
    "zones": [{"name": "zone-a", "racks": [{"name": "a1", "nodes": {"workers": 3, "arrays": 1}}]}],
    "networks": {
        "storage": {"ipv4": "172.18.0.0/24", "ipv6": "fd00:18::/64", "roles": ["worker"]},
        "backup": {"ipv4": "172.19.0.0/24", "ipv6": "fd00:19::/64", "roles": ["worker", "storage"]},
    },
}


def planned(tmp_path: Path, text: str, ledger: Ledger = EMPTY, **changes: object) -> Plan:
    file = tmp_path / "pins.csv"
    file.write_text(text)
    return plan.build(with_pins(design_of({**VALUES, **changes}), file), ledger)


def hosts(made: Plan, node: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for host in made.by_name[node].hosts:
        found.setdefault(host.network, []).append(str(host.address))
    return found


def test_a_pinned_address_is_in_the_plan(tmp_path: Path) -> None:
    text = "device,network,address\na1-worker-2,storage,172.18.0.10\na1-worker-2,storage,fd00:18::99\n"
    made = planned(tmp_path, text)
    assert hosts(made, "a1-worker-2")["storage"] == ["172.18.0.10", "fd00:18::99"]
    assert hosts(made, "a1-worker-1")["storage"][0] == "172.18.0.11"


def test_columns_may_come_in_any_order_beside_others_and_behind_a_byte_order_mark(tmp_path: Path) -> None:
    made = planned(tmp_path, "\ufeffAddress,Note,Network,Device\n172.18.0.77,old,storage,a1-worker-1\n")
    assert hosts(made, "a1-worker-1")["storage"][0] == "172.18.0.77"


def test_pins_of_the_topology_stay_beside_those_of_the_file(tmp_path: Path) -> None:
    text = "device,network,address\na1-worker-1,storage,fd00:18::7\na1-worker-1,storage,172.18.0.7\n"
    made = planned(tmp_path, text, pins={"a1-worker-1": {"storage": ["172.18.0.7"]}})
    assert hosts(made, "a1-worker-1")["storage"] == ["172.18.0.7", "fd00:18::7"]


@pytest.mark.parametrize("pinned", ["172.18.0.1", "172.18.0.9", "172.18.0.254", "fd00:18::1"])
def test_a_pin_below_or_at_the_end_of_what_is_given_out_leaves_the_others_theirs(tmp_path: Path, pinned: str) -> None:
    networks = {"storage": {**VALUES["networks"]["storage"], "kind": "routed"}}
    made = planned(tmp_path, f"device,network,address\na1-worker-1,storage,{pinned}\n", networks=networks)
    assert pinned in hosts(made, "a1-worker-1")["storage"]
    others = [hosts(made, node)["storage"] for node in ("a1-worker-2", "a1-worker-3")]
    assert all(len(found) == 2 for found in others)
    assert others[0][0] in ("172.18.0.10", "172.18.0.11")


def test_pins_that_collide_name_both_owners_and_lines(tmp_path: Path) -> None:
    text = "device,network,address\na1-worker-1,storage,172.18.0.7\na1-worker-2,storage,172.18.0.7\n"
    with pytest.raises(PlanError) as caught:
        planned(tmp_path, text)
    (problem,) = caught.value.problems
    assert problem.where == f"{tmp_path / 'pins.csv'}:3"
    assert problem.path.startswith("pins.a1-worker-2.storage")
    owner = f"172.18.0.7, which a1/host.storage.ipv4/a1-worker-1 has ({tmp_path / 'pins.csv'}:2)"
    assert problem.found == owner


def test_a_pin_of_what_the_ledger_gave_another_names_both(tmp_path: Path) -> None:
    ledger = plan.build(design_of(VALUES)).ledger
    told = r"pins\.csv:2: .*found 172\.18\.0\.10, which a1/host\.storage\.ipv4/a1-worker-1 has \(the ledger\)"
    with pytest.raises(PlanError, match=told):
        planned(tmp_path, "device,network,address\na1-worker-3,storage,172.18.0.10\n", ledger)


def test_a_pin_outside_its_network_names_its_line(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match=r"pins\.csv:2: .*found 172\.19\.0\.7; allowed: an address in 172\.18\.0\.0/24"):
        planned(tmp_path, "device,network,address\na1-worker-1,storage,172.19.0.7\n")


def test_every_wrong_line_is_reported_at_once(tmp_path: Path) -> None:
    lines = [
        "device,network,address",
        "a1-worker-9,storage,172.18.0.1",
        "spine-1,storage,172.18.0.2",
        "a1-worker-1,storag,172.18.0.3",
        "a1-array-1,storage,172.18.0.4",
        "a1-worker-1,storage,172.18.0.555",
        "a1-worker-2,storage,172.18.0.6",
        "a1-worker-2,storage,172.18.0.7",
        "a1-worker-3",
    ]
    with pytest.raises(TopologyError) as caught:
        planned(tmp_path, "\n".join(lines))
    file = tmp_path / "pins.csv"
    assert [problem.where for problem in caught.value.problems] == [f"{file}:{n}" for n in (2, 3, 4, 5, 6, 8, 9)]
    text = str(caught.value)
    assert "Did you mean 'a1-worker-" in text
    assert "found 'storag'; allowed: storage, backup. Did you mean 'storage'?" in text
    assert "found a1-array-1, a storage, which has no address in 'storage'; allowed: nodes of its roles" in text
    assert f"172.18.0.7 for a1-worker-2 in 'storage', which is pinned to 172.18.0.6 ({file}:7)" in text


@pytest.mark.parametrize("text", ["", "host,ip\n", "IP Address,Status\n10.0.0.1/32,Active\n"])
def test_unknown_columns_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(TopologyError, match=r"pins\.csv:1: found the columns .*allowed: device, network, address; or"):
        planned(tmp_path, text)


def test_what_is_no_csv_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TopologyError, match=r"pins\.csv:2: found no CSV"):
        planned(tmp_path, f"device,network,address\n{'x' * 140_000},,\n")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.csv: cannot be read \(No such file"):
        with_pins(design_of(VALUES), tmp_path / "none.csv")
    (tmp_path / "latin.csv").write_bytes(b"device,network,address\ncaf\xe9,,\n")
    with pytest.raises(InputError, match=r"latin\.csv: cannot be read \(it is not UTF-8\)"):
        with_pins(design_of(VALUES), tmp_path / "latin.csv")


NETBOX = """\
ID,IP Address,VRF,Status,Role,Tenant,Assigned,DNS Name,Description,{device},Interface
1,172.18.0.50/32,Global,Active,,,True,worker.example,"two
lines",a1-worker-1,lo
2,fd00:19::50/128,Global,Active,,,True,,,a1-worker-1,lo
3,10.240.0.3/32,Global,Active,Loopback,,True,,,a1-worker-1,lo
4,172.18.0.80/32,Global,Active,Anycast,,True,,,a1-worker-2,lo
5,10.248.0.1/31,Global,Active,,,True,,,a1-worker-1,eth1
6,172.18.0.90/32,Global,Active,,,True,,,some-printer,lo
7,172.18.0.91/32,Global,Reserved,,,False,,,,
"""


@pytest.mark.parametrize("device", ["Parent", "Device/VM"])
def test_a_netbox_export_pins_the_addresses_of_nodes_in_networks(tmp_path: Path, device: str) -> None:
    made = planned(tmp_path, NETBOX.format(device=device))
    pinned = hosts(made, "a1-worker-1")
    assert pinned["storage"][0] == "172.18.0.50"
    assert pinned["backup"][1] == "fd00:19::50"
    others = [a for n in ("a1-worker-2", "a1-worker-3") for found in hosts(made, n).values() for a in found]
    assert not {"172.18.0.80", "172.18.0.90", "172.18.0.91"} & set(others)


def test_what_went_to_netbox_comes_back_as_the_same_plan(tmp_path: Path) -> None:
    scattered = {f"a1-worker-{n}": {"storage": [f"172.18.0.{40 - n}", f"fd00:18::{n}"]} for n in (1, 2, 3)}
    before = plan.build(design_of({**VALUES, "pins": scattered}))
    lines = ["IP Address,Role,Parent"]
    for device in before.devices:
        lines += [f"{host.address}/{ip_address(host.address).max_prefixlen},,{device.name}" for host in device.hosts]
        lines += [f"{a}/{a.max_prefixlen},Loopback,{device.name}" for a in device.loopbacks]
    after = planned(tmp_path, "\n".join(lines))
    assert after.devices == before.devices
