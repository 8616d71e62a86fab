"""eBGP sessions with BFD state their source, or bgpd resets them once it knows it: docs/decisions/0015."""

from __future__ import annotations

import pytest

from fabric import config, plan
from fabric.config import Neighbor
from fabric.resources import directory
from fabric.topology import load


def sessions(name: str, tier: str) -> list[Neighbor]:
    """The sessions of all switches or all nodes of a shipped topology."""
    design = load(directory("topologies") / f"{name}.yaml")
    devices = config.build(plan.build(design))
    at_nodes = {device.name for device in design.fabric.devices if device.tier == "node"}
    return [
        session
        for device in devices
        if (device.name in at_nodes) == (tier == "node")
        for instance in device.bgp
        for session in instance.neighbors
    ]


@pytest.mark.parametrize("tier", ["switch", "node"])
def test_numbered_sessions_with_bfd_have_a_source(tier: str) -> None:
    found = sessions("quickstart", tier)
    assert found
    assert all(session.bfd and session.update_source is not None for session in found)


def test_sessions_over_an_interface_have_none() -> None:
    found = [session for session in sessions("clos3-rfc7938", "switch") if isinstance(session.peer, str)]
    assert any(session.bfd for session in found)
    assert all(session.update_source is None for session in found)


def test_ibgp_sessions_have_none() -> None:
    """bgpd 10.3 waits for BFD, and the far end, whose source nobody names, does not answer BFD over several hops."""
    found = [session for session in sessions("rhoso-bgp-dt01", "switch") if session.remote_as == "internal"]
    assert any(session.bfd for session in found)
    assert {session.update_source for session in found} == {None}


def test_nodes_that_others_configure_have_none() -> None:
    assert {session.update_source for session in sessions("rhoso-dz", "node")} == {None}
