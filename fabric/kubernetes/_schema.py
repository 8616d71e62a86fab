"""The structural schemas of custom resources, applied as the API server applies them.

`apply` validates a value, drops the fields that the schema does not know and fills in defaults. `oc apply`
warns about or refuses unknown fields, the API server itself drops them without a word; so both lists come back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from fabric._values import dataclass
from fabric.kubernetes._documents import LinedDict, LinedList
from fabric.kubernetes._documents import Path as FieldPath
from fabric.kubernetes._rules import Rule, rules_of

_DIRECTORY = Path(__file__).parent / "crds"
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
}
_NAMES = {dict: "an object", list: "a list", str: "text", bool: "a boolean", int: "a number", float: "a number"}
_TYPE_WORDS = {
    "object": "an object",
    "array": "a list",
    "string": "text",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One violation: the field, what stands there and what the schema allows."""

    path: FieldPath
    found: str
    allowed: str


@dataclass(frozen=True, slots=True)
class Applied:
    """What the API server stores, what it refuses, and the fields it drops."""

    value: Any
    faults: tuple[Fault, ...]
    unknown: tuple[FieldPath, ...]


@dataclass(frozen=True, slots=True)
class Schema:
    """One node of a structural schema, ready to be applied."""

    type: str
    properties: Mapping[str, Schema] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    items: Schema | None = None
    additional: Schema | None = None
    preserve: bool = False
    nullable: bool = False
    enum: tuple[Any, ...] = ()
    pattern: re.Pattern[str] | None = None
    minimum: int | None = None
    maximum: int | None = None
    min_size: int = 0
    max_size: int | None = None
    rules: tuple[Rule, ...] = ()

    def apply(self, value: Any, path: FieldPath = ()) -> Applied:
        """`value` as the API server would store it, with every violation and every unknown field."""
        run = _Run()
        stored = run.node(self, value, path)
        return Applied(stored, tuple(run.faults), tuple(run.unknown))


@cache
def load_schema(file: str, version: str) -> Schema | None:
    """The schema of `version` in the resource definition `file`, or `None` where that version is not served."""
    definition = yaml.load((_DIRECTORY / file).read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    for entry in definition["spec"]["versions"]:
        if entry["name"] == version:
            return _compile(entry["schema"]["openAPIV3Schema"])
    return None


def _compile(node: Mapping[str, Any]) -> Schema:
    properties = node.get("properties", {})
    additional = node.get("additionalProperties")
    enum = node.get("enum") or next((part["enum"] for part in node.get("allOf", ()) if "enum" in part), ())
    return Schema(
        type="int-or-string" if node.get("x-kubernetes-int-or-string") else node.get("type", ""),
        properties={name: _compile(child) for name, child in properties.items()},
        defaults={name: child["default"] for name, child in properties.items() if "default" in child},
        required=tuple(node.get("required", ())),
        items=_compile(node["items"]) if "items" in node else None,
        additional=_compile(additional) if isinstance(additional, dict) else None,
        preserve=_keeps_unknown(node),
        nullable=node.get("nullable", False),
        enum=tuple(enum),
        pattern=re.compile(node["pattern"]) if "pattern" in node else None,
        minimum=node.get("minimum"),
        maximum=node.get("maximum"),
        min_size=node.get("minItems", node.get("minLength", 0)),
        max_size=node.get("maxItems", node.get("maxLength")),
        rules=tuple(rules_of(node)),
    )


def _keeps_unknown(node: Mapping[str, Any]) -> bool:
    """True for objects whose fields the schema leaves open, as it does for `metadata`."""
    declared = "properties" in node or "additionalProperties" in node
    return bool(node.get("x-kubernetes-preserve-unknown-fields")) or (node.get("type") == "object" and not declared)


class _Run:
    """One application of a schema to one value."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.unknown: list[FieldPath] = []

    def node(self, schema: Schema, value: Any, path: FieldPath) -> Any:
        if value is None and schema.nullable:
            return None
        if not _has_type(schema.type, value):
            self._fault(path, describe(value), _TYPE_WORDS.get(schema.type, "a number or text"))
            return value
        if isinstance(value, dict):
            value = self._object(schema, value, path)
        elif isinstance(value, list):
            value = self._list(schema, value, path)
        else:
            self._scalar(schema, value, path)
        for rule in schema.rules:
            if not rule.valid(value):
                self._fault(path, describe(value), rule.message)
        return value

    def _fault(self, path: FieldPath, found: str, allowed: str) -> None:
        if path[-1:] == ("password",):
            found = "a value that is not shown"
        self.faults.append(Fault(path, found, allowed))

    def _object(self, schema: Schema, value: dict[str, Any], path: FieldPath) -> dict[str, Any]:
        stored = LinedDict(getattr(value, "line", 0))
        stored.lines = getattr(value, "lines", {})
        for name, child in value.items():
            known = schema.properties.get(name) or schema.additional
            if known is not None:
                if child is None and not known.nullable and name in schema.defaults:
                    continue  # a null gives way to the default
                stored[name] = self.node(known, child, (*path, name))
            elif schema.preserve:
                stored[name] = child
            else:
                self.unknown.append((*path, name))
        for name, default in schema.defaults.items():
            stored.setdefault(name, default)
        for name in schema.required:
            if name not in stored:
                self._fault((*path, name), "nothing", f"a value, because {name} is required")
        return stored

    def _list(self, schema: Schema, value: list[Any], path: FieldPath) -> list[Any]:
        self._size(schema, value, path, "items")
        stored = LinedList(getattr(value, "line", 0))
        stored.lines = getattr(value, "lines", [])
        assert schema.items is not None, "a structural schema names the items of its lists"
        stored.extend(self.node(schema.items, item, (*path, index)) for index, item in enumerate(value))
        return stored

    def _scalar(self, schema: Schema, value: Any, path: FieldPath) -> None:
        if schema.enum and value not in schema.enum:
            self._fault(path, describe(value), " or ".join(map(str, schema.enum)))
        if isinstance(value, str):
            self._size(schema, value, path, "characters")
            if schema.pattern and not schema.pattern.search(value):
                self._fault(path, describe(value), f"text that matches {schema.pattern.pattern}")
        elif not isinstance(value, bool):
            self._range(schema, value, path)

    def _range(self, schema: Schema, value: float, path: FieldPath) -> None:
        low, high = schema.minimum, schema.maximum
        if (low is not None and value < low) or (high is not None and value > high):
            upper = f"to {high}" if high is not None else "or more"
            self._fault(path, describe(value), f"{low if low is not None else 'any number'} {upper}")

    def _size(self, schema: Schema, value: Sequence[Any], path: FieldPath, unit: str) -> None:
        size = len(value)
        if size < schema.min_size or (schema.max_size is not None and size > schema.max_size):
            upper = f"to {schema.max_size}" if schema.max_size is not None else "or more"
            self._fault(path, f"{size} {unit}", f"{schema.min_size} {upper} {unit}")


def _has_type(name: str, value: Any) -> bool:
    if name == "int-or-string":
        return isinstance(value, (int, str)) and not isinstance(value, bool)
    if isinstance(value, bool):
        return name in ("boolean", "")
    if name == "integer" and isinstance(value, float):
        return value.is_integer()
    return not name or isinstance(value, _TYPES[name])


def describe(value: Any) -> str:
    """`value` as a message shows it: scalars themselves, containers by their kind."""
    if isinstance(value, (dict, list)):
        return next(word for kind, word in _NAMES.items() if isinstance(value, kind))
    return "null" if value is None else repr(value) if isinstance(value, str) else str(value).lower()
