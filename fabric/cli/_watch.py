"""`fabric lab watch`: a running lab at a glance, live."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from fabric.cli._console import answer_json, show
from fabric.cli._options import JsonOption, LabOption
from fabric.cli._running import running_lab

if TYPE_CHECKING:
    from fabric.verify import Watcher


def watch(
    interval: Annotated[float, typer.Option("--interval", min=0.1, help="Seconds between two looks.")] = 1.0,
    once: Annotated[bool, typer.Option("--once", help="Look once. Exit code 1 unless all is well.")] = False,
    lab: LabOption = None,
    as_json: JsonOption = False,
) -> None:
    """Watch a running lab: sessions, kernel FIBs against the prediction, faults, and which pairs are cut off, until ^C.

    With --json a document is printed for each look; into a pipe or a file, tables are.

    Example: fabric lab watch --once --json
    """
    from fabric.report import glance_document, glance_tables
    from fabric.verify import Watcher

    watcher = Watcher(running_lab(lab))
    if once:
        seen = watcher.look()
        answer_json(glance_document(seen)) if as_json else show(glance_tables(seen))
        raise typer.Exit(0 if seen.well else 1)
    with suppress(KeyboardInterrupt):
        _go_on(watcher, interval, as_json=as_json)


def _go_on(watcher: Watcher, interval_s: float, *, as_json: bool) -> None:
    import sys
    import time

    from fabric.report import glance_document, glance_tables, to_rich

    if as_json or not sys.stdout.isatty():
        while True:
            seen = watcher.look()
            answer_json(glance_document(seen)) if as_json else show(glance_tables(seen))
            sys.stdout.flush()
            time.sleep(interval_s)
    from rich.console import Group
    from rich.live import Live

    with Live(refresh_per_second=4, screen=True) as live:
        while True:
            width = live.console.width
            live.update(Group(*(part for value in glance_tables(watcher.look()) for part in to_rich(value, width))))
            time.sleep(interval_s)
