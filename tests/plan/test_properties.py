"""What holds for the plan of any design: no value twice, every value in its pool, the same plan every time."""

from __future__ import annotations

from collections import defaultdict
from ipaddress import ip_interface
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fabric import plan
from fabric.errors import PlanError
from fabric.plan import Plan
from fabric.resources import directory
from fabric.topology import Device, load
from tests.designs import Values, design_of, topologies

SHIPPED = sorted(directory("topologies").glob("*.yaml"))
ANY_DESIGN = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def check_no_value_twice(made: Plan) -> None:
    """Addresses of devices, links and networks, router ids, link subnets and ports have one owner each."""
    owners: dict[object, set[str]] = defaultdict(set)
    for device in made.devices:
        owners["router id", device.router_id].add(device.name)
        for address in (*device.loopbacks, *(host.address for host in (*device.hosts, *device.segments))):
            owners["address", address].add(device.name)
    for link in made.links:
        for end in link.ends:
            owners["port", end.device, end.interface].add(link.upper.device + link.lower.device)
            for address in end.addresses:
                owners["address", address.ip].add(end.device)
                owners["subnet", address.network].add(link.upper.device + link.lower.device)
    for subnet in made.subnets:
        for prefix in subnet.prefixes:
            owners["network", prefix].add(subnet.network + subnet.scope)
        for number, vip in enumerate(subnet.vips):
            owners["address", vip].add(f"vip {number} {subnet.network} {subnet.scope}")
        for gateway in subnet.gateways:
            owners["address", gateway].add(f"gateway {subnet.network} {subnet.scope}")
        for first, last in subnet.allocations:
            for value in range(int(first), int(last) + 1):
                owners["address", type(first)(value)].add(f"allocation {subnet.network} {subnet.scope}")
    vlans = {(subnet.network, subnet.vlan) for subnet in made.subnets if subnet.kind == "segment"}
    assert len({vlan for _, vlan in vlans}) == len(vlans)
    twice = {value: names for value, names in owners.items() if len(names) > 1}
    assert not twice


def check_values_in_pools(made: Plan) -> None:
    """Every address lies in the pool it comes from, and no host address is its subnet's first or last."""
    design = made.design
    for device in made.devices:
        for address in (device.router_id, *device.loopbacks):
            assert address in getattr(design.settings.loopbacks, f"ipv{address.version}")
    for link in made.links:
        pool = (design.settings.fabric_links if link.link.kind == "fabric" else design.settings.node_links).pool
        for end in link.ends:
            for interface in end.addresses:
                assert interface.network.subnet_of(getattr(pool, f"ipv{interface.version}"))
    for subnet in made.subnets:
        whole = design.settings.networks[subnet.network]
        for prefix in subnet.prefixes:
            assert prefix.subnet_of(getattr(whole, f"ipv{prefix.version}"))
        for vip in subnet.vips:
            assert any(vip in prefix for prefix in subnet.prefixes)


def check_link_ends(made: Plan) -> None:
    """Both ends of a link lie in one subnet, apart, on usable addresses, in every family of the fabric or in none."""
    for link in made.links:
        upper, lower = (end.addresses for end in link.ends)
        assert len(upper) == len(lower)
        for a, b in zip(upper, lower, strict=True):
            assert a.network == b.network
            assert a.ip != b.ip
            if a.network.num_addresses == 4:
                assert a.network.network_address not in (a.ip, b.ip)
                assert a.network.broadcast_address not in (a.ip, b.ip)


def asn_group(made: Plan, device: Device) -> str:
    """Who shares the device's ASN, in the words of the scheme."""
    asn = made.design.settings.asn
    here = asn.of(device.rack)
    if device.tier == "leaf" or (device.tier == "node" and here.internal and device.rack):
        leaf = next(d.name for d in made.design.fabric.tier("leaf") if d.rack == device.rack)
        name = device.name if device.tier == "leaf" else leaf
        groups = {"per-leaf": name, "per-rack": f"of {device.rack}", "per-zone": device.zone, "shared": ""}
        return f"leaf {groups[here.leaves]}"
    if device.tier == "node":
        return f"node { {'per-node': device.name, 'per-rack': f'of {device.rack}'}.get(here.nodes, '') }"
    if device.tier == "spine":
        return f"spine {device.name if asn.spines == 'unique' else device.pod}"
    if device.tier == "super-spine":
        return f"super-spine {device.name if asn.spines == 'unique' else ''}"
    return device.tier


def check_asns(made: Plan) -> None:
    """Devices have the same ASN exactly where the scheme has them share one; each lies in its tier's range."""
    groups: dict[str, set[int]] = defaultdict(set)
    owners: dict[tuple[str, int], set[str]] = defaultdict(set)
    for entry in made.devices:
        if entry.asn is None:
            assert entry.device.routing == "static"
            continue
        if entry.asn in made.design.settings.asn.overrides.values():
            continue
        group = asn_group(made, entry.device)
        tier = group.partition(" ")[0]
        entries = made.design.settings.asn.ranges[tier]
        assert entries.first <= entry.asn <= entries.last
        groups[group].add(entry.asn)
        owners[tier, entry.asn].add(group)
    assert all(len(asns) == 1 for asns in groups.values())
    assert all(len(names) == 1 for names in owners.values())


def check(made: Plan) -> None:
    """Every property of a plan by itself."""
    check_no_value_twice(made)
    check_values_in_pools(made)
    check_link_ends(made)
    check_asns(made)


@given(topologies())
@ANY_DESIGN
def test_any_plan_is_sound(values: Values) -> None:
    check(plan.build(design_of(values)))


@given(topologies(), st.integers(16, 32), st.integers(16, 32), st.integers(16, 32))
@ANY_DESIGN
def test_a_plan_of_small_pools_is_sound_or_refused(values: Values, first: int, second: int, third: int) -> None:
    lengths = {
        "loopbacks": ("10.1.0.0", first),
        "fabric_links": ("10.2.0.0", second),
        "node_links": ("10.3.0.0", third),
    }
    pools = {name: {"ipv4": f"{address}/{length}"} for name, (address, length) in lengths.items()}
    try:
        made = plan.build(design_of({**values, "pools": {**values.get("pools", {}), **pools}}))
    except PlanError:
        return
    check(made)


@given(topologies())
@ANY_DESIGN
def test_the_same_design_gives_the_same_plan(values: Values) -> None:
    first, second = plan.build(design_of(values)), plan.build(design_of(values))
    assert (first.devices, first.links, first.subnets, first.pools) == (
        second.devices,
        second.links,
        second.subnets,
        second.pools,
    )


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_plan_of_a_shipped_topology_is_sound(path: Path) -> None:
    check(plan.build(load(path)))


@pytest.mark.parametrize("name", ["rhoso-dz", "rhoso-bgp-dt01"])
def test_rhoso_numbers_follow_the_references(name: str) -> None:
    """Leaf side 100.{64+side}.{rack}.{1+4i}/30, node side one higher, loopbacks 99.99.<rack>.x."""
    made = plan.build(load(directory("topologies") / f"{name}.yaml"))
    for rack, leaf_pair in enumerate([f"rack-{r}-leaf-0", f"rack-{r}-leaf-1"] for r in range(3)):
        for side, leaf in enumerate(leaf_pair):
            downlinks = [(near, far) for link, near, far in made.links_of[leaf] if link.link.kind == "node"]
            assert downlinks
            for i, (near, far) in enumerate(downlinks):
                assert near.interface == f"eth{3 + i}"
                assert near.addresses[0] == ip_interface(f"100.{64 + side}.{rack}.{1 + 4 * i}/30")
                assert far.addresses[0] == ip_interface(f"100.{64 + side}.{rack}.{2 + 4 * i}/30")
                assert near.addresses[1] == ip_interface(f"2620:cf::100:{side:x}:{rack:x}:{1 + 4 * i:x}/126")
    for device in made.devices:
        if device.device.rack:
            assert str(device.loopbacks[0]).startswith(f"99.99.{device.device.rack.removeprefix('rack-')}.")
        assert str(device.loopbacks[0]).startswith("99.99.")


def test_rhoso_nodes_stand_in_the_order_of_the_reference() -> None:
    made = plan.build(load(directory("topologies") / "rhoso-bgp-dt01.yaml"))
    order = [far.device for link, _, far in made.links_of["rack-1-leaf-0"] if link.link.kind == "node"]
    assert order == ["rack-1-compute-0", "rack-1-networker-0", "rack-1-worker-0"]
    spines = [far.device for link, _, far in made.links_of["rack-1-leaf-0"] if link.link.kind == "fabric"]
    assert spines == ["spine-0", "spine-1"]
