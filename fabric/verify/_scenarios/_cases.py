"""A scenario for a fabric: what stands for each variable, once for every combination. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import product

from fabric._values import dataclass
from fabric.config import FabricConfig
from fabric.errors import InputError
from fabric.verify._scenarios._model import LIVE, Scenario

NODES = frozenset({"control-plane", "worker", "compute", "networker", "storage", "tester", "server"})
_SPINES = ("spine", "super-spine")


@dataclass(frozen=True, slots=True)
class Case:
    """One playing of a scenario."""

    scenario: Scenario
    chosen: Mapping[str, str]
    missing: str = ""
    """Why it cannot be played on this fabric; empty where it can."""

    @property
    def name(self) -> str:
        """The scenario's name, with what was chosen where there is a choice."""
        many = [
            self.chosen[key] for key, choice in self.scenario.choose.items() if choice.endswith(".*") and self.chosen
        ]
        return f"{self.scenario.name}[{','.join(many)}]" if many else self.scenario.name

    def live(self, text: str) -> Mapping[str, str]:
        """The variables of the text that only running etcd can tell, and what to ask it for."""
        choose = self.scenario.choose
        return {v: choose[v] for v in _variables(text) if choose.get(v, "").startswith(LIVE)}

    def filled(self, text: str) -> str:
        """The text with every `{variable}` replaced; raises `InputError` for one that was not chosen."""
        missing = [name for name in _variables(text) if name not in self.chosen]
        if missing:
            raise InputError(
                f"{self.scenario.name}: found {{{missing[0]}}} in {text!r}; allowed: "
                f"{', '.join(self.scenario.choose) or 'no variable'}. Choose it under `choose`."
            )
        return re.sub(r"\{(\w+)\}", lambda found: self.chosen[found[1]], text)


def _variables(text: str) -> list[str]:
    return re.findall(r"\{(\w+)\}", text)


def cases(scenario: Scenario, fabric: FabricConfig) -> tuple[Case, ...]:
    """The cases of the scenario on this fabric; one that says what is missing where it cannot be played."""
    found: dict[str, tuple[str, ...]] = {}
    for variable, choice in scenario.choose.items():
        if choice.startswith(LIVE):
            continue
        kind, _, which = choice.partition(".")
        found[variable] = _picked(candidates(fabric, kind), which)
        if not found[variable]:
            return (Case(scenario, {}, f"the fabric has no {choice}"),)
    if scenario.etcd and len(_control_zones(fabric)) < 3:
        return (Case(scenario, {}, "the fabric has no control-plane nodes in three zones"),)
    return tuple(Case(scenario, dict(zip(found, values, strict=True))) for values in product(*found.values()))


def candidates(fabric: FabricConfig, kind: str) -> tuple[str, ...]:
    """Everything of a kind in the fabric's order: zones, devices of a role, or ports.

    `node` is one that stands in a zone, where any does; `uplink` is a leaf's port to a spine, `downlink` the spine's
    end of it, `access` a leaf's port to a node.
    """
    if kind == "zone":
        return tuple(dict.fromkeys(device.place.zone for device in fabric if device.place.zone))
    if kind == "node":
        nodes = [device for device in fabric if device.place.role in NODES]
        return tuple(d.name for d in nodes if d.place.zone) or tuple(d.name for d in nodes)
    if kind in ("uplink", "downlink", "access"):
        return tuple(_ports(fabric, kind))
    return tuple(device.name for device in fabric if device.place.role == kind)


def _ports(fabric: FabricConfig, kind: str) -> Iterator[str]:
    role = {name: device.place.role for name, device in fabric.by_name.items()}
    for cable in fabric.cables:
        roles = (role[cable.a.device], role[cable.b.device])
        if roles[0] in _SPINES and roles[1] == "leaf" and kind != "access":
            yield str(cable.b if kind == "uplink" else cable.a)
        if roles[0] == "leaf" and roles[1] in NODES and kind == "access":
            yield str(cable.a)


def _picked(names: tuple[str, ...], which: str) -> tuple[str, ...]:
    if which == "*":
        return names
    index = {"first": 0, "last": len(names) - 1}.get(which)
    index = int(which) if index is None else index
    return names[index : index + 1] if index >= 0 else ()


def _control_zones(fabric: FabricConfig) -> set[str]:
    return {d.place.zone for d in fabric if d.place.role == "control-plane" and d.place.zone}
