"""Nodes that learn host routes: what is emitted says so, and what the controllers make of it routes."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest

from fabric import config
from fabric.config import Family
from fabric.kubernetes import configure
from fabric.kubernetes.emit import kubernetes_files
from fabric.plan import Plan
from fabric.simulate import Simulation, simulate
from tests.kubernetes.emit.cluster import emitted, of_kind, plan_of, small

_NETWORKS = {"internalapi": {"ipv4": "172.17.0.0/24", "ipv6": "fd00:17::/64", "roles": ["worker"], "vips": 2}}


def _plan(release: str = "4.20", **changes: Any) -> Plan:
    values = small(networks=_NETWORKS, rhoso={"node_routes": "learned"}, kubernetes={"release": release})
    return plan_of({**values, **changes})


def _width(simulation: Simulation, device: str, prefix: str) -> int:
    family: Family = "ipv6" if ":" in prefix else "ipv4"
    return len(simulation.fib(device, family)[ip_network(prefix)].next_hops)


@pytest.mark.parametrize("release", ["4.18", "4.19", "4.20", "4.22"])
@pytest.mark.parametrize("families", [["ipv4"], ["ipv6"], ["ipv4", "ipv6"]])
def test_every_node_has_every_host_over_both_leaves_and_no_default_route(release: str, families: Any) -> None:
    planned = _plan(release, families=families, borders={"routers": 1})
    simulation = simulate(configure(planned))
    loopbacks = {d.name: d.loopbacks for d in planned.devices if d.device.tier == "node"}
    for name in ("r0-worker-0", "r1-worker-1"):
        for other, addresses in loopbacks.items():
            for address in () if other == name else addresses:
                assert _width(simulation, name, str(address)) == 2
        assert ip_network("0.0.0.0/0") not in simulation.fib(name, "ipv4")


@pytest.mark.parametrize("asn", [{}, {"nodes": "per-node"}, {"nodes": "shared"}, {"leaves": "per-rack", "width": 4}])
@pytest.mark.parametrize("peering", [None, "frr-k8s"])
def test_whatever_the_asns(asn: Any, peering: Any) -> None:
    planned = _plan(asn=asn, kubernetes={"peering": peering})
    simulation = simulate(configure(planned))
    (address,) = planned.by_name["r1-worker-0"].loopbacks
    assert _width(simulation, "r0-worker-0", str(address)) == 2


def test_the_configuration_is_what_the_resources_come_to() -> None:
    planned = _plan(families=["ipv4", "ipv6"])
    direct, through = config.build(planned).by_name["r0-worker-0"], configure(planned).by_name["r0-worker-0"]
    assert direct.static_routes == through.static_routes == ()
    for one, other in zip(direct.bgp[0].neighbors, through.bgp[0].neighbors, strict=True):
        assert [entry.allowas_in for entry in one.families] == [entry.allowas_in for entry in other.families]


def test_the_resources_name_host_routes_and_policies_have_no_routes() -> None:
    documents = emitted(_plan())
    for document in of_kind(documents, "FRRConfiguration"):
        for neighbor in document["spec"]["bgp"]["routers"][0]["neighbors"]:
            assert neighbor["toReceive"]["allowed"]["prefixes"] == [
                {"prefix": "99.99.0.0/16", "ge": 32, "le": 32},
                {"prefix": "172.17.0.0/24", "ge": 32, "le": 32},
            ]
    assert all("routes" not in p["spec"]["desiredState"] for p in of_kind(documents, "NodeNetworkConfigurationPolicy"))
    assert "static routes" not in kubernetes_files(_plan())["kubernetes/CHECKLIST.md"]
