"""What a sweep says of one scenario, and how further judges are asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from functools import cached_property
from typing import Protocol, TypeVar

from fabric._values import dataclass
from fabric.config import Address, FabricConfig, Family, Prefix
from fabric.simulate._after import After
from fabric.simulate._reachability import Fates, Walk
from fabric.simulate._rounds import FAMILIES
from fabric.simulate._scenarios import Scenario
from fabric.simulate._simulation import Simulation, simulate
from fabric.simulate._values import Failures, Session

_Value = TypeVar("_Value")


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
    """A fabric in one scenario, as a judge sees it; what is not asked for is not computed.

    Sessions and forwarding are told from the state before the failures where that is sound. They, and only they, come
    without a simulation of the whole fabric then.
    """

    fabric: FabricConfig
    failures: Failures
    """Those of the scenario together with those that were there before it."""
    before: Situation | None = field(default=None, repr=False, compare=False)
    """The fabric without the failures of the scenario; `None` for that one itself."""
    told: After | None = field(default=None, repr=False, compare=False)
    """What is told from the state before; `None` where the scenario is simulated."""
    _kept: dict[int, tuple[object, object]] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def simulation(self) -> Simulation:
        """The stable state; raises `NoStableStateError` where there is none."""
        return simulate(self.fabric, self.failures)

    @cached_property
    def walks(self) -> Mapping[Family, Walk]:
        """The forwarding of both families."""
        if self.told is not None:
            return self.told.walks
        return {family: Walk(self.simulation, family) for family in FAMILIES}

    @property
    def sessions(self) -> tuple[Session, ...]:
        """Every session that the configurations ask for, up or down."""
        return self.simulation.sessions if self.told is None else self.told.sessions

    def moved(self, destination: Address) -> frozenset[str]:
        """The devices that treat packets to the destination otherwise than before the failures of the scenario."""
        if self.before is None:
            return frozenset()
        family = _family_of(destination)
        return self.walks[family].moved(self.before.walks[family], destination)

    def concerned(self, destination: Address) -> frozenset[str]:
        """The devices whose packets to the destination, or the way they take, are not what they were before."""
        moved = self.moved(destination)
        if self.before is None or not moved:
            return moved
        return self.before.walks[_family_of(destination)].upstream(destination, moved)

    def kept(self, asked: object, make: Callable[[], _Value]) -> _Value:
        """What `make` gives, made once for each object that is asked about: what is to be known of this state."""
        if id(asked) not in self._kept:
            self._kept[id(asked)] = (asked, make())  # with the object, so that no other gets its id
        found: _Value = self._kept[id(asked)][1]  # type: ignore[assignment]  # made for this object
        return found


def _family_of(address: Address) -> Family:
    return "ipv4" if address.version == 4 else "ipv6"


def situation_of(simulation: Simulation) -> Situation:
    """The state that a simulation says, for whom asks about sessions and forwarding."""
    made = Situation(simulation.fabric, simulation.failures)
    made.__dict__["simulation"] = simulation
    return made


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
