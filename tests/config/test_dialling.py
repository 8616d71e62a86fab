"""Of two ends that both name their source, the lower one alone dials: docs/decisions/0018."""

from __future__ import annotations

import pytest

from fabric import config, plan
from fabric.config import FabricConfig, Neighbor
from fabric.resources import directory
from fabric.topology import parse
from tests.designs import Values, design_of


def sessions(fabric: FabricConfig, device: str) -> dict[str, Neighbor]:
    """The first session of a device with each of its neighbors, by the neighbor's name."""
    found = (n for instance in fabric.by_name[device].bgp for n in instance.neighbors)
    return {neighbor.description: neighbor for neighbor in reversed(list(found))}


def small(**more: object) -> FabricConfig:
    values: Values = {
        "version": 1,
        "name": "small",
        "spines": 1,
        "zones": [{"name": "z", "racks": [{"name": "r", "leaves": 1, "nodes": {"servers": 1}}]}],
        "node_groups": {"servers": {"role": "server"}},
        "links": {"dialled_from": "below"},
        **more,
    }
    return config.build(plan.build(design_of(values)))


def test_leaves_dial_spines_and_hosts_dial_leaves() -> None:
    fabric = small()
    assert sessions(fabric, "spine-1")["r-leaf-1"].passive
    assert not sessions(fabric, "r-leaf-1")["spine-1"].passive
    assert sessions(fabric, "r-leaf-1")["r-server-1"].passive
    assert not sessions(fabric, "r-server-1")["r-leaf-1"].passive


def test_who_dials_alone_tries_again_sooner_unless_the_design_says_when() -> None:
    assert sessions(small(), "r-leaf-1")["spine-1"].connect_s == 2
    assert sessions(small(bfd={"fabric": False}), "r-leaf-1")["spine-1"].connect_s == 10
    assert sessions(small(timers={"connect_s": 7}), "r-leaf-1")["spine-1"].connect_s == 7


@pytest.mark.parametrize(
    "more",
    [
        {"bfd": {"fabric": False}},
        {"links": {"fabric": "unnumbered", "dialled_from": "below"}},
        {"links": {"dialled_from": "both-ends"}},
        {"links": {}},
    ],
)
def test_without_bfd_or_addresses_or_being_asked_both_ends_dial(more: Values) -> None:
    fabric = small(**more)
    assert not sessions(fabric, "spine-1")["r-leaf-1"].passive
    assert not sessions(fabric, "r-leaf-1")["spine-1"].passive


def test_leaves_dial_nodes_that_others_configure() -> None:
    """Their BFD session is made anew when BGP is up, and a leaf that only waits would not help them then."""
    text = (directory("topologies") / "rhoso-dz.yaml").read_text()
    fabric = config.build(plan.build(parse(f"{text}\nlinks: {{fabric: numbered, dialled_from: below}}\n")))
    nodes = {device.name for device in fabric if device.place.role in {"worker", "compute"}}
    towards = sessions(fabric, "rack-0-leaf-0")
    assert nodes & towards.keys()
    assert {far for far, session in towards.items() if session.passive} == set()
    assert sessions(fabric, "spine-0")["rack-0-leaf-0"].passive
