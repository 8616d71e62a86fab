"""Rules about pods on networks of their own: BGPConfiguration, and NetworkAttachmentDefinitions."""

from __future__ import annotations

from collections.abc import Iterator

from fabric.check._rule import Hit, Rule
from fabric.check._scene import ResourceScene, about
from fabric.check._values import address, at, inside, prefix
from fabric.check.rules._peers import by_node, selected
from fabric.kubernetes import HOSTNAME_LABEL, Resource

_WORKER = "node-role.kubernetes.io/worker"
_DEFAULT_NAMESPACE = "openshift-frr-k8s"


def every_worker_has_a_peer(scene: ResourceScene) -> Iterator[Hit]:
    """Nodes of NodeNetworkConfigurationPolicies count too, for a folder seldom holds Node objects."""
    if not scene.of_kind("BGPConfiguration") or not scene.of_kind("BGPPeer"):
        return
    peers = by_node(scene)
    if len(peers) < len(scene.of_kind("BGPPeer")) and not peers:
        return  # peers of all nodes, or by other labels
    for node in scene.of_kind("Node"):
        if _WORKER in node.labels and node.name not in peers:
            yield about(node, ("metadata", "name"), f"{node.name} has no BGPPeer, and pods may run there")
    for network in scene.nodes:
        if network.is_policy and network.node not in peers and network.node in _hosts(scene):
            yield network.hit((), f"{network.node} has no BGPPeer, and pods may run there")


def _hosts(scene: ResourceScene) -> set[str]:
    """Nodes whose policy names them by host name; others are for many nodes, or for masters."""
    found = scene.of_kind("NodeNetworkConfigurationPolicy")
    names = {entry.name for entry in scene.of_kind("Node")}
    hosts = {
        str(at(entry.spec, "nodeSelector", HOSTNAME_LABEL))
        for entry in found
        if _WORKER in (at(entry.spec, "nodeSelector") or {})
    }
    return hosts - names


def selector_is_the_hostname(scene: ResourceScene) -> Iterator[Hit]:
    """Nodes that have configurations, none of which infra-operator takes; MetalLB writes one that it does."""
    if not scene.of_kind("BGPConfiguration"):
        return
    taken = set(by_node(scene))
    others: dict[str, Resource] = {}
    for resource in scene.of_kind("FRRConfiguration"):
        selector = at(resource.spec, "nodeSelector")
        names = list(selected(selector))
        if selector == {"matchLabels": {HOSTNAME_LABEL: " ".join(names)}}:
            taken.update(names)
        else:
            others |= {name: resource for name in names if name not in others}
    for name, resource in others.items():
        if name not in taken:
            text = f"the node selector is not {HOSTNAME_LABEL} alone, so infra-operator finds nothing for {name}"
            yield about(resource, ("spec", "nodeSelector"), text)


def one_namespace(scene: ResourceScene) -> Iterator[Hit]:
    for configuration in scene.of_kind("BGPConfiguration"):
        wanted = configuration.spec.get("frrConfigurationNamespace") or _DEFAULT_NAMESPACE
        for resource in scene.of_kind("FRRConfiguration"):
            if resource.namespace != wanted:
                text = (
                    f"infra-operator looks for FRRConfigurations in {wanted}, and this one is in {resource.namespace}"
                )
                yield about(resource, ("metadata", "namespace"), text)


def attachment_is_json(scene: ResourceScene) -> Iterator[Hit]:
    for entry in scene.attachments:
        if entry.config is None:
            yield entry.hit((), f"the CNI configuration of {entry.name} is no JSON object")


def range_in_its_subnet(scene: ResourceScene) -> Iterator[Hit]:
    for entry in scene.attachments:
        ipam = at(dict(entry.config or {}), "ipam")
        network = prefix(at(ipam, "range"))
        for key in ("range_start", "range_end", "gateway"):
            found = address(at(ipam, key))
            if network is not None and found is not None and not inside(found, network):
                yield entry.hit((), f"{key} {found} of {entry.name} is not in its range {network}")


def bridge_keeps_the_gateway(scene: ResourceScene) -> Iterator[Hit]:
    """nmstate removes from a bridge that it knows every address that its policy does not name."""
    for entry in scene.attachments:
        config = dict(entry.config or {})
        gateway = address(at(config, "ipam", "gateway"))
        if at(config, "type") != "bridge" or not at(config, "isGateway") or gateway is None:
            continue
        for network in scene.nodes:
            for path, interface in network.interfaces():
                if at(interface, "name") == at(config, "bridge") and at(interface, "type") == "linux-bridge":
                    held = {a.address for a in network.addresses if a.interface == at(interface, "name")}
                    if not held:
                        text = f"{network.node}'s bridge {at(interface, 'name')} does not declare the gateway {gateway}"
                        yield network.hit(path, text)


def gateway_is_the_bridge(scene: ResourceScene) -> Iterator[Hit]:
    for entry in scene.attachments:
        config = dict(entry.config or {})
        gateway = address(at(config, "ipam", "gateway"))
        if at(config, "type") != "bridge" or not at(config, "isGateway") or gateway is None:
            continue
        held = [
            assigned
            for network in scene.nodes
            for assigned in network.addresses
            if assigned.interface == at(config, "bridge") and assigned.address.version == gateway.version
        ]
        near = [a for a in held if inside(a.address, prefix(at(config, "ipam", "range")) or prefix("0.0.0.0/0"))]  # type: ignore[arg-type]
        if near and all(a.address != gateway for a in near):
            yield entry.hit((), f"{entry.name}'s gateway is {gateway}, and the nodes' bridges have {near[0].address}")


_INFRA = "infra-operator, BGPConfiguration controller"
RULES: tuple[Rule[ResourceScene], ...] = (
    Rule(
        "FAB-551",
        "Every worker has a BGPPeer beside a BGPConfiguration",
        "error",
        "One pod on a node without a configuration is an error for the whole BGPConfiguration: no pod is announced.",
        _INFRA,
        "Add BGPPeers for the node, or keep OpenStack's pods away from it.",
        every_worker_has_a_peer,
    ),
    Rule(
        "FAB-552",
        "A node's FRRConfiguration selects it by host name alone",
        "error",
        "infra-operator takes the configuration whose selector is exactly the host name, and no other.",
        _INFRA,
        "Reduce the nodeSelector to kubernetes.io/hostname, or name the node in frrNodeConfigurationSelector.",
        selector_is_the_hostname,
    ),
    Rule(
        "FAB-553",
        "FRRConfigurations are where infra-operator looks",
        "error",
        "In another namespace it finds none, and announces no pod.",
        f"{_INFRA}; OpenShift documentation, BGP routing",
        "Set frrConfigurationNamespace to the namespace of frr-k8s.",
        one_namespace,
    ),
    Rule(
        "FAB-554",
        "An attachment's configuration is JSON",
        "error",
        "No pod with the attachment starts.",
        "k8s.cni.cncf.io, NetworkAttachmentDefinition",
        "Correct the JSON.",
        attachment_is_json,
    ),
    Rule(
        "FAB-555",
        "whereabouts gives out addresses of its range",
        "error",
        "A start, end or gateway outside the range is refused when the first pod starts.",
        "whereabouts, ipam configuration",
        "Correct range, range_start, range_end or gateway.",
        range_in_its_subnet,
    ),
    Rule(
        "FAB-556",
        "A policy declares the gateway address of its bridge",
        "error",
        "nmstate removes what its policy does not name: the gateway vanishes, and pods lose the network a day later.",
        "OSPRH-32725; architecture pull request 783",
        "Add the gateway's address to the bridge in the policy.",
        bridge_keeps_the_gateway,
    ),
    Rule(
        "FAB-557",
        "A pod's gateway is its node's bridge",
        "error",
        "Pods send to an address that nobody has.",
        "CNI bridge plugin, isGateway; architecture pull request 783",
        "Write the bridge's address as ipam.gateway.",
        gateway_is_the_bridge,
    ),
)
