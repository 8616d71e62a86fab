"""How commands speak: answers to standard output, errors to standard error, colour only on a terminal."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from enum import Enum
from typing import TYPE_CHECKING, Any

from fabric.cli._options import Format, json_asked

if TYPE_CHECKING:
    from rich.progress import TaskID

    from fabric.errors import FabricError
    from fabric.lab import Progress
    from fabric.report import Outcome, Table


class Volume(Enum):
    """How much is said about the work; answers and errors are said at every volume."""

    quiet = 0
    normal = 1
    verbose = 2


_volume = Volume.normal
_answered = False
_BAD_INPUT = 2


def speak(volume: Volume) -> None:
    """Say as much about the work from now on; the root command decides it, once a process."""
    global _volume  # noqa: PLW0603 - a process has one standard error
    _volume = volume


def show(tables: Iterable[Table]) -> None:
    """Print tables: drawn on a terminal, in plain aligned columns into a pipe."""
    from fabric.report import to_rich, to_text

    if not sys.stdout.isatty():
        sys.stdout.write("\n".join(map(to_text, tables)))
        return
    from rich.console import Console

    console = Console()
    for value in tables:
        for part in to_rich(value, console.width):
            console.print(part)
            console.print()


def say(text: str) -> None:
    """Print a line of an answer."""
    sys.stdout.write(text + "\n")


def note(text: str) -> None:
    """Print a line about the work, which is no part of the answer; nothing under `--quiet`."""
    if _volume is not Volume.quiet:
        sys.stderr.write(text + "\n")


def answer_json(value: Any) -> None:
    """Print an answer as JSON."""
    global _answered  # noqa: PLW0603 - a process has one standard output
    _answered = True
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
def told(form: Format, command: str, subject: str) -> Iterator[None]:
    """Answers in the chosen form for CI what keeps a command from its answer; the error goes on to `tell`."""
    from fabric.errors import FabricError

    try:
        yield
    except FabricError as caught:
        error = caught
        if form is not Format.text and error.exit_code == _BAD_INPUT and not json_asked():
            from fabric.report import input_document, input_outcome

            answer(form, lambda: None, lambda: input_document(error), lambda: input_outcome(error, command, subject))
        raise


def tell(error: FabricError) -> None:
    """Say what keeps a command from its answer: in words to standard error, and under `--json` as its answer.

    A command that has answered already, as with every reason for a refusal, has said it better.
    """
    sys.stderr.write(f"{error}\n")
    if json_asked() and not _answered:
        from fabric.report import input_document

        answer_json(input_document(error))


@contextmanager
def progress() -> Iterator[Callable[[Progress], None]]:
    """A listener that shows stages on standard error: a bar on a terminal, one line a finished stage elsewhere.

    Under `--quiet` nothing, under `--verbose` a line a step with the seconds since the first.
    """
    if _volume is Volume.verbose:
        began = time.monotonic()
        yield lambda step: note(f"{time.monotonic() - began:7.2f} s  {step.stage}: {step.done}/{step.total}")
        return
    if _volume is Volume.quiet or not sys.stderr.isatty():
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
