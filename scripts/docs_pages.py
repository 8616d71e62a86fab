"""Pages of the site that are made from what already says it: the README, the change log, the commands, the schema.

MkDocs calls `on_files` (its `hooks`); nothing that is made so is kept in the repository, so none of it can be stale.
"""

from __future__ import annotations

import html
import json
import shlex
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
_JSON_COMMANDS = (
    "plan topologies/quickstart.yaml --json",
    "diff topologies/quickstart.yaml topologies/clos3-rfc7938.yaml --format json",
    "check topologies/quickstart.yaml --json",
    "simulate topologies/quickstart.yaml --json",
    "simulate topologies/quickstart.yaml --fib spine-1 --json",
    "simulate topologies/quickstart.yaml --sweep nodes=2 --json",
    "simulate topologies/quickstart.yaml --budget --json",
    "simulate topologies/quickstart.yaml --load uniform=1 --json",
    "simulate topologies/quickstart.yaml --intents --json",
    "trace topologies/quickstart.yaml a1-server-1 b1-server-1 --json",
    "explain topologies/quickstart.yaml a1-server-1 10.240.0.131 --json",
)
_JSON_INTRO = (
    "Every command that answers does so in JSON with `--json`. A document names its version; within one, keys are only "
    "added. These are the keys, as the commands answer for the quickstart design when this page is made; the commands "
    "of a lab answer in the same manner."
)
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
        "reference/scenario-file.md": scenario_file,
        "reference/json.md": json_answers,
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

    intro = "`fabric schema` prints this as JSON Schema; an editor that is given it completes and checks the file."
    return _schema_page("Topology file", intro, json_schema())


def scenario_file() -> str:
    """Every key of a scenario file, from the published schema."""
    from fabric.verify import scenario_schema

    intro = "`fabric schema --scenario` prints this as JSON Schema; [scenarios](scenarios.md) says what they are for."
    return _schema_page("Scenario file", intro, scenario_schema())


def _schema_page(title: str, intro: str, schema: Schema) -> str:
    head = f"# {title}\n\n{intro} Keys in bold are required.\n\n"
    return head + "\n".join(_model("The file", schema)) + "\n" + "\n".join(_models(schema.get("$defs", {})))


def json_answers() -> str:
    """What commands answer with `--json`, as they answer it for the quickstart design."""
    lines = ["# JSON answers", "", _JSON_INTRO, ""]
    for command in _JSON_COMMANDS:
        words = [sys.executable, "-m", "fabric", *shlex.split(command)]
        done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=ROOT)
        lines += [f"## `fabric {command}`", "", "```text", *_shape(json.loads(done.stdout)), "```", ""]
    return "\n".join(lines)


def _shape(value: object, indent: str = "") -> Iterator[str]:
    """The keys of a document and the kind of what stands under each; of a list, its first item."""
    if isinstance(value, list):
        yield from _shape(value[0], indent) if value else (f"{indent}(nothing here)",)
    elif isinstance(value, dict) and _is_by_name(value):
        yield f"{indent}(by name)"
        yield from _shape(next(iter(value.values())), f"{indent}  ")
    elif isinstance(value, dict):
        for key, entry in value.items():
            yield f"{indent}{key}: {_word(entry)}"
            if isinstance(entry, dict | list) and entry:
                yield from _shape(entry, f"{indent}  ")
    else:
        yield f"{indent}{_word(value)}"


def _is_by_name(value: Mapping[str, object]) -> bool:
    """True for a mapping whose keys are names of things: several documents of the same keys, or keys with signs."""
    kinds = {frozenset(entry) if isinstance(entry, dict) else None for entry in value.values()}
    return len(value) > 1 and len(kinds) == 1 and None not in kinds


def _word(value: object) -> str:
    names = {bool: "true or false", int: "number", float: "number", str: "text", list: "list of", type(None): "nothing"}
    return names.get(type(value), "object")


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
