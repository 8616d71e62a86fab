"""Value files of kustomizations, with the slips that stood in a published example: each is found where it stands."""

from __future__ import annotations

from fabric.check import Subject, check

_NODE = """  node_{number}:
    name: worker-{number}
    bgp_ip: [100.64.0.{host}, 100.65.0.{host}]
    bgp_peers: [100.64.0.{leaf}, 100.65.0.{leaf}]
    loopback_ip: 99.99.0.{loopback}
    loopback_ipv6: f00d::{loopback6}
    routes:
      config:
      - {{destination: 99.99.0.0/16, next-hop-address: 100.64.0.{hop}, next-hop-interface: enp8s0, weight: 200}}
      - {{destination: 99.99.0.0/16, next-hop-address: 100.65.0.{leaf}, next-hop-interface: enp9s0, weight: 200}}
"""
_VALUES = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: network-values}\ndata:\n" + "".join(
    _NODE.format(number=n, host=14 + 4 * n, leaf=13 + 4 * n, hop=hop, loopback=3 + n, loopback6=loopback6)
    for n, (hop, loopback6) in enumerate([(13, 13), (17, 33), (25, 33)])
)
_SUBNETS = """  ctlplane:
    subnets:
    - {name: subnet1, cidr: 192.168.123.0/24, routes: [{destination: 192.168.124.0/24, nexthop: 192.168.123.1ØØ}]}
  bgp:
    subnets:
      bgpmainnet:
      - {name: subnet0, cidr: 99.99.0.0/24}
"""
_NODE_SET = """apiVersion: v1
kind: ConfigMap
metadata: {name: edpm-nodeset-values}
data:
  nodeset:
    ansible: {ansibleVars: {edpm_frr_bfd: false}}
    nodes:
      compute-1:
        networks:
        - {name: Bgpmainnet, subnetName: subnet0, fixedIP: 99.99.0.3}
"""


def test_the_slips_of_a_published_example_are_found() -> None:
    report = check(Subject(texts={"values.yaml": _VALUES + _SUBNETS, "nodes.yaml": _NODE_SET}))
    assert {(finding.rule.id, finding.where) for finding in report.findings} == {
        ("FAB-561", "values.yaml:37"),  # a next hop with two letters that look like zeros
        ("FAB-603", "values.yaml:30"),  # one IPv6 loopback on two workers
        ("FAB-603", "nodes.yaml:10"),  # a compute with a worker's loopback
        ("FAB-613", "values.yaml:33"),  # the next hop of another node's link
        ("FAB-717", "nodes.yaml:6"),
    }
