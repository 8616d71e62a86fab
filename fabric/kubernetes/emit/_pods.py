"""Network attachments: what OpenStack's pods have of the fabric's networks.

The bridge that pods share is connected on every node, so its prefix must hide nothing else: it is a block of the
network's subnet in which no node, array or service has an address.
"""

from __future__ import annotations

from collections.abc import Iterator

from fabric.kubernetes.emit._cluster import Cluster, PodNetwork
from fabric.kubernetes.emit._model import Metadata, Object, Prefix
from fabric.kubernetes.emit._model_network import AttachmentSpec, BridgeCni, CniRoute, Ipam, NetworkAttachmentDefinition

_SERVICES = "internalapi"
_CONTROL = "ctlplane"


def attachments(cluster: Cluster) -> Iterator[Object]:
    """An attachment for each pod network."""
    main = _main(cluster.pod_networks)
    for network in cluster.pod_networks:
        cni = BridgeCni(
            name=network.name,
            bridge=network.bridge,
            is_gateway=True,
            is_default_gateway=network.network == main,
            ip_masq=network.network == _CONTROL,
            ipam=_ipam(cluster, network, is_main=network.network == main),
        )
        metadata = Metadata(name=network.name, namespace=cluster.options.openstack_namespace)
        yield NetworkAttachmentDefinition(metadata=metadata, spec=AttachmentSpec.model_validate({"config": cni}))


def _main(networks: tuple[PodNetwork, ...]) -> str | None:
    """The network over which pods have their default route: one, or two attachments of a pod would contend."""
    names = [network.network for network in networks]
    return _SERVICES if _SERVICES in names else next(iter(names), None)


def pod_range(block: Prefix) -> tuple[int, int]:
    """The offsets of the first and the last address for pods: the gateway is the first address, the last is left."""
    return 2, block.num_addresses - 2


def _ipam(cluster: Cluster, network: PodNetwork, *, is_main: bool) -> Ipam:
    """With a gateway operators set the pod's default route; the other networks lead to the fabric's prefixes only."""
    first, last = pod_range(network.block)
    start = network.block.network_address
    return Ipam(
        range=network.block,
        range_start=start + first,
        range_end=start + last,
        gateway=network.gateway if is_main else None,
        routes=None if is_main else tuple(CniRoute(dst=prefix) for prefix in _fabric(cluster, network.block.version)),
    )


def _fabric(cluster: Cluster, version: int) -> Iterator[Prefix]:
    """Out of which the fabric's host routes come, in one family."""
    design = cluster.plan.design
    family = f"ipv{version}"
    yield getattr(design.settings.loopbacks, family)
    yield from dict.fromkeys(p for n in design.settings.networks.values() if (p := getattr(n, family)) is not None)
