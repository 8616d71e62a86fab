"""What the effects of failures are found from, and what else decides, so that scenarios are simulated."""

from __future__ import annotations

from typing import Any

import pytest

from fabric.config import FabricConfig, FibFilter, StaticRoute
from fabric.simulate import simulate
from fabric.simulate._ground import Ground, ground
from tests.simulate.build import Own, device, interface, neighbor, static
from tests.simulate.build import fabric as built


def _fabric(*routes: StaticRoute, **leaf: Any) -> FabricConfig:
    """A spine, a leaf with these routes, and a node that has iBGP with the leaf.

    s0 (65000) -- 10.0.0.0/31 -- l0 (65001) -- 10.0.1.0/31 -- n0 (65001)
    """
    up, down = (
        neighbor("10.0.0.0", 65000),
        neighbor("10.0.1.1", "internal", **leaf.pop("node", {"next_hop_self": True})),
    )
    ports = [interface("lo", "10.255.0.1/32"), interface("eth0", "10.0.0.1/31"), interface("eth1", "10.0.1.0/31")]
    l0 = device("l0", 65001, ports, [up, down], Own(("10.255.0.1/32",)), static_routes=routes, **leaf)
    s0 = device("s0", 65000, [interface("eth0", "10.0.0.0/31")], [neighbor("10.0.0.1", 65001)], Own())
    node = [interface("lo", "10.255.0.2/32"), interface("eth0", "10.0.1.1/31")]
    n0 = device("n0", 65001, node, [neighbor("10.0.1.0", "internal")], Own(("10.255.0.2/32",)))
    return built((s0, l0, n0), "s0:eth0 l0:eth0", "l0:eth1 n0:eth0")


def _ground(fabric: FabricConfig) -> Ground | None:
    return ground(simulate(fabric))


def test_a_node_with_internal_sessions_only_tells_its_own_routes() -> None:
    """It has no `next-hop-self`, and needs none."""
    found = _ground(_fabric())
    assert found is not None
    assert all(family.plain for family in found.families)


def test_who_passes_on_what_external_peers_say_needs_next_hop_self() -> None:
    assert _ground(_fabric(node={})) is None


@pytest.mark.parametrize(
    "leaf",
    [
        {"fib_filters": (FibFilter("ipv4", "bgp", "none"),)},
        {"static_routes": (static("192.0.2.0/24", "10.0.1.1"),)},
        {"static_routes": (static("192.0.2.0/24", None),)},
        {"static_routes": (static("192.0.2.0/24", "eth1"),)},
    ],
)
def test_packets_are_followed_where_not_only_bgp_makes_kernel_routes(leaf: dict[str, Any]) -> None:
    found = _ground(_fabric(*leaf.pop("static_routes", ()), **leaf))
    assert found is not None
    assert not found.families[0].plain


@pytest.mark.parametrize(
    "fabric",
    [
        _fabric(static("192.0.2.0/24", "10.0.1.1", distance=30)),  # BGP's route would be better, if it had one
        _fabric(static("192.0.2.0/24", "10.255.0.2")),  # resolves through a route of BGP
        _fabric(static("192.0.2.0/24", "198.51.100.1"), static("198.51.100.0/24", "10.0.1.1")),  # through another
        _fabric(static("10.0.0.0/32", "10.0.1.1")),  # closer than the subnet of a session
    ],
)
def test_what_hangs_on_other_routes_is_simulated(fabric: FabricConfig) -> None:
    assert _ground(fabric) is None
