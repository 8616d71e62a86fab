"""From one `frr.conf` to another: what is undone and what is done."""

from __future__ import annotations

import pytest

from fabric.lab._frr_changes import frr_changes

BASE = """
hostname r1
!
interface eth1
 description spine
exit
!
ip prefix-list hosts seq 10 permit 10.0.0.0/8
!
bfd
 profile fast
  detect-multiplier 3
 exit
 !
exit
!
router bgp 65001
 no bgp ebgp-requires-policy
 neighbor spines peer-group
 neighbor spines remote-as 64512
 neighbor spines timers 3 9
 neighbor 10.0.0.1 peer-group spines
 neighbor 10.0.0.1 description spine-1
 !
 address-family ipv4 unicast
  network 10.1.1.1/32
  neighbor spines activate
 exit-address-family
exit
!
route-map out permit 10
exit
"""


def changes(old: str, new: str) -> tuple[list[str], list[str]]:
    """What is undone and done when one text of `BASE` is replaced by another."""
    found = frr_changes(BASE, BASE.replace(old, new))
    return found.undo.splitlines(), found.do.splitlines()


def test_equal_files_need_nothing() -> None:
    assert not frr_changes(BASE, BASE.replace("!\n", "! a comment\n"))


def test_a_line_changes_inside_its_block() -> None:
    undo, do = changes("timers 3 9", "timers 1 3")
    assert undo == ["router bgp 65001", "no neighbor spines timers 3 9", "exit"]
    assert do == ["router bgp 65001", "neighbor spines timers 1 3", "exit"]


def test_a_line_that_says_no_is_undone_without_it() -> None:
    undo, _ = changes(" no bgp ebgp-requires-policy\n", "")
    assert undo == ["router bgp 65001", "bgp ebgp-requires-policy", "exit"]


def test_lines_of_a_family_are_between_its_borders() -> None:
    undo, do = changes("network 10.1.1.1/32", "network 10.1.1.2/32")
    family = ["router bgp 65001", "address-family ipv4 unicast"]
    assert undo == [*family, "no network 10.1.1.1/32", "exit-address-family", "exit"]
    assert do == [*family, "network 10.1.1.2/32", "exit-address-family", "exit"]


@pytest.mark.parametrize(
    ("block", "undone"),
    [
        ("route-map out permit 10\nexit\n", ["no route-map out permit 10"]),
        (" profile fast\n  detect-multiplier 3\n exit\n", ["bfd", "no profile fast", "exit"]),
        ("ip prefix-list hosts seq 10 permit 10.0.0.0/8\n", ["no ip prefix-list hosts seq 10 permit 10.0.0.0/8"]),
    ],
)
def test_blocks_go_and_come_whole_even_empty_ones(block: str, undone: list[str]) -> None:
    assert changes(block, "") == (undone, [])
    assert frr_changes(BASE.replace(block, ""), BASE).do.splitlines()[-2:] != []


def test_a_peer_of_another_asn_is_born_anew_with_its_group() -> None:
    undo, do = changes("remote-as 64512", "remote-as 64513")
    assert "no neighbor spines remote-as 64512" in undo
    assert [line for line in do if line.startswith("neighbor")] == [
        "neighbor spines peer-group",
        "neighbor spines remote-as 64513",
        "neighbor spines timers 3 9",
        "neighbor 10.0.0.1 peer-group spines",
        "neighbor 10.0.0.1 description spine-1",
        "neighbor spines activate",
    ]


def test_what_counts_at_the_start_only_asks_for_a_restart() -> None:
    assert frr_changes("frr defaults datacenter\n", "frr defaults traditional\n").restart
    assert not frr_changes("hostname a\n", "hostname b\n").restart
