"""Values that a ledger gives to two owners, as a hand edit or a merge of two branches leaves them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from fabric.errors import Problem
from fabric.plan._ledger import CORE, Key, Ledger, entries, names_in, port_space, space_of, spaces, value_text

Clash = tuple[Key, Key, int]


def collisions(ledger: Ledger) -> list[Problem]:
    """A problem for each two places that share values, naming the first two owners."""
    between: dict[tuple[str, str], list[Clash]] = defaultdict(list)
    for clash in _clashes(ledger):
        between[clash[0].place, clash[1].place].append(clash)
    return [_problem(ledger, clashes) for clashes in between.values()]


def _clashes(ledger: Ledger) -> Iterator[Clash]:
    crowded = _crowded(ledger)
    first: dict[tuple[str, int], Key] = {}
    for values in (ledger.given, ledger.released) if crowded else ():
        for key, value in entries(values):
            space = _space(key)
            if space in crowded:
                other = first.setdefault((space, value), key)
                if other != key:
                    yield other, key, value


def _space(key: Key) -> str:
    return port_space(key.owner) if key.kind == "port" else space_of((key.place, key.kind))


def _crowded(ledger: Ledger) -> set[str]:
    """The spaces that hold fewer values than owners."""
    counts: dict[str, int] = defaultdict(int)
    distinct: dict[str, set[int]] = defaultdict(set)
    for space, values in spaces(ledger):
        counts[space] += len(values)
        distinct[space].update(values)
    return {space for space, values in distinct.items() if len(values) < counts[space]}


def _problem(ledger: Ledger, clashes: list[Clash]) -> Problem:
    first, second, value = min(clashes, key=lambda clash: clash[0].kind.startswith("slot"))
    more = f" (and {len(clashes) - 1} more values of theirs)" if len(clashes) > 1 else ""
    found = f"{value_text(second.kind, value)}, which {first} has on {_line(ledger, first)}{more}"
    if first.place == second.place:
        action = (
            "Remove the line of the one that is not in service, and plan again: it is given another value; or plan "
            f"again with --renumber {_apart(first, second)} or --renumber {_apart(second, first)}, to give it all anew."
        )
    else:
        racks = [place for place in (first.place, second.place) if place != CORE]
        options, heads = (" or ".join(map(text.format, racks)) for text in ("--renumber {}", "'{}/'"))
        action = (
            f"Of {first.place} and {second.place}, give the one that is not in service other values: "
            f"remove its lines (they start with {heads}) and plan again, or plan again with {options}."
        )
    return Problem(ledger.where(second), str(second), found, "each value once", action)


def _apart(key: Key, other: Key) -> str:
    """The zone or device that an owner stands for and another of the same place does not."""
    return min(names_in(key.owner) - names_in(other.owner), default=key.owner)


def _line(ledger: Ledger, key: Key) -> str:
    line = ledger.lines.get(str(key))
    return f"line {line}" if line else ledger.file
