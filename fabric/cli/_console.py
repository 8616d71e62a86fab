"""How commands speak: answers to standard output, errors to standard error, colour only on a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fabric.report import Table


def show(tables: Iterable[Table]) -> None:
    """Print tables: drawn on a terminal, in plain aligned columns into a pipe."""
    from fabric.report import to_rich, to_text

    if not sys.stdout.isatty():
        sys.stdout.write("\n".join(map(to_text, tables)))
        return
    from rich.console import Console

    console = Console()
    for value in tables:
        console.print(to_rich(value))
        console.print()


def say(text: str) -> None:
    """Print a line of an answer."""
    sys.stdout.write(text + "\n")


def note(text: str) -> None:
    """Print a line about the work, which is no part of the answer."""
    sys.stderr.write(text + "\n")


def answer_json(value: Any) -> None:
    """Print an answer as JSON."""
    sys.stdout.write(json.dumps(value, indent=2) + "\n")
