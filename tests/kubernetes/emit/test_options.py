"""Every key of `kubernetes` reaches the resources that it is about."""

from __future__ import annotations

from dataclasses import fields
from ipaddress import IPv4Network
from typing import Any

import pytest
import yaml

from fabric.kubernetes.emit import KubernetesOptions, kubernetes_files
from fabric.kubernetes.emit._options import options_of
from fabric.topology import Topology
from tests.kubernetes.emit.cluster import options, plan_of, resources, small

_SEPARATE: dict[str, Any] = {"kind": "ovn-bgp-agent", "expose_tenant_networks": True, "reconcile_interval_s": 77}


def _text(kubernetes: dict[str, Any], **changes: Any) -> str:
    return yaml.safe_dump_all(resources(kubernetes_files(plan_of(small(kubernetes=kubernetes, **changes)))))


@pytest.mark.parametrize(
    ("kubernetes", "shown"),
    [
        ({"release": "4.18"}, "frrConfigurationNamespace: metallb-system"),
        ({"metallb_namespace": "lb"}, "namespace: lb"),
        ({"frr_configuration_namespace": "frr"}, "frrConfigurationNamespace: frr"),
        ({"openstack_namespace": "cloud"}, "namespace: cloud"),
        ({"tuned_namespace": "tuning"}, "namespace: tuning"),
        ({"remediation_namespace": "remedy"}, "namespace: remedy"),
        ({"nics": {"eth1": "enp8s0"}}, "name: enp8s0"),
        ({"data_plane_nics": {"eth1": "nic7"}}, "name: nic7"),
        ({"agent": {"kind": "ovn-evpn", "vxlan_port": 60011}}, "ovn_evpn_child_vxlan_port: 60011"),
        ({"agent": {"main_router_vrf": 43}}, "edpm_frr_ovn_vrf_advertise: ovnvrf43"),
        ({"agent": {"chassis_router_vrf": 11}}, "edpm_frr_ovn_vrf_learn: ovnvrf11"),
        ({"agent": _SEPARATE}, "edpm_ovn_bgp_agent_expose_tenant_networks: true"),
        ({"agent": _SEPARATE}, "edpm_ovn_bgp_agent_reconcile_interval: 77"),
        ({"ctlplane": "10.9.0.0/25"}, "gateway: 10.9.0.1"),
        ({"cluster_networks": ["10.8.0.0/16"]}, "destination: 10.8.0.0/16"),
        ({"dns_domain": "cloud.test"}, "dnsDomain: ctlplane.cloud.test"),
        ({"ansible_user": "operator"}, "ansibleUser: operator"),
        ({"ssh_secret": "own-key"}, "ansibleSSHPrivateKeySecret: own-key"),
    ],
)
def test_a_key_shows(kubernetes: dict[str, Any], shown: str) -> None:
    assert shown in _text(kubernetes)
    assert shown not in _text({})


def test_keys_that_leave_something_out() -> None:
    assert "kind: BGPPeer" in _text({})
    assert "kind: BGPPeer" not in _text({"peering": "frr-k8s"})
    assert "kind: BGPConfiguration" in _text({})
    assert "kind: BGPConfiguration" not in _text({"pods_over_bgp": False})


def test_nodes_of_other_roles() -> None:
    text = _text({"node_roles": ["compute"]})
    assert "kubernetes.io/hostname: r0-compute-0" in text
    assert "kubernetes.io/hostname: r0-worker-0" not in text


def test_a_topology_without_the_key_has_the_librarys_defaults_for_its_release() -> None:
    topology = Topology.model_validate(small())
    assert options_of(topology) == options(topology.kubernetes.release)


def test_every_option_can_be_chosen_in_a_topology() -> None:
    """All but what the design says elsewhere: its cluster's roles are among the plan's settings."""
    everything = {
        "release": "4.19",
        "peering": "metallb",
        "pods_over_bgp": False,
        "agent": _SEPARATE,
        "metallb_namespace": "a",
        "frr_configuration_namespace": "b",
        "openstack_namespace": "c",
        "tuned_namespace": "d",
        "remediation_namespace": "e",
        "nics": {"eth1": "f"},
        "data_plane_nics": {"eth1": "g"},
        "ctlplane": "10.9.0.0/24",
        "cluster_networks": [],
        "dns_domain": "h",
        "ansible_user": "i",
        "ssh_secret": "j",
    }
    agent = {"main_router_vrf": 1, "chassis_router_vrf": 2, "vxlan_port": 3}
    everything["agent"] = {**_SEPARATE, **agent}
    passwords = {"cluster": "k", "nodes": "l"}
    chosen = options_of(Topology.model_validate(small(kubernetes=everything, passwords=passwords)))
    default = KubernetesOptions()
    same = {f.name for f in fields(KubernetesOptions) if getattr(chosen, f.name) == getattr(default, f.name)}
    assert same == {"node_roles"}
    assert chosen.ctlplane == IPv4Network("10.9.0.0/24")
