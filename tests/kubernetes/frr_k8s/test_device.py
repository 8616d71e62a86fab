"""The node's configuration as a device, so that it is simulated and run like any other."""

from __future__ import annotations

import re
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address
from pathlib import Path

import pytest

from fabric.config import (
    DeviceConfig,
    Interface,
    MatchPrefixList,
    Place,
    Policies,
    PrefixList,
    PrefixRule,
    SetCommunities,
    SetLocalPreference,
    SetNextHop,
)
from fabric.kubernetes import admit, node_named, parse_documents, release
from fabric.kubernetes.frr_k8s import to_device_config, translate
from fabric.render import frr_files
from tests.frr import assert_parses, load, needs_frr, sandbox_problem

_CASES = Path(__file__).resolve().parents[1] / "cases"
_BASE = DeviceConfig(
    "worker-0",
    Place("worker", zone="a"),
    (Interface("lo", (IPv4Interface("192.0.2.200/32"),)), Interface("eth1", (IPv4Interface("192.0.2.6/30"),))),
    policies=Policies(prefix_lists=(PrefixList("kept", "ipv4", (PrefixRule(5, "permit"),)),)),
)


def _device(case: str, name: str, base: DeviceConfig = _BASE) -> DeviceConfig:
    chosen = release(name)
    resources = admit(parse_documents((_CASES / f"{case}.yaml").read_text(), case), chosen)
    return to_device_config(base, translate(node_named(resources, "worker-0"), resources, chosen))


def test_sessions_of_every_kind() -> None:
    device = _device("every-session-field", "main")
    (instance,) = device.bgp
    assert (instance.asn, instance.router_id, instance.vrf) == (64512, "192.0.2.1", None)
    assert not instance.network_import_check
    by_peer = {neighbor.peer: neighbor for neighbor in instance.neighbors}
    full = by_peer[IPv4Address("192.0.2.2")]
    assert (full.remote_as, full.local_as, full.port, full.connect_s) == (64513, 64600, 1179, 61)
    assert full.timers is not None
    assert (full.timers.keepalive_s, full.timers.hold_s) == (3, 9)
    assert full.password is not None
    assert full.password.value == "secret"
    assert (full.bfd, full.bfd_profile, full.graceful_restart, full.ebgp_multihop) == (True, "slow", True, True)
    assert full.update_source == IPv4Address("192.0.2.1")
    assert by_peer[IPv6Address("2001:db8::2")].remote_as == "internal"
    assert [family.family for family in by_peer["eth1"].families] == ["ipv4", "ipv6"]
    assert [family.family for family in by_peer[IPv4Address("192.0.2.4")].families] == ["ipv4", "ipv6"]
    assert [(profile.name, profile.echo_ms) for profile in device.bfd_profiles] == [("bare", None), ("slow", 60)]


def test_what_a_device_has_no_field_for_stays_raw() -> None:
    raw = _device("every-session-field", "main").raw
    assert raw[0] == "router bgp 64512"
    assert "  neighbor 2001:db8::3 update-source lo" in raw
    assert "  neighbor 2001:db8::3 disable-connected-check" in raw
    assert "  bgp graceful-restart preserve-fw-state" in raw
    assert "    advertise-all-vni" in _device("evpn", "main").raw


def test_filters_become_policies() -> None:
    device = _device("attributes", "4.20")
    lists = {(entry.name, entry.family): entry for entry in device.policies.prefix_lists}
    assert ("kept", "ipv4") in lists
    inbound = lists["192.0.2.2-inpl-ipv4", "ipv4"].rules
    assert [(rule.prefix, rule.le, rule.ge) for rule in inbound] == [(IPv4Network("0.0.0.0/0"), 24, 8)]
    out = next(entry for entry in device.policies.route_maps if entry.name == "192.0.2.2-out")
    assert [entry.seq for entry in out.entries] == [1, 2, 3, 4, 5, 6]
    assert [entry.on_match_next for entry in out.entries] == [True] * 4 + [False] * 2
    sets = [entry.sets[0] for entry in out.entries[:4]]
    assert sets == [
        SetLocalPreference(0),
        SetLocalPreference(100),
        SetCommunities(("64512:7",)),
        SetCommunities(("64512:1:2",), large=True),
    ]
    assert out.entries[-1].matches == (MatchPrefixList("192.0.2.2-allowed-ipv6", "ipv6"),)


def test_entries_without_a_number_get_frrs() -> None:
    device = _device("attributes", "4.18")
    large = next(entry for entry in device.policies.prefix_lists if "large" in entry.name)
    assert [rule.seq for rule in large.rules] == [5]


def test_a_next_hop_is_set() -> None:
    device = _device("next-hop", "main")
    out = next(entry for entry in device.policies.route_maps if entry.name == "192.0.2.2-out")
    assert out.entries[0].sets == (SetNextHop(IPv4Address("192.0.2.9")),)


def test_a_missing_router_id_is_zebras_choice() -> None:
    assert _device("next-hop", "main").bgp[0].router_id == "192.0.2.200"


def test_vrfs_import_each_other() -> None:
    default, red = _device("vrfs", "4.22").bgp
    assert (default.vrf, red.vrf) == (None, "red")
    assert red.family("ipv4").import_vrfs == ("default",)
    assert red.family("ipv4").networks == (IPv4Network("192.0.3.0/24"),)


def test_the_node_only_dials() -> None:
    device = _device("attributes", "4.20")
    assert (device.bgp_listens, device.resolve_via_default, device.place) == (False, True, _BASE.place)


@needs_frr
@pytest.mark.parametrize(
    ("case", "name"),
    [
        ("every-session-field", "main"),
        ("attributes", "4.18"),
        ("attributes", "4.20"),
        ("vrfs", "4.22"),
        ("evpn", "main"),
    ],
)
def test_frr_takes_the_rendered_device(case: str, name: str) -> None:
    assert_parses(frr_files(_device(case, name)).frr_conf)


_ELSEWHERE = re.compile(
    r"log |no ip forwarding|no ipv6 forwarding|no zebra nexthop|interface |ip address |exit|bgp router-id 192.0.2.200|"
    r"bgp log-neighbor-changes|bgp graceful-restart preserve|maximum-paths|address-family|!|Current|Building|"
    r"frr version|frr defaults|hostname"
)
"""Lines about other things than the sessions, prefixes and filters that frr-k8s decides."""


def _about_routing(running: str) -> list[str]:
    lines = (line.strip() for line in running.splitlines())
    return sorted(line for line in lines if line and not _ELSEWHERE.match(line))


@needs_frr
@pytest.mark.lab
@pytest.mark.parametrize(
    ("case", "name"),
    [("every-session-field", "v0.0.25"), ("attributes", "4.18"), ("attributes", "4.20"), ("vrfs", "4.22")],
)
def test_frrs_daemons_hold_the_same_for_the_device_as_for_frr_k8s_text(case: str, name: str) -> None:
    if problem := sandbox_problem():
        pytest.skip(f"no sandbox for daemons: {problem}")
    base = replace(_BASE, policies=Policies())
    theirs = load((_CASES / f"{case}.{name}.conf").read_text(), ["eth1"])
    ours = load(frr_files(_device(case, name, base)).frr_conf, ["eth1"])
    assert not ours.refused
    assert _about_routing(ours.running) == _about_routing(theirs.running)
