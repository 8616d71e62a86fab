"""What the relay is told: for each direction of a cable, what happens to which packets. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from fabric._values import dataclass
from fabric.config import Port
from fabric.lab._impairment import Impairment

MARK = b"\x02\xfb"
"""First octets of the source address of every frame that the relay sends; the lab's own begin with 02:fa."""


@dataclass(frozen=True, slots=True)
class Rule:
    """An impairment, for all packets or for those between two sets of addresses, either way."""

    impairment: Impairment
    sources: frozenset[str] = frozenset()
    destinations: frozenset[str] = frozenset()
    """Addresses as text; both empty for every packet."""


@dataclass(frozen=True, slots=True)
class Direction:
    """From one port of a cable to the other."""

    sender: Port
    receiver: Port
    rules: tuple[Rule, ...]


def directions_value(directions: Iterable[Direction]) -> Any:
    """The directions as a JSON value."""
    return [
        {
            "sender": [d.sender.device, d.sender.interface],
            "receiver": [d.receiver.device, d.receiver.interface],
            "rules": [
                {
                    "impairment": asdict(rule.impairment),
                    "sources": sorted(rule.sources),
                    "destinations": sorted(rule.destinations),
                }
                for rule in d.rules
            ],
        }
        for d in directions
    ]


def directions_from(value: Any) -> tuple[Direction, ...]:
    """The directions that `directions_value` wrote."""
    return tuple(Direction(Port(*d["sender"]), Port(*d["receiver"]), tuple(map(_rule_from, d["rules"]))) for d in value)


def _rule_from(value: Mapping[str, Any]) -> Rule:
    return Rule(Impairment(**value["impairment"]), frozenset(value["sources"]), frozenset(value["destinations"]))
