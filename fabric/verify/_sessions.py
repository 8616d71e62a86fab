"""Every BGP session against what FRR says of it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fabric.lab import RunningLab
from fabric.simulate import Session
from fabric.verify._predict import Prediction
from fabric.verify._verdict import Check, Finding

_LOOK_AGAIN_S = 0.1
_FAMILY_KEYS = {"ipv4": "ipv4Unicast", "ipv6": "ipv6Unicast"}
Summaries = Mapping[str, Mapping[str, Mapping[str, str]]]
"""State by device, family and peer."""


def check_sessions(lab: RunningLab, prediction: Prediction) -> Check:
    """Every session that should be established is, in each of its families and at both ends; no other one is."""
    seen = read_summaries(lab, prediction)
    compared = [entry for session in prediction.simulation.sessions for entry in _states(session, seen)]
    findings = tuple(
        Finding(where, "Established" if up else "not Established", state)
        for where, up, state in compared
        if (state == "Established") != up
    )
    return Check("BGP sessions", len(compared), len(compared) - len(findings), findings)


def await_sessions(lab: RunningLab, prediction: Prediction, timeout_s: float) -> Check:
    """The comparison of all sessions, made again until it passes, at most for `timeout_s`.

    A session may stay after its routes are gone, and one that adds no route may come later than all routes.
    """
    end = time.monotonic() + timeout_s
    while not (check := check_sessions(lab, prediction)).passed and time.monotonic() < end:
        time.sleep(_LOOK_AGAIN_S)
    return check


def read_changes(lab: RunningLab, prediction: Prediction) -> Mapping[str, tuple[int, ...]]:
    """By device, how often its sessions came up and went down so far: equal as long as none of them changes."""
    return {
        name: tuple(
            int(peer[count])
            for key in _FAMILY_KEYS.values()
            for peer in summary.get(key, {}).get("peers", {}).values()
            for count in ("connectionsEstablished", "connectionsDropped")
        )
        for name, summary in _said(lab, prediction.speakers).items()
    }


def read_summaries(lab: RunningLab, prediction: Prediction, speakers: Sequence[str] | None = None) -> Summaries:
    """What `show bgp summary json` says on these devices, by default on every one that speaks BGP."""
    said = _said(lab, prediction.speakers if speakers is None else speakers)
    return {name: _by_family(summary) for name, summary in said.items()}


def _said(lab: RunningLab, speakers: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    return lab.ask_bgpd(speakers, "show bgp summary json")


def _by_family(summary: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    return {
        family: {peer: str(entry["state"]) for peer, entry in summary.get(key, {}).get("peers", {}).items()}
        for family, key in _FAMILY_KEYS.items()
    }


def _states(session: Session, seen: Summaries) -> Iterator[tuple[str, bool, str]]:
    """For each end and family of a session: where it is, whether it should be up, and the state that FRR gives it."""
    for end in session.ends:
        if end.device not in seen:
            continue  # nobody is there to be asked
        of_device = seen.get(end.device, {})
        wanted = session.families if session.up else tuple(f for f in _FAMILY_KEYS if end.peer in of_device.get(f, {}))
        for family in wanted:
            state = of_device.get(family, {}).get(end.peer, "not configured")
            yield f"{end.device} to {end.peer} ({family})", session.up, state
