"""Networks: segments with gateways and VLANs, ranges that are left to others, excluded and pinned addresses."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from fabric import config, plan
from fabric.errors import PlanError, TopologyError
from fabric.plan import EMPTY, Ledger, Plan
from tests.designs import Values, design_of

BASE: Values = {
    "version": 1,
    "name": "networks",
    "families": ["ipv4", "ipv6"],
    "spines": 2,
    "zones": [
        {
            "name": "zone-a",
            "racks": [{"name": "a1", "nodes": {"workers": 3}}, {"name": "a2", "nodes": {"workers": 2}}],
        }
    ],
    "node_groups": {"workers": {"role": "worker"}},
}
SEGMENT: Values = {
    "kind": "segment",
    "scope": "rack",
    "ipv4": "192.168.0.0/16",
    "ipv6": "fd00:192::/48",
    "roles": ["worker"],
    "allocation": {"offset": 100, "count": 50},
}
ROUTED: Values = {"ipv4": "172.18.0.0/24", "ipv6": "fd00:18::/64", "roles": ["worker"]}


def planned(ledger: Ledger = EMPTY, **values: object) -> Plan:
    return plan.build(design_of({**BASE, **values}), ledger)


def segment(made: Plan, scope: str) -> plan.SubnetPlan:
    return next(s for s in made.subnets if s.kind == "segment" and s.scope == scope)


def test_each_rack_has_a_segment_with_gateway_vlan_and_allocation() -> None:
    made = planned(networks={"ctlplane": SEGMENT})
    first, second = segment(made, "a1"), segment(made, "a2")
    assert first.prefixes == (ip_network("192.168.0.0/24"), ip_network("fd00:192::/64"))
    assert second.prefixes == (ip_network("192.168.1.0/24"), ip_network("fd00:192:0:1::/64"))
    assert second.gateways == (ip_address("192.168.1.1"), ip_address("fd00:192:0:1::1"))
    assert (first.vlan, second.vlan) == (100, 100)
    assert first.allocations[0] == (ip_address("192.168.0.100"), ip_address("192.168.0.149"))


def test_a_nodes_segment_address_is_not_on_its_loopback() -> None:
    made = planned(networks={"ctlplane": SEGMENT})
    device = made.by_name["a2-worker-1"]
    assert [str(host.address) for host in device.segments] == ["192.168.1.10", "fd00:192:0:1::a"]
    assert not device.hosts
    loopback = config.build(made).by_name["a2-worker-1"].interface("lo")
    assert not any(str(address).startswith("192.168.") for address in loopback.addresses)


def test_subnets_are_as_long_as_asked_for() -> None:
    made = planned(networks={"ctlplane": {**SEGMENT, "subnet_prefix": 26, "allocation": {"offset": 40, "count": 8}}})
    assert segment(made, "a2").prefixes[0] == ip_network("192.168.0.64/26")


def test_vlans_are_free_ones_or_those_asked_for() -> None:
    other = {**SEGMENT, "ipv4": "192.169.0.0/16", "ipv6": "fd00:193::/48"}
    made = planned(networks={"ctlplane": SEGMENT, "tenant": {**other, "vlan": 100}})
    assert {subnet.network: subnet.vlan for subnet in made.subnets} == {"ctlplane": 101, "tenant": 100}


def test_a_vlan_stays_when_a_network_comes_before_it() -> None:
    made = planned(networks={"ctlplane": SEGMENT})
    other = {**SEGMENT, "ipv4": "192.169.0.0/16", "ipv6": "fd00:193::/48"}
    after = planned(made.ledger, networks={"tenant": other, "ctlplane": SEGMENT})
    assert {subnet.network: subnet.vlan for subnet in after.subnets} == {"ctlplane": 100, "tenant": 101}


def test_hosts_leap_over_what_is_left_to_others() -> None:
    network = {**ROUTED, "allocation": {"offset": 11, "count": 20}}
    made = planned(networks={"storage": network})
    addresses = [str(made.by_name[f"a1-worker-{n}"].hosts[0].address) for n in (1, 2, 3)]
    assert addresses == ["172.18.0.10", "172.18.0.31", "172.18.0.32"]


def test_virtual_addresses_leap_over_what_is_left_to_others() -> None:
    network = {**ROUTED, "vips": 2, "allocation": {"offset": 200, "count": 55}}
    (subnet,) = planned(networks={"storage": network}).subnets
    assert not any(int(vip) & 0xFF in range(200, 255) for vip in subnet.vips)
    assert len(set(subnet.vips)) == 4


def test_excluded_addresses_are_given_to_nobody() -> None:
    exclude = ["10.240.0.0/29", "fd00:fab::/125", "10.244.0.0/30", "172.18.0.10", "10.248.0.1"]
    made = planned(exclude=exclude, networks={"storage": ROUTED})
    networks = [ip_network(entry) for entry in exclude]
    used = [a for d in made.devices for a in (*d.loopbacks, *(h.address for h in d.hosts))]
    used += [i.ip for link in made.links for end in link.ends for i in end.addresses]
    assert not [address for address in used if any(address in network for network in networks)]


def test_a_range_may_be_excluded() -> None:
    made = planned(exclude=["172.18.0.8-172.18.0.11", "fd00:18::a - fd00:18::20"], networks={"storage": ROUTED})
    assert [str(h.address) for h in made.by_name["a1-worker-1"].hosts] == ["172.18.0.12", "fd00:18::21"]
    again = design_of({**BASE, **made.design.topology.model_dump(mode="json", exclude_unset=True)})
    assert again.topology.exclude == made.design.topology.exclude


@pytest.mark.parametrize("wrong", ["172.18.0.9-172.18.0.8", "172.18.0.9-fd00::1", "172.18.0.9-", "a-b"])
def test_a_range_that_is_none_is_refused(wrong: str) -> None:
    with pytest.raises(TopologyError, match=r"exclude\[0\].*172\.18\.0\.10-172\.18\.0\.20"):
        planned(exclude=[wrong])


def test_excluding_an_address_in_use_names_its_line() -> None:
    ledger = planned().ledger
    with pytest.raises(PlanError, match=r"a1/loopback\.ipv4/a1-leaf-1: found 10\.240\.0\.1, which 'exclude'") as caught:
        planned(ledger, exclude=["10.240.0.1"])
    assert "Remove this line" in str(caught.value)


def test_pinned_addresses_are_kept_and_others_make_way() -> None:
    pins = {"a2-worker-1": {"storage": ["172.18.0.10", "fd00:18::77"]}}
    made = planned(networks={"storage": ROUTED}, pins=pins)
    assert [str(h.address) for h in made.by_name["a2-worker-1"].hosts] == ["172.18.0.10", "fd00:18::77"]
    assert str(made.by_name["a1-worker-1"].hosts[0].address) == "172.18.0.11"


def test_a_pin_moves_its_node_only() -> None:
    before = planned(networks={"storage": ROUTED})
    pins = {"a2-worker-1": {"storage": ["172.18.0.99"]}}
    after = planned(before.ledger, networks={"storage": ROUTED}, pins=pins)
    changes = plan.diff(before, after)
    assert [str(change) for change in changes] == ["a2/host.storage.ipv4/a2-worker-1: 172.18.0.13 becomes 172.18.0.99"]


def test_a_pin_that_another_node_has_names_it() -> None:
    ledger = planned(networks={"storage": ROUTED}).ledger
    pins = {"a2-worker-1": {"storage": ["172.18.0.10"]}}
    told = r"found 172\.18\.0\.10, which a1/host\.storage\.ipv4/a1-worker-1 has \(the ledger\)"
    with pytest.raises(PlanError, match=told):
        planned(ledger, networks={"storage": ROUTED}, pins=pins)
