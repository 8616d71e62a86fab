"""The words that name what is impaired, and what a topology asks for between its zones."""

from __future__ import annotations

import pytest

from fabric.config import FabricConfig, Port
from fabric.errors import InputError
from fabric.lab import Impairment, LabStatus, ZonePair, spec_of, zone_pairs_of
from fabric.resources import directory
from fabric.topology import load, parse
from fabric.verify import asked_for, asked_rtt_ms, impaired_of, inter_zone

SLOW = Impairment(delay_ms=5)


@pytest.fixture(scope="module")
def status() -> LabStatus:
    spec = spec_of(load(directory("topologies") / "quickstart.yaml"))
    return LabStatus("quickstart", "running", "", "", (), (), (), spec.sources)


@pytest.fixture(scope="module")
def fabric() -> FabricConfig:
    return spec_of(load(directory("topologies") / "quickstart.yaml")).fabric


def test_one_end_is_what_it_sends_and_two_devices_are_both_ways(fabric: FabricConfig) -> None:
    assert impaired_of(fabric, "link:a1-leaf-1:eth1", SLOW).ports == (Port("a1-leaf-1", "eth1"),)
    both = impaired_of(fabric, "link:spine-1--a1-leaf-1", SLOW).ports
    assert set(both) == {Port("spine-1", "eth1"), Port("a1-leaf-1", "eth1")}
    assert len(impaired_of(fabric, "tier:spine", SLOW).ports) == 16
    assert len(impaired_of(fabric, "node:a1-server-1", SLOW).ports) == 4


def test_zones_are_impaired_where_their_packets_leave_them(fabric: FabricConfig, status: LabStatus) -> None:
    pairs = zone_pairs_of(status)
    assert pairs == (ZonePair(("zone-a", "zone-b"), 2.0, None),)
    [asked] = inter_zone(fabric, pairs)
    assert asked.target == "zones:zone-a--zone-b"
    assert asked.impairment == Impairment(delay_ms=1)
    assert {port.device for port in asked.ports} == {"a1-leaf-1", "a1-leaf-2", "b1-leaf-1", "b1-leaf-2"}
    assert {"a1-server-1", "a1-leaf-1"} <= set(asked.sources)
    one = LabStatus("x", "running", "", "", (), (), (), {}, (), (asked,))
    assert asked_rtt_ms(one, fabric, ("zone-a", "zone-b")) == 2
    with_links = LabStatus("x", "", "", "", (), (), (), {}, (), (asked, impaired_of(fabric, "tier:spine", SLOW)))
    assert asked_rtt_ms(with_links, fabric, ("zone-a", "zone-b")) is None


def test_a_topology_asks_for_impairments_of_zones_and_links() -> None:
    text = (directory("topologies") / "quickstart.yaml").read_text()
    asked = "impairments: [{target: 'link:spine-1--a1-leaf-1', loss_percent: 2}, {target: tier:leaf, rate_mbit: 10}]"
    spec = spec_of(parse(f"{text}\n{asked}\n"))
    found = {entry.target: entry.impairment for entry in asked_for(spec.fabric, spec)}
    assert found == {
        "zones:zone-a--zone-b": Impairment(delay_ms=1),
        "link:spine-1--a1-leaf-1": Impairment(loss_percent=2),
        "tier:leaf": Impairment(rate_mbit=10),
    }


@pytest.mark.parametrize(
    ("target", "impairment", "words"),
    [
        ("spine-1", SLOW, "found the kind 'spine-1'; allowed: link, node, rack, zone, tier, zones"),
        ("zones:zone-a--zone-q", SLOW, "allowed are two of the zones zone-a, zone-b"),
        ("zones:zone-a", SLOW, "allowed are two of the zones"),
        ("node:spine-9", SLOW, "Did you mean spine-"),
        ("tier:spine", Impairment(), "found nothing to do; allowed: delay"),
        ("tier:spine", Impairment(loss_percent=101), "loss: found 101 %; allowed: 0 to 100"),
        ("tier:spine", Impairment(delay_ms=1, jitter_ms=2), "jitter: found 2 ms; allowed: up to the delay"),
        ("tier:spine", Impairment(mtu=1000), "mtu: found 1000; allowed: 1280 to"),
        ("tier:spine", Impairment(rate_mbit=-1), "rate: found -1"),
    ],
)
def test_what_cannot_be_is_said_with_what_is_allowed(
    fabric: FabricConfig, target: str, impairment: Impairment, words: str
) -> None:
    with pytest.raises(InputError, match=words):
        impaired_of(fabric, target, impairment)
