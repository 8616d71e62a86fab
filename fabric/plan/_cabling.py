"""The cables of a plan as a person plugs them, and how much more a switch takes in than it can pass on."""

from __future__ import annotations

from collections.abc import Iterator

from fabric._values import dataclass
from fabric.plan._model import LinkEnd, Plan


@dataclass(frozen=True, slots=True)
class CablePlan:
    """One cable: where it starts, where it ends, how fast it is."""

    upper: str
    upper_port: str
    upper_rack: str | None
    lower: str
    lower_port: str
    lower_rack: str | None
    speed_gbps: float | None
    """Speed of the slower end; `None` where no end's model is known."""


@dataclass(frozen=True, slots=True)
class Oversubscription:
    """What a switch can take in from below and pass on upwards, by its cables in Gbit/s."""

    device: str
    tier: str
    down_gbps: float
    up_gbps: float

    @property
    def ratio(self) -> float:
        """How many times more comes in than can go up: 1 is non-blocking."""
        return self.down_gbps / self.up_gbps


def cabling(plan: Plan) -> tuple[CablePlan, ...]:
    """Every cable, in the order of racks and ports at its lower end."""
    racks = {entry.name: entry.device.rack for entry in plan.devices}
    return tuple(
        CablePlan(
            link.upper.device,
            link.upper.interface,
            racks[link.upper.device],
            link.lower.device,
            link.lower.interface,
            racks[link.lower.device],
            link.speed_gbps,
        )
        for link in plan.links
    )


def oversubscription(plan: Plan) -> tuple[Oversubscription, ...]:
    """For each switch with uplinks and downlinks of known speed; ports without a cable do not count."""
    return tuple(_oversubscriptions(plan))


def _oversubscriptions(plan: Plan) -> Iterator[Oversubscription]:
    for entry in plan.devices:
        ends = [(link, near) for link, near, _ in plan.links_of[entry.name]]
        up = sum(link.speed_gbps or 0 for link, near in ends if near is link.lower)
        down = sum(link.speed_gbps or 0 for link, near in ends if near is link.upper)
        if up and down and all(_known(near) for _, near in ends):
            yield Oversubscription(entry.name, entry.device.tier, down, up)


def _known(end: LinkEnd) -> bool:
    return end.speed_gbps is not None
