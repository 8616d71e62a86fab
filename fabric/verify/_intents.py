"""The intents of a topology file, asked of the kernels of a running lab."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from fabric.config import Address, FabricConfig, Port
from fabric.intents import Demand, Kind, Pair, Predicted, judge_at_rest
from fabric.intents import Verdict as IntentVerdict
from fabric.lab import KernelFib, KernelNextHop, KernelRoute, RouteKind
from fabric.simulate import DELIVERED, NONE, Endpoint, Fate, PrefixTable, Simulation, Step, loopback
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


def check_intents(demands: Sequence[Demand], simulation: Simulation, fibs: Mapping[str, KernelFib]) -> Check:
    """Every demand is met by the kernels; under faults, every one that the simulator says is met and no other."""
    observed = judge_at_rest(demands, Observed(simulation.fabric, fibs, simulation.failures.devices))
    predicted = judge_at_rest(demands, Predicted(simulation))
    broken = simulation.failures != NONE
    findings = [
        Finding(str(seen.demand), _words(said) if broken else "kept", _words(seen))
        for said, seen in zip(predicted, observed, strict=True)
        if not (said.kept == seen.kept if broken else seen.kept)
    ]
    return Check("intents", len(demands), len(demands) - len(findings), tuple(findings), _note(predicted))


def _words(verdict: IntentVerdict) -> str:
    return "kept" if verdict.kept else f"broken: {verdict.breaches[0]}"


def _note(predicted: Sequence[IntentVerdict]) -> str:
    pairs = sum(len(verdict.demand.pairs) for verdict in predicted)
    lost = sum(not verdict.kept for verdict in predicted)
    later = sum(bool(verdict.demand.failures) for verdict in predicted)
    notes = [f"{pairs} pairs walked"]
    notes += [f"{lost} broken as predicted"] if lost else []
    notes += [f"{later} at rest only"] if later else []
    return ", ".join(notes)


def pairs_to_probe(demands: Sequence[Demand], fabric: FabricConfig) -> tuple[Pair, ...]:
    """The pairs that demands join or part and that no probe between loopbacks covers."""
    asked = (pair for d in demands if d.kind in {Kind.REACHABLE, Kind.ISOLATED} for pair in d.pairs)
    return tuple(dict.fromkeys(pair for pair in asked if not all(_by_loopback(fabric, end) for end in pair)))


def _by_loopback(fabric: FabricConfig, end: Endpoint) -> bool:
    return end.address == loopback(fabric.by_name[end.device], "ipv4" if end.address.version == 4 else "ipv6")
