"""The intents of a topology file, asked of the kernels of a running lab."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from fabric._values import dataclass
from fabric.config import Address, FabricConfig, Port
from fabric.intents import Demand, Kind, Pair, Predicted, judge_at_rest
from fabric.intents import Verdict as IntentVerdict
from fabric.lab import KernelFib, KernelNextHop, KernelRoute, RouteKind
from fabric.simulate import DELIVERED, Endpoint, Fate, PrefixTable, Simulation, Step, loopback
from fabric.verify._verdict import Check, Finding


class Observed:
    """The forwarding of a running lab: kernel routes walked from cable to cable. A `fabric.intents.Ground`."""

    def __init__(self, fabric: FabricConfig, fibs: Mapping[str, KernelFib], dead: Collection[str] = ()) -> None:
        self.fabric = fabric
        self._dead = frozenset(dead)
        self._tables = {name: PrefixTable(fib.by_prefix.items()) for name, fib in fibs.items()}
        self._own = {d.name: frozenset(a.ip for i in d.interfaces for a in i.addresses) for d in fabric}

    def alive(self, device: str) -> bool:
        """True when the device runs."""
        return device not in self._dead

    def step(self, device: str, destination: Address) -> Step:
        """How packets to the destination end on the device, or the devices that its kernel may send them to."""
        if not self.alive(device):
            return frozenset({Fate.DEVICE_DOWN})
        if destination in self._own[device]:
            return DELIVERED
        route = next(self._tables[device].covering(destination), None)
        if route is None:
            return frozenset({Fate.NO_ROUTE})
        if route.kind is not RouteKind.UNICAST:
            return frozenset({Fate.BLACKHOLE})
        return tuple(self._far(device, member, destination) for member in _used(route))

    def _far(self, device: str, member: KernelNextHop, destination: Address) -> str | None:
        far = self.fabric.peer_of.get(Port(device, member.interface or ""))
        if far is None or not self.alive(far.device):
            return None
        if member.gateway is not None and member.gateway.is_link_local:
            return far.device
        return far.device if (member.gateway or destination) in self._own[far.device] else None


def _used(route: KernelRoute) -> Iterator[KernelNextHop]:
    """The members that get packets: the kernel lists dead ones, and ignores those without carrier."""
    return (member for member in route.next_hops if not member.dead and not member.linkdown)


@dataclass(frozen=True, slots=True)
class _Judged:
    """A demand in the healthy fabric as predicted, in that of now as predicted, and in that of now as observed."""

    healthy: IntentVerdict
    predicted: IntentVerdict
    observed: IntentVerdict

    @property
    def finding(self) -> Finding | None:
        """What is wrong: the design breaks it with nothing failed, or it is not as predicted for what has failed."""
        if not self.healthy.kept:
            return Finding(str(self.healthy.demand), "kept", f"broken by design: {self.healthy.breaches[0]}")
        if self.predicted.kept == self.observed.kept:
            return None
        return Finding(str(self.observed.demand), _words(self.predicted), _words(self.observed))


def check_intents(
    demands: Sequence[Demand], healthy: Simulation, now: Simulation, fibs: Mapping[str, KernelFib]
) -> Check:
    """Every demand holds in the healthy fabric as predicted, and the kernels break those that `now` does and no other.

    One that the design breaks with nothing failed is a finding whatever has failed: what happens then excuses nothing.
    """
    observed = judge_at_rest(demands, Observed(now.fabric, fibs, now.failures.devices))
    predicted = judge_at_rest(demands, Predicted(now))
    at_rest = predicted if now is healthy else judge_at_rest(demands, Predicted(healthy))
    judged = list(map(_Judged, at_rest, predicted, observed))
    findings = tuple(entry.finding for entry in judged if entry.finding is not None)
    return Check("intents", len(demands), len(demands) - len(findings), findings, _note(judged))


def _words(verdict: IntentVerdict) -> str:
    return "kept" if verdict.kept else f"broken: {verdict.breaches[0]}"


def _note(judged: Sequence[_Judged]) -> str:
    demands = [entry.healthy.demand for entry in judged]
    notes = [f"{sum(len(demand.pairs) for demand in demands)} pairs walked"]
    by_design = sum(not entry.healthy.kept for entry in judged)
    by_fault = sum(entry.healthy.kept and not entry.predicted.kept and not entry.observed.kept for entry in judged)
    later = sum(bool(demand.failures) for demand in demands)
    notes += [f"{by_design} broken by design"] if by_design else []
    notes += [f"{by_fault} broken by what failed, as predicted"] if by_fault else []
    notes += [f"{later} at rest only"] if later else []
    return ", ".join(notes)


def pairs_to_probe(demands: Sequence[Demand], fabric: FabricConfig) -> tuple[Pair, ...]:
    """The pairs that demands join or part and that no probe between loopbacks covers."""
    asked = (pair for d in demands if d.kind in {Kind.REACHABLE, Kind.ISOLATED} for pair in d.pairs)
    return tuple(dict.fromkeys(pair for pair in asked if not all(_by_loopback(fabric, end) for end in pair)))


def _by_loopback(fabric: FabricConfig, end: Endpoint) -> bool:
    return end.address == loopback(fabric.by_name[end.device], "ipv4" if end.address.version == 4 else "ipv6")
