"""Which addresses of which Services a node's speaker announces, and with what prefix and attributes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from ipaddress import ip_network

from fabric._values import dataclass
from fabric.kubernetes._golang import parse_ip
from fabric.kubernetes._resources import Node, Resource, Resources
from fabric.kubernetes.metallb._model import Address, Advertisement, Pool

_EXCLUDE_LABEL = "node.kubernetes.io/exclude-from-external-load-balancers"
_ADDRESS_ANNOTATIONS = ("metallb.io/loadBalancerIPs", "metallb.universe.tf/loadBalancerIPs")
_SERVICE_LABEL = "kubernetes.io/service-name"


class NotAnnounced(Enum):
    """Why a node does not announce a Service; the values are those of MetalLB's log."""

    NO_POOL = "noPool"
    NOT_OWNER = "notOwner"
    NO_MATCHING_ADVERTISEMENT = "noMatchingAdvertisement"
    NODE_UNAVAILABLE = "nodeNetworkUnavailable"
    NODE_EXCLUDED = "nodeLabeledExcludeBalancers"
    NO_LOCAL_ENDPOINTS = "noLocalEndpoints"
    NO_ENDPOINTS = "noEndpoints"


@dataclass(frozen=True, slots=True)
class Announcement:
    """One prefix that a node offers to some of its peers."""

    prefix: str
    local_pref: int = 0
    communities: frozenset[str] = frozenset()
    peers: tuple[str, ...] = ()
    """Names of BGPPeers; none means all."""

    def for_peer(self, name: str) -> bool:
        """True when the peer `name` is to receive the prefix."""
        return not self.peers or name in self.peers


@dataclass(frozen=True, slots=True)
class Service:
    """A Service of type LoadBalancer with its addresses and endpoints."""

    resource: Resource
    addresses: tuple[Address, ...]
    local_only: bool
    """`externalTrafficPolicy: Local`."""
    endpoint_nodes: frozenset[str | None] | None
    """The nodes of its ready endpoints; `None` where no EndpointSlice of any Service is known."""


def services_of(resources: Resources) -> tuple[Service, ...]:
    """The Services that have load balancer addresses.

    The addresses are those of `status`, else those that the Service asks for by MetalLB's annotation or
    `loadBalancerIP`. Without any EndpointSlice among the resources every Service counts as ready everywhere.
    """
    slices = resources.of_kind("EndpointSlice")
    services = []
    for resource in resources.of_kind("Service"):
        addresses = _addresses(resource) if resource.spec.get("type") == "LoadBalancer" else ()
        if addresses:
            ready = _ready_nodes(resource, slices) if slices else None
            local = resource.spec.get("externalTrafficPolicy") == "Local"
            services.append(Service(resource, addresses, local, ready))
    return tuple(services)


def _addresses(resource: Resource) -> tuple[Address, ...]:
    ingress = (resource.status.get("loadBalancer") or {}).get("ingress") or ()
    texts = [entry["ip"] for entry in ingress if entry.get("ip")]
    for annotation in _ADDRESS_ANNOTATIONS:
        texts = texts or [part for part in resource.annotations.get(annotation, "").split(",") if part.strip()]
    texts = texts or ([resource.spec["loadBalancerIP"]] if resource.spec.get("loadBalancerIP") else [])
    addresses = (parse_ip(text.strip()) for text in texts)
    return tuple(address for address in addresses if address is not None)


def _ready_nodes(service: Resource, slices: Iterable[Resource]) -> frozenset[str | None]:
    """The nodes of endpoints that are ready or serving; readiness that is not told counts as ready."""
    endpoints = (
        endpoint
        for entry in slices
        if entry.namespace == service.namespace and entry.labels.get(_SERVICE_LABEL) == service.name
        for endpoint in entry.value.get("endpoints") or ()
    )
    found = []
    for endpoint in endpoints:
        conditions = endpoint.get("conditions") or {}
        ready = conditions.get("ready")
        if ready is None or ready or conditions.get("serving"):
            found.append(endpoint.get("nodeName"))
    return frozenset(found)


def pool_of(service: Service, pools: Iterable[Pool]) -> Pool | None:
    """The pool that holds all addresses of a Service."""
    return next((pool for pool in pools if all(pool.holds(address) for address in service.addresses)), None)


def announcements(service: Service, node: Node, pool: Pool | None) -> tuple[Announcement, ...] | NotAnnounced:
    """What `node` announces of a Service whose addresses `pool` holds, or why it announces nothing."""
    if pool is None:
        return NotAnnounced.NO_POOL
    owned = [entry for entry in pool.advertisements if node.name in entry.nodes]
    if not owned:
        return NotAnnounced.NOT_OWNER
    matching = [entry for entry in owned if _matches(entry, service.resource.labels)]
    if not matching:
        return NotAnnounced.NO_MATCHING_ADVERTISEMENT
    reason = _unfit(service, node)
    if reason is not None:
        return reason
    return tuple(_announcement(address, entry) for address in service.addresses for entry in matching)


def _matches(advertisement: Advertisement, labels: Mapping[str, str]) -> bool:
    selectors = advertisement.service_selectors
    return not selectors or any(selector.matches(labels) for selector in selectors)


def _unfit(service: Service, node: Node) -> NotAnnounced | None:
    if node.network_unavailable:
        return NotAnnounced.NODE_UNAVAILABLE
    if _EXCLUDE_LABEL in node.labels:
        return NotAnnounced.NODE_EXCLUDED
    if service.endpoint_nodes is None:
        return None
    if service.local_only and node.name not in service.endpoint_nodes:
        return NotAnnounced.NO_LOCAL_ENDPOINTS
    return None if service.endpoint_nodes else NotAnnounced.NO_ENDPOINTS


def _announcement(address: Address, entry: Advertisement) -> Announcement:
    length = entry.length_v4 if address.version == 4 else entry.length_v6
    prefix = str(ip_network(f"{address}/{length}", strict=False))
    return Announcement(prefix, entry.local_pref, entry.communities, entry.peers)
