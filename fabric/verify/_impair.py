"""Impairments of a lab: from the words that name links and zones, and whether packets take as long as was asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations
from statistics import median

from fabric._values import dataclass
from fabric.config import Address, DeviceConfig, FabricConfig, Family, Port
from fabric.errors import InputError
from fabric.lab import (
    LEAST_MTU,
    Impaired,
    Impairment,
    LabSpec,
    LabStatus,
    ProbePair,
    ProbeSettings,
    RunningLab,
    ZonePair,
    impairments_of,
    zone_pairs_of,
)
from fabric.simulate import Failures, WhatIfError, endpoints, what_if
from fabric.verify._faults import with_vlans

_ROUNDS = 10
_TOLERANCE_MS = 1.0
_KINDS = ("link", "node", "rack", "zone", "tier", "zones")
_LONGEST_MS = 10_000.0


def impaired_of(fabric: FabricConfig, target: str, impairment: Impairment) -> Impaired:
    """What `KIND:NAME` means for packets; raises `InputError` for what the fabric has not, or what cannot be.

    `link:DEVICE:PORT` is what that port sends, `link:A--B` every cable between two devices both ways, `node:`,
    `rack:`, `zone:` and `tier:NAME` every cable of their devices both ways, and `zones:A--B` what the devices of one
    zone send to those of another, as they leave their zone.
    """
    _check(target, impairment)
    kind, _, name = target.partition(":")
    if kind == "zones":
        return _between(fabric, target, impairment)
    if kind not in _KINDS:
        raise InputError(f"{target}: found the kind {kind!r}; allowed: {', '.join(_KINDS)}. Name one of these.")
    try:
        failures = what_if(fabric, [target]).failures
    except WhatIfError as error:
        raise InputError("\n".join(problem.removeprefix("--fail ") for problem in error.problems)) from error
    return Impaired(target, impairment, with_vlans(fabric, tuple(_senders(fabric, failures, name))))


def _senders(fabric: FabricConfig, failures: Failures, name: str) -> Iterator[Port]:
    for cable in fabric.cables:
        if cable in failures.cables and name in (str(cable.a), str(cable.b)):
            yield cable.a if name == str(cable.a) else cable.b
        elif cable in failures.cables or {cable.a.device, cable.b.device} & failures.devices:
            yield from (cable.a, cable.b)


def _between(fabric: FabricConfig, target: str, impairment: Impairment) -> Impaired:
    names = target.partition(":")[2].split("--")
    zones = {zone: {d.name for d in fabric if d.place.zone == zone} for zone in names}
    known = list(dict.fromkeys(device.place.zone for device in fabric if device.place.zone))
    if len(zones) != 2 or not all(zones.values()):
        raise InputError(
            f"{target}: allowed are two of the zones {', '.join(known)}, as zones:A--B. Name two that there are."
        )
    one, two = zones.values()
    ports = with_vlans(fabric, tuple(_leaving(fabric, (one, two))))
    return Impaired(target, impairment, ports, tuple(sorted(one)), tuple(sorted(two)))


def _leaving(fabric: FabricConfig, zones: Iterable[set[str]]) -> Iterator[Port]:
    for inside in zones:
        for cable in fabric.cables:
            if (cable.a.device in inside) != (cable.b.device in inside):
                yield cable.a if cable.a.device in inside else cable.b


def _check(target: str, impairment: Impairment) -> None:
    shares = (("loss", impairment.loss_percent), ("corrupt", impairment.corrupt_percent))
    problems = [f"{name}: found {share:g} %; allowed: 0 to 100" for name, share in shares if not 0 <= share <= 100]
    times = (("delay", impairment.delay_ms), ("jitter", impairment.jitter_ms))
    problems += [
        f"{name}: found {ms:g} ms; allowed: 0 to {_LONGEST_MS:g} ms" for name, ms in times if not 0 <= ms <= _LONGEST_MS
    ]
    if impairment.jitter_ms > impairment.delay_ms:
        problems.append(
            f"jitter: found {impairment.jitter_ms:g} ms; allowed: up to the delay of {impairment.delay_ms:g}"
        )
    if impairment.rate_mbit is not None and impairment.rate_mbit <= 0:
        problems.append(f"rate: found {impairment.rate_mbit:g} Mbit/s; allowed: more than 0")
    if impairment.mtu is not None and not LEAST_MTU <= impairment.mtu <= 65_535:
        problems.append(f"mtu: found {impairment.mtu}; allowed: {LEAST_MTU} to 65535")
    if impairment == Impairment():
        problems.append("found nothing to do; allowed: delay, jitter, loss, corrupt, rate, mtu")
    if problems:
        raise InputError("\n".join(f"{target}: {problem}. Correct the value." for problem in problems))


def inter_zone(fabric: FabricConfig, pairs: Iterable[ZonePair]) -> Iterator[Impaired]:
    """The impairments that a topology's `inter_zone` asks for: half of the round-trip time each way."""
    for pair in pairs:
        impairment = Impairment(delay_ms=pair.rtt_ms / 2, mtu=pair.mtu)
        if impairment != Impairment():
            yield impaired_of(fabric, f"zones:{pair.zones[0]}--{pair.zones[1]}", impairment)


def asked_for(fabric: FabricConfig, status: LabStatus | LabSpec) -> tuple[Impaired, ...]:
    """The impairments that the topology of a lab asks for: of `inter_zone`, then of `impairments`.

    Raises `InputError` where one names what the fabric has not.
    """
    single = (impaired_of(fabric, target, impairment) for target, impairment in impairments_of(status))
    return (*inter_zone(fabric, zone_pairs_of(status)), *single)


@dataclass(frozen=True, slots=True)
class RoundTripCheck:
    """Round-trip times between a node of one zone and a node of another, and what was asked for."""

    zones: tuple[str, str]
    pair: ProbePair
    asked_ms: float | None
    """By the active impairments between the two zones; `None` where some of single links count as well."""
    answered: int
    sent: int
    least_ms: float
    median_ms: float
    most_ms: float

    @property
    def kept(self) -> bool:
        """True when the median is as asked, to within 1 ms, or nothing is known to have been asked."""
        if self.asked_ms is None:
            return True
        return self.answered > 0 and abs(self.median_ms - self.asked_ms) <= _TOLERANCE_MS


def round_trips(lab: RunningLab, fabric: FabricConfig, status: LabStatus) -> tuple[RoundTripCheck, ...]:
    """The round-trip time between every two zones, measured, beside what was asked for."""
    chosen = _one_a_zone(fabric, "ipv4") or _one_a_zone(fabric, "ipv6")
    wanted = {
        zones: ProbePair(chosen[zones[0]][0].name, chosen[zones[0]][1], chosen[zones[1]][0].name, chosen[zones[1]][1])
        for zones in combinations(chosen, 2)
    }
    if not wanted:
        raise InputError(f"{lab.name}: a fabric of one zone has no round trips between zones. Name a design with two.")
    rounds = [
        lab.probe(tuple(wanted.values()), ProbeSettings(flows=4, rounds=1, timeout_ms=1500)) for _ in range(_ROUNDS)
    ]
    found = []
    for position, (zones, pair) in enumerate(wanted.items()):
        results = [entry.pairs[position] for entry in rounds]
        trips = [result.round_trip for result in results if result.round_trip]
        found.append(
            RoundTripCheck(
                zones,
                pair,
                asked_rtt_ms(status, fabric, zones),
                sum(result.answered for result in results),
                sum(result.flows for result in results),
                min((trip.min_us for trip in trips), default=0.0) / 1000,
                median([trip.median_us for trip in trips]) / 1000 if trips else 0.0,
                max((trip.max_us for trip in trips), default=0.0) / 1000,
            )
        )
    return tuple(found)


def asked_rtt_ms(status: LabStatus, fabric: FabricConfig, zones: tuple[str, str]) -> float | None:
    """The round-trip time between two zones that the active impairments ask for.

    `None` where links are delayed too: how many of them are on the way is not for this function to say.
    """
    if any(not e.sources and (e.impairment.delay_ms or e.impairment.rate_mbit) for e in status.impairments):
        return None
    inside = {frozenset(d.name for d in fabric if d.place.zone == zone) for zone in zones}
    return sum(
        2 * entry.impairment.delay_ms
        for entry in status.impairments
        if entry.sources and {frozenset(entry.sources), frozenset(entry.destinations)} == inside
    )


def _one_a_zone(fabric: FabricConfig, family: Family) -> dict[str, tuple[DeviceConfig, Address]]:
    found: dict[str, tuple[DeviceConfig, Address]] = {}
    for end in endpoints(fabric, family):
        device = fabric.by_name[end.device]
        if device.place.zone is not None:
            found.setdefault(device.place.zone, (device, end.address))
    return found
