"""What can fail: every link, node, rack or zone, one or two at once."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Literal, get_args

from fabric._values import dataclass
from fabric.config import FabricConfig
from fabric.errors import InputError
from fabric.simulate._values import NONE, Failures
from fabric.simulate._whatif import combined, groups

Kind = Literal["links", "nodes", "racks", "zones"]
_AT_ONCE = (1, 2)


@dataclass(frozen=True, slots=True)
class Sweep:
    """All failures of one kind, alone and up to `at_once` together."""

    kind: Kind
    at_once: int


@dataclass(frozen=True, slots=True)
class Scenario:
    """Some failures of one kind, each named as `--fail` takes it."""

    kind: Kind
    targets: tuple[str, ...]
    failures: Failures


def parse_sweeps(text: str) -> tuple[Sweep, ...]:
    """The sweeps of `links=1,nodes=2`; raises `InputError` for what is no kind or no number of failures."""
    kinds: tuple[Kind, ...] = get_args(Kind)
    found: dict[Kind, Sweep] = {}
    for part in text.split(","):
        name, _, number = part.strip().partition("=")
        kind = next((known for known in kinds if known == name), None)
        if kind is None or number not in map(str, _AT_ONCE):
            allowed = ", ".join(f"{known}=1 or {known}=2" for known in kinds)
            raise InputError(f"--sweep {text}: found {part.strip()!r}; allowed: {allowed}. Put commas between them.")
        found[kind] = Sweep(kind, int(number))
    return tuple(found.values())


def scenarios(fabric: FabricConfig, kind: Kind, at_once: int) -> Iterator[Scenario]:
    """Every way in which exactly that many things of the kind can fail, in the order of the fabric."""
    for chosen in combinations(units(fabric, kind), at_once):
        failures = NONE
        for _, failure in chosen:
            failures = combined(failures, failure)
        yield Scenario(kind, tuple(name for name, _ in chosen), failures)


def units(fabric: FabricConfig, kind: Kind) -> list[tuple[str, Failures]]:
    """Everything of the kind by the name that `--fail` takes, in the order of the fabric, and what its failure is."""
    if kind == "links":
        return [(f"link:{cable.name}", Failures(cables=frozenset({cable}))) for cable in fabric.cables]
    if kind == "nodes":
        return [(f"node:{device.name}", Failures(devices=frozenset({device.name}))) for device in fabric]
    group = "rack" if kind == "racks" else "zone"
    return [(f"{group}:{name}", Failures(devices=frozenset(names))) for name, names in groups(fabric, group).items()]
