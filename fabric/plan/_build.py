"""A design and its ledger to the plan: ports, addresses and ASNs."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address

from fabric._bulk import without_collection
from fabric.errors import PlanError
from fabric.plan._addresses import Loopbacks
from fabric.plan._asns import Asns
from fabric.plan._blocks import Givers, blocks
from fabric.plan._collisions import collisions
from fabric.plan._giver import Giver
from fabric.plan._ledger import EMPTY, Ledger
from fabric.plan._links import LinkSubnets
from fabric.plan._model import DevicePlan, LinkEnd, LinkPlan, Plan
from fabric.plan._networks import Networks, plan_networks
from fabric.plan._pools import pool_uses
from fabric.plan._ports import plan_ports
from fabric.plan._slots import Slots
from fabric.topology import Design


@without_collection()
def build(design: Design, ledger: Ledger = EMPTY) -> Plan:
    """The plan of a design in which everything keeps what the ledger says that it has.

    Raises `PlanError` with every pool and range that is too small, every value that the ledger gives to two owners,
    and every value of it that lies outside its pool.
    """
    giver, made = _fitting(design, ledger)
    problems = giver.problems()
    if problems:
        raise PlanError(problems)
    return made


def _fitting(design: Design, ledger: Ledger) -> tuple[Giver, Plan]:
    """The plan in which names pick their places, or, where those lie beyond some pool, the one without gaps."""
    giver, made = _run(design, ledger)
    if giver.by_name and giver.problems():
        return _run(design, ledger, by_name=False)
    return giver, made


def _run(design: Design, ledger: Ledger, *, by_name: bool = True) -> tuple[Giver, Plan]:
    """The plan, with gaps where the giver has problems."""
    giver = Giver(design, ledger, by_name=by_name)
    if giver.collides:
        raise PlanError(collisions(ledger))
    slots = Slots(giver)
    subnets, loopbacks = LinkSubnets(giver, slots), Loopbacks(giver, slots)
    links = tuple(_links(giver, slots, subnets))
    networks = plan_networks(giver, slots)
    made = Plan(
        design=design,
        devices=tuple(_devices(giver, slots, loopbacks, networks)),
        links=links,
        subnets=tuple(networks.subnets),
        pools=pool_uses(design, giver.given),
        ledger=giver.ledger(),
        blocks=() if giver.problems() else blocks(Givers(design, slots, loopbacks, subnets), links, networks.subnets),
    )
    return giver, made


@without_collection()
def reclaim(design: Design, ledger: Ledger) -> Ledger:
    """The ledger to plan with where values that nobody in the design has any more may be given out again.

    It holds what the design keeps, and nothing for what is new in the design: plan with it, and write that plan's.
    """
    giver, _ = _fitting(design, ledger)
    return giver.kept()


def ledger_of(plan: Plan) -> Ledger:
    """What to write down of a plan, so that the next one keeps it: all values given out, and the quarantine."""
    return plan.ledger


def _devices(giver: Giver, slots: Slots, loopbacks: Loopbacks, networks: Networks) -> Iterator[DevicePlan]:
    asns, families = Asns(giver, slots), giver.design.topology.families
    for device in giver.design.fabric.devices:
        addresses = loopbacks.of(device)
        router_id = addresses.get("ipv4", IPv4Address(0))
        assert isinstance(router_id, IPv4Address)
        yield DevicePlan(
            device,
            asns.of(device),
            router_id,
            tuple(a for family, a in addresses.items() if family in families),
            tuple(networks.hosts.get(device.name, ())),
            tuple(networks.vips.get(device.name, ())),
            slots.of(device),
            tuple(networks.segments.get(device.name, ())),
        )


def _links(giver: Giver, slots: Slots, subnets: LinkSubnets) -> Iterator[LinkPlan]:
    ports = plan_ports(giver, slots)
    for link in giver.design.fabric.links:
        upper, lower = subnets.of(link)
        above, below = ports[link.upper, link.lower], ports[link.lower, link.upper]
        yield LinkPlan(
            link,
            LinkEnd(link.upper, above.number, upper, above.name, above.speed_gbps),
            LinkEnd(link.lower, below.number, lower, below.name, below.speed_gbps),
        )
