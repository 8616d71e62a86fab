"""What the design does not say about the cluster that the resources are for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from ipaddress import IPv4Network
from typing import Literal

from fabric._values import dataclass
from fabric.kubernetes._release import Release, release
from fabric.topology import Topology

_FIRST_RACK = IPv4Network("192.168.122.0/24")
_CLUSTER = (IPv4Network("192.168.111.0/24"), IPv4Network("192.168.125.0/24"))
Agent = Literal["ovn-bgp", "ovn-bgp-agent", "ovn-evpn"]


@dataclass(frozen=True, slots=True)
class KubernetesOptions:
    """The cluster's release, namespaces and names; the defaults are those of OpenShift's newest known release."""

    release: Release = field(default_factory=lambda: release("4.22"))
    metallb_namespace: str | None = None
    """`None` takes the release's."""
    frr_configuration_namespace: str | None = None
    """Where frr-k8s runs; `None`: the release's, which differ from 4.18 to 4.20, and up to 4.19 by who brings it."""
    openstack_namespace: str = "openstack"
    tuned_namespace: str = "openshift-cluster-node-tuning-operator"
    remediation_namespace: str = "openshift-workload-availability"
    peering: Literal["metallb", "frr-k8s"] | None = None
    """Who writes the sessions of nodes with virtual addresses; `None`: MetalLB where it can, else we do, by hand."""
    password_secret: str | None = None
    """Name of the Secret with the password of the cluster's sessions, which the leaves have too; `None`: none."""
    data_plane_password_secret: str | None = None
    """The same for the data plane's sessions."""
    pods_over_bgp: bool = True
    """Whether infra-operator announces OpenStack's pods (BGPConfiguration)."""
    node_roles: tuple[str, ...] | None = None
    """Roles of the cluster's nodes; `None`: those that the design says."""
    nics: Mapping[str, str] = field(default_factory=dict)
    """The cluster nodes' NIC for a port of the plan, such as `eth1: enp8s0`; a port left out keeps its name."""
    data_plane_nics: Mapping[str, str] = field(default_factory=dict)
    """os-net-config's NIC for a port of the plan; left out, `eth1` is `nic2`, because `nic1` is the control plane's."""
    agent: Agent = "ovn-bgp"
    """What tells FRR about the data plane's addresses: neutron's own extensions, or the older separate agent."""
    expose_tenant_networks: bool = False
    """Whether the separate agent announces tenant networks."""
    reconcile_interval_s: int | None = None
    """Seconds between two full comparisons of the separate agent; `None`: the role's."""
    main_router_vrf: int = 42
    """neutron's `main_router_vrf_id`, whose routes `ovn-bgp` announces."""
    chassis_router_vrf: int = 10
    """neutron's `chassis_router_vrf_id`, which learns routes with `ovn-bgp`."""
    vxlan_port: int = 60_010
    """UDP port of child VXLANs with `ovn-evpn`."""
    ctlplane: IPv4Network = _FIRST_RACK
    """Control-plane (SSH) subnet of the first rack; the next racks have the ones after it, gateway first."""
    cluster_networks: tuple[IPv4Network, ...] = _CLUSTER
    """Where the cluster's nodes are, which data-plane nodes answer over their control-plane gateway."""
    dns_domain: str = "example.com"
    ansible_user: str = "cloud-admin"
    ssh_secret: str = "dataplane-ansible-ssh-private-key-secret"  # noqa: S105  # the name of a Secret, not its value

    @property
    def metallb(self) -> str:
        """MetalLB's namespace."""
        return self.metallb_namespace or self.release.metallb_namespace


def options_of(topology: Topology) -> KubernetesOptions:
    """What a topology file says of its cluster; the defaults for the rest."""
    cluster, agent = topology.kubernetes, topology.kubernetes.agent
    networks = _CLUSTER if cluster.cluster_networks is None else cluster.cluster_networks
    return KubernetesOptions(
        release=release(cluster.release),
        metallb_namespace=cluster.metallb_namespace,
        frr_configuration_namespace=cluster.frr_configuration_namespace,
        openstack_namespace=cluster.openstack_namespace,
        tuned_namespace=cluster.tuned_namespace,
        remediation_namespace=cluster.remediation_namespace,
        peering=cluster.peering,
        password_secret=topology.passwords.cluster,
        data_plane_password_secret=topology.passwords.nodes,
        pods_over_bgp=cluster.pods_over_bgp,
        nics=cluster.nics,
        data_plane_nics=cluster.data_plane_nics,
        agent=agent.kind,
        expose_tenant_networks=agent.expose_tenant_networks,
        reconcile_interval_s=agent.reconcile_interval_s,
        main_router_vrf=agent.main_router_vrf,
        chassis_router_vrf=agent.chassis_router_vrf,
        vxlan_port=agent.vxlan_port,
        ctlplane=cluster.ctlplane or _FIRST_RACK,
        cluster_networks=networks,
        dns_domain=cluster.dns_domain,
        ansible_user=cluster.ansible_user,
        ssh_secret=cluster.ssh_secret,
    )
