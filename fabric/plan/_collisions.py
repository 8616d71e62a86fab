"""Values that a ledger gives to two owners, as a hand edit or a merge of two branches leaves them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from fabric.errors import Problem
from fabric.plan._ledger import Key, Ledger, entries, space_of, value_text

Clash = tuple[Key, Key, int]


def collisions(ledger: Ledger) -> list[Problem]:
    """A problem for each two places that share values, naming the first two owners."""
    between: dict[tuple[str, str], list[Clash]] = defaultdict(list)
    for clash in _clashes(ledger):
        between[clash[0].place, clash[1].place].append(clash)
    return [_problem(ledger, clashes) for clashes in between.values()]


def _clashes(ledger: Ledger) -> Iterator[Clash]:
    for space in _crowded(ledger):
        first: dict[int, Key] = {}
        for values in (ledger.given, ledger.released):
            inside = {section: owners for section, owners in values.items() if space_of(section) == space}
            for key, value in entries(inside):
                other = first.setdefault(value, key)
                if other != key:
                    yield other, key, value


def _crowded(ledger: Ledger) -> list[str]:
    """The spaces that hold fewer values than owners."""
    counts: dict[str, int] = defaultdict(int)
    distinct: dict[str, set[int]] = defaultdict(set)
    for values in (ledger.given, ledger.released):
        for section, owners in values.items():
            space = space_of(section)
            counts[space] += len(owners)
            distinct[space].update(owners.values())
    return [space for space, values in distinct.items() if len(values) < counts[space]]


def _problem(ledger: Ledger, clashes: list[Clash]) -> Problem:
    first, second, value = min(clashes, key=lambda clash: clash[0].kind.startswith("slot"))
    more = f" (and {len(clashes) - 1} more values of theirs)" if len(clashes) > 1 else ""
    found = f"{value_text(second.kind, value)}, which {first} has on {_line(ledger, first)}{more}"
    if first.place == second.place:
        action = "Remove the line of the one that is not in service, and plan again: it is given another value."
    else:
        action = (
            f"Of {first.place} and {second.place}, remove the lines of the one that is not in service "
            f"(they start with '{first.place}/' or '{second.place}/'), and plan again: it is given other values."
        )
    return Problem(ledger.where(second), str(second), found, "each value once", action)


def _line(ledger: Ledger, key: Key) -> str:
    where = ledger.where(key)
    return f"line {where.rpartition(':')[2]}" if ledger.lines else where
