"""Scenario files to values: every mistake of a file at once, each with its line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from fabric.errors import InputError, Problem, TopologyError
from fabric.resources import directory
from fabric.topology import Source, read_yaml
from fabric.verify._scenarios._model import Scenario

_KINDS = ("fail", "flap", "heal", "impair", "clear", "wait_s", "verify", "probe_bytes")
_BRANCHES = frozenset({"Fail", "Flapping", "Heal", "Impair", "Clear", "Wait", "Verify", "Probe"})
_BRANCH_OF = dict(zip(_KINDS, ("Fail", "Flapping", "Heal", "Impair", "Clear", "Wait", "Verify", "Probe"), strict=True))


def shipped_scenarios() -> tuple[Path, ...]:
    """The scenario files that ship, sorted by name."""
    return tuple(sorted((directory("lab") / "scenarios").glob("*.yaml")))


def load_scenario(name: str) -> Scenario:
    """The scenario in a file, or the shipped one of that name. Raises `InputError` with all that is wrong."""
    shipped = {path.stem: path for path in shipped_scenarios()}
    path = shipped.get(name, Path(name))
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{name}: found no such scenario ({error}); allowed: a file, or one of {', '.join(shipped)}. "
            "Name one of them."
        ) from error
    return parse_scenario(text, path.name if name in shipped else str(path))


def parse_scenario(text: str, file: str) -> Scenario:
    """The scenario written in `text`; raises `TopologyError` with every problem, each with its line."""
    source = read_yaml(text, file)
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
            yield source.problem(place, repr(detail["input"])[:60], _allowed(detail), "Correct the value.")


def _allowed(detail: Any) -> str:
    kinds = {"extra_forbidden": "only known keys", "missing": "a value that is there"}
    return kinds.get(detail["type"], str(detail["msg"]))


def _branch(step: object) -> str | None:
    found = [name for key, name in _BRANCH_OF.items() if isinstance(step, dict) and key in step]
    return found[0] if len(found) == 1 else None
