"""Which FRR is predicted, and where that matters; what the releases do is in `recordings`."""

from __future__ import annotations

from pathlib import Path

import pytest

import fabric
from fabric.config import FabricConfig
from fabric.resources import directory
from fabric.simulate import FAMILIES, FibEntry, Reason, simulate
from tests.simulate.build import prefix
from tests.simulate.fabrics import numbered
from tests.simulate.fabrics_far import reflection
from tests.simulate.fabrics_policy import sources


@pytest.mark.parametrize(("version", "release"), [("8.4.4", 8), ("10.3", 10), ("10", 10), ("unknown", 8), ("", 8)])
def test_a_version_says_its_release(version: str, release: int) -> None:
    assert {device.frr_release for device in numbered().run_by(version)} == {release}


def _announced(version: str, device: str, sender: str) -> set[str]:
    """What a device of the fabric `sources` takes from a peer."""
    rib = simulate(sources().run_by(version)).rib(device, "ipv4")
    heard = ((p, c) for p, e in rib.items() for c in e.candidates if c.learned_from and c.learned_from.peer == sender)
    return {str(p) for p, candidate in heard if candidate.rejected not in (Reason.ROUTE_MAP, Reason.AS_LOOP)}


def test_bgpd_10_tells_what_it_took_over_from_what_it_learned() -> None:
    """`match source-protocol`: on the way out, in `redistribute` and in `default-originate`, and not on the way in."""
    assert _announced("8.4.4", "k1", "10.8.0.0") > {"10.80.0.0/24", "10.80.1.0/24", "10.255.0.20/32"}
    assert _announced("10.3", "k1", "10.8.0.0") == {"0.0.0.0/0", "10.80.0.0/24"}
    assert _announced("8.4.4", "k1", "10.8.0.3") > {"10.80.2.0/24", "10.255.0.22/32"}
    assert _announced("10.3", "k1", "10.8.0.3") == set()
    assert {"0.0.0.0/0", "10.255.0.21/32"} < _announced("8.4.4", "k2", "10.8.0.2")
    assert _announced("10.3", "k2", "10.8.0.2") == {"10.80.0.0/24"}


def test_frr_10_installs_what_frr_8_sends_twice() -> None:
    fib = simulate(reflection().run_by("10.3")).fib("c2", "ipv6")
    assert prefix("fd00::a/128") not in simulate(reflection().run_by("8.4.4")).fib("c2", "ipv6")
    assert len(fib[prefix("fd00::a/128")].next_hops) == 3


def _fibs(config: FabricConfig, version: str) -> dict[str, dict[str, FibEntry]]:
    simulation = simulate(config.run_by(version))
    return {
        f"{device.name} {family}": {str(p): entry for p, entry in simulation.fib(device.name, family).items()}
        for device in config
        for family in FAMILIES
    }


@pytest.mark.parametrize("file", sorted(directory("topologies").glob("*.yaml")), ids=lambda file: file.stem)
def test_no_shipped_topology_forwards_otherwise_on_frr_10(file: Path) -> None:
    """So that `fabric simulate`, which is told of no FRR, is right for both."""
    config = fabric.load(file).plan().config().fabric
    assert _fibs(config, "8.4.4") == _fibs(config, "10.3")
