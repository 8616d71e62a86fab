"""Ethernet segments of racks: a VLAN on the node's port towards the leaf with the gateway, in every resource alike."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from fabric.plan import Plan
from tests.kubernetes.emit.cluster import Document, emitted, of_kind, options, plan_of, small

_SEGMENT = {"kind": "segment", "scope": "rack", "ipv4": "172.20.0.0/16", "vlan": 100, "roles": ["worker", "compute"]}


def _plan(**kubernetes: Any) -> Plan:
    values = small(kubernetes=kubernetes)
    values["networks"]["mgmt"] = _SEGMENT
    return plan_of(values)


def _policy(planned: Plan, node: str) -> Document:
    (found,) = (p for p in of_kind(emitted(planned), "NodeNetworkConfigurationPolicy") if p["metadata"]["name"] == node)
    state: Document = found["spec"]["desiredState"]
    return state


@pytest.mark.parametrize(("nic", "name"), [(None, "eth1.100"), ("enp8s0", "enp8s0.100"), ("enp193s0f0np0", "vlan100")])
def test_a_cluster_node_has_a_vlan_on_its_port(nic: str | None, name: str) -> None:
    planned = _plan(nics={"eth1": nic} if nic else {})
    (vlan,) = (i for i in _policy(planned, "r1-worker-1")["interfaces"] if i["type"] == "vlan")
    (own,) = (host.address for host in planned.by_name["r1-worker-1"].segments)
    assert (vlan["name"], vlan["vlan"]) == (name, {"base-iface": nic or "eth1", "id": 100})
    assert vlan["ipv4"]["address"] == [{"ip": str(own), "prefix-length": 24}]
    assert vlan["ipv6"] == {"enabled": False}


def test_no_pods_and_no_reverse_path_filter_settings_are_for_a_segment() -> None:
    documents = emitted(_plan())
    assert [a["metadata"]["name"] for a in of_kind(documents, "NetworkAttachmentDefinition")] == ["internalapi"]
    (tuned,) = of_kind(documents, "Tuned")
    assert "100" not in tuned["spec"]["profile"][0]["data"]


def test_the_subnet_of_a_rack_has_its_vlan_and_gateway() -> None:
    planned = _plan()
    (netconfig,) = of_kind(emitted(planned), "NetConfig")
    (network,) = (n for n in netconfig["spec"]["networks"] if n["name"] == "mgmt")
    (own,) = (host.address for host in planned.by_name["r0-compute-0"].segments)
    assert network["subnets"][0] == {
        "name": "subnet-r0",
        "cidr": "172.20.0.0/24",
        "allocationRanges": [{"start": str(own), "end": str(own)}],
        "gateway": "172.20.0.1",
        "vlan": 100,
    }


@pytest.mark.parametrize("agent", ["ovn-bgp", "ovn-bgp-agent"])
def test_os_net_config_puts_it_on_the_port_or_on_the_ports_bridge(agent: Any) -> None:
    node_set = of_kind(emitted(_plan(), options("4.20", agent=agent)), "OpenStackDataPlaneNodeSet")[0]
    template = node_set["spec"]["nodeTemplate"]["ansible"]["ansibleVars"]["edpm_network_config_template"]
    entries = yaml.safe_load(template.replace("{{", "x").replace("}}", "x").replace("'", ""))["network_config"]
    place = entries if agent == "ovn-bgp-agent" else next(e for e in entries if e["name"] == "br-bgp-0")["members"]
    (vlan,) = (entry for entry in place if entry["type"] == "vlan")
    assert vlan["vlan_id"] == 100
    assert vlan.get("device") == ("nic2" if agent == "ovn-bgp-agent" else None)
    assert [a["ip_netmask"] for a in vlan["addresses"]] == ["x lookup(vars, mgmt_ip) x/24"]
    (loopback,) = (entry for entry in entries if entry.get("name") == "lo")
    assert "mgmt" not in str(loopback)
