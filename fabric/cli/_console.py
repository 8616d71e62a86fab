"""How commands speak: answers to standard output, errors to standard error, colour only on a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from fabric.cli._options import Format

if TYPE_CHECKING:
    from rich.progress import TaskID

    from fabric.lab import Progress
    from fabric.report import Outcome, Table


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


def answer(form: Format, text: Callable[[], None], document: Callable[[], Any], outcome: Callable[[], Outcome]) -> None:
    """Print an answer in the chosen form; only that form is made."""
    from fabric.report import to_github, to_junit, to_sarif

    match form:
        case Format.text:
            text()
        case Format.json:
            answer_json(document())
        case Format.junit:
            sys.stdout.write(to_junit(outcome()))
        case Format.sarif:
            sys.stdout.write(to_sarif(outcome()))
        case Format.github:
            sys.stdout.write(to_github(outcome()))


@contextmanager
def progress() -> Iterator[Callable[[Progress], None]]:
    """A listener that shows stages on standard error: a bar on a terminal, one line a finished stage elsewhere."""
    if not sys.stderr.isatty():
        yield lambda step: note(f"{step.stage}: {step.done}/{step.total}") if step.done == step.total else None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description:12}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bars(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, TaskID] = {}

        def listener(step: Progress) -> None:
            if step.stage not in tasks:
                tasks[step.stage] = bars.add_task(step.stage, total=step.total)
            bars.update(tasks[step.stage], completed=step.done, total=step.total)

        yield listener
