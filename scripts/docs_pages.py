"""Pages of the site that are made from what already says it: the README, the change log, the commands, the schema.

MkDocs calls `on_files` (its `hooks`); nothing that is made so is kept in the repository, so none of it can be stale.
"""

from __future__ import annotations

import html
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parent.parent
_MOVED = {"](docs/": "](", "](CONTRIBUTING.md)": "](contributing.md)", "](CHANGELOG.md)": "](changelog.md)"}
"""Links of pages that stand in the root of the repository, and where the same leads to on the site."""
Schema = Mapping[str, Any]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """The files of the site with the made ones among them."""
    for path, text in pages().items():
        files.append(File.generated(config, path, content=text))
    return files


def pages() -> dict[str, str]:
    """The made pages by path."""
    makers: Mapping[str, Callable[[], str]] = {
        "index.md": lambda: moved("README.md"),
        "contributing.md": lambda: moved("CONTRIBUTING.md"),
        "changelog.md": lambda: moved("CHANGELOG.md"),
        "reference/commands.md": commands,
        "reference/topology-file.md": topology_file,
    }
    return {path: make() for path, make in makers.items()}


def moved(name: str) -> str:
    """A page of the repository's root, with links as they are on the site."""
    text = (ROOT / name).read_text(encoding="utf-8")
    for old, new in _MOVED.items():
        text = text.replace(old, new)
    return text


def commands() -> str:
    """Every command with its arguments and options, as Typer documents them."""
    command = [
        sys.executable,
        "-m",
        "typer",
        "fabric.cli._app",
        "utils",
        "docs",
        "--name",
        "fabric",
        "--title",
        "Commands",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return done.stdout


def topology_file() -> str:
    """Every key of a topology file, from the published schema."""
    from fabric.topology import json_schema

    schema = json_schema()
    intro = (
        "# Topology file\n\n`fabric schema` prints this as JSON Schema; an editor that is given it completes and "
        "checks the file. Keys in bold are required.\n\n"
    )
    return intro + "\n".join(_model("The file", schema)) + "\n" + "\n".join(_models(schema["$defs"]))


def _models(definitions: Mapping[str, Schema]) -> Iterator[str]:
    for name, definition in definitions.items():
        if "properties" in definition:
            yield from _model(name, definition)


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
    if entry.get("default") in (None, "", [], {}):
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
