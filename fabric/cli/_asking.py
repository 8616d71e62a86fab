"""What `fabric simulate` and `fabric report` ask about, and what the library says to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fabric._values import dataclass
from fabric.cli._console import progress
from fabric.cli._engine import HERE, Engine
from fabric.cli._options import Format
from fabric.cli._planning import planned

if TYPE_CHECKING:
    from fabric.intents import Verdict
    from fabric.plan import Plan
    from fabric.simulate import ClassBudget, Judge, Load, Overview, Simulation, Stream, SweepReport, WhatIf
    from fabric.topology import Topology


_A_MATRIX = "Name a CSV file of source,destination,gbps, or write uniform=GBPS or ROLE>ROLE=GBPS."


@dataclass(frozen=True)
class Asked:
    """What is asked about: a plan, and its fabric with what is broken or drained; and how to answer."""

    plan: Plan
    what_if: WhatIf
    file: str = ""
    engine: Engine = HERE
    form: Format = Format.text

    @property
    def topology(self) -> Topology:
        """What the file says."""
        return self.plan.design.topology

    @property
    def as_json(self) -> bool:
        """True for an answer in JSON."""
        return self.form is Format.json

    def simulation(self) -> Simulation:
        """The prediction for the fabric as it is asked about."""
        from fabric.simulate import simulate

        return simulate(self.what_if.fabric, self.what_if.failures)

    def overview(self) -> Overview:
        """What is predicted for the fabric as a whole."""
        from fabric.simulate import overview

        return overview(self.simulation())

    def judged_at_rest(self, simulation: Simulation) -> tuple[Verdict, ...]:
        """What becomes of the intents that hold in this state."""
        from fabric.intents import Predicted, demands, judge_at_rest

        wanted = [d for d in demands(self.topology, simulation.fabric) if d.holds_under(simulation.failures)]
        return judge_at_rest(wanted, Predicted(simulation))

    def judged(self) -> tuple[Verdict, ...]:
        """What becomes of every intent, after the failures that it names too; `InputError` where there is none."""
        from fabric.errors import InputError
        from fabric.intents import demands, judge_failures

        what = self.what_if
        wanted = demands(self.topology, what.fabric)
        if not wanted:
            action = "Write some under `intents:`, or leave the option out."
            raise InputError(f"--intents: found no intents in the topology file; allowed: one or more. {action}")
        with _listener() as listener, self.engine.mapper() as mapper:
            return judge_failures(wanted, what.fabric, what.failures, mapper, listener)

    def budgets(self) -> tuple[ClassBudget, ...]:
        """What single failures cost, by class."""
        from fabric.simulate import budgets

        with _listener() as listener, self.engine.mapper() as mapper:
            return budgets(self.what_if.fabric, self.what_if.failures, mapper, listener)

    def load(self, traffic: Traffic) -> Load:
        """What a traffic matrix puts on the links."""
        from fabric.simulate import load

        return load(self.simulation(), traffic.streams(self), traffic.link_gbps)

    def sweep(self, spec: str, traffic: Traffic | None) -> SweepReport:
        """What every failure of some kinds does, to intents and links too."""
        from fabric.intents import demands, intent_judge
        from fabric.simulate import SweepOptions, load_judge, parse_sweeps, sweep

        sweeps, what = parse_sweeps(spec), self.what_if
        asked_of = demands(self.topology, what.fabric)
        judges: list[Judge] = [intent_judge(asked_of, what.fabric, what.failures)] if asked_of else []
        if traffic is not None:
            judges.append(load_judge(self.simulation(), traffic.streams(self), traffic.link_gbps))
        with _listener() as listener, self.engine.mapper() as mapper:
            return sweep(what.fabric, sweeps, what.failures, SweepOptions(mapper, listener, tuple(judges)))


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
            return read_traffic(fabric, read_text(self.matrix, _A_MATRIX), self.matrix)
        return parse_traffic(fabric, self.matrix)


@contextmanager
def asker(name: str) -> Iterator[None]:
    """Lets the error about an unknown device name the command or option that asked about it."""
    from fabric.simulate import UnknownDeviceError

    try:
        yield
    except UnknownDeviceError as error:
        raise UnknownDeviceError(error.device, error.known, name) from None


def ask(file: Path, fail: list[str] | None, ledger: Path | None, pins: Path | None) -> Asked:
    """The question about the fabric of a file."""
    from fabric.kubernetes import configure
    from fabric.simulate import what_if

    plan = planned(file, ledger, pins)
    return Asked(plan, what_if(configure(plan), fail or ()), str(file))


@contextmanager
def _listener() -> Iterator[Callable[[int, int], None]]:
    """A progress bar that counts scenarios."""
    from fabric.lab import Progress

    with progress() as listener:
        yield lambda done, total: listener(Progress("scenarios", done, total))
