"""YAML as the API server's clients read it, with the line of every field kept.

The scalar rules are those of the YAML library behind `kubectl`/`oc` (sigs.k8s.io/yaml): `yes` and `on` are booleans,
`010` is eight, and a community such as `1:2` stays text where YAML 1.1 would make it a number of minutes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import field
from typing import Any

import yaml
from yaml.error import MarkedYAMLError
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from fabric._values import dataclass
from fabric.errors import Problem, ProblemsError

Path = tuple[str | int, ...]
MAX_CHARACTERS = 64 * 1024 * 1024
MAX_VALUES = 5_000_000
MAX_DEPTH = 100

_TRUE = frozenset(["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"])
_FALSE = frozenset(["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"])
_NULL = frozenset(["", "~", "null", "Null", "NULL"])
_NUMBER_START = frozenset("+-.0123456789")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_OCTAL = re.compile(r"([-+]?)0([0-7]+)")


class ResourceError(ProblemsError):
    """Every mistake found while reading custom resources: syntax, schema, or a field that cannot be used."""


class LinedDict(dict[str, Any]):
    """A mapping that remembers the line of each of its keys."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}


class LinedList(list[Any]):
    """A sequence that remembers the line of each of its items."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: list[int] = []


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document: its value, the file that holds it and the line (from 1) on which it starts."""

    file: str
    line: int
    value: Any = field(repr=False)

    @classmethod
    def generated(cls, source: str, value: Any) -> Document:
        """A document that no file holds; `source` says what made it."""
        return cls(source, 0, _lined(value))

    def where(self, path: Path = ()) -> str:
        """`file:line` of the field at `path`, or of its nearest ancestor that was written down."""
        return position(self, self.value, path)


def position(document: Document, value: Any, path: Path) -> str:
    """`file:line` of `path` below `value`, which was made from `document`; without the line where there is none."""
    line = line_of(value, path) or document.line
    return f"{document.file}:{line}" if line else document.file


def _lined(value: Any) -> Any:
    """`value` in the containers that files are read into, without lines."""
    if isinstance(value, dict):
        mapping = LinedDict(0)
        mapping.update({key: _lined(entry) for key, entry in value.items()})
        return mapping
    if isinstance(value, (list, tuple)):
        sequence = LinedList(0)
        sequence.extend(map(_lined, value))
        return sequence
    return value


def line_of(value: Any, path: Path) -> int:
    """The line on which `path` stands below `value`; 0 where nothing of it was written down."""
    line = getattr(value, "line", 0)
    for step in path:
        if isinstance(value, LinedDict) and step in value:
            line = abs(value.lines.get(str(step), line))
        elif isinstance(value, LinedList) and isinstance(step, int) and step < len(value.lines):
            line = value.lines[step]
        else:
            break
        value = value[step]
    return line


def dotted(path: Path) -> str:
    """`path` as users write it: `spec.bgp.routers[0].neighbors[1].asn`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def parse_documents(text: str, file: str) -> Iterator[Document]:
    """The documents of a YAML (or JSON) stream; empty ones are left out.

    Raises `ResourceError` for bad syntax, a key written twice, and for input made to exhaust memory: more than
    64 MiB of text, 5 million values after aliases are followed, or nesting deeper than 100.
    """
    if len(text) > MAX_CHARACTERS:
        raise _error(file, 1, f"{len(text)} characters", f"at most {MAX_CHARACTERS}", "Split the file.")
    builder = _Builder(file)
    parser = yaml.CBaseLoader(text)
    try:
        while True:
            event = parser.get_event()
            if event is None or type(event) is StreamEndEvent:
                return
            if builder.take(event) and builder.value is not None:
                yield Document(file, builder.start, builder.value)
    except yaml.YAMLError as error:
        raise _syntax_error(file, error) from error


def _syntax_error(file: str, error: yaml.YAMLError) -> ResourceError:
    """The parser's complaint with its line; one about a character that YAML does not allow comes without."""
    if not isinstance(error, MarkedYAMLError):
        return _error(file, 1, f"text that is no YAML ({error})", "YAML", "Remove the character.")
    mark = error.problem_mark or error.context_mark
    found = f"YAML that cannot be parsed ({error.problem})"
    return _error(file, mark.line + 1 if mark else 1, found, "YAML", "Correct the line.")


def _error(file: str, line: int, found: str, allowed: str, action: str) -> ResourceError:
    return ResourceError([Problem(f"{file}:{line}", "", found, allowed, action)])


_Container = LinedDict | LinedList


class _Builder:
    """Turns parser events into values without recursion, so that no nesting can exhaust the stack."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.start = 1
        self.value: Any = None
        self._stack: list[_Container] = []
        self._keys: list[str | None] = []
        self._key_lines: list[int] = []
        self._anchors: dict[str, Any] = {}
        self._open_anchors: list[str | None] = []
        self._count = 0

    def take(self, event: Event) -> bool:
        """True when `event` completed a document's root value."""
        line = event.start_mark.line + 1 if event.start_mark else self.start
        match event:
            case ScalarEvent():
                return self._scalar(event, line)
            case MappingEndEvent() | SequenceEndEvent():
                return self._close()
            case MappingStartEvent():
                return self._open(LinedDict(line), event.anchor)
            case SequenceStartEvent():
                return self._open(LinedList(line), event.anchor)
            case AliasEvent():
                return self._alias(event.anchor or "", line)
            case DocumentStartEvent():
                self._begin(line)
        return False

    def _scalar(self, event: ScalarEvent, line: int) -> bool:
        parent = self._stack[-1] if self._stack else None
        if isinstance(parent, LinedDict) and self._keys[-1] is None:
            self._keys[-1] = event.value
            self._key_lines[-1] = line
            return False
        plain = not event.style and event.implicit[0]
        value = _plain(event.value) if plain else event.value
        if event.anchor:
            self._anchors[event.anchor] = value
        return self._add(value, line)

    def _begin(self, line: int) -> None:
        self.start, self.value = line, None
        self._anchors.clear()

    def _refuse_as_key(self, line: int) -> None:
        """Raises where a key is due, because what comes is not plain text."""
        if self._stack and isinstance(self._stack[-1], LinedDict) and self._keys[-1] is None:
            raise _error(self.file, line, "a key that is no text", "text keys", "Write the key as text.")

    def _open(self, container: _Container, anchor: str | None) -> bool:
        self._refuse_as_key(container.line)
        if len(self._stack) >= MAX_DEPTH:
            raise _error(self.file, container.line, "deeper nesting", f"a depth of {MAX_DEPTH}", "Flatten the file.")
        self._stack.append(container)
        self._keys.append(None)
        self._key_lines.append(container.line)
        self._open_anchors.append(anchor)
        return False

    def _close(self) -> bool:
        container = self._stack.pop()
        self._keys.pop()
        self._key_lines.pop()
        anchor = self._open_anchors.pop()
        if anchor:
            self._anchors[anchor] = container
        return self._add(container, container.line)

    def _alias(self, name: str, line: int) -> bool:
        self._refuse_as_key(line)
        if name not in self._anchors:
            raise _error(self.file, line, f"the alias *{name}", "aliases of finished anchors", "Define &name first.")
        value = self._anchors[name]
        self._charge(_size(value), line)
        return self._add(value, line)

    def _charge(self, values: int, line: int) -> None:
        self._count += values
        if self._count > MAX_VALUES:
            raise _error(self.file, line, "aliases or values without end", f"{MAX_VALUES} values", "Split the file.")

    def _add(self, value: Any, line: int) -> bool:
        self._charge(1, line)
        if not self._stack:
            self.value = value
            return True
        parent = self._stack[-1]
        if isinstance(parent, LinedList):
            parent.append(value)
            parent.lines.append(line)
            return False
        key, self._keys[-1] = self._keys[-1], None
        assert key is not None, "a mapping's value follows its key"
        self._put(parent, key, value, self._key_lines[-1])
        return False

    def _put(self, parent: LinedDict, key: str, value: Any, line: int) -> None:
        if key == "<<" and isinstance(value, LinedDict):
            for name, inherited in value.items():
                parent.setdefault(name, inherited)
                parent.lines.setdefault(name, -value.lines[name])  # negative: a later key of its own wins
        elif parent.lines.get(key, 0) > 0:
            raise _error(self.file, line, f"the key {key} twice in one mapping", "each key once", "Remove one of them.")
        else:
            parent[key] = value
            parent.lines[key] = line


def _size(value: Any) -> int:
    """How many values `value` stands for, aliases followed; stops counting at the limit."""
    count, pending = 0, [value]
    while pending and count <= MAX_VALUES:
        current = pending.pop()
        count += 1
        if isinstance(current, LinedDict):
            pending.extend(current.values())
        elif isinstance(current, LinedList):
            pending.extend(current)
    return count


def _plain(text: str) -> str | int | float | bool | None:
    """A plain scalar's value by the rules of `kubectl`'s YAML library."""
    if text[:1] in _NUMBER_START and text:
        return _number(text)
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    return None if text in _NULL else text


def _number(text: str) -> str | int | float:
    plain = text.replace("_", "")
    octal = _OCTAL.fullmatch(plain)
    try:
        return int(f"{octal[1]}0o{octal[2]}", 0) if octal else int(plain, 0)
    except ValueError:
        return float(plain) if _FLOAT.fullmatch(plain) else text
