"""Each lint rule on the smallest resources that break it, and none of them on a clean set."""

from __future__ import annotations

import pytest

from fabric.kubernetes import admit, parse_documents, release
from fabric.kubernetes.lint import Finding, lint

_NODE = "{kind: Node, apiVersion: v1, metadata: {name: w0, labels: {kubernetes.io/hostname: w0, zone: a}}}"
_CLEAN = """
apiVersion: frrk8s.metallb.io/v1beta1
kind: FRRConfiguration
metadata: {name: clean, namespace: x}
spec:
  bgp:
    routers:
    - asn: 64512
      id: 192.0.2.1
      prefixes: [192.0.2.0/24]
      neighbors:
      - {asn: 64513, address: 192.0.2.2, holdTime: 9s, keepaliveTime: 3s, toAdvertise: {allowed: {mode: all}}}
"""


def _lint(*documents: str, name: str = "main") -> tuple[Finding, ...]:
    text = "\n---\n".join((_NODE, *documents))
    resources = admit(parse_documents(text, "l.yaml"), release(name))
    return lint(resources, resources.release)


def _configuration(routers: str, name: str = "one", selector: str = "{}") -> str:
    return f"""
apiVersion: frrk8s.metallb.io/v1beta1
kind: FRRConfiguration
metadata: {{name: {name}, namespace: x}}
spec: {{nodeSelector: {selector}, bgp: {{routers: [{routers}]}}}}
"""


def _neighbor(fields: str) -> str:
    return _configuration(f"{{asn: 64512, neighbors: [{{asn: 64513, {fields}}}]}}")


def _metallb(kind: str, spec: str, name: str = "m") -> str:
    version = "v1beta2" if kind == "BGPPeer" else "v1beta1"
    return f"""
apiVersion: metallb.io/{version}
kind: {kind}
metadata: {{name: {name}, namespace: metallb-system}}
spec: {spec}
"""


_BGP_CONFIGURATION = (
    "{apiVersion: network.openstack.org/v1beta1, kind: BGPConfiguration, metadata: {name: b, namespace: o}}"
)
_PEER = "myASN: 64512, peerASN: 64513, peerAddress: 192.0.2.2"


def test_a_clean_set_has_no_findings() -> None:
    assert _lint(_CLEAN) == ()


@pytest.mark.parametrize(
    ("rule", "documents"),
    [
        ("router-id", [_configuration("{asn: 64512, id: '2001:db8::1'}")]),
        ("router-id", [_configuration("{asn: 64512, id: 0.0.0.0}")]),
        ("imports-other-asn", [_configuration("{asn: 64512, imports: [{vrf: red}]}, {asn: 64513, vrf: red}")]),
        ("unnumbered-multihop", [_neighbor("interface: eth0, ebgpMultiHop: true")]),
        ("unnumbered-source", [_neighbor("interface: eth0, sourceaddress: lo")]),
        ("keepalive-over-a-third", [_neighbor("address: 192.0.2.2, holdTime: 9s, keepaliveTime: 4s")]),
        ("timers-lost", [_neighbor("address: 192.0.2.2, holdTime: 180s, keepaliveTime: 30s")]),
        ("connect-time-lost", [_neighbor("address: 192.0.2.2, connectTime: 60s")]),
        ("clear-text-password", [_neighbor("address: 192.0.2.2, password: x")]),
        ("clear-text-password", [_metallb("BGPPeer", f"{{{_PEER}, password: x}}")]),
        ("prefix-spelling", [_configuration("{asn: 64512, prefixes: [10.0.0.1/24]}")]),
        ("prefix-spelling", [_configuration("{asn: 64512, prefixes: ['2001:DB8::/64']}")]),
        (
            "wildcard-route-target",
            [
                _configuration(
                    "{asn: 64512, neighbors: [{asn: 64513, address: 192.0.2.2, addressFamilies: [evpn]}], "
                    "evpn: {advertiseVNIs: All, l2vnis: [{vni: 1, importRTs: ['*:1']}]}}"
                )
            ],
        ),
        (
            "graceful-restart-differs",
            [_CLEAN, _neighbor("address: 192.0.2.2, holdTime: 9s, keepaliveTime: 3s, enableGracefulRestart: true")],
        ),
        ("mode-all-is-local", [_CLEAN, _configuration("{asn: 64512, prefixes: [192.0.3.0/24]}")]),
        (
            "label-change-conflicts",
            [
                _configuration("{asn: 64512}", "one", "{matchLabels: {zone: a}}"),
                _configuration("{asn: 64513}", "two", "{matchLabels: {zone: b}}"),
            ],
        ),
        ("frozen-node", [_CLEAN, _configuration("{asn: 64599}", "two")]),
        ("unknown-field", [_neighbor("address: 192.0.2.2, colour: red")]),
        ("metallb-refuses", [_metallb("BGPPeer", "{myASN: 64512, peerAddress: 192.0.2.2}")]),
        ("absent-name", [_metallb("BGPAdvertisement", "{peers: [nobody]}")]),
        ("absent-name", [_metallb("BGPAdvertisement", "{ipAddressPools: [nothing]}")]),
        (
            "unused-peer",
            [
                _metallb("BGPPeer", f"{{{_PEER}}}", "left-out"),
                _metallb("BGPPeer", "{myASN: 64512, peerASN: 64513, peerAddress: 192.0.2.3}", "named"),
                _metallb("BGPAdvertisement", "{peers: [named]}"),
            ],
        ),
        (
            "hostname-label",
            [
                _metallb("BGPPeer", f"{{{_PEER}}}"),
                "{kind: Node, apiVersion: v1, metadata: {name: w1, labels: {kubernetes.io/hostname: w1.example}}}",
            ],
        ),
        ("selects-no-node", [_configuration("{asn: 64512}", selector="{matchLabels: {zone: b}}")]),
        ("selects-no-node", [_metallb("BGPPeer", f"{{{_PEER}, nodeSelectors: [{{matchLabels: {{zone: b}}}}]}}")]),
        ("not-carried-over", [_metallb("BGPPeer", f"{{{_PEER}, sourceAddress: 192.0.2.1}}")]),
        ("not-carried-over", [_metallb("BGPPeer", f"{{{_PEER}, localASN: 64600}}")]),
        ("bfd-with-bgp-configuration", [_BGP_CONFIGURATION, _metallb("BGPPeer", f"{{{_PEER}, bfdProfile: fast}}")]),
        ("vrf-with-bgp-configuration", [_BGP_CONFIGURATION, _metallb("BGPPeer", f"{{{_PEER}, vrf: red}}")]),
        ("settled-by-bgp-configuration", [_BGP_CONFIGURATION, _metallb("BGPPeer", f"{{{_PEER}, holdTime: 9s}}")]),
        (
            "attributes-with-bgp-configuration",
            [_BGP_CONFIGURATION, _metallb("BGPAdvertisement", "{communities: ['64512:1']}")],
        ),
    ],
)
def test_each_rule_finds_its_mistake(rule: str, documents: list[str]) -> None:
    found = _lint(*documents)
    assert rule in {entry.rule for entry in found}
    assert all(entry.where.startswith("l.yaml:") and entry.text for entry in found)


def test_large_asns_are_noted_for_releases_with_the_old_schema() -> None:
    peer = _metallb("BGPPeer", "{myASN: 4200000000, peerASN: 64513, peerAddress: 192.0.2.2}")
    assert "four-byte-asn" in {entry.rule for entry in _lint(peer, name="4.20")}
    assert "four-byte-asn" not in {entry.rule for entry in _lint(peer)}


def test_host_names_that_differ_cannot_meet() -> None:
    found = _lint(
        _configuration("{asn: 64512}", "one", "{matchLabels: {kubernetes.io/hostname: w0}}"),
        _configuration("{asn: 64513}", "two", "{matchLabels: {kubernetes.io/hostname: w1}}"),
    )
    assert {entry.rule for entry in found} == {"selects-no-node"}


def test_a_finding_is_one_line_with_its_place() -> None:
    (found,) = _lint(_configuration("{asn: 64512, id: here}"))
    assert str(found).startswith("l.yaml:7: error: FRRConfiguration x/one: the router id 'here' is no dotted quad")
    assert str(found).endswith("[router-id]")
