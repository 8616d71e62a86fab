"""A topology file to a `Design`: read, check against the schema, check what a schema cannot say, expand."""

from __future__ import annotations

import copy
import difflib
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path as FilePath
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from fabric._reading import read_at_most
from fabric._values import dataclass
from fabric.errors import InputError, Problem, TopologyError
from fabric.topology._expand import Fabric, expand
from fabric.topology._intents import Selector
from fabric.topology._model import Topology
from fabric.topology._rules import problems_of
from fabric.topology._settings import Settings, settings_of
from fabric.topology._source import MAX_BYTES, Path, Source, line_of, read_yaml


@dataclass(frozen=True)
class Design:
    """A topology that has passed every check, its expansion, and where each value stands in the file."""

    topology: Topology
    settings: Settings
    fabric: Fabric
    source: Source


def load(path: FilePath | str) -> Design:
    """The design in the file at `path`; raises `TopologyError` with every problem, `InputError` if it can't be read."""
    return parse(read_text(path), str(path))


_A_TOPOLOGY = "Name a topology file, such as topologies/quickstart.yaml."


def read_text(path: FilePath | str, way_out: str = _A_TOPOLOGY) -> str:
    """The text of a file that a person wrote; raises `InputError` where it is missing, too large, or no text."""
    path = FilePath(path)
    try:
        return read_at_most(path, MAX_BYTES, "Split the design.")
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"{path}: cannot be read ({reason}). {way_out}") from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}: found bytes that are not UTF-8 (at {error.start}). Save the file as UTF-8."
        ) from error


def parse(text: str, file: str = "topology") -> Design:
    """The design written in `text`; raises `TopologyError` with every problem found, each with its line."""
    source = read_yaml(text, file)
    topology, problems = _validate(source)
    if topology is not None:
        wrong = {problem.path for problem in problems}
        problems += [p for p in problems_of(topology, source) if not any(_same_place(p.path, w) for w in wrong)]
    if problems:
        raise TopologyError(sorted(set(problems), key=lambda p: (line_of(p), p.path, p.found)))
    assert topology is not None
    return Design(topology, settings_of(topology), expand(topology), source)


def _same_place(path: str, wrong: str) -> bool:
    """True where a rule was checked on a stand-in, in whole or in part."""
    shorter, longer = sorted((path, wrong), key=len)
    return bool(shorter) and longer.startswith(shorter) and longer[len(shorter) :][:1] in ("", ".", "[")


def _validate(source: Source) -> tuple[Topology | None, list[Problem]]:
    """The model, if one can be made, and the schema's problems.

    Where values are wrong, a second try with stand-ins for them gives a model whose other rules can still be
    checked, so that one run reports all that is wrong.
    """
    try:
        return Topology.model_validate(source.data), []
    except ValidationError as error:
        details = _tidy(error.errors(include_url=False))
    problems = [schema_problem(detail, source) for detail in details]
    try:
        return Topology.model_validate(_repaired(source.data, details)), problems
    except ValidationError:
        return None, problems


def _tidy(details: Sequence[ErrorDetails]) -> list[ErrorDetails]:
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


def _data_path(loc: Iterable[int | str], data: Any) -> Path:
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


def _repaired(data: Any, details: Iterable[ErrorDetails]) -> Any:
    """A copy of `data` with a stand-in, or nothing, in each wrong place.

    A malformed name gets a stand-in made from its text, so that what refers to it still finds it.
    """
    data = copy.deepcopy(data)
    for detail in details:
        path = _data_path(detail["loc"], data)
        if not path:
            continue
        parent = data
        for part in path[:-1]:
            parent = _child(parent, part)
        key = path[-1]
        if detail["loc"][-1] == "[key]":
            _drop(data, path)
        elif detail["type"] == "string_pattern_mismatch":
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
    return data


def _drop(data: Any, path: Path) -> None:
    """Removes the value at `path` from its mapping; items of lists stay, for those behind them would move up."""
    parent = data
    for part in path[:-1]:
        parent = _child(parent, part)
    if path and isinstance(parent, dict):
        parent.pop(path[-1], None)


def _put(parent: Any, key: int | str, value: Any) -> None:
    match parent, key:
        case dict(), _:
            parent[key] = value
        case list(), int() if key < len(parent):
            parent[key] = value


def schema_problem(detail: ErrorDetails, source: Source, keys: Iterable[str] | None = None) -> Problem:
    """What pydantic says of a place in a file, in our words; `keys` are those of that place, where it is none of a
    topology file's."""
    path = _data_path(detail["loc"], source.data)
    if detail["type"] == "extra_forbidden":
        return _unknown_key(path, source, _keys_at(path[:-1]) if keys is None else keys)
    if detail["type"] == "missing" and isinstance(path[-1], int):
        found = f"{len(detail['input'])} of them"
        return source.problem(path[:-1], found, f"{path[-1] + 1} of them", "Add what is missing.")
    if detail["type"] == "missing":
        return source.problem(path, "nothing", "a value", f"Add the key '{path[-1]}'.")
    if not path:
        found = "nothing" if detail["input"] is None else _short(detail["input"])
        action = "Start with 'version: 1', 'name:', 'spines:' and 'zones:', or copy a file of topologies/."
        return source.problem(path, found, "a mapping of keys to values", action)
    return source.problem(path, _short(detail["input"]), _allowed(detail), "Correct the value.")


def _allowed(detail: ErrorDetails) -> str:
    """What pydantic says is allowed, in our words."""
    context = detail.get("ctx", {})
    match detail["type"]:
        case "literal_error":
            return str(context.get("expected"))
        case "string_pattern_mismatch":
            label = "lower-case letters, digits and inner hyphens (an RFC 1123 label)"
            return next((words for end, words in _PATTERN_ENDS.items() if context["pattern"].endswith(end)), label)
        case "model_type" | "dict_type" | "mapping_type":
            return "a mapping of keys to values"
        case "tuple_type" | "list_type":
            return "a name, or a list of names" if detail["loc"][-1] in _WORDS_KEYS else "a list"
        case "int_type" if len(detail["loc"]) > 1 and detail["loc"][-1] == "constrained-int":
            return "a count, or a list of names"
        case "too_short":
            return f"at least {context['min_length']} of them"
        case "too_long":
            return f"at most {context['max_length']} of them"
        case "ip_v4_network" | "ip_v6_network" | "value_error" if detail["loc"][-1] in _PREFIX:
            return _PREFIX[str(detail["loc"][-1])]
        case kind if kind in _WORDS:
            return _WORDS[kind].format(**context)
        case _:
            text = detail["msg"]
            for start in ("Value error, ", "Input should be ", "Input is "):
                text = text.removeprefix(start)
            return text[:1].lower() + text[1:]


_PATTERN_ENDS: Mapping[str, str] = {
    r"--\S+$": "link:A--B, link:DEVICE:PORT, node:DEVICE, rack:RACK, zone:ZONE, tier:ROLE or zones:A--B",
    r"\{\}$": "letters and digits with {} for the number of the port, such as swp{}",
    r"^eth[0-9]{1,3}$": "a node's port of the plan, such as eth1",
    r"^[^\s/:]{1,15}$": "an interface name: 1 to 15 characters without blanks, '/' and ':'",
    r"[a-z0-9_-]{0,31}$": "a user name: lower-case letters, digits, '_' and '-'",
    r"[a-z0-9.-]{0,251}[a-z0-9])?$": "a DNS domain such as example.com",
}
"""What a text must be, by the end of its pattern."""
_WORDS_KEYS = frozenset({*Selector.model_fields, "arrays", "remote_roles"})
_WORDS: Mapping[str, str] = {
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "a text",
    "string_too_short": "a text that is not empty",
    "greater_than_equal": "at least {ge:g}",
    "less_than_equal": "at most {le}",
}
_PREFIX: Mapping[str, str] = {
    "ipv4": "an IPv4 prefix such as 10.0.0.0/16, with no bits set behind its length",
    "ipv6": "an IPv6 prefix such as fd00:fab::/64, with no bits set behind its length",
}


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _unknown_key(path: Path, source: Source, keys: Iterable[str]) -> Problem:
    allowed = sorted(keys)
    near = difflib.get_close_matches(str(path[-1]), allowed, 1)
    action = f"Did you mean '{near[0]}'?" if near else "Remove the key."
    return source.problem(path, f"the unknown key '{path[-1]}'", ", ".join(allowed), action)


def _keys_at(path: Path) -> Iterable[str]:
    """The keys that the model has at `path`."""
    model: type[BaseModel] = Topology
    for part in path:
        fields = {info.alias or name: info for name, info in model.model_fields.items()}
        if isinstance(part, str) and part in fields:
            model = _model_in(fields[part].annotation) or model
    return [info.alias or name for name, info in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model class inside an annotation such as `tuple[Zone, ...]` or `Pool | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((m for arg in get_args(annotation) if (m := _model_in(arg)) is not None), None)
