"""A netlab file in each of its forms."""

from __future__ import annotations

import pytest

from fabric.draft import draft_of, draft_text, from_netlab
from fabric.errors import TopologyError
from fabric.plan import build
from fabric.topology import Design, parse

FORMS = """\
name: mine
provider: clab
addressing:
  loopback: {ipv4: 10.9.0.0/24, ipv6: "2001:db8:9::/64"}
  p2p: {ipv4: true}
bgp: {as_list: {65100: {members: [spine-a, spine-b]}}}
groups:
  _auto_create: true
  spines: {members: [spine-a, spine-b]}
  leaves: {members: [x1, x2], node_data: {bgp: {as: 65200}}}
nodes:
  srv: {device: linux}
  x2: {bgp: {as: 65201}}
links:
  - spine-a-x1
  - [spine-a, x2]
  - {spine-b: {ipv4: 10.1.0.1/30}, x1: {}, bandwidth: 1000}
  - interfaces: [{node: spine-b}, {node: x2}]
  - x1-srv
  - x2-srv
  - [x1, x2, srv]
"""


def design_of(text: str) -> Design:
    """The design that the text is drafted to."""
    return parse(draft_text(draft_of(from_netlab(text, "topology.yml"))), "draft.yaml")


def test_nodes_links_groups_asns_and_pools_come_in() -> None:
    draft = draft_of(from_netlab(FORMS, "topology.yml"))
    plan = build(parse(draft_text(draft), "draft.yaml"))
    asns = {name: plan.by_name[name].asn for name in ("spine-a", "spine-b", "x1", "x2")}
    assert asns == {"spine-a": 65100, "spine-b": 65100, "x1": 65200, "x2": 65201}
    assert all(str(a).startswith(("10.9.0.", "2001:db8:9:")) for a in plan.by_name["x1"].loopbacks)
    assert {d.rack for d in plan.design.fabric.devices if d.name in ("x1", "x2", "srv")} == {"rack-1"}
    assert draft.differences == ()
    assert any("x1, x2, srv (topology.yml:" in note for note in draft.notes)


def test_the_fabric_plugin_makes_nodes_and_links() -> None:
    design = design_of("plugin: [fabric]\nfabric: {spines: 2, leafs: 3}\nbgp: {as: 65000}\n")
    assert {d.name for d in design.fabric.devices} == {"s1", "s2", "l1", "l2", "l3"}
    assert len(design.fabric.links) == 6


def test_unknown_ends_are_named_with_their_lines() -> None:
    with pytest.raises(TopologyError) as caught:
        from_netlab("nodes: [leaf1]\nlinks:\n  - leaf1-spine1\n  - [leaf1, spine2]\n", "t.yml")
    assert [(p.where, p.found) for p in caught.value.problems] == [
        ("t.yml:3", "the end 'spine1'"),
        ("t.yml:4", "the end 'spine2'"),
    ]


def test_a_file_without_nodes_is_none_of_netlabs() -> None:
    with pytest.raises(TopologyError, match="no nodes"):
        from_netlab("links: []\n", "t.yml")


def test_groups_whose_members_are_no_list_have_none() -> None:
    """Found by mutated files: it ended in a traceback."""
    assert from_netlab("nodes: [leaf1, spine1]\ngroups: {a: {members: 3}}\nlinks: [leaf1-spine1]\n", "t.yml").links
