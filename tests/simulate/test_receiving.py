"""What the engine for all classes does once for many sessions, and what it leaves out."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from fabric.config import FabricConfig
from fabric.simulate import NONE, Reason, Simulation, simulate
from fabric.simulate._attributes import BgpNextHop
from fabric.simulate._outcomes import Together
from fabric.simulate._receiving import Receiving
from tests.simulate import fabrics
from tests.simulate.build import Own, device, interface, neighbor
from tests.simulate.build import fabric as built
from tests.simulate.test_together import _one_by_one, _tables


def _together(simulation: Simulation) -> Together:
    found = simulation._round.bgp["ipv4"].outcomes
    assert isinstance(found, Together)
    return found


def _receiving(together: Together) -> Receiving:
    found = together.rules.heeding.__self__  # type: ignore[attr-defined]  # a method of it
    assert isinstance(found, Receiving)
    return found


@pytest.mark.parametrize("fabric", [fabrics.numbered(), fabrics.unnumbered()])
def test_no_path_is_made_that_no_class_has(fabric: FabricConfig) -> None:
    """In fabrics where no better path comes later."""
    together = _together(simulate(fabric))
    held = {line for tables in together.state.received for table in tables.values() for line in table}
    made = [line for lines in _receiving(together)._lines for line in lines.values()]
    assert len(made) == len(set(made))
    assert set(made) == held


def test_spines_of_one_as_are_not_told_what_they_all_refuse() -> None:
    together = _together(simulate(fabrics.numbered()))
    leaf = next(router for router in together.rules.graph.routers if router.name == "l0")
    (group, channels), *_ = together.rules.groups[leaf.index].items()
    sent = together.state.sent[leaf.index][group]
    relayed = {message: classes for message, classes in sent.items() if len(message.exported.attributes.as_path) > 1}
    assert len(channels) == 2
    assert relayed
    assert list(together.rules.heeding(channels, relayed)) == []
    assert list(together.rules.heeding(channels, sent)) == list(channels)


def test_receivers_of_one_as_that_allow_it_differently_hear_differently() -> None:
    """h0 (AS 100) tells a0, a1 and b0, all of AS 200, what a0 announces; only a1 lets its own AS in."""
    own = Own(("10.255.0.1/32",))
    ports = [interface(f"e{n}", f"10.0.{n}.0/31") for n in range(3)]
    hub = device("h0", 100, ports, [neighbor(f"10.0.{n}.1", 200) for n in range(3)], Own())
    origin = device(
        "a0", 200, [interface("lo", "10.255.0.1/32"), interface("e0", "10.0.0.1/31")], [neighbor("10.0.0.0", 100)], own
    )
    lets_in = device("a1", 200, [interface("e0", "10.0.1.1/31")], [neighbor("10.0.1.0", 100, allowas_in=1)], Own())
    refuses = device("b0", 200, [interface("e0", "10.0.2.1/31")], [neighbor("10.0.2.0", 100)], Own())
    cables = ("h0:e0 a0:e0", "h0:e1 a1:e0", "h0:e2 b0:e0")
    for devices in ((hub, origin, lets_in, refuses), (hub, origin, refuses, lets_in)):
        fabric = built(devices, *cables)
        simulation = simulate(fabric)
        assert not simulation.obstacles
        prefix = ip_network("10.255.0.1/32")
        assert prefix in simulation.fib("a1", "ipv4")
        (candidate,) = simulation.rib("b0", "ipv4")[prefix].candidates
        assert candidate.rejected is Reason.AS_LOOP
        assert prefix not in simulation.fib("b0", "ipv4")
        assert _tables(fabric, NONE) == _one_by_one(fabric, NONE)


def test_a_neighbor_on_a_subnet_is_a_next_hop_without_asking_for_routes(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr("fabric.simulate._zebra.Zebra.connected_metric", lambda *what: asked.append(what))
    together = _together(simulate(fabrics.numbered()))
    assert not asked
    channel = together.rules.graph.channels[0]
    assert together.rules.graph.metric(channel, channel.own_next_hop[0]) == 0
    assert together.rules.graph.metric(channel, BgpNextHop(channel.own_next_hop[0].address)) == 0  # none of its own
    assert not asked


def _one_link(subnet: str, *more: str, asn: int = 101) -> FabricConfig:
    """a0 and b0 on one link of this subnet (…0 and …1), the further addresses on an interface of b0's own."""
    a0 = device(
        "a0", 100, [interface("lo", "10.255.0.1/32"), interface("e0", f"{subnet}0/31")],
        [neighbor(f"{subnet}1", asn)], Own(("10.255.0.1/32",)),
    )  # fmt: skip
    ports = [interface("e0", f"{subnet}1/31"), interface("e1", *more)]
    return built((a0, device("b0", asn, ports, [neighbor(f"{subnet}0", 100)], Own())), "a0:e0 b0:e0")


def test_no_next_hop_is_an_address_of_the_receiver() -> None:
    (candidate,) = (
        simulate(_one_link("10.0.0.", "10.0.0.0/32")).rib("b0", "ipv4")[ip_network("10.255.0.1/32")].candidates
    )
    assert candidate.rejected is Reason.NEXT_HOP_SELF


@pytest.mark.parametrize(("subnet", "rejected"), [("10.0.0.", None), ("169.254.0.", Reason.NEXT_HOP_UNREACHABLE)])
def test_link_local_subnets_are_no_routes(subnet: str, rejected: Reason | None) -> None:
    (candidate,) = simulate(_one_link(subnet)).rib("b0", "ipv4")[ip_network("10.255.0.1/32")].candidates
    assert candidate.rejected is rejected
