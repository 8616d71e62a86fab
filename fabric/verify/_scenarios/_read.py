"""Scenario files to values: every mistake of a file at once, each with its line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from pathlib import Path

from pydantic import BaseModel, ValidationError

from fabric.errors import InputError, Problem, TopologyError, unknown
from fabric.resources import directory
from fabric.topology import Source, read_text, read_yaml, schema_problem
from fabric.verify._scenarios._model import (
    Clear,
    Expectation,
    Fail,
    Flapping,
    Heal,
    Impair,
    Probe,
    Scenario,
    Verify,
    Wait,
)

_KINDS = ("fail", "flap", "heal", "impair", "clear", "wait_s", "verify", "probe_bytes")
_STEPS: Mapping[str, type[BaseModel]] = {
    step.__name__: step for step in (Fail, Flapping, Heal, Impair, Clear, Wait, Verify, Probe)
}
_BRANCHES = frozenset(_STEPS)
_BRANCH_OF = dict(zip(_KINDS, _STEPS, strict=True))


def shipped_scenarios() -> tuple[Path, ...]:
    """The scenario files that ship, sorted by name."""
    return tuple(sorted((directory("lab") / "scenarios").glob("*.yaml")))


def load_scenario(name: str) -> Scenario:
    """The scenario in a file, or the shipped one of that name. Raises `InputError` with all that is wrong."""
    shipped = {path.stem: path for path in shipped_scenarios()}
    path = shipped.get(name, Path(name))
    if not path.exists():
        action = "Name a file, or one that `fabric lab run --list` shows."
        raise InputError(f"{name}: {unknown('scenario', name, shipped, action)}")
    text = read_text(path, "Name a scenario file, or one that `fabric lab run --list` shows.")
    return parse_scenario(text, path.name if name in shipped else str(path))


def parse_scenario(text: str, file: str) -> Scenario:
    """The scenario written in `text`; raises `TopologyError` with every problem, each with its line."""
    source = read_yaml(text, file)
    if not isinstance(source.data, dict) or _is_foreign(source.data.keys()):
        raise TopologyError([_no_scenario(source)])
    try:
        return Scenario.model_validate(source.data)
    except ValidationError as error:
        problems = tuple(_problems(error, source))
    raise TopologyError(problems)


def _problems(error: ValidationError, source: Source) -> Iterator[Problem]:
    """A problem a place; of a step only what its own kind says of it."""
    seen = set[tuple[int | str, ...]]()
    for detail in error.errors(include_url=False):
        loc = detail["loc"]
        if detail["type"] == "too_short" and detail["input"]:
            continue  # pydantic counts only the valid steps
        if loc[:1] == ("steps",) and len(loc) > 2:
            wanted = _branch(source.data["steps"][loc[1]])
            if wanted is None:
                place: tuple[int | str, ...] = loc[:2]
                if place not in seen:
                    seen.add(place)
                    what = "a step without what it does"
                    yield source.problem(place, what, f"one of {', '.join(_KINDS)}", "Say what the step does.")
                continue
            if loc[2] != wanted:
                continue
        place = tuple(part for part in loc if part not in _BRANCHES)
        if place not in seen:
            seen.add(place)
            if not place:
                said = str(detail["msg"]).removeprefix("Value error, ")
                yield source.problem(place, "values that do not agree", said, "Correct one of them.")
                continue
            yield schema_problem({**detail, "loc": place}, source, _keys(loc))


def _is_foreign(keys: Set[str]) -> bool:
    """True for the keys of a file of another kind: some are none of a scenario's, and none is a scenario's alone."""
    own = Scenario.model_fields.keys()
    return bool(keys - own) and not keys & (own - {"version", "name"})


def _no_scenario(source: Source) -> Problem:
    """What is said once of a file of another kind."""
    kind = "nothing" if source.data is None else "no scenario"
    if isinstance(source.data, dict) and {"zones", "spines"} & source.data.keys():
        kind = "a topology"
    allowed = "a scenario: version, name, title, source and steps"
    return source.problem((), kind, allowed, "Name a scenario, or one that `fabric lab run --list` shows.")


def _keys(loc: tuple[int | str, ...]) -> Iterable[str]:
    """The keys of the mapping in which a place lies."""
    if "expect" in loc[:-1]:
        return Expectation.model_fields
    branch = next((part for part in loc if part in _BRANCHES), None)
    model = Scenario if branch is None else _STEPS[str(branch)]
    return model.model_fields


def _branch(step: object) -> str | None:
    found = [name for key, name in _BRANCH_OF.items() if isinstance(step, dict) and key in step]
    return found[0] if len(found) == 1 else None
