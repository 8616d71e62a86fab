"""A RHOSO deployment's resources as a design: ours come back, and so do those that a person wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from fabric.draft import Draft, draft_of, draft_text, from_rhoso, read_draft
from fabric.errors import InputError
from fabric.kubernetes import ResourceError, configure
from fabric.plan import build
from fabric.render import write_tree
from fabric.render.exports import Export, export_tree
from fabric.topology import Design, load, parse

TOPOLOGIES = Path(__file__).resolve().parents[2] / "topologies"


@pytest.mark.parametrize("stem", ["rhoso-dz", "rhoso-bgp-dt01"])
def test_our_own_resources_come_back_with_their_nodes(stem: str, tmp_path: Path) -> None:
    design = load(TOPOLOGIES / f"{stem}.yaml")
    plan = build(design)
    write_tree(export_tree(Export(plan, configure(plan)), ("kubernetes",)), tmp_path)
    again = parse(draft_text(read_draft(tmp_path)), "again.yaml").fabric
    zones = {d.name: d.zone for d in design.fabric.devices}
    assert {d.name: d.zone for d in again.devices if d.rack} == {d.name: zones[d.name] for d in again.devices if d.rack}
    found = {(d.name, d.role, d.rack) for d in again.devices if d.tier == "node"}
    # Control-plane nodes of a reference have no peers, and storage arrays no resources.
    expected = {
        (d.name, d.role, d.rack)
        for d in design.fabric.devices
        if d.tier == "node" and d.role in ("worker", "compute", "networker")
    }
    assert found - {entry for entry in found if entry[1] in ("control-plane", "tester")} == expected
    assert {d.name for d in again.devices if d.tier == "leaf"} == {
        d.name for d in design.fabric.devices if d.tier == "leaf"
    }


PEERS = """\
apiVersion: metallb.io/v1beta2
kind: BGPPeer
metadata: {name: bgp-peer-node-3-1, namespace: metallb-system}
spec:
  myASN: 64999
  peerASN: 64998
  peerAddress: 100.65.1.13
  nodeSelectors: [{matchLabels: {kubernetes.io/hostname: worker-0}}]
---
apiVersion: metallb.io/v1beta2
kind: BGPPeer
metadata: {name: bgp-peer-node-3-0, namespace: metallb-system}
spec:
  myASN: 64999
  peerASN: 64998
  peerAddress: 100.64.1.13
  nodeSelectors: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [worker-0]}]}]
---
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: {name: internalapi, namespace: metallb-system}
spec: {addresses: [172.17.0.80-172.17.0.90]}
"""
POLICY = """\
apiVersion: nmstate.io/v1
kind: NodeNetworkConfigurationPolicy
metadata: {name: worker-0}
spec:
  nodeSelector: {kubernetes.io/hostname: worker-0, node-role.kubernetes.io/worker: ""}
  desiredState:
    interfaces:
    - {name: enp8s0, type: ethernet, ipv4: {enabled: true, address: [{ip: 100.64.1.14, prefix-length: 30}]}}
    - {name: enp9s0, type: ethernet, ipv4: {enabled: true, address: [{ip: 100.65.1.14, prefix-length: 30}]}}
    - {name: internalapi, type: linux-bridge, ipv4: {enabled: true, address: [{ip: 172.17.0.1, prefix-length: 24}]}}
"""
NODE_SETS = """\
apiVersion: dataplane.openstack.org/v1beta1
kind: OpenStackDataPlaneNodeSet
metadata: {name: r0-compute-nodes}
spec:
  nodes:
    edpm-r0-compute-0:
      hostName: edpm-r0-compute-0
      ansible: {ansibleVars: {edpm_frr_bgp_peers: [100.64.0.1, 100.65.0.1]}}
---
apiVersion: v1
kind: Node
metadata: {name: worker-0, labels: {topology.kubernetes.io/zone: zoneB}}
---
apiVersion: v1
kind: Node
metadata: {name: master-0, labels: {node-role.kubernetes.io/master: ""}}
---
apiVersion: network.openstack.org/v1beta1
kind: NetConfig
metadata: {name: netconfig}
spec:
  networks:
  - name: Tenant
    subnets: [{name: subnet1, cidr: 172.19.0.0/24, vlan: 22, gateway: 172.19.0.1}]
  - name: ctlplane
    subnets: [{name: subnet0, cidr: 192.168.122.0/24}, {name: subnet1, cidr: 192.168.123.0/24}]
"""
FILES = {"site/peers.yaml": PEERS, "site/nncp.yaml": POLICY, "site/edpm/nodesets.yaml": NODE_SETS}


def drafted(files: dict[str, str]) -> tuple[Draft, Design]:
    """The draft of resources, and the design that it reads as."""
    draft = draft_of(from_rhoso(files))
    return draft, parse(draft_text(draft), "draft.yaml")


def test_racks_sides_and_roles_follow_from_the_peers() -> None:
    _, design = drafted(FILES)
    assert {(d.name, d.tier, d.role, d.rack) for d in design.fabric.devices if d.rack} == {
        ("rack-0-leaf-0", "leaf", "leaf", "rack-0"),
        ("rack-0-leaf-1", "leaf", "leaf", "rack-0"),
        ("rack-1-leaf-0", "leaf", "leaf", "rack-1"),
        ("rack-1-leaf-1", "leaf", "leaf", "rack-1"),
        ("edpm-r0-compute-0", "node", "compute", "rack-0"),
        ("worker-0", "node", "worker", "rack-1"),
    }
    assert {d.zone for d in design.fabric.devices if d.rack == "rack-1"} == {"zoneb"}


def test_asns_networks_and_nics_come_in() -> None:
    _, design = drafted(FILES)
    asns = {device.name: device.asn for device in build(design).devices}
    assert (asns["rack-0-leaf-0"], asns["rack-1-leaf-0"], asns["worker-0"], asns["spine-0"]) == (
        64999,
        64998,
        64999,
        65000,
    )
    topology = design.topology
    assert str(topology.networks["internalapi"].ipv4) == "172.17.0.0/24"
    assert (topology.networks["internalapi"].vips, topology.networks["internalapi"].vip_offset) == (11, 80)
    assert (topology.networks["tenant"].kind, topology.networks["tenant"].vlan) == ("segment", 22)
    assert dict(topology.kubernetes.nics) == {"eth1": "enp8s0", "eth2": "enp9s0"}


def test_what_is_left_out_is_told() -> None:
    draft, _ = drafted(FILES)
    notes = "\n".join(draft.notes)
    assert "left out: master-0." in notes
    assert "by hand: ctlplane." in notes
    assert "zoneB is called zoneb" in notes
    assert "the resources in site" in draft.heading


def test_a_folder_without_peers_is_refused() -> None:
    with pytest.raises(InputError, match="found no node that peers with a leaf"):
        from_rhoso({"nncp.yaml": POLICY})


def test_what_is_no_yaml_is_named_with_its_line() -> None:
    with pytest.raises(ResourceError, match=r"peers\.yaml:\d+"):
        from_rhoso({"peers.yaml": "a: [1\nb: {"})


def rendered(text: str) -> dict[str, str]:
    """The cluster's resources of a design."""
    plan = build(parse(text, "design.yaml"))
    files = export_tree(Export(plan, configure(plan)), ("kubernetes",))
    return {name: text for name, text in files.items() if name.endswith(".yaml")}


COMPUTES_ONLY = """\
version: 1
name: az
profile: rhoso
families: [ipv4, ipv6]
spines: 2
zones:
  - {name: az1, racks: [{name: r1, leaves: 2, nodes: {workers: 2}}]}
  - {name: az2, racks: [{name: r2, leaves: 2, nodes: {computes: 2}}]}
networks:
  designate: {ipv4: 172.29.0.0/24, ipv6: "fd00:29::/64", roles: [worker, compute], vips: 2}
  octavia: {ipv4: 172.23.0.0/24, ipv6: "fd00:23::/64", roles: [compute]}
node_groups: {workers: {role: worker}, computes: {role: compute}}
"""


def test_a_network_of_two_families_comes_back_as_one() -> None:
    """NetConfig has NAME and NAMEv6, of which the second had no IPv4 prefix and overlapped the first."""
    _, design = drafted(rendered(COMPUTES_ONLY))
    prefixes = {name: (str(n.ipv4), str(n.ipv6)) for name, n in design.topology.networks.items()}
    assert prefixes == {
        "designate": ("172.29.0.0/24", "fd00:29::/64"),
        "octavia": ("172.23.0.0/24", "fd00:23::/64"),
    }


def test_a_rack_of_computes_is_in_its_zone_and_one_without_is_named() -> None:
    files = rendered(COMPUTES_ONLY)
    draft, design = drafted(files)
    assert {d.name: d.zone for d in design.fabric.devices}["r2-compute-0"] == "az2"
    assert not any("zone" in note for note in draft.notes)
    label = "  labels:\n    topology.kubernetes.io/zone: az2\n"
    unlabelled = {name: text.replace(label, "") for name, text in files.items()}
    assert unlabelled != files
    draft, design = drafted(unlabelled)
    assert {d.zone for d in design.fabric.devices if d.rack == "rack-1"} == {"zone-unknown"}
    assert any("zone-unknown stands for it; move them: rack-1 (" in note for note in draft.notes)
    assert "zone-unknown stands for it" in draft_text(draft)


def test_a_worker_of_frrconfigurations_alone_is_found() -> None:
    draft, design = drafted(rendered(COMPUTES_ONLY.replace(", vips: 2", "")))
    assert {d.name for d in design.fabric.devices if d.role == "worker"} == {"r1-worker-0", "r1-worker-1"}
    assert not any("left out" in note for note in draft.notes)


def test_a_network_of_one_family_is_told() -> None:
    files = {**FILES, "site/more.yaml": PEERS.replace("100.65.1.13", "fd00::1").replace("100.64.1.13", "fd00:1::1")}
    draft, design = drafted(files)
    assert set(design.topology.networks) == set()
    assert "The network tenant has no ipv6 prefix, which nodes of this fabric need." in draft.notes
