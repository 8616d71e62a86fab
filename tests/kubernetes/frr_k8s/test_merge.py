"""Merging does not depend on the order of the resources, except where the controller's does."""

from __future__ import annotations

from itertools import permutations
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.kubernetes import Document, Release, Resources, admit, node_named, release
from fabric.kubernetes.frr_k8s import ConversionError, Options, translate

_RELEASES = ("4.18", "4.20", "main")
_PREFIXES = ("192.0.2.0/24", "192.0.10.0/24", "198.51.100.0/24")
_OPTIONS = Options(namespace="x")


@st.composite
def _neighbors(draw: st.DrawFn) -> dict[str, Any]:
    allowed = draw(st.lists(st.sampled_from(_PREFIXES), unique=True))
    neighbor: dict[str, Any] = {
        "asn": draw(st.sampled_from([64513, 64514])),
        "address": draw(st.sampled_from(["192.0.2.2", "192.0.2.10", "192.0.2.9"])),
        "toAdvertise": {"allowed": {"prefixes": allowed}},
        "toReceive": {
            "allowed": draw(st.sampled_from([{"mode": "all"}, {"prefixes": [{"prefix": "10.0.0.0/8", "le": 24}]}, {}]))
        },
    }
    if allowed:
        community = {"prefixes": allowed[:1], "community": draw(st.sampled_from(["64512:1", "large:64512:1:2"]))}
        neighbor["toAdvertise"]["withCommunity"] = [community]
    if draw(st.booleans()):
        neighbor["port"] = 179
    return neighbor


@st.composite
def _configurations(draw: st.DrawFn) -> dict[str, Any]:
    neighbors = draw(st.lists(_neighbors(), max_size=2, unique_by=lambda entry: entry["address"]))
    router = {
        "asn": 64512,
        "prefixes": list(_PREFIXES),
        "neighbors": neighbors,
        "vrf": draw(st.sampled_from(["", "red"])),
    }
    if draw(st.booleans()):
        router["id"] = draw(st.sampled_from(["192.0.2.1", "192.0.2.7"]))
    return {"bgp": {"routers": [router]}, "raw": {"rawConfig": "! note", "priority": draw(st.integers(0, 2))}}


def _resources(specs: list[tuple[str, dict[str, Any]]], chosen: Release) -> Resources:
    documents = (
        Document.generated(
            name,
            {
                "apiVersion": "frrk8s.metallb.io/v1beta1",
                "kind": "FRRConfiguration",
                "metadata": {"name": name, "namespace": "x"},
                "spec": spec,
            },
        )
        for name, spec in specs
    )
    return admit(documents, chosen)


def _outcome(specs: list[tuple[str, dict[str, Any]]], chosen: Release) -> str:
    """The text of the node, or that it is refused; which refusal comes first depends on the order."""
    resources = _resources(specs, chosen)
    try:
        return translate(node_named(resources, "w"), resources, chosen, _OPTIONS).frr_conf
    except ConversionError:
        return "refused"


@settings(max_examples=60, deadline=None)
@given(st.lists(_configurations(), min_size=2, max_size=3), st.sampled_from(_RELEASES))
def test_the_order_of_resources_does_not_matter(specs: list[dict[str, Any]], name: str) -> None:
    named = [(f"c{index}", spec) for index, spec in enumerate(specs)]
    outcomes = {_outcome(list(order), release(name)) for order in permutations(named)}
    assert len(outcomes) == 1


@settings(max_examples=30, deadline=None)
@given(_configurations(), st.sampled_from(_RELEASES[1:]))
def test_a_resource_merged_with_a_copy_of_itself_stays_as_it_is(spec: dict[str, Any], name: str) -> None:
    alone = _outcome([("c", {**spec, "raw": {}})], release(name))
    assert _outcome([("c", {**spec, "raw": {}}), ("d", {**spec, "raw": {}})], release(name)) == alone


def test_graceful_restart_is_the_firsts() -> None:
    """The exception: it is neither compared nor merged, so the first in the list wins."""
    specs = [
        (name, {"bgp": {"routers": [{"asn": 64512, "neighbors": [neighbor]}]}})
        for name, neighbor in (
            ("on", {"asn": 64513, "address": "192.0.2.2", "enableGracefulRestart": True}),
            ("off", {"asn": 64513, "address": "192.0.2.2"}),
        )
    ]
    line = "neighbor 192.0.2.2 graceful-restart"
    assert line in _outcome(specs, release("4.20"))
    assert line not in _outcome(specs[::-1], release("4.20"))


def test_the_first_refusal_names_both_resources() -> None:
    specs = [(name, {"bgp": {"routers": [{"asn": asn}]}}) for name, asn in (("one", 64512), ("two", 64513))]
    resources = _resources(specs, release("4.20"))
    try:
        translate(node_named(resources, "w"), resources, release("4.20"), _OPTIONS)
    except ConversionError as error:
        names = [origin.resource.name for origin in error.refusals[0].origins]
    assert names == ["one", "two"]
