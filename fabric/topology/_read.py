"""A topology file to a `Design`: read, check against the schema, check what a schema cannot say, expand."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
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
from fabric.topology._repair import Salvaged, data_path, salvaged, tidy
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
    made, problems = _validate(source)
    if made is not None:
        wrong = {problem.path for problem in problems}
        told = problems_of(made.topology, replace(source, moved=made.moved), named=not any(map(_names_devices, wrong)))
        problems += [p for p in told if not any(_same_place(p.path, w) for w in wrong)]
    if problems:
        raise TopologyError(sorted(set(problems), key=lambda p: (line_of(p), p.path, p.found)))
    assert made is not None
    return Design(made.topology, settings_of(made.topology), expand(made.topology), source)


def sound_part(path: FilePath | str) -> Design | None:
    """The design in a file with mistakes, without what is wrong; `None` where planning that would tell of no mistake.

    Left out are entries that no number depends on, and wrong pins and overrides of ASNs.
    """
    source = read_yaml(read_text(path), str(path))
    made, problems = _validate(source)
    if made is None or any(map(_names_devices, (problem.path for problem in problems))):
        return None
    wrong = {p.path for p in (*problems, *problems_of(made.topology, replace(source, moved=made.moved)))}
    if not all(name.startswith(_NO_NUMBERS) for name in wrong):
        return None
    rest = made.topology
    overrides = {name: asn for name, asn in rest.asn.overrides.items() if f"asn.overrides.{name}" not in wrong}
    pins = {n: p for n, p in rest.pins.items() if not any(_same_place(f"pins.{n}", place) for place in wrong)}
    asn = rest.asn.model_copy(update={"overrides": overrides})
    rest = rest.model_copy(update={"asn": asn, "pins": pins})
    return Design(rest, settings_of(rest), expand(rest), source)


_NO_NUMBERS = (
    *("asn.overrides", "bfd", "description", "exclude", "impairments", "intents", "inter_zone", "kubernetes", "mtu"),
    *("passwords", "pins", "suppress", "timers"),
)
"""What can be wrong while the numbers of a plan are still those that the file wants."""
_NAMES_NOTHING = frozenset(
    {
        *("asn", "bfd", "description", "exclude", "growth", "hardware", "impairments", "intents", "inter_zone"),
        *("kubernetes", "links", "models", "mtu", "name", "passwords", "pins", "pools", "rhoso", "suppress"),
        *("timers", "version"),
    }
)
"""Keys that change neither which devices and networks there are nor what they are called."""


def _names_devices(path: str) -> bool:
    """True where something is wrong that others may refer to by name; an unknown key may be such one misspelt."""
    return re.split(r"[.\[]", path, maxsplit=1)[0] not in _NAMES_NOTHING


def _same_place(path: str, wrong: str) -> bool:
    """True where a rule was checked on a stand-in, in whole or in part."""
    shorter, longer = sorted((path, wrong), key=len)
    return bool(shorter) and longer.startswith(shorter) and longer[len(shorter) :][:1] in ("", ".", "[")


def _validate(source: Source) -> tuple[Salvaged | None, list[Problem]]:
    """The model, if one can be made, and the schema's problems.

    Where values are wrong, tries with stand-ins for them give a model whose other rules can still be checked, so that
    one run reports all that is wrong.
    """
    try:
        return Salvaged(Topology.model_validate(source.data)), []
    except ValidationError as error:
        details = tidy(error.errors(include_url=False))
    return salvaged(source.data, details), [schema_problem(detail, source) for detail in details]


def schema_problem(detail: ErrorDetails, source: Source, keys: Iterable[str] | None = None) -> Problem:
    """What pydantic says of a place in a file, in our words; `keys` are those of that place, where it is none of a
    topology file's."""
    path = data_path(detail["loc"], source.data)
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
