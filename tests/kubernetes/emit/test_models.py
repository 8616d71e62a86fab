"""What our models refuse, each with a resource that is right but for one thing."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from fabric.errors import InputError
from fabric.kubernetes.emit import parse_resource
from tests.kubernetes.emit.cluster import Document, emitted, of_kind, shipped

_RIGHT = emitted(shipped("rhoso-dz"))


def _right(kind: str) -> Document:
    return deepcopy(of_kind(_RIGHT, kind)[0])


def _put(*path: Any) -> Callable[[Document], None]:
    """An edit that puts the last of `path` where the others lead."""
    *steps, last, value = path

    def edit(document: Document) -> None:
        place: Any = document
        for step in steps:
            place = place[step]
        place[last] = value

    return edit


_NEIGHBOR = ("spec", "bgp", "routers", 0, "neighbors", 0)
_ROUTES = ("spec", "desiredState", "routes", "config")
_SUBNET = ("spec", "networks", 0, "subnets", 0)
_WRONG: list[tuple[str, Callable[[Document], None], str]] = [
    ("BGPPeer", _put("spec", "peerAdress", "192.0.2.1"), "peerAdress"),
    ("BGPPeer", _put("spec", "peerAddress", "192.0.2.1\u00d8"), "peerAddress"),
    ("BGPPeer", _put("spec", "myASN", 0), "greater than or equal to 1"),
    ("BGPPeer", _put("spec", "holdTime", "2s"), "holdTime 2s"),
    ("BGPPeer", _put("spec", "keepaliveTime", "4s"), "at most a third"),
    ("BGPPeer", _put("spec", "keepaliveTime", None), "go together"),
    ("BGPPeer", _put("spec", "connectTime", "0s"), "1s to 65535s"),
    ("BGPPeer", _put("spec", "connectTime", "1m"), "whole number of seconds"),
    ("BGPPeer", _put("spec", "nodeSelectors", []), "at least 1 item"),
    ("BGPPeer", _put("metadata", "name", "Leaf_0"), "metadata.name"),
    ("BGPAdvertisement", _put("spec", "peers", []), "at least 1 item"),
    ("IPAddressPool", _put("spec", "addresses", ["172.17.0.9-172.17.0.8"]), "starts at or before its end"),
    ("IPAddressPool", _put("spec", "addresses", ["172.17.0.9-fd00::1"]), "in one family"),
    ("FRRConfiguration", _put("spec", "bgp", "routers", 0, "id", "2001:db8::1"), "id"),
    ("FRRConfiguration", _put("spec", "bgp", "routers", 0, "prefixes", []), "which the router lacks"),
    ("FRRConfiguration", _put("spec", "bgp", "routers", 0, "prefixes", ["10.0.0.1/24"]), "host bits set"),
    ("FRRConfiguration", _put(*_NEIGHBOR, "bfdProfile", "absent"), "not defined in this resource"),
    ("FRRConfiguration", _put(*_NEIGHBOR, "interface", "eth1"), "either an address or an interface"),
    ("NodeNetworkConfigurationPolicy", _put(*_ROUTES, 0, "weight", None), "no weight"),
    ("NodeNetworkConfigurationPolicy", _put(*_ROUTES, -1, "weight", 200), "no weighted IPv6 routes"),
    ("NodeNetworkConfigurationPolicy", _put(*_ROUTES, -1, "metric", 101), "metrics that differ"),
    ("NodeNetworkConfigurationPolicy", _put("spec", "desiredState", "interfaces", 0, "mtu", 68), "1280"),
    (
        "NodeNetworkConfigurationPolicy",
        _put("spec", "desiredState", "interfaces", 0, "name", "a-name-too-long-for-linux"),
        "interfaces.0.name",
    ),
    ("NetworkAttachmentDefinition", _put("spec", "config", "{"), "config"),
    ("NetworkAttachmentDefinition", _put("spec", "config", '{"type": "macvlan"}'), "type"),
    ("NetConfig", _put(*_SUBNET, "gateway", "192.168.123.1"), "are not in 192.168.122.0/24"),
    ("NetConfig", _put(*_SUBNET, "routes", 0, "nexthop", "192.168.123.1"), "are not in 192.168.122.0/24"),
    ("NetConfig", _put(*_SUBNET, "name", "subnet-rack-1"), "more than once"),
    ("NetConfig", _put("spec", "networks", 1, "name", "CtlPlane"), "more than once"),
    ("NetConfig", _put("spec", "networks", 1, "dnsDomain", "ctlplane.example.com"), "more than once"),
    ("OpenStackDataPlaneNodeSet", _put("metadata", "name", "n" * 54), "metadata.name"),
    (
        "OpenStackDataPlaneNodeSet",
        _put("spec", "services", ["configure-network", "configure-os", "frr", "validate-network"]),
        "in this order",
    ),
    ("NodeHealthCheck", _put("spec", "minHealthy", "101%"), "minHealthy"),
    ("Topology", _put("spec", "topologySpreadConstraints", 0, "maxSkew", 0), "maxSkew"),
    ("Tuned", _put("spec", "recommend", 0, "match", []), "at least 1 item"),
]


@pytest.mark.parametrize(("kind", "edit", "complaint"), _WRONG)
def test_refuses(kind: str, edit: Callable[[Document], None], complaint: str) -> None:
    document = _right(kind)
    assert parse_resource(document).document() == document
    edit(document)
    with pytest.raises(InputError) as caught:
        parse_resource(document)
    assert complaint in str(caught.value)
    assert kind in str(caught.value)


def test_refuses_what_is_not_emitted() -> None:
    with pytest.raises(InputError, match="found kind Pod; allowed: BFDProfile"):
        parse_resource({"kind": "Pod"})


def test_every_complaint_of_a_resource_comes_at_once() -> None:
    document = _right("BGPPeer")
    document["spec"] |= {"myASN": 0, "peerASN": 0}
    with pytest.raises(InputError, match=r"spec.myASN(.|\n)*spec.peerASN"):
        parse_resource(document)
