"""A containerlab file comes back as the design that it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from fabric.check import Subject, check
from fabric.draft import draft_of, draft_text, from_containerlab, read_draft
from fabric.draft._scheme import RackAsns, scheme_of
from fabric.errors import TopologyError
from fabric.kubernetes import configure
from fabric.plan import build
from fabric.render import write_tree
from fabric.render.exports import Export, export_tree
from fabric.topology import Design, load, parse

TOPOLOGIES = Path(__file__).resolve().parents[2] / "topologies"


def shipped(stem: str, directory: Path) -> tuple[Design, Path]:
    """A shipped design, and the containerlab file that we write of it."""
    design = load(TOPOLOGIES / f"{stem}.yaml")
    plan = build(design)
    write_tree(export_tree(Export(plan, configure(plan)), ("frr", "containerlab")), directory)
    return design, directory / f"{design.topology.name}.clab.yml"


@pytest.mark.parametrize("stem", sorted(path.stem for path in TOPOLOGIES.glob("*.yaml")))
def test_what_we_export_comes_back_with_its_devices_links_and_asns(stem: str, tmp_path: Path) -> None:
    design, file = shipped(stem, tmp_path)
    draft = read_draft(file)
    again = parse(draft_text(draft), "again.yaml")
    assert draft.differences == ()
    assert {(d.name, d.tier, d.role, d.zone, d.rack) for d in again.fabric.devices} == {
        (d.name, d.tier, d.role, d.zone, d.rack) for d in design.fabric.devices
    }
    assert {frozenset((k.upper, k.lower)) for k in again.fabric.links} == {
        frozenset((k.upper, k.lower)) for k in design.fabric.links
    }
    plan = build(design)
    asns = {d.name: d.asn for d in plan.devices if d.asn is not None}
    assert {d.name: d.asn for d in build(again).devices if d.name in asns} == asns


PLAIN = """\
name: old lab
topology:
  nodes:
    Spine1: {kind: linux}
    Spine2: {kind: linux}
    leaf_1: {kind: linux}
    leaf_2: {kind: linux}
    leaf_3: {kind: linux}
    h1: {kind: linux}
    h3: {kind: linux}
  links:
    - endpoints: ["Spine1:eth1", "leaf_1:eth1"]
    - endpoints: ["Spine1:eth2", "leaf_2:eth1"]
    - endpoints: ["Spine1:eth3", "leaf_3:eth1"]
    - endpoints: ["Spine2:eth1", "leaf_1:eth2"]
    - endpoints: ["Spine2:eth2", "leaf_2:eth2"]
    - type: veth
      endpoints:
        - {node: leaf_1, interface: eth3}
        - {node: h1, interface: eth1}
    - endpoints: ["leaf_2:eth3", "h1:eth2"]
    - endpoints: ["leaf_3:eth3", "h3:eth1"]
    - endpoints: ["leaf_3:eth4", "host:out"]
"""


def test_names_racks_and_what_is_missing_are_told() -> None:
    draft = draft_of(from_containerlab(PLAIN, "old.clab.yml"))
    design = parse(draft_text(draft), "draft.yaml")
    assert {(d.name, d.tier, d.rack) for d in design.fabric.devices} == {
        ("spine1", "spine", None),
        ("spine2", "spine", None),
        ("leaf-1", "leaf", "rack-1"),
        ("leaf-2", "leaf", "rack-1"),
        ("leaf-3", "leaf", "rack-2"),
        ("h1", "node", "rack-1"),
        ("h3", "node", "rack-2"),
    }
    assert draft.differences == ("Links that the design has and the source has not: leaf-3--spine2.",)
    assert any("leaf_3--host leads out" in note for note in draft.notes)
    assert any("leaf_1 is called leaf-1" in note for note in draft.notes)
    assert all(sentence.split()[0] in draft_text(draft) for sentence in (*draft.notes, *draft.differences))


def test_tiers_without_telling_names_follow_from_the_links() -> None:
    text = PLAIN
    for old, new in (("Spine", "upper"), ("leaf_", "lower")):
        text = text.replace(old, new)
    tiers = {d.name: d.tier for d in parse(draft_text(draft_of(from_containerlab(text, "x"))), "x").fabric.devices}
    assert tiers["upper1"] == "spine"
    assert tiers["lower3"] == "leaf"


def test_every_device_whose_tier_is_unknown_is_named_with_its_line() -> None:
    text = "topology:\n  nodes:\n    alpha: {}\n    beta: {}\n  links:\n    - endpoints: [alpha:1, beta:1]\n"
    with pytest.raises(TopologyError) as caught:
        draft_of(from_containerlab(text, "x.yml"))
    assert [problem.where for problem in caught.value.problems] == ["x.yml:3", "x.yml:4"]


def test_every_wrong_link_is_named() -> None:
    text = (
        "topology:\n  nodes: {leaf1: {}}\n  links:\n    - endpoints: [leaf1:1, leaf9:1]\n    - endpoints: [leaf1:2]\n"
    )
    with pytest.raises(TopologyError) as caught:
        from_containerlab(text, "x.yml")
    assert [(p.where, p.found) for p in caught.value.problems] == [
        ("x.yml:4", "the end 'leaf9'"),
        ("x.yml:5", "1 ends"),
    ]


def test_configurations_outside_the_files_directory_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "frr.conf").write_text("router bgp 64999\n")
    (tmp_path / "lab").mkdir()
    file = tmp_path / "lab" / "x.clab.yml"
    bind = "binds: ['../frr.conf:/etc/frr/frr.conf']"
    file.write_text(f"topology:\n  nodes:\n    leaf1: {{{bind}}}\n    spine1: {{}}\n  links: []\n")
    assert "64999" not in draft_text(read_draft(file))


def test_our_rhoso_lab_comes_back_with_its_scheme_links_and_times(tmp_path: Path) -> None:
    """It became one of eBGP everywhere over numbered links, whose leaves refused each other's routes (FAB-916)."""
    _, file = shipped("rhoso-dz", tmp_path)
    draft = read_draft(file)
    again = parse(draft_text(draft), "again.yaml")
    asn = again.settings.asn
    assert (asn.leaves, asn.nodes, again.settings.fabric_links.numbered) == ("shared", "leaf", False)
    assert again.settings.node_links.numbered
    report = check(Subject(build(again)), lambda rule: rule >= "FAB-9")
    assert [str(finding) for finding in report.findings if finding.rule.severity == "error"] == []
    notes = "\n".join(draft.notes)
    for lost in (
        "Networks: nodes have further addresses, 172.18.0.10/32",
        "Some sessions have BFD",
        "Static",
        "Filters",
    ):
        assert lost in notes


CONFIGURED = """\
topology:
  nodes:
    spine1: {binds: ['s1/frr.conf:/etc/frr/frr.conf']}
    leaf1: {binds: ['l1/frr.conf:/etc/frr/frr.conf']}
    leaf2: {binds: ['l2/frr.conf:/etc/frr/frr.conf']}
  links:
    - endpoints: [spine1:e1, leaf1:e1]
    - endpoints: [spine1:e2, leaf2:e1]
"""


def test_what_configurations_say_is_kept_or_told() -> None:
    files = {
        "s1/frr.conf": "router bgp 64600\n neighbor e1 interface remote-as external\n neighbor e1 bfd 5 50 50\n"
        " neighbor e1 timers 1 4\n neighbor 10.0.0.1 remote-as external\n neighbor 10.0.0.1 password secret\n",
        "l1/frr.conf": "router bgp 64700\n neighbor e1 interface remote-as external\n neighbor e1 bfd 5 50 50\n",
        "l2/frr.conf": "router bgp 64700\n neighbor e1 timers 3 9\n!\nvrf red\n",
    }
    draft = draft_of(from_containerlab(CONFIGURED, "x.clab.yml", files.get))
    topology = parse(draft_text(draft), "x.yaml").topology
    assert (topology.bfd.transmit_ms, topology.bfd.multiplier) == (50, 5)
    assert topology.asn.leaves == "shared"
    notes = "\n".join(draft.notes)
    for lost in ("Some links are unnumbered", "BGP timers that differ", "Passwords", "VRFs"):
        assert lost in notes
    assert "secret" not in draft_text(draft)


@pytest.mark.parametrize(
    ("racks", "spines", "expected"),
    [
        ([RackAsns("a", (1, 2), (7, 8)), RackAsns("b", (3, 4), (9,))], [5, 5], {}),
        ([RackAsns("a", (1, 1), ()), RackAsns("b", (2, 2), ())], [5, 6], {"leaves": "per-rack", "spines": "unique"}),
        (
            [RackAsns("a", (1, 1), (3,)), RackAsns("a", (1,), (3,)), RackAsns("b", (2,), (3,))],
            [5],
            {"leaves": "per-zone", "nodes": "shared"},
        ),
        ([RackAsns("a", (1,), (1,)), RackAsns("a", (2,), (2, 2))], [5], {"nodes": "leaf"}),
        ([RackAsns("a", (1, 2), (1,)), RackAsns("a", (3,), ())], [5], {}),
        ([RackAsns("a", (1,), (6, 6)), RackAsns("a", (2,), (7, 7))], [5], {"nodes": "per-rack"}),
        ([RackAsns("a", (1, None), (6,))], [None, 5], {}),
        ([RackAsns("a", (1, 1), ()), RackAsns("a", (1, 2), ())], [5], {}),
    ],
)  # fmt: skip
def test_a_scheme_is_what_the_asns_in_use_tell(
    racks: list[RackAsns], spines: list[int | None], expected: dict[str, str]
) -> None:
    assert scheme_of(racks, spines) == expected
