"""YAML text to plain values, keeping the line of every key, and refusing what YAML lets slip."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import field
from typing import Any

import yaml

from fabric._values import dataclass
from fabric.errors import Problem, TopologyError

Path = tuple[str | int, ...]
MAX_BYTES = 8_000_000
MAX_VALUES = 500_000
_STANDARD = "tag:yaml.org,2002:"
_MERGE = f"{_STANDARD}merge"


@dataclass(frozen=True, slots=True)
class Source:
    """A parsed file: its values, and on which line each of them stands."""

    file: str
    data: Any
    lines: dict[Path, int] = field(default_factory=dict)
    places: dict[Path, str] = field(default_factory=dict)
    """`file:line` of the values that another file brought."""
    moved: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Of lists that are read without some of their items: where the others stand in the file."""

    def where(self, path: Path) -> str:
        """`file:line` of the value at `path`, or of the nearest value around it."""
        path = self._written(path)
        while path and path not in self.lines:
            if path in self.places:
                return self.places[path]
            path = path[:-1]
        return f"{self.file}:{self.lines.get(path, 1)}"

    def problem(self, path: Path, found: str, allowed: str, action: str) -> Problem:
        """A `Problem` placed at `path`."""
        return Problem(self.where(path), dotted(self._written(path)), found, allowed, action)

    def _written(self, path: Path) -> Path:
        """The path as it is in the file."""
        places = self.moved.get(str(path[0])) if self.moved and len(path) > 1 else None
        if places is None or not isinstance(path[1], int):
            return path
        return (path[0], places[path[1]], *path[2:])


def dotted(path: Path) -> str:
    """`zones[0].racks[1].leaves` for `("zones", 0, "racks", 1, "leaves")`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def near_miss(name: str, known: Collection[str]) -> str:
    """The question that names what was probably meant; empty where nothing comes near."""
    near = difflib.get_close_matches(name, known, 1)
    return f"Did you mean '{near[0]}'?" if near else ""


def line_of(problem: Problem) -> int:
    """The line that a problem names; 0 where it names none."""
    tail = problem.where.rpartition(":")[2]
    return int(tail) if tail.isdigit() else 0


def read_yaml(text: str, file: str) -> Source:
    """The `Source` of a YAML text; raises `TopologyError` where it is no YAML, too large, or repeats a key."""
    if len(text) > MAX_BYTES:
        raise TopologyError(
            [Problem(file, "", f"{len(text)} bytes", f"at most {MAX_BYTES} bytes", "Split the design into several.")]
        )
    try:
        root = _compose(text)
        reader = _Reader(file)
        data = None if root is None else reader.value(root, ())
    except yaml.YAMLError as error:
        raise TopologyError([_syntax_problem(error, file)]) from error
    except RecursionError as error:
        problem = Problem(file, "", "values nested too deeply", "a few levels", "Remove the nesting, or the loop.")
        raise TopologyError([problem]) from error
    if reader.problems:
        raise TopologyError(sorted(reader.problems, key=line_of))
    return Source(file, data, reader.lines)


def _compose(text: str) -> yaml.Node | None:
    """The root node of a text, by libyaml where PyYAML has it, which is several times faster.

    What libyaml refuses is read once more in Python, so that messages are the same on every machine.
    """
    if fast := getattr(yaml, "CSafeLoader", None):
        with suppress(yaml.YAMLError):
            return yaml.compose(text, Loader=fast)
    return yaml.compose(text, Loader=_Loader)


def _syntax_problem(error: yaml.YAMLError, file: str) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    where = f"{file}:{mark.line + 1}" if mark else file
    reason = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read"
    reason = str(reason).removeprefix("found ").removeprefix("but found ")
    return Problem(where, "", f"no YAML ({reason})", "one YAML 1.1 document", "Correct the YAML at this line.")


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, used for composing and for scalars only."""


class _Reader:
    """Walks composed nodes into values; counts expanded values so that aliases cannot explode."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[Path, int] = {}
        self.problems: list[Problem] = []
        self._count = 0
        self._scalars = _Loader("")

    def value(self, node: yaml.Node, path: Path) -> Any:
        self._count += 1
        if self._count > MAX_VALUES:
            raise TopologyError(
                [
                    Problem(
                        f"{self.file}:{node.start_mark.line + 1}",
                        dotted(path),
                        f"more than {MAX_VALUES} values after expanding aliases",
                        f"at most {MAX_VALUES} values",
                        "Remove the aliases that repeat each other.",
                    )
                ]
            )
        self.lines.setdefault(path, node.start_mark.line + 1)
        if "/" in node.tag.removeprefix(_STANDARD) or not node.tag.startswith(_STANDARD):
            self._report(node, path, f"the YAML tag {node.tag!r}", "plain values", "Remove the tag.")
            return None
        if isinstance(node, yaml.MappingNode):
            return dict(self._items(node, path))
        if isinstance(node, yaml.SequenceNode):
            return [self.value(child, (*path, index)) for index, child in enumerate(node.value)]
        return self._scalar(node, path)

    def _scalar(self, node: yaml.Node, path: Path) -> Any:
        try:
            return self._scalars.construct_object(node)
        except ValueError as error:  # such as the date 2024-99-99
            action = "Quote it if it is a text."
            self._report(node, path, f"{node.value!r}, which is no value ({error})", "a YAML value", action)
            return None

    def _report(self, node: yaml.Node, path: Path, found: str, *rest: str) -> None:
        allowed, action = rest
        where = f"{self.file}:{node.start_mark.line + 1}"
        self.problems.append(Problem(where, dotted(path), found, allowed, action))

    def _items(self, node: yaml.MappingNode, path: Path) -> Iterator[tuple[str, Any]]:
        merged = any(key.tag == _MERGE for key, _ in node.value)
        self._refuse_repeated(node, path)
        if merged:
            self._scalars.flatten_mapping(node)
        for key_node, value_node in node.value:
            key = str(self._scalars.construct_object(key_node))
            self.lines[(*path, key)] = key_node.start_mark.line + 1
            yield key, self.value(value_node, (*path, key))

    def _refuse_repeated(self, node: yaml.MappingNode, path: Path) -> None:
        first: dict[str, int] = {}
        for key_node, _ in node.value:
            key = str(key_node.value)
            if key in first and key_node.tag != _MERGE:
                found = f"the key a second time (first on line {first[key]})"
                self._report(key_node, (*path, key), found, "each key once", "Remove one of the two.")
            first.setdefault(key, key_node.start_mark.line + 1)
