"""What is right in a topology file with mistakes, so that the rest of it can be judged in the same run."""

from __future__ import annotations

import copy
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from fabric._values import dataclass
from fabric.topology._model import Topology
from fabric.topology._source import Path


def tidy(details: Sequence[ErrorDetails]) -> list[ErrorDetails]:
    """One detail a place (a value that may be one of two kinds fails once for each), and no follow-up errors."""
    seen: dict[tuple[Any, ...], ErrorDetails] = {}
    for detail in details:
        if detail["type"] == "too_short" and len(detail["input"]) >= detail["ctx"]["min_length"]:
            continue  # pydantic counts only the valid items
        loc = tuple(part for part in detail["loc"] if not _is_branch(part))
        seen.setdefault(loc, detail)
    within = {loc[:-1] for loc in seen}
    return [
        d for loc, d in seen.items() if not (d["type"] == "int_type" and isinstance(d["input"], list) and loc in within)
    ]


_BRANCHES = ("constrained-int", "int", "tuple[", "function-", "literal[")


def _is_branch(part: int | str) -> bool:
    """True for what pydantic puts into a location to name a branch of a union, which is no part of the file."""
    return isinstance(part, str) and part.startswith(_BRANCHES)


def data_path(loc: Iterable[int | str], data: Any) -> Path:
    """The location inside the file: pydantic's without union branches and mapping-key marks."""
    path: list[int | str] = []
    here = data
    for part in loc:
        if part == "[key]" or (_is_branch(part) and not (isinstance(here, Mapping) and part in here)):
            continue
        path.append(part)
        here = _child(here, part)
    return tuple(path)


def _child(value: Any, part: int | str) -> Any:
    if isinstance(value, Mapping):
        return value.get(part)
    if isinstance(value, Sequence) and isinstance(part, int) and part < len(value):
        return value[part]
    return None


_STAND_INS: Mapping[str, Any] = {"version": 1, "name": "unnamed", "role": "server"}
_STRUCTURE = frozenset({"zones", "pods", "spines", "super_spines", "borders"})
"""Lists out of which nothing can be left without making others wrong."""
_GONE = "\0"
"""In place of a list's item that is given up, so that those behind it do not move up; YAML has no such text."""
_ROUNDS = 4


@dataclass(frozen=True)
class Salvaged:
    """What is right in a file."""

    topology: Topology
    moved: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Where the items stand in the file, of lists that some item was left out of."""


def salvaged(data: Any, details: Sequence[ErrorDetails]) -> Salvaged | None:
    """The model of `data` with a stand-in, or nothing, in each wrong place; `None` where that leaves no fabric.

    What is left may be wrong in turn, such as an entry whose needed key was wrong: then the entry goes as well.
    """
    data = copy.deepcopy(data)
    for number in range(_ROUNDS):
        for detail in details:
            _repair(data, detail, stand_in=number == 0)
        kept, moved = _without_gone(data)
        try:
            return Salvaged(Topology.model_validate(kept), moved)
        except ValidationError as error:
            details = [_placed(detail, moved) for detail in tidy(error.errors(include_url=False))]
    return None


def _without_gone(data: Any) -> tuple[Any, dict[str, tuple[int, ...]]]:
    moved: dict[str, tuple[int, ...]] = {}
    if not isinstance(data, dict):
        return data, moved
    kept = dict(data)
    for key, value in data.items():
        if isinstance(value, list) and _GONE in value:
            moved[key] = tuple(index for index, item in enumerate(value) if item != _GONE)
            kept[key] = [item for item in value if item != _GONE]
    return kept, moved


def _placed(detail: ErrorDetails, moved: Mapping[str, tuple[int, ...]]) -> ErrorDetails:
    """The detail with its place in the list that has the items which were given up."""
    loc = detail["loc"]
    places = moved.get(str(loc[0])) if len(loc) > 1 else None
    if places is None or not isinstance(loc[1], int):
        return detail
    return {**detail, "loc": (loc[0], places[loc[1]], *loc[2:])}


def _repair(data: Any, detail: ErrorDetails, *, stand_in: bool) -> None:
    """Puts nothing, or a stand-in where one is wanted, in the wrong place.

    A malformed name gets a stand-in made from its text, so that what refers to it still finds it.
    """
    path = data_path(detail["loc"], data)
    if not path:
        return
    parent, key = _at(data, path[:-1]), path[-1]
    if detail["loc"][-1] == "[key]":
        _drop(data, path)
    elif detail["type"] == "string_pattern_mismatch" and stand_in:
        _put(parent, key, f"x{zlib.crc32(str(detail['input']).encode())}")
    elif detail["type"] == "missing" and key in _STAND_INS:
        _put(parent, key, _STAND_INS[str(key)])
    elif detail["type"] == "missing" and isinstance(parent, list):
        parent.append("unnamed")
    elif detail["type"] == "too_long":
        _put(parent, key, detail["input"][: detail["ctx"]["max_length"]])
    elif detail["type"] == "missing":
        _drop(data, path[:-1])
    else:
        _drop(data, path)


def _at(data: Any, path: Path) -> Any:
    for part in path:
        data = _child(data, part)
    return data


def _drop(data: Any, path: Path) -> None:
    """Removes the value at `path` from its mapping.

    Of an item of a list, the entry of the file's own list that it is in goes, or else that list as a whole.
    """
    if not path:
        return
    parent = _at(data, path[:-1])
    if isinstance(parent, dict):
        parent.pop(path[-1], None)
    elif isinstance(parent, list) and path[0] not in _STRUCTURE:
        whole = data[path[0]]
        if isinstance(whole, list):
            _put(whole, path[1], _GONE)
        else:
            _drop(data, path[:-1])


def _put(parent: Any, key: int | str, value: Any) -> None:
    match parent, key:
        case dict(), _:
            parent[key] = value
        case list(), int() if key < len(parent):
            parent[key] = value
