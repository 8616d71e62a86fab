"""Commands that predict: `simulate`, `trace`, `explain`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fabric.cli._console import answer_json, progress, say, show
from fabric.cli._options import FileArgument, JsonOption
from fabric.cli._planning import LedgerOption, PinsOption, planned

if TYPE_CHECKING:
    from fabric.config import Address, Family, Prefix
    from fabric.intents import Verdict
    from fabric.simulate import Endpoint, Simulation, SweepReport, Trace, WhatIf
    from fabric.topology import Topology

FailOption = Annotated[
    list[str] | None,
    typer.Option(
        "--fail",
        metavar="TARGET",
        help="What is broken: link:DEVICE:PORT, link:A--B, node:DEVICE, rack:RACK, zone:ZONE, tier:ROLE, "
        "session:DEVICE->PEER; or drained: drain:DEVICE. May repeat.",
    ),
]


def simulate(
    file: FileArgument,
    *,
    rib: Annotated[str | None, typer.Option(metavar="DEVICE", help="Print the BGP table of a device.")] = None,
    fib: Annotated[str | None, typer.Option(metavar="DEVICE", help="Print the kernel routes of a device.")] = None,
    fail: FailOption = None,
    ledger: LedgerOption = None,
    pins: PinsOption = None,
    sweep: Annotated[
        str | None,
        typer.Option(metavar="SPEC", help="Try every failure, such as links=1,nodes=2,racks=1,zones=1."),
    ] = None,
    intents: Annotated[
        bool, typer.Option("--intents", help="Judge the file's intents, at rest and after every failure they name.")
    ] = False,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Processes for --sweep and --intents.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Predict sessions, routes and reachability, or what failures do. Exit code 1 if something does not work."""
    from fabric import report

    _only_one({"--rib": rib, "--fib": fib, "--sweep": sweep, "--intents": intents or None})
    asked = _asked(file, fail, ledger, pins)
    if sweep is not None:
        swept = _sweep(asked, sweep, jobs)
        answer_json(report.sweep_document(swept)) if as_json else show(report.sweep_tables(swept))
        raise typer.Exit(0 if swept.sound else 1)
    if intents:
        verdicts = _judged(asked, jobs)
        answer_json(report.intents_document(verdicts)) if as_json else show(report.intent_tables(verdicts))
        raise typer.Exit(0 if all(verdict.kept for verdict in verdicts) else 1)
    simulation = _simulated(asked)
    if rib is not None:
        answer_json(report.rib_document(simulation, rib)) if as_json else show(report.rib_tables(simulation, rib))
    elif fib is not None:
        answer_json(report.fib_document(simulation, fib)) if as_json else show(report.fib_tables(simulation, fib))
    else:
        raise typer.Exit(0 if _overview(asked, simulation, as_json) else 1)


def trace(
    file: FileArgument,
    source: Annotated[str, typer.Argument(metavar="A", help="Device or address that sends.")],
    destination: Annotated[str, typer.Argument(metavar="B", help="Device or address that is sent to.")],
    fail: FailOption = None,
    ledger: LedgerOption = None,
    pins: PinsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show every path from A to B and back, hop by hop. Exit code 1 if packets or answers do not all arrive."""
    from fabric.report import trace_document, trace_text
    from fabric.simulate import DELIVERED

    traces = list(_traces(_simulated(_asked(file, fail, ledger, pins)), source, destination))
    if as_json:
        answer_json(trace_document(traces))
    else:
        say("\n".join(map(trace_text, traces)).rstrip())
    ends = {path.fate for item in traces for path in (*item.forward, *item.back)}
    raise typer.Exit(0 if ends == DELIVERED and all(item.back for item in traces) else 1)


def explain(
    file: FileArgument,
    device: Annotated[str, typer.Argument(metavar="DEVICE", help="Device whose route is asked about.")],
    prefix: Annotated[str, typer.Argument(metavar="PREFIX", help="Prefix, or an address in it.")],
    fail: FailOption = None,
    ledger: LedgerOption = None,
    pins: PinsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say why a device has its route for a prefix, or none: each path with the step that rejected it."""
    from fabric.report import explanation_document, explanation_tables
    from fabric.simulate import explain as explained

    found = explained(_simulated(_asked(file, fail, ledger, pins)), device, _prefix(prefix))
    if as_json:
        answer_json(explanation_document(found))
    else:
        show(explanation_tables(found))


@dataclass(frozen=True)
class _Asked:
    """What is asked about: a topology, and its fabric with what is broken or drained."""

    topology: Topology
    what_if: WhatIf


def _asked(file: Path, fail: list[str] | None, ledger: Path | None, pins: Path | None) -> _Asked:
    from fabric.kubernetes import configure
    from fabric.simulate import what_if

    plan = planned(file, ledger, pins)
    return _Asked(plan.design.topology, what_if(configure(plan), fail or ()))


def _simulated(asked: _Asked) -> Simulation:
    from fabric.simulate import simulate as predict

    return predict(asked.what_if.fabric, asked.what_if.failures)


def _overview(asked: _Asked, simulation: Simulation, as_json: bool) -> bool:
    """Shows the fabric as a whole, and its intents in this state; true when all is well."""
    from fabric import report
    from fabric.intents import Predicted, demands, judge_at_rest
    from fabric.simulate import overview

    found = overview(simulation)
    wanted = [d for d in demands(asked.topology, simulation.fabric) if d.holds_under(simulation.failures)]
    verdicts = judge_at_rest(wanted, Predicted(simulation))
    if as_json:
        answer_json({**report.overview_document(found), "intents": report.intent_documents(verdicts)})
    else:
        show([*report.overview_tables(found), *report.intent_tables(verdicts)])
    return found.sound and all(verdict.kept for verdict in verdicts)


def _judged(asked: _Asked, jobs: int) -> tuple[Verdict, ...]:
    from fabric.errors import InputError
    from fabric.intents import demands, judge_failures
    from fabric.lab import Progress

    what = asked.what_if
    wanted = demands(asked.topology, what.fabric)
    if not wanted:
        raise InputError(
            "--intents: found no intents in the topology file. Write some under `intents:`, or leave it out."
        )
    with progress() as listener, _workers(jobs) as mapper:
        told = lambda done, of: listener(Progress("scenarios", done, of))  # noqa: E731 - one word for the call below
        return judge_failures(wanted, what.fabric, what.failures, mapper, told)


def _only_one(options: Mapping[str, object]) -> None:
    from fabric.errors import InputError

    given = [name for name, value in options.items() if value is not None]
    if len(given) > 1:
        raise InputError(f"Found {' and '.join(given)}; allowed: one of {', '.join(options)} at a time. Leave one out.")


def _sweep(asked: _Asked, spec: str, jobs: int) -> SweepReport:
    from fabric.intents import demands, intent_judge
    from fabric.lab import Progress
    from fabric.simulate import SweepOptions, parse_sweeps
    from fabric.simulate import sweep as swept

    sweeps, what = parse_sweeps(spec), asked.what_if
    judges = (intent_judge(demands(asked.topology, what.fabric), what.fabric, what.failures),)
    with progress() as listener, _workers(jobs) as mapper:
        options = SweepOptions(mapper, lambda done, of: listener(Progress("scenarios", done, of)), judges)
        return swept(what.fabric, sweeps, what.failures, options)


@contextmanager
def _workers(jobs: int) -> Iterator[Callable[..., Iterable[Any]]]:
    """`map` over that many processes."""
    if jobs == 1:
        yield map
        return
    import gc
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    # The progress bar has a thread, and a process with threads must not be forked.
    clean = get_context("forkserver")
    with ProcessPoolExecutor(jobs, clean, initializer=gc.set_threshold, initargs=(gc.get_threshold()[0],)) as pool:
        yield pool.map


def _traces(simulation: Simulation, source: str, destination: str) -> Iterator[Trace]:
    """One trace for each family that both ends have, or for the family of an address."""
    from fabric.errors import InputError
    from fabric.simulate import FAMILIES
    from fabric.simulate import trace as traced

    found = False
    for family in FAMILIES:
        here = _place(simulation, source, family)
        there = _place(simulation, destination, family)
        if here is not None and there is not None:
            found = True
            yield traced(simulation, *here, there[1])
    if not found:
        raise InputError(f"trace {source} {destination}: found no common address family. Name two of one family.")


def _place(simulation: Simulation, name: str, family: Family) -> Endpoint | None:
    """The device and address that a word stands for in a family; `None` where it has none of that family."""
    from ipaddress import ip_address

    from fabric.errors import InputError
    from fabric.simulate import Endpoint, UnknownDeviceError, loopback

    devices = simulation.fabric.by_name
    if name in devices:
        address = loopback(devices[name], family)
        return None if address is None else Endpoint(name, address)
    try:
        given = ip_address(name)
    except ValueError:
        raise UnknownDeviceError(name, tuple(devices)) from None
    if f"ipv{given.version}" != family:
        return None
    owner = simulation.owner(given)
    if owner is None:
        raise InputError(f"trace: found the address {name}, which no living device has. Name a device, or its address.")
    return Endpoint(owner, given)


def _prefix(text: str) -> Prefix | Address:
    from ipaddress import ip_address, ip_network

    from fabric.errors import InputError

    try:
        return ip_network(text) if "/" in text else ip_address(text)
    except ValueError as error:
        raise InputError(
            f"explain: found the prefix {text!r}: {error}. Write a prefix such as 10.240.0.1/32, or an address."
        ) from None
