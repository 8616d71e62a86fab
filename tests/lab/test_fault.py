"""Fault values: what they hold together, and how they are kept."""

from __future__ import annotations

import pytest

from fabric.config import Port
from fabric.errors import LabError
from fabric.lab import DaemonName, Fault, Reconfigured, held
from fabric.lab._fault import FAULTS

NODE = Fault("node:leaf-1", ports=(Port("leaf-1", "eth1"), Port("leaf-1", "eth2")))
LINK = Fault("link:leaf-1:eth1", ports=(Port("leaf-1", "eth1"),))
DRAIN = Fault("drain:s", reconfigured=(Reconfigured("s", ("router bgp 1", "x"), ("router bgp 1", "no x")),))
DEAF = Fault("silent:leaf-1:eth1", deaf=NODE.ports)
DAEMONS = Fault("all:daemons", killed=(DaemonName("leaf-1", "bgpd"),), paused=(DaemonName("leaf-2", "bfdd"),))


def test_a_port_is_held_until_the_last_fault_that_holds_it_is_gone() -> None:
    assert held([NODE, LINK]).ports == held([NODE]).ports == set(NODE.ports)
    assert held([LINK]).ports == set(LINK.ports)
    assert held([DAEMONS]).killed == {("leaf-1", "bgpd")}
    assert held([]).ports == frozenset()


def test_what_was_written_is_read() -> None:
    assert FAULTS.entries(FAULTS.text([NODE, LINK, DAEMONS, DRAIN, DEAF]), "lab") == (NODE, LINK, DAEMONS, DRAIN, DEAF)
    assert FAULTS.entries("", "lab") == ()


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"version": 2, "faults": []}',
        '{"version": 1}',
        '{"version": 1, "faults": [{"target": 7, "ports": [], "killed": [], "paused": []}]}',
        '{"version": 1, "faults": [{"target": "x", "ports": [["leaf-1"]], "killed": [], "paused": []}]}',
        '{"version": 1, "faults": [{"target": "x", "ports": 3, "killed": [], "paused": []}]}',
        '{"version": 1, "faults": ["x"]}',
        '{"version": 1, "faults": [{"target": "x", "ports": [], "killed": [], "paused": [], "reconfigured": [3]}]}',
    ],
)
def test_a_file_that_is_none_ends_in_a_sentence(text: str) -> None:
    with pytest.raises(LabError, match=r"^Lab lab: its faults.json .* `fabric lab heal --all` "):
        FAULTS.entries(text, "lab")
