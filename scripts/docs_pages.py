"""Pages of the site that are made from what already says it: the README, the change log, the commands, their answers.

MkDocs calls `on_files` (its `hooks`); nothing that is made so is kept in the repository, so none of it can be stale.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parent.parent
_MOVED = {"](docs/": "](", "](CONTRIBUTING.md)": "](contributing.md)", "](CHANGELOG.md)": "](changelog.md)"}
"""Links of pages that stand in the root of the repository, and where the same leads to on the site."""
_JSON_COMMANDS = (
    "plan topologies/quickstart.yaml --json",
    "diff topologies/quickstart.yaml topologies/clos3-rfc7938.yaml --json",
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
