"""The pipeline as Python reads it: `fabric.load(…).plan().config().simulate()`, one value after the other.

    import fabric

    planned = fabric.load("topologies/quickstart.yaml").plan(ledger="plan.lock.yaml")
    configured = planned.config()
    configured.simulate("link:a1-leaf-1--spine-1").fib("a1-server-1", "ipv4")
    with configured.lab() as lab:
        assert lab.verify().passed

Every step is a value that can be kept, printed and asked again; only `lab()` and the `write` methods do something. All
errors are `fabric.errors.FabricError`s. What the values hold is described where they are made: `fabric.topology`,
`fabric.plan`, `fabric.config`, `fabric.simulate`, `fabric.verify`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from fabric import plan as planning
from fabric import topology
from fabric._values import dataclass
from fabric.config import FabricConfig, Secret
from fabric.kubernetes import ClusterSource, configure, passwords_of, read_texts
from fabric.plan import Ledger, Plan
from fabric.topology import Design

if TYPE_CHECKING:
    from fabric.lab import RunningLab
    from fabric.simulate import Simulation, SweepReport, WhatIf
    from fabric.verify import Prediction, Verdict


def load(path: Path | str, pins: Path | str | None = None) -> Designed:
    """The design in a topology file, with the addresses that a CSV file or NetBox export pins, if one is named.

    Raises `TopologyError` with every mistake of the file, `InputError` where a file cannot be read.
    """
    design = topology.load(path)
    return Designed(design if pins is None else topology.with_pins(design, Path(pins)))


@dataclass(frozen=True, slots=True)
class Designed:
    """A design that has passed every check."""

    design: Design
    """The topology, its settings, and the devices and links it expands to."""

    def plan(self, ledger: Path | str | Ledger | None = None) -> Planned:
        """The plan, in which everything keeps what the ledger says it has: a value or a file, which may be missing.

        Raises `PlanError` with everything that cannot be given out, such as an exhausted pool.
        """
        kept = ledger if isinstance(ledger, Ledger) else planning.EMPTY if ledger is None else _read(ledger)
        return Planned(planning.build(self.design, kept), kept)


def _read(ledger: Path | str) -> Ledger:
    return planning.read_ledger(Path(ledger))


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan: every ASN, address and port, and what was kept from the ledger."""

    plan: Plan
    kept: Ledger
    """The ledger that was planned with; empty where there was none."""

    @property
    def ledger(self) -> Ledger:
        """Every value given out, to be kept for the next plan."""
        return planning.ledger_of(self.plan)

    def write_ledger(self, path: Path | str) -> None:
        """Write the ledger to a file, atomically: a crash leaves the old one or the new one."""
        planning.write_ledger(Path(path), self.ledger)

    def config(
        self, resources: Iterable[Path | str] = (), release: str | None = None, secrets: Iterable[Path | str] = ()
    ) -> Configured:
        """The configuration of every device; OpenShift nodes run what controllers make of `resources`, else of ours.

        The controllers are those of `release`, else of the topology's one. `secrets` are files with the Secrets of the
        sessions' passwords; without them placeholders stand in. Raises `InputError` with everything that the
        controllers of the release refuse, and for a Secret that is missing.
        """
        known = self.plan.design.topology
        paths = [Path(path) for path in resources]
        cluster = ClusterSource(read_texts(paths), release or known.kubernetes.release) if paths else None
        holders = [Path(path) for path in secrets]
        values = passwords_of(known.passwords.names, read_texts(holders), {}) if holders else {}
        return Configured(self, configure(self.plan, cluster, values), cluster, values)


@dataclass(frozen=True, slots=True)
class Configured:
    """The configuration of a whole fabric: what is rendered, simulated and run."""

    planned: Planned
    fabric: FabricConfig
    """One `DeviceConfig` for each device, and the cables between them."""
    cluster: ClusterSource | None = None
    """The resources that OpenShift nodes run; `None` for our own."""
    passwords: Mapping[str, Secret] = field(default_factory=dict)
    """The sessions' passwords that are known, by the name of their Secret; no `repr` shows one."""

    def files(self, *exports: str) -> Mapping[str, str]:
        """Texts by path for the named exports, `frr` without a name; `fabric.render.exports.EXPORTERS` has them all.

        Raises `InputError` for an export that there is not.
        """
        from fabric.render.exports import Export, export_tree

        return export_tree(Export(self.planned.plan, self.fabric), exports or ("frr",))

    def write(self, directory: Path | str, *exports: str) -> tuple[Path, ...]:
        """Write the named exports below a directory and return the files; raises `InputError` where that fails.

        What an earlier call wrote there for the same exports and they no longer have is removed, unless it was changed.
        """
        from fabric.render import write_exports
        from fabric.render.exports import Export, export_trees

        trees = export_trees(Export(self.planned.plan, self.fabric), exports or ("frr",))
        return write_exports(trees, Path(directory)).files

    def simulate(self, *failures: str) -> Simulation:
        """What the fabric does under failures, each as `--fail` takes it: `link:A--B`, `zone:NAME`, `drain:DEVICE`, ….

        Raises `InputError` for a failure of nothing, `NoStableStateError` where BGP would never settle.
        """
        from fabric.simulate import simulate

        what = self._what_if(failures)
        return simulate(what.fabric, what.failures)

    def sweep(self, kinds: str, *failures: str) -> SweepReport:
        """What every failure of the kinds (`links=1,zones=1`) does to the fabric under `failures`."""
        from fabric.simulate import parse_sweeps, sweep

        what = self._what_if(failures)
        return sweep(what.fabric, parse_sweeps(kinds), what.failures)

    @contextmanager
    def lab(self, name: str | None = None, *, deadline_s: float = 120.0) -> Iterator[Lab]:
        """The fabric as real FRR daemons, up and forwarding as predicted, until the block ends.

        Raises `LabError` naming what was still missing after `deadline_s`, `MachineError` for what the machine lacks.
        """
        from fabric.lab import EmbeddedEngine, RunningLab, UpOptions, spec_of
        from fabric.verify import bring_up

        engine = EmbeddedEngine()
        spec = spec_of(self.planned.plan.design, name, self.cluster, self.planned.kept, self.passwords)
        lab = Lab(RunningLab(engine, spec.name), self.fabric)
        bring_up(engine, spec, lab.prediction, UpOptions(deadline_s=deadline_s), lambda _step: None)
        try:
            yield lab
        finally:
            engine.down(spec.name)

    def _what_if(self, failures: Iterable[str]) -> WhatIf:
        from fabric.simulate import what_if

        return what_if(self.fabric, tuple(failures))


@dataclass(frozen=True, slots=True)
class Lab:
    """A lab that is up."""

    running: RunningLab
    """Its status, kernel FIBs, probes and vtysh."""
    fabric: FabricConfig

    def verify(self) -> Verdict:
        """Sessions, kernel FIBs, reachability and MTU, each against the prediction."""
        from fabric.verify import verify

        return verify(self.running, self.prediction())

    def prediction(self) -> Prediction:
        """What the lab must show, as the FRR that it runs does things."""
        from fabric.verify import predict

        return predict(self.fabric.run_by(self.running.status().frr_version))
