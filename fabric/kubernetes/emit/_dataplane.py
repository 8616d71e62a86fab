"""OpenStackDataPlaneNodeSets: the data-plane nodes of a rack and role, with their networks, peers and services."""

from __future__ import annotations

from collections.abc import Iterator

from fabric.kubernetes.emit._cluster import Cluster, FabricNode
from fabric.kubernetes.emit._edpm import node_vars, role_vars
from fabric.kubernetes.emit._model import Object
from fabric.kubernetes.emit._model_nodes import (
    NodeAnsible,
    NodeSet,
    NodeSetMetadata,
    NodeSetNetwork,
    NodeSetNode,
    NodeSetSpec,
    NodeTemplate,
    SecretSource,
    TemplateAnsible,
    VarsFrom,
)
from fabric.kubernetes.emit._netconfig import CTLPLANE, DataPlane, rack_of
from fabric.kubernetes.emit._placement import ZONE

_BEFORE_AGENT = (
    "redhat",
    "download-cache",
    "bootstrap",
    "install-os",
    "configure-os",
    "configure-network",
    "frr",
    "validate-network",
    "ssh-known-hosts",
    "run-os",
    "reboot-os",
    "install-certs",
    "ovn",
)
_AGENTS = {
    "ovn-bgp": ("neutron-ovn",),
    "ovn-evpn": ("neutron-ovn",),
    "ovn-bgp-agent": ("neutron-metadata", "ovn-bgp-agent"),
}
_COMPUTE_SERVICES = ("libvirt", "nova", "telemetry")


def node_sets(cluster: Cluster) -> Iterator[Object]:
    """A node set for each rack and role, with its zone as a label: no other resource tells a data-plane node's."""
    plane, found = DataPlane(cluster), dict[tuple[str, str], list[FabricNode]]()
    for node in cluster.data_plane:
        found.setdefault((rack_of(node), node.role), []).append(node)
    for (rack, role), nodes in found.items():
        zone = nodes[0].plan.device.zone
        labels = {ZONE: zone} if zone else None
        metadata = NodeSetMetadata(name=f"{rack}-{role}", namespace=cluster.options.openstack_namespace, labels=labels)
        yield NodeSet(metadata=metadata, spec=_spec(plane, tuple(nodes)))


def _spec(plane: DataPlane, nodes: tuple[FabricNode, ...]) -> NodeSetSpec:
    cluster = plane.cluster
    attached = tuple(entry.name for entry in cluster.pod_networks if entry.network == CTLPLANE)
    services = (*_BEFORE_AGENT, *_AGENTS[cluster.options.agent])
    return NodeSetSpec(
        pre_provisioned=True,
        network_attachments=attached or None,
        services=(*services, *_COMPUTE_SERVICES) if nodes[0].role == "compute" else services,
        node_template=_template(plane, nodes),
        nodes={node.name: _node(plane, node) for node in nodes},
    )


def _template(plane: DataPlane, nodes: tuple[FabricNode, ...]) -> NodeTemplate:
    options = plane.cluster.options
    name = options.data_plane_password_secret
    secret = (VarsFrom(secret_ref=SecretSource(name=name)),) if name else None
    ansible = TemplateAnsible(
        ansible_user=options.ansible_user,
        ansible_port=22,
        ansible_vars=role_vars(plane, nodes),
        ansible_vars_from=secret,
    )
    return NodeTemplate(ansible_ssh_private_key_secret=options.ssh_secret, management_network=CTLPLANE, ansible=ansible)


def _node(plane: DataPlane, node: FabricNode) -> NodeSetNode:
    places = plane.places(node)
    networks = tuple(
        NodeSetNetwork(name=place.network, subnet_name=place.subnet, fixed_ip=place.address) for place in places
    )
    ansible = NodeAnsible.model_validate(
        {"ansible_host": places[0].address, "ansible_vars": node_vars(plane.cluster, node)}
    )
    return NodeSetNode(host_name=node.name, ansible=ansible, networks=networks)
