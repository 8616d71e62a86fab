"""The keys of a file as a page of Markdown, from its JSON Schema."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]


def schema_markdown(title: str, intro: str, schema: Schema) -> str:
    """A page with a table of keys for the file and one for each model in it: value, default and meaning."""
    tables = [line for name, model in _models_of(schema) for line in _model(name, model)]
    return "\n".join([f"# {title}", "", f"{intro} Keys in bold are required.", "", *tables]).rstrip() + "\n"


def _models_of(schema: Schema) -> Iterator[tuple[str, Schema]]:
    yield "The file", schema
    yield from ((name, model) for name, model in schema.get("$defs", {}).items() if "properties" in model)


def _model(name: str, schema: Schema) -> Iterator[str]:
    yield from (f"## {name}", "", str(schema.get("description", "")), "")
    yield from ("| key | value | default | meaning |", "| --- | --- | --- | --- |")
    required = schema.get("required", ())
    for key, entry in schema.get("properties", {}).items():
        shown = f"**`{key}`**" if key in required else f"`{key}`"
        cells = (shown, _kind(entry), _default(entry), " ".join(str(entry.get("description", "")).split()))
        yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"
    yield ""


def _default(entry: Schema) -> str:
    own_table = "$ref" in entry  # with the default of each of its keys
    if own_table or entry.get("default") in (None, "", [], {}):
        return ""
    return f"`{json.dumps(entry['default'])}`"


def _kind(entry: Schema) -> str:
    """What may stand there, in a few words."""
    if "$ref" in entry:
        name = entry["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "const" in entry:
        return f"`{json.dumps(entry['const'])}`"
    if "enum" in entry:
        return ", ".join(f"`{json.dumps(value).strip(chr(34))}`" for value in entry["enum"])
    for several in ("anyOf", "oneOf"):
        if several in entry:
            return " or ".join(_kind(one) for one in entry[several] if one.get("type") != "null")
    return _simple(entry)


def _simple(entry: Schema) -> str:
    kind = entry.get("type", "value")
    if kind == "array":
        inside: Any = entry.get("items") or next(iter(entry.get("prefixItems", ())), {})
        return f"list of {_kind(inside)}"
    if kind == "object":
        inside = next(iter(entry.get("patternProperties", {}).values()), entry.get("additionalProperties"))
        return f"mapping of {_kind(inside)}" if isinstance(inside, Mapping) else "mapping"
    bounds = [str(entry[key]) for key in ("minimum", "maximum") if key in entry]
    return html.escape(f"{kind} {' to '.join(bounds)}".strip())
