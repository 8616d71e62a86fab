"""What `fabric simulate` can be asked: each answer is computed, shown, and says whether all is well."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fabric.cli._console import answer, answer_json, progress, show
from fabric.cli._options import Format
from fabric.cli._planning import planned

if TYPE_CHECKING:
    from fabric.simulate import Judge, Simulation, Stream, WhatIf
    from fabric.topology import Topology


@dataclass(frozen=True)
class Asked:
    """What is asked about: a topology, and its fabric with what is broken or drained; and how to answer."""

    topology: Topology
    what_if: WhatIf
    file: str = ""
    jobs: int = 1
    form: Format = Format.text

    @property
    def as_json(self) -> bool:
        """True for an answer in JSON."""
        return self.form is Format.json

    def simulation(self) -> Simulation:
        """The prediction for the fabric as it is asked about."""
        from fabric.simulate import simulate

        return simulate(self.what_if.fabric, self.what_if.failures)


@dataclass(frozen=True)
class Traffic:
    """The options of `--load`."""

    matrix: str
    link_gbps: float | None

    def streams(self, asked: Asked) -> tuple[Stream, ...]:
        """The matrix on the fabric."""
        from fabric.simulate import parse_traffic, read_traffic
        from fabric.topology import read_text

        fabric = asked.what_if.fabric
        if self.matrix.endswith(".csv"):
            return read_traffic(fabric, read_text(self.matrix), self.matrix)
        return parse_traffic(fabric, self.matrix)


def ask(file: Path, fail: list[str] | None, ledger: Path | None, pins: Path | None) -> Asked:
    """The question about the fabric of a file."""
    from fabric.kubernetes import configure
    from fabric.simulate import what_if

    plan = planned(file, ledger, pins)
    return Asked(plan.design.topology, what_if(configure(plan), fail or ()), str(file))


def overview(asked: Asked) -> bool:
    """Shows the fabric as a whole, and its intents in this state."""
    from fabric import report
    from fabric.intents import Predicted, demands, judge_at_rest
    from fabric.simulate import overview as overview_of

    simulation = asked.simulation()
    found = overview_of(simulation)
    wanted = [d for d in demands(asked.topology, simulation.fabric) if d.holds_under(simulation.failures)]
    verdicts = judge_at_rest(wanted, Predicted(simulation))
    answer(
        asked.form,
        lambda: show([*report.overview_tables(found), *report.intent_tables(verdicts)]),
        lambda: {**report.overview_document(found), "intents": report.intent_documents(verdicts)},
        lambda: report.overview_outcome(found, verdicts, asked.file),
    )
    return found.sound and all(verdict.kept for verdict in verdicts)


def rib(asked: Asked, device: str) -> bool:
    """Shows the BGP table of a device."""
    from fabric.report import rib_document, rib_tables

    simulation = asked.simulation()
    answer_json(rib_document(simulation, device)) if asked.as_json else show(rib_tables(simulation, device))
    return True


def fib(asked: Asked, device: str) -> bool:
    """Shows the kernel routes of a device."""
    from fabric.report import fib_document, fib_tables

    simulation = asked.simulation()
    answer_json(fib_document(simulation, device)) if asked.as_json else show(fib_tables(simulation, device))
    return True


def intents(asked: Asked) -> bool:
    """Shows what becomes of every intent, after the failures that it names too."""
    from fabric.errors import InputError
    from fabric.intents import demands, judge_failures
    from fabric.report import intent_tables, intents_document, intents_outcome

    what = asked.what_if
    wanted = demands(asked.topology, what.fabric)
    if not wanted:
        action = "Write some under `intents:`, or leave the option out."
        raise InputError(f"--intents: found no intents in the topology file; allowed: one or more. {action}")
    with _listener() as listener, _workers(asked.jobs) as mapper:
        verdicts = judge_failures(wanted, what.fabric, what.failures, mapper, listener)
    answer(
        asked.form,
        lambda: show(intent_tables(verdicts)),
        lambda: intents_document(verdicts),
        lambda: intents_outcome(verdicts, asked.file),
    )
    return all(verdict.kept for verdict in verdicts)


def budget(asked: Asked) -> bool:
    """Shows what single failures cost, by class, against the limits that matter."""
    from fabric.report import budget_document, budget_tables
    from fabric.simulate import budgets

    with _listener() as listener, _workers(asked.jobs) as mapper:
        found = budgets(asked.what_if.fabric, asked.what_if.failures, mapper, listener)
    answer_json(budget_document(found)) if asked.as_json else show(budget_tables(found))
    return not any(item.exceeded for item in found if not item.manner.silent)


def load(asked: Asked, traffic: Traffic) -> bool:
    """Shows what a traffic matrix puts on the links."""
    from fabric.report import load_document, load_tables
    from fabric.simulate import load as load_of

    found = load_of(asked.simulation(), traffic.streams(asked), traffic.link_gbps)
    answer_json(load_document(found)) if asked.as_json else show(load_tables(found))
    return found.sound


def sweep(asked: Asked, spec: str, traffic: Traffic | None) -> bool:
    """Shows what every failure of some kinds does, to intents and links too."""
    from fabric.intents import demands, intent_judge
    from fabric.report import sweep_document, sweep_outcome, sweep_tables
    from fabric.simulate import SweepOptions, load_judge, parse_sweeps
    from fabric.simulate import sweep as swept

    sweeps, what = parse_sweeps(spec), asked.what_if
    asked_of = demands(asked.topology, what.fabric)
    judges: list[Judge] = [intent_judge(asked_of, what.fabric, what.failures)] if asked_of else []
    if traffic is not None:
        judges.append(load_judge(asked.simulation(), traffic.streams(asked), traffic.link_gbps))
    with _listener() as listener, _workers(asked.jobs) as mapper:
        found = swept(what.fabric, sweeps, what.failures, SweepOptions(mapper, listener, tuple(judges)))
    answer(
        asked.form,
        lambda: show(sweep_tables(found)),
        lambda: sweep_document(found),
        lambda: sweep_outcome(found, asked.file),
    )
    return found.sound


@contextmanager
def _listener() -> Iterator[Callable[[int, int], None]]:
    """A progress bar that counts scenarios."""
    from fabric.lab import Progress

    with progress() as listener:
        yield lambda done, total: listener(Progress("scenarios", done, total))


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
