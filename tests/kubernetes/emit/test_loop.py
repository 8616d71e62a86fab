"""There and back: what the controllers make of the emitted resources is what the nodes are configured with."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from fabric.config import BgpInstance, DeviceConfig, Family, Policies
from fabric.kubernetes import Resources, node_named, nodes_of
from fabric.kubernetes.controllers import reconcile
from fabric.kubernetes.emit import KubernetesOptions
from fabric.kubernetes.frr_k8s import ConversionError, NodeConfiguration, Translator, review, to_device_config
from fabric.kubernetes.lint import lint
from fabric.plan import Plan
from tests.designs import Values, topologies
from tests.kubernetes.emit.cluster import (
    RELEASES,
    SHIPPED,
    Document,
    admitted,
    emitted,
    nodes,
    of_kind,
    options,
    plan_of,
    pod,
    shipped,
    small,
)

_EVERY = ("4.18", "4.19", "4.20", "4.22", "v0.0.25", "main")


def _resources(planned: Plan, chosen: KubernetesOptions, *more: Document) -> Resources:
    return reconcile(admitted(planned, chosen, *more), chosen.release).resources


def _cluster_nodes(planned: Plan, chosen: KubernetesOptions) -> list[DeviceConfig]:
    names = {d["spec"]["nodeSelector"]["kubernetes.io/hostname"] for d in _policies(planned, chosen)}
    return [device for device in nodes(planned).values() if device.name in names and device.bgp]


def _policies(planned: Plan, chosen: KubernetesOptions) -> list[Document]:
    return of_kind(emitted(planned, chosen), "NodeNetworkConfigurationPolicy")


def _translated(device: DeviceConfig, resources: Resources, chosen: KubernetesOptions) -> NodeConfiguration:
    translator = Translator(resources, chosen.release)
    return translator.node(node_named(resources, device.name))


def _again(device: DeviceConfig, translated: NodeConfiguration) -> DeviceConfig:
    """The node with the BGP that frr-k8s gives it, on interfaces and routes that are nmstate's business."""
    bare = replace(device, bgp=(), policies=Policies(), bfd_profiles=(), fib_filters=())
    return to_device_config(bare, translated)


def _sessions(instance: BgpInstance) -> dict[str, Any]:
    """Each session by its peer: ASN, families, timers, BFD; which group it is in and what it is called is FRR's own."""
    return {
        str(n.peer): (
            instance.asn if n.remote_as == "internal" else n.remote_as,
            tuple(entry.family for entry in n.families),
            n.timers,
            n.connect_s,
            n.bfd_profile,
            n.password,
        )
        for n in instance.neighbors
    }


def _instance(device: DeviceConfig) -> BgpInstance:
    assert device.default_bgp is not None
    return device.default_bgp


def _assert_same(device: DeviceConfig, translated: NodeConfiguration, *pods: str) -> None:
    ours, theirs = _instance(device), _instance(_again(device, translated))
    assert theirs.router_id == ours.router_id
    assert theirs.asn == ours.asn
    assert _sessions(theirs) == _sessions(ours)
    assert _again(device, translated).bfd_profiles == device.bfd_profiles
    families: tuple[Family, ...] = ("ipv4", "ipv6")
    for family in families:
        extra = {ip_network(pod) for pod in pods if ip_address(pod).version == int(family[-1])}
        assert set(theirs.family(family).networks) == set(ours.family(family).networks) | extra
    (router,) = translated.merged.routers
    for session in router.sessions:
        families = ("ipv4", "ipv6") if session.family == "dual" else (session.family,)
        for family in families:
            sent = {ip_network(prefix) for prefix in session.outgoing.prefixes(family)}
            assert sent == set(theirs.family(family).networks)
        neighbor = next(n for n in ours.neighbors if str(n.peer) == session.peer)
        assert session.incoming.all == any(entry.prefix_list_in is None for entry in neighbor.families)
        assert not session.incoming.v4 + session.incoming.v6


@pytest.mark.parametrize("release", _EVERY)
@pytest.mark.parametrize("topology", SHIPPED)
@pytest.mark.parametrize("peering", [None, "frr-k8s"])
def test_nodes_get_their_configuration_back(topology: str, release: str, peering: Any) -> None:
    planned, chosen = shipped(topology), options(release, peering=peering)
    resources = _resources(planned, chosen)
    for device in _cluster_nodes(planned, chosen):
        _assert_same(device, _translated(device, resources, chosen))


@pytest.mark.parametrize("release", _EVERY)
@pytest.mark.parametrize("families", [["ipv4"], ["ipv6"], ["ipv4", "ipv6"]])
@pytest.mark.parametrize("peering", [None, "frr-k8s"])
def test_pods_are_announced_beside_the_nodes_addresses(release: str, families: list[str], peering: Any) -> None:
    values = small(families=families)
    values["networks"]["internalapi"]["ipv6"] = "fd00:17::/64"
    planned, chosen = plan_of(values), options(release, peering=peering)
    devices = _cluster_nodes(planned, chosen)
    addresses = [f"172.17.0.{200 + i}" if "ipv4" in families else f"fd00:17::1:{i}" for i, _ in enumerate(devices)]
    pods = [pod(device.name, "internalapi", address) for device, address in zip(devices, addresses, strict=True)]
    resources = _resources(planned, chosen, *pods)
    for device, address in zip(devices, addresses, strict=True):
        _assert_same(device, _translated(device, resources, chosen), address)


def test_clones_of_metallbs_dual_stack_sessions_would_be_refused() -> None:
    """Why a dual-stack BGPConfiguration names our own FRRConfigurations; if this passes one day, it need not."""
    values = small(families=["ipv4", "ipv6"])
    values["networks"]["internalapi"]["ipv6"] = "fd00:17::/64"
    planned, chosen = plan_of(values), options("4.20")
    device = _cluster_nodes(planned, chosen)[0]
    documents = admitted(planned, chosen, pod(device.name, "internalapi", "172.17.0.200"))
    (ours,) = documents.of_kind("BGPConfiguration")
    plain = {key: value for key, value in ours.spec.items() if key != "frrNodeConfigurationSelector"}
    careless = documents.adding([replace(ours, value={**ours.value, "spec": plain})])
    with pytest.raises(ConversionError, match="not compatible with the ipfamily"):
        _translated(device, reconcile(careless, chosen.release).resources, chosen)


@pytest.mark.parametrize("release", ["4.20", "4.22"])
def test_unnumbered_nodes_get_their_configuration_back(release: str) -> None:
    planned = plan_of(small("rfc7938", families=["ipv4", "ipv6"], links={"nodes": "unnumbered"}, networks={}))
    chosen = options(release)
    resources = _resources(planned, chosen)
    for device in _cluster_nodes(planned, chosen):
        _assert_same(device, _translated(device, resources, chosen))


def test_nodes_that_share_an_asn_accept_it_by_raw_configuration() -> None:
    planned = plan_of(small("rfc7938", asn={"nodes": "shared"}, networks={}))
    chosen = options()
    resources = _resources(planned, chosen)
    for device in _cluster_nodes(planned, chosen):
        again = _again(device, _translated(device, resources, chosen))
        peers = [line.split()[1] for line in again.raw if line.endswith("allowas-in 1")]
        assert peers == [str(neighbor.peer) for neighbor in _instance(device).neighbors]


@pytest.mark.parametrize("release", RELEASES)
def test_passwords_come_from_the_secret(release: str) -> None:
    peering = None if release == "4.18" else "frr-k8s"
    chosen = options(release, password_secret="md5", peering=peering)
    planned = plan_of(small())
    secrets = [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "md5", "namespace": namespace},
            "type": "kubernetes.io/basic-auth",
            "stringData": {"password": "word"},
        }
        for namespace in ("metallb-system", "openshift-frr-k8s")
    ]
    resources = _resources(planned, chosen, *secrets)
    for device in _cluster_nodes(planned, chosen):
        neighbors = _instance(_again(device, _translated(device, resources, chosen))).neighbors
        assert {n.password.value for n in neighbors if n.password} == {"word"}


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("topology", SHIPPED)
def test_lint_finds_nothing(topology: str, release: str) -> None:
    chosen = options(release)
    resources = _resources(shipped(topology), chosen)
    # The one finding is about later: timers cannot be changed while pods are announced. The checklist says so.
    findings = [str(f) for f in lint(resources, chosen.release) if f.rule != "settled-by-bgp-configuration"]
    assert findings == []


@pytest.mark.parametrize("release", RELEASES)
def test_webhook_accepts_every_frr_configuration_beside_the_others(release: str) -> None:
    chosen = options(release)
    resources = _resources(shipped("rhoso-bgp-dt01"), chosen)
    configurations = resources.of_kind("FRRConfiguration")
    for configuration in configurations:
        assert review(configuration, configurations, nodes_of(resources), chosen.release).message == ""


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(topologies())
def test_any_designs_nodes_get_their_configuration_back(values: Values) -> None:
    planned = plan_of(values)
    chosen = options(pods_over_bgp=False)
    resources = _resources(planned, chosen)
    for device in _cluster_nodes(planned, chosen):
        _assert_same(device, _translated(device, resources, chosen))
