"""A design to its plan: ports, addresses and ASNs, each a pure function of the design."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address

from fabric.errors import PlanError
from fabric.plan._addresses import Giver, LinkSubnets, Loopbacks, pool_uses
from fabric.plan._asns import Asns
from fabric.plan._model import DevicePlan, LinkEnd, LinkPlan, Plan
from fabric.plan._networks import Networks, plan_networks
from fabric.plan._slots import Slots
from fabric.topology import Design, Link


def build(design: Design) -> Plan:
    """The plan of a design; raises `PlanError` with every pool and range that is too small."""
    slots, giver = Slots(design), Giver(design)
    asns = Asns(design, slots)
    links = tuple(_links(design, LinkSubnets(giver, slots)))
    networks = plan_networks(design, giver)
    devices = tuple(_devices(design, Loopbacks(giver, slots), asns, networks))
    problems = giver.problems + asns.problems
    if problems:
        raise PlanError(problems)
    return Plan(design, devices, links, networks.subnets, pool_uses(giver))


def _devices(design: Design, loopbacks: Loopbacks, asns: Asns, networks: Networks) -> Iterator[DevicePlan]:
    for device in design.fabric.devices:
        addresses = loopbacks.of(device)
        router_id = addresses.get("ipv4", IPv4Address(0))
        assert isinstance(router_id, IPv4Address)
        yield DevicePlan(
            device,
            asns.of(device),
            router_id,
            tuple(a for family, a in addresses.items() if family in design.topology.families),
            tuple(networks.hosts.get(device.name, ())),
            tuple(networks.vips.get(device.name, ())),
        )


def _links(design: Design, subnets: LinkSubnets) -> Iterator[LinkPlan]:
    """Links with ports: the uplinks of a device come first, then its downlinks, each in the order of the links."""
    ports = _ports(design.fabric.links)
    for link in design.fabric.links:
        upper, lower = subnets.of(link)
        yield LinkPlan(
            link,
            LinkEnd(link.upper, ports[link, link.upper], upper),
            LinkEnd(link.lower, ports[link, link.lower], lower),
        )


def _ports(links: tuple[Link, ...]) -> dict[tuple[Link, str], str]:
    uplinks: dict[str, list[Link]] = {}
    downlinks: dict[str, list[Link]] = {}
    for link in links:
        uplinks.setdefault(link.lower, []).append(link)
        downlinks.setdefault(link.upper, []).append(link)
    return {
        (link, name): f"eth{number}"
        for name in {**uplinks, **downlinks}
        for number, link in enumerate(uplinks.get(name, []) + downlinks.get(name, []), start=1)
    }
