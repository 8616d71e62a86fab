"""A lab at a glance, again and again: sessions, kernel FIBs, faults, and which pairs are cut off since when."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from itertools import islice

from fabric._values import dataclass
from fabric.lab import Fault, LabStatus, ProbePair, ProbeSettings, RunningLab, differences, fabric_of
from fabric.simulate import DELIVERED
from fabric.verify._faults import broken, unpredicted
from fabric.verify._predict import FAMILIES, Prediction, predict_broken
from fabric.verify._reach import pairs
from fabric.verify._sessions import Summaries, read_summaries

MOST_PAIRS = 240
"""So many pairs are probed at most; beyond, every n-th one."""
_PROBE = ProbeSettings(flows=2, rounds=1, timeout_ms=300)


@dataclass(frozen=True, slots=True)
class DeviceGlance:
    """One device: its sessions, what of its kernel FIB is not as predicted, and which of its daemons ended."""

    name: str
    established: int
    sessions: int
    wrong_routes: int | None
    """`None` where nothing is predicted."""
    ended: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outage:
    """A pair of which packets or answers are lost, and since when, in seconds since 1970, as far as was seen."""

    source: str
    destination: str
    address: str
    since_s: float
    expected: bool
    """The simulator has it so under the active faults."""


@dataclass(frozen=True, slots=True)
class Glance:
    """What was seen of a lab at a moment."""

    lab: str
    at_s: float
    devices: tuple[DeviceGlance, ...]
    faults: tuple[str, ...]
    impairments: tuple[str, ...]
    outages: tuple[Outage, ...]
    probed: int

    @property
    def well(self) -> bool:
        """True when nothing is failed, every session is up, every FIB as predicted, and every pair reached."""
        quiet = not (self.faults or self.impairments or self.outages)
        return quiet and all(d.established == d.sessions and not d.wrong_routes and not d.ended for d in self.devices)


class Watcher:
    """Looks at one lab, and remembers since when pairs are cut off."""

    def __init__(self, lab: RunningLab) -> None:
        self._lab = lab
        self._since_s: dict[tuple[str, str, str], float] = {}
        self._known: tuple[tuple[Fault, ...], str, Prediction] | None = None

    def look(self) -> Glance:
        """What is to be seen now. Raises `LabError` when the lab is gone."""
        status = self._lab.status()
        prediction = self._prediction(status)
        predicted = not unpredicted(prediction.fabric, status.faults)
        outages, probed = self._outages(prediction)
        return Glance(
            self._lab.name,
            time.time(),
            tuple(self._devices(status, prediction, predicted=predicted)),
            tuple(fault.target for fault in status.faults),
            tuple(impaired.target for impaired in status.impairments),
            outages,
            probed,
        )

    def _prediction(self, status: LabStatus) -> Prediction:
        if self._known is None or self._known[:2] != (status.faults, status.digest):
            fabric = fabric_of(status)
            strange = unpredicted(fabric, status.faults)
            faults = [fault for fault in status.faults if fault not in strange]
            self._known = (status.faults, status.digest, predict_broken(broken(fabric, faults)))
        return self._known[2]

    def _devices(self, status: LabStatus, prediction: Prediction, *, predicted: bool) -> list[DeviceGlance]:
        ended = {name: tuple(d.daemon for d in status.ended_daemons if d.device == name) for name in status.devices}
        held = {name.device for fault in status.faults for name in (*fault.killed, *fault.paused)}
        speakers = [name for name in prediction.speakers if name not in held and "bgpd" not in ended[name]]
        seen: Summaries = read_summaries(self._lab, prediction, speakers)
        fibs = self._lab.fibs()
        return [
            DeviceGlance(
                name,
                *_sessions(seen.get(name, {})),
                len(differences(expected, fibs[name].forwarding()))
                if predicted and (expected := prediction.forwarding.get(name)) is not None
                else None,
                ended[name],
            )
            for name in status.devices
        ]

    def _outages(self, prediction: Prediction) -> tuple[tuple[Outage, ...], int]:
        chosen = _chosen(prediction)
        result = self._lab.probe(chosen, _PROBE)
        now, found = time.time(), []
        for entry in result.pairs:
            pair = entry.pair
            key = (pair.source, pair.destination, str(pair.destination_address))
            if entry.ok:
                self._since_s.pop(key, None)
                continue
            fates = {p.fate for p in prediction.simulation.paths(pair.source, pair.destination_address)}
            back = {p.fate for p in prediction.simulation.paths(pair.destination, pair.source_address)}
            foreseen = not (fates == back == DELIVERED)
            found.append(Outage(*key, self._since_s.setdefault(key, now), foreseen))
        return tuple(found), len(chosen)


def _chosen(prediction: Prediction) -> Sequence[ProbePair]:
    every = [
        ProbePair(one.name, address, two.name, there)
        for family in FAMILIES
        for one, address, two, there in pairs(prediction.fabric, family)
    ]
    return list(islice(every, 0, None, max(1, -(-len(every) // MOST_PAIRS))))


def _sessions(families: Mapping[str, Mapping[str, str]]) -> tuple[int, int]:
    """How many families of sessions are established, and how many there are."""
    states = [state for peers in families.values() for state in peers.values()]
    return states.count("Established"), len(states)
