"""Designs unlike the ones that ship: whatever is emitted for them is valid, ordered, and what the nodes run."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fabric.errors import InputError
from fabric.kubernetes import configure
from fabric.kubernetes.emit import kubernetes_files, parse_resource
from fabric.plan import Plan
from fabric.render import frr_tree
from fabric.simulate import simulate
from tests.designs import GROUPS, Values
from tests.kubernetes.emit.cluster import Document, plan_of, resources
from tests.kubernetes.emit.test_schemas import _assert_valid

_RELEASES = ("4.18", "4.19", "4.20", "4.21", "4.22")
_GROUPS: Values = {
    **GROUPS,
    "networkers": {"role": "networker"},
    "masters": {"role": "control-plane"},
    "testers": {"role": "tester"},
}
_NETWORKS: Values = {
    "internalapi": {"ipv4": "172.17.0.0/20", "ipv6": "fd00:17::/64", "roles": ["worker"], "vips": 3},
    "storage": {"scope": "zone", "ipv4": "172.18.0.0/16", "ipv6": "fd00:18::/48", "roles": ["worker", "storage"]},
}
_SEGMENTS: Values = {
    "mgmt": {
        "kind": "segment",
        "scope": "rack",
        "ipv4": "172.20.0.0/16",
        "ipv6": "fd00:20::/48",
        "vlan": 100,
        "roles": ["worker", "compute", "control-plane"],
    },
    "wide": {"kind": "segment", "ipv4": "172.21.0.0/24", "ipv6": "fd00:21::/64", "roles": ["worker", "compute"]},
}


def rhoso(zones: list[list[dict[str, Any]]], **changes: Any) -> Values:
    """A design of the `rhoso` profile with zones of racks, each a mapping of the rack's keys."""
    return {
        "version": 1,
        "name": "shape",
        "profile": "rhoso",
        "families": ["ipv4"],
        "spines": 2,
        "zones": [
            {"name": f"z{z}", "racks": [{"name": f"z{z}r{r}", **rack} for r, rack in enumerate(racks)]}
            for z, racks in enumerate(zones)
        ],
        "node_groups": _GROUPS,
        "networks": _NETWORKS,
        **changes,
    }


_RACK = {"nodes": {"workers": 2, "computes": 1, "networkers": 1, "masters": 1}}
_SMALL = {"nodes": {"workers": 1}}
SHAPES: dict[str, Values] = {
    "one zone": rhoso([[_RACK]]),
    "five zones of unequal size": rhoso([[_RACK], [_SMALL, _RACK], [_SMALL] * 3, [{"nodes": {}}], [_RACK] * 2]),
    "IPv6 only": rhoso([[_RACK], [_SMALL]], families=["ipv6"]),
    "four leaves a rack": rhoso([[{**_RACK, "leaves": 4}], [{**_SMALL, "leaves": 4}]], growth={"leaves_per_rack": 4}),
    "one leaf a rack": rhoso([[{**_RACK, "leaves": 1}], [{**_SMALL, "leaves": 1}]]),
    "no virtual addresses": rhoso(
        [[_RACK], [_SMALL]], networks={"internalapi": {**_NETWORKS["internalapi"], "vips": 0}}
    ),
    "no networks": rhoso([[_RACK]], networks={}),
    "no data plane": rhoso([[_SMALL], [_SMALL]]),
    "no cluster": rhoso([[{"nodes": {"computes": 2}}]]),
    "names of one's own": rhoso([[{"leaves": ["tor-a", "tor-b"], "nodes": {"workers": ["ocp1", "node-x.y"[:6]]}}]]),
    "segments": rhoso([[_RACK], [_SMALL, _RACK]], families=["ipv4", "ipv6"], networks={**_NETWORKS, **_SEGMENTS}),
    "pods": rhoso([[_RACK], [_SMALL]], pods=[{"name": "p", "spines": 2}], spines=0, super_spines=1),
    "four-byte ASNs": rhoso([[_RACK], [_SMALL]], asn={"width": 4, "leaves": "per-rack"}),
}
SHAPES["pods"]["zones"] = [{**zone, "pod": "p"} for zone in SHAPES["pods"]["zones"]]


def _checked(planned: Plan, release: str) -> list[Document]:
    """The emitted resources, each valid by our models and by the release's definitions, and no name twice."""
    documents = resources(kubernetes_files(planned))
    identities = Counter((d["kind"], d["metadata"].get("namespace"), d["metadata"]["name"]) for d in documents)
    assert [identity for identity, count in identities.items() if count > 1] == []
    for document in documents:
        assert parse_resource(document).document() == document
        _assert_valid(document, release)
    return documents


@pytest.mark.parametrize("release", ["4.18", "4.22"])
@pytest.mark.parametrize("shape", SHAPES)
def test_emitted_and_run(shape: str, release: str) -> None:
    planned = plan_of({**SHAPES[shape], "kubernetes": {"release": release}})
    kinds = {document["kind"] for document in _checked(planned, release)}
    nodes = [device for device in planned.devices if device.device.role in ("worker", "control-plane")]
    assert ("NodeNetworkConfigurationPolicy" in kinds) is bool(nodes)
    assert ("IPAddressPool" in kinds) is any(node.vips for node in nodes)
    fabric = configure(planned)
    assert len(frr_tree(fabric)) == 2 * len(planned.devices)
    assert all(session.up for session in simulate(fabric).sessions)


@st.composite
def _racks(draw: st.DrawFn) -> dict[str, Any]:
    groups = draw(st.lists(st.sampled_from(sorted(_GROUPS)), unique=True, max_size=4))
    leaves = draw(st.integers(1, 4))
    return {"leaves": leaves, "nodes": {group: draw(st.integers(1, 3)) for group in groups}}


@st.composite
def _designs(draw: st.DrawFn) -> Values:
    networks = draw(st.sampled_from([{}, _NETWORKS, {**_NETWORKS, **_SEGMENTS}]))
    return rhoso(
        draw(st.lists(st.lists(_racks(), min_size=1, max_size=2), min_size=1, max_size=5)),
        families=draw(st.sampled_from([["ipv4"], ["ipv6"], ["ipv4", "ipv6"]])),
        networks=networks,
        growth={"leaves_per_rack": 4},
        asn=draw(st.sampled_from([{}, {"nodes": "per-node", "width": 4}, {"leaves": "per-rack", "width": 4}])),
        links={"nodes": draw(st.sampled_from(["numbered", "numbered", "unnumbered"]))},
        bfd={"nodes": draw(st.sampled_from([True, False]))},
        rhoso={"node_routes": draw(st.sampled_from(["static", "learned"]))},
        passwords=draw(st.sampled_from([{}, {"cluster": "bgp-a", "nodes": "bgp-b", "fabric": "bgp-c"}])),
        kubernetes={
            "release": draw(st.sampled_from(_RELEASES)),
            "peering": draw(st.sampled_from([None, None, "metallb", "frr-k8s"])),
            "pods_over_bgp": draw(st.booleans()),
            "agent": {"kind": draw(st.sampled_from(["ovn-bgp", "ovn-bgp-agent", "ovn-evpn"]))},
        },
    )


def _refusal(planned: Plan) -> str | None:
    try:
        kubernetes_files(planned)
    except InputError as error:
        return str(error)
    return None


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_designs())
def test_any_design_is_emitted_and_run_or_refused_with_a_reason(values: Values) -> None:
    if values["links"]["nodes"] == "unnumbered":
        values["node_groups"] = {name: {**group, "routing": "bgp"} for name, group in _GROUPS.items()}
    planned = plan_of(values)
    refusal = _refusal(planned)
    if refusal is not None:
        assert refusal.endswith(".")
        assert any(reason in refusal for reason in _REASONS)
        return
    _checked(planned, values["kubernetes"]["release"])
    fabric = configure(planned)
    assert len(frr_tree(fabric)) == 2 * len(planned.devices)
    down = [session for session in simulate(fabric).sessions if not session.up]
    assert down == []


_REASONS = (
    "MetalLB of release",  # one ASN in the whole cluster
    "writes passwords in clear text",
    "one BGPPeer cannot name them",
    "no field for. Set links.nodes",
    "set kubernetes.pods_over_bgp: false",
)
