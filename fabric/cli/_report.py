"""`fabric report`: everything that is known of a design, in one file."""

from __future__ import annotations

import json
import os
import platform
import shlex
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fabric.cli._asking import Traffic, ask
from fabric.cli._console import say
from fabric.cli._engine import Engine
from fabric.cli._options import FileArgument
from fabric.cli._planning import LedgerOption, PinsOption
from fabric.cli._simulate import FailOption, LoadOption, SpeedOption

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fabric.config import FabricConfig
    from fabric.plan import Plan
    from fabric.report.page import Page


def report(
    file: FileArgument,
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write: .html, .md, or .xml (JUnit).")],
    *,
    fail: FailOption = None,
    sweep: Annotated[
        str | None, typer.Option(metavar="SPEC", help="Try every failure, such as links=1,nodes=1,zones=1.")
    ] = None,
    intents: Annotated[bool, typer.Option("--intents", help="Judge intents after every failure they name.")] = False,
    budget: Annotated[bool, typer.Option("--budget", help="Say how long single failures cut off survivors.")] = False,
    load: LoadOption = None,
    link_gbps: SpeedOption = None,
    results: Annotated[
        list[Path] | None,
        typer.Option("--results", help="What `fabric lab verify|run|rtt|measure --json` said; may repeat."),
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Processes for --sweep, --intents and --budget.")] = 1,
    ledger: LedgerOption = None,
    pins: PinsOption = None,
) -> None:
    """Write one file about a design: drawing, plan, prediction, intents, failures, proofs, and how to get them again.

    Example: fabric report topologies/quickstart.yaml -o report.html --sweep links=1,nodes=1
    """
    from fabric.check import Subject
    from fabric.check import check as checked
    from fabric.render import write_tree
    from fabric.report import page

    write = _writer(output)
    asked = replace(ask(file, fail, ledger, pins), engine=Engine(jobs))
    traffic = None if load is None else Traffic(load, link_gbps)
    prediction = asked.overview()
    found = page.Answers(
        prediction=prediction,
        intents=asked.judged() if intents else asked.judged_at_rest(prediction.simulation),
        sweep=asked.sweep(sweep, traffic) if sweep else None,
        budgets=asked.budgets() if budget else (),
        load=None if traffic is None else asked.load(traffic),
        check=checked(Subject(asked.plan)),
        observed=tuple(_result(path, asked.plan) for path in results or ()),
    )
    fabric = asked.what_if.fabric
    subject = page.Subject(asked.plan, fabric, _configurations(fabric), _questions(file, fail, sweep, load))
    made = page.Made(_versions(), f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC")
    write_tree({output.name: write(page.build_page(subject, found, made))}, output.parent)
    say(f"report written to {output}")


def _writer(output: Path) -> Callable[[Page], str]:
    from fabric.errors import InputError
    from fabric.report.page import page_html, page_junit, page_markdown

    writers = {".html": page_html, ".md": page_markdown, ".xml": page_junit}
    if output.suffix not in writers:
        allowed = ", ".join(writers)
        raise InputError(f"-o {output}: found the ending {output.suffix!r}; allowed: {allowed}. Choose one of them.")
    return writers[output.suffix]


def _questions(file: Path, fail: list[str] | None, sweep: str | None, load: str | None) -> Mapping[str, str]:
    """The commands that give each chapter's figures again."""
    broken = "".join(f" --fail {shlex.quote(target)}" for target in fail or ())
    simulate = f"fabric simulate {shlex.quote(str(file))}{broken}"
    return {
        "file": shlex.quote(str(file)),
        "prediction": simulate,
        "rules": f"fabric check {shlex.quote(str(file))}",
        "intents": f"{simulate} --intents",
        "failures": f"{simulate} --sweep {sweep}",
        "budget": f"{simulate} --budget",
        "load": f"{simulate} --load {shlex.quote(load or '')}",
    }


def _configurations(fabric: FabricConfig) -> Mapping[str, str]:
    """FRR's configuration by device; one with a password is not for a report."""
    from fabric.render import Confidential, frr_files

    texts = {device.name: frr_files(device).frr_conf for device in fabric}
    hidden = "(holds a password, so it is not shown)"
    return {name: hidden if isinstance(text, Confidential) else text for name, text in texts.items()}


def _versions() -> Mapping[str, str]:
    from fabric import __version__
    from fabric.errors import MachineError
    from fabric.lab import find_frr

    try:
        frr = find_frr(os.environ).version
    except MachineError:
        frr = "not installed"
    return {"fabric": __version__, "Python": platform.python_version(), "Linux": platform.release(), "FRR": frr}


def _result(path: Path, plan: Plan) -> Mapping[str, Any]:
    """What a lab command wrote to a file; raises `InputError` where it did so of another design."""
    from fabric.errors import InputError
    from fabric.plan import fingerprint
    from fabric.report.page import kind_of
    from fabric.topology import read_text

    wanted = "Write one with `fabric lab verify --json > FILE`, or with run, rtt or measure"
    try:
        found = json.loads(read_text(path, f"{wanted}."))
    except ValueError as error:
        raise InputError(f"{path}: found no JSON ({error}); allowed: a result of a lab. {wanted}.") from error
    if not isinstance(found, dict) or kind_of(found) is None:
        raise InputError(f"{path}: found JSON that is no result of a lab; allowed: a result of a lab. {wanted}.")
    mark = fingerprint(plan)
    if found.get("design", mark) != mark:
        raise InputError(
            f"{path}: found a result of another design ({found['design']}); allowed: of the one that is reported on "
            f"({mark}), with the same ledger and pins. {wanted} in a lab of it."
        )
    return found
