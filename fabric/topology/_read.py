"""A topology file to a `Design`: read, check against the schema, check what a schema cannot say, expand."""

from __future__ import annotations

import copy
import difflib
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from fabric.errors import InputError, Problem, TopologyError
from fabric.topology._expand import Fabric, expand
from fabric.topology._model import Topology
from fabric.topology._rules import problems_of
from fabric.topology._settings import Settings, settings_of
from fabric.topology._source import MAX_BYTES, Path, Source, read_yaml


@dataclass(frozen=True)
class Design:
    """A topology that has passed every check, its expansion, and where each value stands in the file."""

    topology: Topology
    settings: Settings
    fabric: Fabric
    source: Source


def load(path: FilePath | str) -> Design:
    """The design in the file at `path`; raises `TopologyError` with every problem, `InputError` if it can't be read."""
    path = FilePath(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(
                f"{path}: found {path.stat().st_size} bytes; allowed: at most {MAX_BYTES}. Split the design."
            )
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(
            f"{path}: cannot be read ({reason}). Name a topology file, such as topologies/quickstart.yaml."
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}: found bytes that are not UTF-8 (at {error.start}). Save the file as UTF-8."
        ) from error
    return parse(text, str(path))


def parse(text: str, file: str = "topology") -> Design:
    """The design written in `text`; raises `TopologyError` with every problem found, each with its line."""
    source = read_yaml(text, file)
    topology, problems = _validate(source)
    if topology is not None:
        problems += problems_of(topology, source)
    if problems:
        raise TopologyError(sorted(set(problems), key=lambda p: (_line(p), p.path)))
    assert topology is not None
    return Design(topology, settings_of(topology), expand(topology), source)


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a topology file."""
    schema = Topology.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "fabric topology, version 1", **schema}


def _line(problem: Problem) -> int:
    tail = problem.where.rpartition(":")[2]
    return int(tail) if tail.isdigit() else 0


def _validate(source: Source) -> tuple[Topology | None, list[Problem]]:
    """The model, if one can be made, and the schema's problems.

    Where values are wrong, a second try with stand-ins for them gives a model whose other rules can still be
    checked, so that one run reports all that is wrong.
    """
    try:
        return Topology.model_validate(source.data), []
    except ValidationError as error:
        details = _tidy(error.errors(include_url=False))
    problems = [_schema_problem(detail, source) for detail in details]
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
    return list(seen.values())


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
        if detail["type"] == "string_pattern_mismatch":
            _put(parent, key, f"x{zlib.crc32(str(detail['input']).encode())}")
        elif detail["type"] == "missing" and key in _STAND_INS:
            _put(parent, key, _STAND_INS[str(key)])
        elif isinstance(parent, dict):
            parent.pop(key, None)
    return data


def _put(parent: Any, key: int | str, value: Any) -> None:
    match parent, key:
        case dict(), _:
            parent[key] = value
        case list(), int() if key < len(parent):
            parent[key] = value


def _schema_problem(detail: ErrorDetails, source: Source) -> Problem:
    path = _data_path(detail["loc"], source.data)
    if detail["type"] == "extra_forbidden":
        return _unknown_key(path, source)
    if detail["type"] == "missing":
        return source.problem(path, "nothing", "a value", f"Add the key '{path[-1]}'.")
    found = "no document" if not path and detail["input"] is None else _short(detail["input"])
    return source.problem(path, found, _allowed(detail), "Correct the value.")


def _allowed(detail: ErrorDetails) -> str:
    """What pydantic says is allowed, in our words."""
    context = detail.get("ctx", {})
    match detail["type"]:
        case "literal_error":
            return str(context.get("expected"))
        case "string_pattern_mismatch":
            return "lower-case letters, digits and inner hyphens (an RFC 1123 label)"
        case "model_type" | "dict_type" | "mapping_type":
            return "a mapping of keys to values"
        case "tuple_type" | "list_type":
            return "a list"
        case "int_type" if len(detail["loc"]) > 1 and detail["loc"][-1] == "constrained-int":
            return "a count, or a list of names"
        case "too_short":
            return f"at least {context['min_length']} of them"
        case _:
            text = (
                detail["msg"].removeprefix("Value error, ").removeprefix("Input should be ").removeprefix("Input is ")
            )
            return text[:1].lower() + text[1:]


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _unknown_key(path: Path, source: Source) -> Problem:
    allowed = sorted(_keys_at(path[:-1]))
    near = difflib.get_close_matches(str(path[-1]), allowed, 1)
    action = f"Did you mean '{near[0]}'?" if near else "Remove the key."
    return source.problem(path, f"the unknown key '{path[-1]}'", ", ".join(allowed), action)


def _keys_at(path: Path) -> Iterable[str]:
    """The keys that the model has at `path`."""
    model: type[BaseModel] = Topology
    for part in path:
        if isinstance(part, str) and part in model.model_fields:
            model = _model_in(model.model_fields[part].annotation) or model
    return model.model_fields


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model class inside an annotation such as `tuple[Zone, ...]` or `Pool | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((m for arg in get_args(annotation) if (m := _model_in(arg)) is not None), None)
