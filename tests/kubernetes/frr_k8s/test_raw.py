"""`allowas-in` in raw configuration decides on routes, so it is understood as FRR reads it."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from fabric.config import BgpInstance, Neighbor, NeighborFamily
from fabric.kubernetes.frr_k8s._raw import own_asn_accepted, with_own_asn

_BLOCK = """
router bgp 64999
 address-family ipv4 unicast
  neighbor 192.0.2.1 allowas-in origin
 exit-address-family
 address-family ipv6 unicast
  neighbor eth1 allowas-in 2
 exit-address-family
exit
router bgp 64999 vrf red
 address-family ipv4
  neighbor 192.0.2.1 allowas-in
"""


def test_statements_by_vrf_family_and_peer() -> None:
    assert own_asn_accepted(_BLOCK) == {
        (None, "ipv4", "192.0.2.1"): "origin",
        (None, "ipv6", "eth1"): 2,
        ("red", "ipv4", "192.0.2.1"): 3,
    }


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "neighbor 192.0.2.1 allowas-in 2",
        "router bgp 1\n neighbor 192.0.2.1 timers 3 9",
        "router bgp 1\nexit\n neighbor 192.0.2.1 allowas-in 2",
        "router bgp 1\n address-family l2vpn evpn\n  neighbor eth1 allowas-in 1\n exit-address-family",
    ],
)
def test_what_says_nothing_of_the_own_asn(raw: str) -> None:
    assert own_asn_accepted(raw) == {}


def test_without_family_a_statement_is_of_ipv4() -> None:
    assert own_asn_accepted("router bgp 1\n neighbor eth1 allowas-in 5") == {(None, "ipv4", "eth1"): 5}


def test_only_the_named_neighbor_and_family_change() -> None:
    families = (NeighborFamily("ipv4"), NeighborFamily("ipv6"))
    neighbors = tuple(Neighbor(ip_address(f"192.0.2.{n}"), 64999, families) for n in (1, 2))
    instance = BgpInstance(64999, "192.0.2.9", neighbors, ())
    changed = with_own_asn(instance, own_asn_accepted(_BLOCK))
    assert [[f.allowas_in for f in n.families] for n in changed.neighbors] == [["origin", None], [None, None]]
    assert with_own_asn(instance, {}) is instance
