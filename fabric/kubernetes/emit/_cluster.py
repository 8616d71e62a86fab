"""The part of a fabric that Kubernetes knows: its nodes, who writes their sessions, the networks of its pods."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from functools import cached_property
from ipaddress import ip_network

from fabric import config
from fabric._values import dataclass
from fabric.config import BgpInstance, DeviceConfig, Family, Interface, Neighbor, Prefix
from fabric.errors import InputError
from fabric.kubernetes.emit._model import Address
from fabric.kubernetes.emit._options import KubernetesOptions
from fabric.plan import DevicePlan, Plan, SubnetPlan
from fabric.topology import Network

HOSTNAME = "kubernetes.io/hostname"
CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
WORKER = "node-role.kubernetes.io/worker"
_LONGEST_NAME = 15
"""Characters that Linux allows in an interface's name."""
_OPENSHIFT_FRR = "openshift-frr-k8s"
_DATA_PLANE_ROLES = ("compute", "networker")


@dataclass(frozen=True, slots=True)
class FabricNode:
    """A node with its numbers and with what it is told."""

    plan: DevicePlan
    config: DeviceConfig

    @property
    def name(self) -> str:
        """The node's name, which is its hostname label as well."""
        return self.plan.name

    @property
    def role(self) -> str:
        """What the node is for."""
        return self.plan.device.role

    @property
    def bgp(self) -> BgpInstance:
        """Its BGP; only asked of nodes that speak it."""
        instance = self.config.default_bgp
        assert instance is not None
        return instance

    @property
    def ports(self) -> tuple[Interface, ...]:
        """Its interfaces towards the leaves."""
        return tuple(i for i in self.config.interfaces if i.name != config.LOOPBACK and i.parent is None)

    @property
    def vlans(self) -> tuple[Interface, ...]:
        """Its interfaces in the segments of its rack, each on one of its ports."""
        return tuple(i for i in self.config.interfaces if i.parent is not None)

    @property
    def own_addresses(self) -> tuple[Address, ...]:
        """What is on the node itself; virtual addresses are not, but belong to services."""
        return (*self.plan.loopbacks, *(host.address for host in self.plan.hosts))

    def announced(self, families: tuple[Family, ...], *, virtual: bool) -> tuple[Prefix, ...]:
        """The prefixes that the node announces in some families, with the virtual ones or without."""
        vips = {ip_network(vip.address) for vip in self.plan.vips}
        found = (prefix for family in families for prefix in self.bgp.family(family).networks)
        return tuple(prefix for prefix in found if virtual or prefix not in vips)

    def groups(self) -> dict[tuple[Family, ...], tuple[Neighbor, ...]]:
        """Its neighbors by the families that their sessions carry, in the order of the fabric's families."""
        found: dict[tuple[Family, ...], list[Neighbor]] = {}
        for neighbor in self.bgp.neighbors:
            found.setdefault(tuple(entry.family for entry in neighbor.families), []).append(neighbor)
        return {families: tuple(neighbors) for families, neighbors in sorted(found.items())}


@dataclass(frozen=True, slots=True)
class PodNetwork:
    """What pods have of a network's subnet: a block of their own, behind a bridge on each node."""

    name: str
    """Of the attachment: the network's, with the scope where it has several subnets."""
    network: str
    bridge: str
    block: Prefix
    scope: str

    @property
    def gateway(self) -> Address:
        """The bridge's address, on every node the same."""
        return self.block.network_address + 1


@dataclass(frozen=True)
class Cluster:
    """What all resources are made from."""

    plan: Plan
    options: KubernetesOptions

    @cached_property
    def _nodes(self) -> tuple[FabricNode, ...]:
        built = config.build(self.plan).by_name
        return tuple(FabricNode(e, built[e.name]) for e in self.plan.devices if e.device.tier == "node")

    @property
    def is_rhoso(self) -> bool:
        """Whether OpenStack runs on the cluster."""
        return self.plan.design.topology.profile == "rhoso"

    @cached_property
    def nodes(self) -> tuple[FabricNode, ...]:
        """The cluster's nodes."""
        roles = self.options.node_roles or self.plan.design.settings.cluster_roles
        return tuple(node for node in self._nodes if node.role in roles)

    @cached_property
    def speakers(self) -> tuple[FabricNode, ...]:
        """The cluster's nodes that speak BGP."""
        return tuple(node for node in self.nodes if node.plan.asn is not None)

    @cached_property
    def data_plane(self) -> tuple[FabricNode, ...]:
        """OpenStack's nodes outside the cluster."""
        wanted = (n for n in self._nodes if n.role in _DATA_PLANE_ROLES and n.plan.asn is not None)
        return tuple(wanted) if self.is_rhoso else ()

    @cached_property
    def metallb_nodes(self) -> tuple[FabricNode, ...]:
        """The nodes whose sessions MetalLB writes; raises `InputError` where it was asked for what it refuses."""
        if self.options.peering == "frr-k8s":
            return ()
        obstacle = self._metallb_obstacle()
        if obstacle is None:
            return self._announcers()
        if self.options.peering == "metallb":
            where = self.where("kubernetes", "peering")
            raise InputError(f"{where}{obstacle} Ask for 'frr-k8s' peering, which writes FRRConfigurations by hand.")
        return ()

    def where(self, *path: str) -> str:
        """`file:line: ` of a value of the topology file; nothing for one that is not written there."""
        source = self.plan.design.source
        return f"{source.where(path)}: " if path in source.lines else ""

    @property
    def metallb_runs(self) -> bool:
        """Whether MetalLB is on the cluster, for sessions or for addresses."""
        return bool(self.metallb_nodes) or self.metallb_gives_addresses

    @cached_property
    def metallb_gives_addresses(self) -> bool:
        """Whether MetalLB is there for services' addresses alone: something keeps it from writing their sessions."""
        vips = any(node.plan.vips for node in self.speakers)
        return self.is_rhoso and self.options.peering is None and vips and not self.metallb_nodes

    def _announcers(self) -> tuple[FabricNode, ...]:
        """The nodes with virtual addresses, which MetalLB is there for; without any, all nodes for who asks for it."""
        found = tuple(node for node in self.speakers if node.plan.vips)
        return self.speakers if self.options.peering == "metallb" and not found else found

    @staticmethod
    def _is_numbered(node: FabricNode) -> bool:
        return not any(neighbor.by_interface for neighbor in node.bgp.neighbors)

    def _metallb_obstacle(self) -> str | None:
        """Why MetalLB cannot write the sessions of the nodes that announce virtual addresses."""
        asns = sorted({node.plan.asn or 0 for node in self._announcers()})
        if len(asns) > 1 and self.options.release.cluster_wide_peers:
            return (
                f"The nodes have {len(asns)} ASNs ({asns[0]}, {asns[1]}, …), and MetalLB of release "
                f"{self.options.release.name} allows one in the whole cluster."
            )
        if self.options.password_secret and self.options.metallb != self._release_namespace:
            return (
                f"MetalLB in {self.options.metallb} writes passwords in clear text into {self._release_namespace}, and "
                "frr-k8s's webhook refuses a second resource that names the Secret."
            )
        unnumbered = next((n.name for n in self._announcers() if not self._is_numbered(n)), None)
        return f"Node {unnumbered} has unnumbered links, and one BGPPeer cannot name them." if unnumbered else None

    @cached_property
    def _with_metallb(self) -> frozenset[str]:
        return frozenset(node.name for node in self.metallb_nodes)

    def has_metallb(self, node: FabricNode) -> bool:
        """Whether MetalLB writes the sessions of a node."""
        return node.name in self._with_metallb

    @cached_property
    def frr_namespace(self) -> str:
        """Where FRRConfigurations are read: MetalLB brings frr-k8s up to 4.19; without it OpenShift's network does."""
        options = self.options
        if options.frr_configuration_namespace:
            return options.frr_configuration_namespace
        brought = options.release.namespace == options.release.metallb_namespace
        return _OPENSHIFT_FRR if brought and not self.metallb_runs else options.release.namespace

    @property
    def _release_namespace(self) -> str:
        """Where frr-k8s runs if MetalLB writes sessions."""
        return self.options.frr_configuration_namespace or self.options.release.namespace

    def nic(self, port: str) -> str:
        """The cluster nodes' name for a port of the plan."""
        return self.options.nics.get(port, port)

    def vlan_nic(self, vlan: Interface) -> str:
        """The cluster nodes' name for a VLAN: as the plan has it, on the NIC's name, if Linux takes a name so long."""
        name = f"{self.nic(vlan.parent or '')}.{vlan.vlan}"
        return name if len(name) <= _LONGEST_NAME else f"vlan{vlan.vlan}"

    def segment_of(self, node: FabricNode, vlan: Interface) -> SubnetPlan:
        """The subnet of the segment that a node's VLAN is in."""
        rack = node.plan.device.rack
        return next(subnet for subnet in self.plan.subnets if subnet.scope == rack and subnet.vlan == vlan.vlan)

    @cached_property
    def pod_networks(self) -> tuple[PodNetwork, ...]:
        """The networks of OpenStack's pods, each in one family: the cluster's control plane is not dual-stack."""
        return tuple(self._pod_networks()) if self.is_rhoso else ()

    def _pod_networks(self) -> Iterator[PodNetwork]:
        roles = {node.role for node in self.nodes}
        for ordinal, (name, network) in enumerate(self.plan.design.topology.networks.items()):
            if network.kind != "routed" or not roles & _pod_roles(network):
                continue  # a bridge of pods without ports is no part of a segment
            bridge = name if len(name) <= _LONGEST_NAME else f"pods{ordinal}"
            for subnet in self.plan.subnets:
                if subnet.network == name and subnet.prefixes:
                    full = name if subnet.scope == "fabric" else f"{name}-{subnet.scope}"
                    yield PodNetwork(full, name, bridge, self._block(name, subnet.prefixes[0]), subnet.scope)

    def _block(self, network: str, subnet: Prefix) -> Prefix:
        """The second block of a subnet, the largest that has no planned address in it."""
        taken = self._taken.get((network, subnet.version), [])
        shortest = subnet.prefixlen + 1 if subnet.version == 4 else max(subnet.prefixlen + 1, 112)
        for length in range(shortest, subnet.max_prefixlen - 2):
            size = 1 << (subnet.max_prefixlen - length)
            block = ip_network((int(subnet.network_address) + size, length))
            first, last = int(block.network_address), int(block.broadcast_address)
            if bisect_left(taken, first) == bisect_right(taken, last):
                return block
        raise InputError(
            f"Network {network}: {subnet} has no room for pods beside its planned addresses. Give it a larger prefix."
        )

    @cached_property
    def _taken(self) -> dict[tuple[str, int], list[int]]:
        """The planned addresses of each network and IP version, in order; services' ones that no node announces too."""
        found: dict[tuple[str, int], set[int]] = {}
        for subnet in self.plan.subnets:
            for address in subnet.vips:
                found.setdefault((subnet.network, address.version), set()).add(int(address))
        for entry in self.plan.devices:
            for planned in (*entry.hosts, *entry.vips):
                found.setdefault((planned.network, planned.address.version), set()).add(int(planned.address))
        return {key: sorted(addresses) for key, addresses in found.items()}

    def bridges_of(self, node: FabricNode) -> tuple[PodNetwork, ...]:
        """The pod networks that reach a node."""
        scopes = {"fabric", node.plan.device.zone, node.plan.device.rack}
        networks = self.plan.design.topology.networks
        return tuple(
            entry
            for entry in self.pod_networks
            if entry.scope in scopes and node.role in _pod_roles(networks[entry.network])
        )


def _pod_roles(network: Network) -> frozenset[str]:
    """The roles whose nodes have an address in a network, and thus pods."""
    return frozenset((*network.roles, *(network.vip_roles if network.vips else ())))
