"""The data plane's resources say what the data-plane nodes run, and NetConfig gives out nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address, ip_interface, ip_network
from itertools import combinations
from typing import Any

import pytest
import yaml
from jinja2 import Environment, StrictUndefined

from fabric.config import LOOPBACK, DeviceConfig
from fabric.kubernetes.emit import KubernetesOptions
from fabric.plan import Plan
from tests.kubernetes.emit.cluster import RHOSO, Document, emitted, nodes, of_kind, options, plan_of, shipped, small

_FABRIC_VARS = {"ctlplane_dns_nameservers": ["192.0.2.53"], "dns_search_domains": [], "ctlplane_host_routes": []}
Found = tuple[DeviceConfig, Document, Document]


def _data_plane(planned: Plan, chosen: KubernetesOptions | None = None) -> Iterator[Found]:
    """Each node with its node set's variables and its own entry."""
    configured = nodes(planned)
    for node_set in of_kind(emitted(planned, chosen), "OpenStackDataPlaneNodeSet"):
        shared = node_set["spec"]["nodeTemplate"]["ansible"]["ansibleVars"]
        for name, node in node_set["spec"]["nodes"].items():
            yield configured[name], shared, node


@pytest.mark.parametrize("topology", RHOSO)
def test_every_data_plane_node_is_in_the_set_of_its_rack_and_role(topology: str) -> None:
    planned = shipped(topology)
    sets = of_kind(emitted(planned), "OpenStackDataPlaneNodeSet")
    found = {name: s["metadata"]["name"] for s in sets for name in s["spec"]["nodes"]}
    wanted = [d for d in nodes(planned).values() if d.place.role in ("compute", "networker")]
    assert found == {d.name: f"{d.place.rack}-{d.place.role}" for d in wanted}


@pytest.mark.parametrize("topology", RHOSO)
def test_frr_variables_are_the_nodes_bgp(topology: str) -> None:
    for device, shared, node in _data_plane(shipped(topology)):
        instance = device.default_bgp
        assert instance is not None
        assert shared["edpm_frr_bgp_asn"] == instance.asn
        assert node["ansible"]["ansibleVars"]["edpm_frr_bgp_peers"] == [str(n.peer) for n in instance.neighbors]
        for neighbor in instance.neighbors:
            assert neighbor.timers is not None
            assert shared["edpm_frr_bgp_neighbor_keepalive"] == neighbor.timers.keepalive_s
            assert shared["edpm_frr_bgp_neighbor_holdtime"] == neighbor.timers.hold_s
            assert shared["edpm_frr_bgp_neighbor_timers_connect"] == neighbor.connect_s
            assert (shared["edpm_frr_bgp_uplinks_scope"] == "internal") == (neighbor.remote_as == "internal")
            assert shared["edpm_frr_bfd"] == neighbor.bfd
            assert shared["edpm_frr_bgp_neighbor_ttl_security_hops"] == (neighbor.ttl_security_hops or 0)
            assert shared["edpm_frr_bgp_ipv4_allowas_in"] == (neighbor.families[0].allowas_in == "origin")
        (profile,) = device.bfd_profiles
        assert shared["edpm_frr_bfd_detect_multiplier"] == profile.multiplier
        assert shared["edpm_frr_bfd_transmit_interval"] == profile.transmit_ms
        assert shared["edpm_frr_bfd_receive_interval"] == profile.receive_ms
        assert ("edpm_enable_chassis_gw" in shared) == (device.place.role == "networker")


def _variables(netconfig: Document, shared: Document, node: Document) -> dict[str, Any]:
    """What Ansible has for a node: its addresses, and the lengths of its subnets."""
    subnets = {(n["name"], s["name"]): s for n in netconfig["spec"]["networks"] for s in n["subnets"]}
    found: dict[str, Any] = dict(_FABRIC_VARS, neutron_physical_bridge_name=shared["neutron_physical_bridge_name"])
    for network in node["networks"]:
        cidr = ip_network(subnets[network["name"], network["subnetName"]]["cidr"])
        assert ip_address(network["fixedIP"]) in cidr
        found[f"{network['name']}_ip"] = network["fixedIP"]
        found[f"{network['name']}_cidr"] = cidr.prefixlen
        found[f"{network['name']}_mtu"] = 1500
    return found


@pytest.mark.parametrize("topology", RHOSO)
@pytest.mark.parametrize("agent", ["ovn-bgp", "ovn-evpn", "ovn-bgp-agent"])
def test_network_template_gives_the_nodes_their_addresses(topology: str, agent: Any) -> None:
    planned, chosen = shipped(topology), options(agent=agent)
    (netconfig,) = of_kind(emitted(planned, chosen), "NetConfig")
    environment = Environment(undefined=StrictUndefined, autoescape=False)
    for device, shared, node in _data_plane(planned, chosen):
        variables = _variables(netconfig, shared, node)
        template = environment.from_string(shared["edpm_network_config_template"])
        text = template.render(**variables, lookup=lambda _, name, known=variables: known[name])
        entries = {entry["name"]: entry for entry in yaml.safe_load(text)["network_config"]}
        said = {name: {ip_interface(a["ip_netmask"]) for a in e.get("addresses", ())} for name, e in entries.items()}
        ports = ("br-bgp-0", "br-bgp-1") if agent != "ovn-bgp-agent" else ("nic2", "nic3")
        names = dict(zip((LOOPBACK, "eth1", "eth2"), (LOOPBACK, *ports), strict=True))
        for interface in device.interfaces:
            assert said[names[interface.name]] == set(interface.addresses)
        assert not any(entry.get("defroute") for entry in entries.values())


@pytest.mark.parametrize("topology", RHOSO)
def test_netconfig_gives_out_the_planned_addresses_and_no_others(topology: str) -> None:
    planned = shipped(topology)
    documents = emitted(planned)
    (netconfig,) = of_kind(documents, "NetConfig")
    subnets = [subnet for network in netconfig["spec"]["networks"] for subnet in network["subnets"]]
    for one, other in combinations([ip_network(subnet["cidr"]) for subnet in subnets], 2):
        assert not one.overlaps(other)
    given = {
        ip_address(value)
        for subnet in subnets
        for entry in subnet["allocationRanges"]
        for value in range(int(ip_address(entry["start"])), int(ip_address(entry["end"])) + 1)
    }
    fixed = {ip_address(n["fixedIP"]) for _, _, node in _data_plane(planned) for n in node["networks"]}
    assert given == fixed
    elsewhere = {a.address for d in planned.devices for a in d.vips}
    assert not given & elsewhere


def test_control_plane_subnets_leap_over_what_is_taken() -> None:
    racks = [{"name": f"r{n}", "nodes": {"computes": 1}} for n in range(6)]
    networks = {"ctlplane": {"ipv4": "192.168.124.0/24", "vips": 2}}
    planned = plan_of(small(zones=[{"name": "z", "racks": racks}], networks=networks))
    (netconfig,) = of_kind(emitted(planned), "NetConfig")
    cidrs = [subnet["cidr"] for subnet in netconfig["spec"]["networks"][0]["subnets"]]
    assert cidrs == [f"192.168.{third}.0/24" for third in (122, 123, 126, 127, 128, 129)]


def test_agents_bring_their_service_and_variables() -> None:
    planned = plan_of(small())
    for agent, service, variable in (
        ("ovn-bgp", "neutron-ovn", "edpm_frr_ovn_vrf_advertise"),
        ("ovn-evpn", "neutron-ovn", "edpm_frr_bgp_l2vpn"),
        ("ovn-bgp-agent", "ovn-bgp-agent", "edpm_ovn_bgp_agent_bgp_as"),
    ):
        chosen: Any = agent
        node_set = of_kind(emitted(planned, options(agent=chosen)), "OpenStackDataPlaneNodeSet")[0]
        assert service in node_set["spec"]["services"]
        assert variable in node_set["spec"]["nodeTemplate"]["ansible"]["ansibleVars"]


def test_a_fabric_without_ipv4_names_the_router_id() -> None:
    planned = plan_of(small(families=["ipv6"], networks={}))
    for device, shared, node in _data_plane(planned):
        assert device.default_bgp is not None
        assert node["ansible"]["ansibleVars"]["bgpmainnet_ip"] == device.default_bgp.router_id
        assert shared["edpm_ovn_encap_ip"] == "{{ bgpmainnetv6_ip }}"


def test_growth_within_its_room_leaves_every_subnet_as_it_is() -> None:
    def cidrs(computes: int) -> dict[tuple[str, str], str]:
        values = small()
        for zone in values["zones"]:
            zone["racks"] = [{**zone["racks"][0], "nodes": {"workers": 2, "computes": computes}}]
        (netconfig,) = of_kind(emitted(plan_of(values)), "NetConfig")
        return {(n["name"], s["name"]): s["cidr"] for n in netconfig["spec"]["networks"] for s in n["subnets"]}

    assert cidrs(1) == cidrs(40)
