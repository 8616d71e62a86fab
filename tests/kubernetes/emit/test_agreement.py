"""The resources say what the lab's nodes run: sessions, prefixes, addresses, routes, MTU, timers, BFD."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address, ip_interface, ip_network
from typing import Any

import pytest

from fabric.config import LOOPBACK, BgpInstance, DeviceConfig, Neighbor
from fabric.kubernetes.emit import KubernetesOptions
from fabric.plan import Plan
from tests.kubernetes.emit.cluster import (
    RELEASES,
    RHOSO,
    SHIPPED,
    Document,
    emitted,
    nodes,
    of_kind,
    options,
    plan_of,
    shipped,
    small,
)

Session = tuple[Any, ...]
_KUBERNETES = ("worker", "control-plane", "server")


def _cluster_nodes(planned: Plan) -> list[DeviceConfig]:
    rhoso = planned.design.topology.profile == "rhoso"
    roles = _KUBERNETES[:2] if rhoso else _KUBERNETES
    return [device for device in nodes(planned).values() if device.place.role in roles]


def _instance(device: DeviceConfig) -> BgpInstance:
    assert device.default_bgp is not None
    return device.default_bgp


def _configured(device: DeviceConfig) -> set[Session]:
    return {_session(_instance(device).asn, neighbor) for neighbor in _instance(device).neighbors}


def _session(asn: int, neighbor: Neighbor) -> Session:
    assert neighbor.timers is not None
    remote = asn if neighbor.remote_as == "internal" else neighbor.remote_as
    timers = (neighbor.timers.keepalive_s, neighbor.timers.hold_s, neighbor.connect_s)
    return (asn, remote, str(neighbor.peer), *(f"{s}s" for s in timers), neighbor.bfd_profile)


def _said(asn: int, remote: int, peer: str, spec: Document) -> Session:
    keys = ("keepaliveTime", "holdTime", "connectTime")
    return (asn, remote, peer, *(spec[key] for key in keys), spec.get("bfdProfile"))


def _hostname(selector: Document) -> str:
    labels = selector.get("matchLabels", {})
    if "kubernetes.io/hostname" in labels:
        return str(labels["kubernetes.io/hostname"])
    (expression,) = selector["matchExpressions"]
    assert (expression["key"], expression["operator"], len(expression["values"])) == (
        "kubernetes.io/hostname",
        "In",
        1,
    )
    return str(expression["values"][0])


def _peers(documents: list[Document]) -> Iterator[tuple[str, Session]]:
    for peer in of_kind(documents, "BGPPeer"):
        spec = peer["spec"]
        (selector,) = spec["nodeSelectors"]
        yield _hostname(selector), _said(spec["myASN"], spec["peerASN"], spec["peerAddress"], spec)


def _routers(documents: list[Document], node: str) -> list[Document]:
    found = [c for c in of_kind(documents, "FRRConfiguration") if _hostname(c["spec"]["nodeSelector"]) == node]
    return [router for entry in found for router in entry["spec"]["bgp"]["routers"]]


@pytest.mark.parametrize("topology", SHIPPED)
@pytest.mark.parametrize("release", RELEASES)
def test_sessions(topology: str, release: str) -> None:
    planned = shipped(topology)
    documents = emitted(planned, options(release))
    devices = _cluster_nodes(planned)
    assert devices or topology == "dcn-edge"
    for device in devices:
        routers = _routers(documents, device.name)
        by_hand = {
            _said(router["asn"], n["asn"], n.get("address", n.get("interface")), n)
            for router in routers
            for n in router["neighbors"]
        }
        assert by_hand == _configured(device)
        assert {router["id"] for router in routers} == {_instance(device).router_id}
        by_peer = {session for node, session in _peers(documents) if node == device.name}
        assert by_peer in (set(), by_hand)


@pytest.mark.parametrize("topology", RHOSO)
def test_metallb_has_every_session_of_the_nodes_with_virtual_addresses(topology: str) -> None:
    planned = shipped(topology)
    announcers = [device for device in _cluster_nodes(planned) if planned.by_name[device.name].vips]
    documents = emitted(planned)
    assert len(of_kind(documents, "BGPPeer")) == sum(len(_instance(device).neighbors) for device in announcers) > 0
    advertised = {name for a in of_kind(documents, "BGPAdvertisement") for name in a["spec"]["peers"]}
    assert advertised == {peer["metadata"]["name"] for peer in of_kind(documents, "BGPPeer")}


@pytest.mark.parametrize("topology", SHIPPED)
@pytest.mark.parametrize("peering", [None, "frr-k8s"])
def test_announced_prefixes(topology: str, peering: Any) -> None:
    planned = shipped(topology)
    documents = emitted(planned, options(peering=peering))
    for device in _cluster_nodes(planned):
        wanted = {prefix for family in _instance(device).families for prefix in family.networks}
        routers = _routers(documents, device.name)
        own = {ip_network(prefix) for router in routers for prefix in router["prefixes"]}
        virtual = _virtual(documents, device.name)
        assert own | virtual == wanted
        assert not own & virtual
        for router in routers:
            for neighbor in router["neighbors"]:
                assert neighbor["toAdvertise"]["allowed"]["prefixes"] == router["prefixes"]


def _virtual(documents: list[Document], node: str) -> set[Any]:
    """What MetalLB can announce from a node: the pools whose advertisement names all its peers."""
    names = {p["metadata"]["name"] for p in of_kind(documents, "BGPPeer") if node in str(p["spec"]["nodeSelectors"])}
    pools = {p["metadata"]["name"]: p["spec"]["addresses"] for p in of_kind(documents, "IPAddressPool")}
    found: set[Any] = set()
    for advertisement in of_kind(documents, "BGPAdvertisement"):
        peers = set(advertisement["spec"]["peers"])
        assert not names & peers or names <= peers, "a node announces over all its leaves or over none"
        if names and names <= peers:
            for pool in advertisement["spec"]["ipAddressPools"]:
                found |= {prefix for entry in pools[pool] for prefix in _each(entry)}
    return found


def _each(entry: str) -> Iterator[Any]:
    first, last = map(ip_address, entry.split("-"))
    yield from (ip_network(type(first)(value)) for value in range(int(first), int(last) + 1))


@pytest.mark.parametrize("topology", SHIPPED)
def test_learned_routes(topology: str) -> None:
    planned = shipped(topology)
    documents = emitted(planned)
    for device in _cluster_nodes(planned):
        learns = {family.prefix_list_in is None for n in _instance(device).neighbors for family in n.families}
        said = {"toReceive" in n for router in _routers(documents, device.name) for n in router["neighbors"]}
        assert said == learns


def _policies(planned: Plan, chosen: KubernetesOptions | None = None) -> dict[str, Document]:
    found = of_kind(emitted(planned, chosen), "NodeNetworkConfigurationPolicy")
    return {
        policy["spec"]["nodeSelector"]["kubernetes.io/hostname"]: policy["spec"]["desiredState"] for policy in found
    }


def _addresses(interface: Document) -> set[Any]:
    return {
        ip_interface(f"{entry['ip']}/{entry['prefix-length']}")
        for family in ("ipv4", "ipv6")
        for entry in interface.get(family, {}).get("address", ())
    }


@pytest.mark.parametrize("topology", SHIPPED)
def test_addresses_and_mtu(topology: str) -> None:
    planned = shipped(topology)
    states = _policies(planned, options(peering="frr-k8s"))
    assert set(states) == {device.name for device in _cluster_nodes(planned)}
    for device in _cluster_nodes(planned):
        said = {i["name"]: (_addresses(i), i["mtu"]) for i in states[device.name]["interfaces"] if "bridge" not in i}
        assert said == {interface.name: (set(interface.addresses), interface.mtu) for interface in device.interfaces}


@pytest.mark.parametrize("topology", RHOSO)
def test_virtual_addresses_are_services_not_the_nodes(topology: str) -> None:
    planned = shipped(topology)
    for name, state in _policies(planned).items():
        (loopback,) = (entry for entry in state["interfaces"] if entry["name"] == LOOPBACK)
        vips = {ip_interface(vip.address) for vip in planned.by_name[name].vips}
        every = set(nodes(planned)[name].loopback_addresses())
        assert _addresses(loopback) == every - vips


@pytest.mark.parametrize("topology", RHOSO)
def test_addresses_follow_the_references_rule(topology: str) -> None:
    """Node links are `100.{64+side}.{rack}.{1+4i}/30`, i counting a rack's nodes, and loopbacks `99.99.<rack>.x`."""
    planned = shipped(topology)
    for name, state in _policies(planned).items():
        device = planned.by_name[name].device
        assert device.rack is not None
        rack, offset = int(device.rack.removeprefix("rack-")), 1 + 4 * device.index
        by_name = {interface["name"]: interface["ipv4"]["address"] for interface in state["interfaces"]}
        for side in (0, 1):
            host = {"ip": f"100.{64 + side}.{rack}.{offset + 1}", "prefix-length": 30}
            assert by_name[f"eth{1 + side}"] == [host]
        assert by_name[LOOPBACK][0]["ip"].startswith(f"99.99.{rack}.")
        hops = [r["next-hop-address"] for r in state["routes"]["config"] if r["destination"] == "99.99.0.0/16"]
        assert hops == [f"100.{64 + side}.{rack}.{offset}" for side in (0, 1)]


@pytest.mark.parametrize("families", [["ipv4"], ["ipv6"]])
def test_no_family_of_the_loopback_is_switched_off(families: list[str]) -> None:
    for state in _policies(plan_of(small(families=families, networks={}))).values():
        (loopback,) = (entry for entry in state["interfaces"] if entry["name"] == LOOPBACK)
        assert [key for key in loopback if key.startswith("ip")] == families
        assert loopback[families[0]]["enabled"]


@pytest.mark.parametrize("topology", SHIPPED)
def test_static_routes(topology: str) -> None:
    planned = shipped(topology)
    states = _policies(planned)
    for device in _cluster_nodes(planned):
        said = states[device.name].get("routes", {}).get("config", [])
        wanted = [(str(r.prefix), str(hop.address)) for r in device.static_routes for hop in r.next_hops]
        assert [(route["destination"], route["next-hop-address"]) for route in said] == wanted
        for route in said:
            port = device.interface(route["next-hop-interface"])
            assert any(ip_address(route["next-hop-address"]) in address.network for address in port.addresses)
        distances = {(str(r.prefix), str(r.next_hops[0].address)): r.distance for r in device.static_routes}
        for route in (entry for entry in said if ":" in entry["destination"]):
            assert route["metric"] - 100 == distances[route["destination"], route["next-hop-address"]]
        assert all(("weight" in route) == ("." in route["destination"]) for route in said)


def test_first_leaf_of_ipv6_routes_alternates() -> None:
    states = _policies(shipped("rhoso-dz"))
    first = [
        next(r["next-hop-interface"] for r in state["routes"]["config"] if r.get("metric") == 101)
        for name, state in states.items()
        if name.startswith("rack-0-worker")
    ]
    assert first == ["eth2", "eth1", "eth2"]


def test_nics_have_the_names_that_the_cluster_gives_them() -> None:
    chosen = options(nics={"eth1": "enp8s0", "eth2": "enp9s0"})
    planned = plan_of(small())
    state = _policies(planned, chosen)["r0-worker-0"]
    assert [entry["name"] for entry in state["interfaces"]] == ["enp8s0", "enp9s0", "lo", "internalapi"]
    assert {route["next-hop-interface"] for route in state["routes"]["config"]} == {"enp8s0", "enp9s0"}
    (tuned,) = of_kind(emitted(planned, chosen), "Tuned")
    assert "net.ipv4.conf.enp8s0.rp_filter=0" in tuned["spec"]["profile"][0]["data"]
