"""What a sweep says of one scenario, and how further judges are asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from fabric.config import FabricConfig, Family, Prefix
from fabric.simulate._reachability import Fates, Walk
from fabric.simulate._rounds import FAMILIES
from fabric.simulate._scenarios import Scenario
from fabric.simulate._simulation import Simulation, simulate
from fabric.simulate._values import Failures


@dataclass(frozen=True, slots=True)
class Cut:
    """Two endpoints that live and no longer reach each other."""

    one: str
    two: str
    family: Family
    fates: Fates
    """How packets end, in both directions together."""


@dataclass(frozen=True, slots=True)
class Narrowed:
    """ECMP next hops that routes have lost; routes that are gone are not counted."""

    routes: int
    next_hops: int
    """Over all those routes."""
    device: str
    prefix: Prefix
    before: int
    after: int
    """The route, its device and its widths before and after, of the route that lost the largest part."""


@dataclass(frozen=True)
class Situation:
    """A fabric in one scenario, as a judge sees it; what is not asked for is not computed."""

    fabric: FabricConfig
    failures: Failures
    """Those of the scenario together with those that were there before it."""

    @cached_property
    def simulation(self) -> Simulation:
        """The stable state; raises `NoStableStateError` where there is none."""
        return simulate(self.fabric, self.failures)

    @cached_property
    def walks(self) -> Mapping[Family, Walk]:
        """The forwarding of both families."""
        return {family: Walk(self.simulation, family) for family in FAMILIES}


@dataclass(frozen=True, slots=True)
class Remark:
    """What a judge says of one scenario."""

    judge: str
    """The judge's name."""
    text: str
    """What is wrong, or what was measured; equal remarks on the parts of a double failure are not repeated."""
    score: float = 0.0
    """How bad it is: of all scenarios of a kind the sweep keeps the one with the highest score of each judge."""
    harmful: bool = False
    """The scenario counts as harmful for this alone."""
    details: object = None
    """More, for documents; picklable and comparable."""


class Judge(Protocol):
    """A question that a sweep asks of every scenario besides its own: pure, and picklable for other processes."""

    def __call__(self, situation: Situation) -> Sequence[Remark]:
        """What there is to say, nothing as a rule; the same question is not asked of the fabric before it fails."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What one scenario does to the fabric, beyond what is wrong without it."""

    scenario: Scenario
    cuts: tuple[Cut, ...] = ()
    narrowed: Narrowed | None = None
    unstable: str = ""
    """Set where the fabric would find no stable state: which devices never agree, and on what."""
    remarks: tuple[Remark, ...] = ()
    """What the further judges say, in their order."""

    @property
    def harmful(self) -> bool:
        """True when the scenario cuts or unsettles something, or a judge calls it harmful."""
        return bool(self.cuts or self.unstable) or any(remark.harmful for remark in self.remarks)
