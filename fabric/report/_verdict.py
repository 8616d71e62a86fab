"""A verdict, a lab's status and a lab's start, as tables and as documents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from fabric.report._impairment import impairment_words
from fabric.report._table import Table, table

if TYPE_CHECKING:  # what prints a plan need not load the lab and the simulator
    from fabric.lab import Fault, FaultChange, LabStatus
    from fabric.verify import BroughtUp, Cell, Check, Matrix, Verdict

Document = dict[str, Any]
_FINDINGS_SHOWN = 20
_DAEMONS_SHOWN = 3


def verdict_tables(verdict: Verdict) -> Iterator[Table]:
    """The reachability matrices, what differed, and last the proofs."""
    yield from (_matrix(matrix) for matrix in verdict.matrices)
    findings = [(check.name, f) for check in verdict.checks for f in check.findings]
    if findings:
        rows = [(name, f.where, f.expected, f.observed) for name, f in findings[:_FINDINGS_SHOWN]]
        more = len(findings) - len(rows)
        title = f"Findings ({more} more in --json)" if more else "Findings"
        yield table(title, ("proof", "where", "expected", "observed"), rows)
    yield table("Proofs", ("proof", "compared", "as expected", "detail", "verdict"), map(_check_row, verdict.checks))


def _check_row(check: Check) -> tuple[object, ...]:
    return check.name, check.compared, check.as_expected, check.note, "proven" if check.passed else "FAILED"


def _matrix(matrix: Matrix) -> Table:
    family = {"ipv4": "IPv4", "ipv6": "IPv6"}[matrix.family]
    rows = [
        (source, *(_cell(matrix.cells.get((source, target))) for target in matrix.labels)) for source in matrix.labels
    ]
    title = f"Reachability by {matrix.axis} over {family} (flows answered / sent)"
    return table(title, (f"from \\ to {matrix.axis}", *matrix.labels), rows)


def _cell(cell: Cell | None) -> str:
    return "-" if cell is None else f"{cell.answered}/{cell.sent}"


def verdict_document(verdict: Verdict) -> Document:
    """The verdict as plain values, every finding included."""
    return {
        "version": 1,
        "lab": verdict.lab,
        "passed": verdict.passed,
        "fidelity": verdict.fidelity,
        "checks": [
            {
                "check": c.name,
                "compared": c.compared,
                "as_expected": c.as_expected,
                "note": c.note,
                "passed": c.passed,
                "findings": [{"where": f.where, "expected": f.expected, "observed": f.observed} for f in c.findings],
            }
            for c in verdict.checks
        ],
        "reachability": [
            {
                "axis": m.axis,
                "family": m.family,
                "cells": [
                    {"from": a, "to": b, "pairs": c.pairs, "flows_sent": c.sent, "flows_answered": c.answered}
                    for (a, b), c in m.cells.items()
                ],
            }
            for m in verdict.matrices
        ],
    }


def status_tables(status: LabStatus) -> Iterator[Table]:
    """A lab's daemons by device, and those that ended."""
    by_device: dict[str, list[str]] = {name: [] for name in status.devices}
    for daemon in status.daemons:
        by_device[daemon.device].append(daemon.daemon if daemon.running else f"{daemon.daemon} (ended)")
    rows = ((name, " ".join(daemons)) for name, daemons in by_device.items())
    yield table(f"Lab {status.name}: {status.phase}, FRR {status.frr_version}", ("device", "daemons"), rows)
    if status.ended_daemons:
        ended = ((d.device, d.daemon, d.ended) for d in status.ended_daemons)
        yield table("Ended daemons", ("device", "daemon", "how"), ended)
    if status.faults:
        yield table("Active faults", ("fault", "holds"), map(_fault_row, status.faults))
    if status.impairments:
        impaired = ((i.target, impairment_words(i.impairment), len(i.ports)) for i in status.impairments)
        yield table("Active impairments", ("target", "one way", "directions"), impaired)


def _fault_row(fault: Fault) -> tuple[object, ...]:
    held = [f"{name} killed" for name in fault.killed] + [f"{name} stopped" for name in fault.paused]
    if len(held) > _DAEMONS_SHOWN:
        held = [f"{len(held)} daemons killed or stopped"]
    if fault.ports:
        held.insert(0, f"{len(fault.ports)} ports down" if len(fault.ports) != 1 else f"{fault.ports[0]} down")
    held += [f"{port} loses what arrives" for port in fault.deaf]
    held += [f"{change.device}: {change.lines[-1]}" for change in fault.reconfigured]
    return fault.target, ", ".join(held)


def fault_change_document(lab: str, change: FaultChange) -> Document:
    """What came of failing or healing as plain values."""
    return {
        "version": 1,
        "lab": lab,
        "changed": list(change.targets),
        "ports": change.ports,
        "milliseconds": change.milliseconds,
    }


def status_document(status: LabStatus) -> Document:
    """A lab's status as plain values."""
    return {
        "version": 1,
        "lab": status.name,
        "phase": status.phase,
        "frr": status.frr_version,
        "devices": list(status.devices),
        "daemons": [
            {"device": d.device, "daemon": d.daemon, "running": d.running, "ended": d.ended} for d in status.daemons
        ],
        "remarks": list(status.remarks),
        "faults": [
            {
                "target": fault.target,
                "ports_down": list(map(str, fault.ports)),
                "daemons_killed": [{"device": name.device, "daemon": name.daemon} for name in fault.killed],
                "daemons_stopped": [{"device": name.device, "daemon": name.daemon} for name in fault.paused],
                "ports_deaf": list(map(str, fault.deaf)),
                "reconfigured": [{"device": c.device, "lines": list(c.lines)} for c in fault.reconfigured],
            }
            for fault in status.faults
        ],
        "impairments": [
            {"target": entry.target, **asdict(entry.impairment), "ports": list(map(str, entry.ports))}
            for entry in status.impairments
        ],
    }


def start_document(result: BroughtUp) -> Document:
    """How a lab's start went, times in seconds."""
    return {
        "version": 1,
        "lab": result.start.name,
        "already_up": result.start.already_up,
        "seconds": {**result.start.seconds, "converged": result.settled.seconds},
        "remarks": list(result.start.remarks),
    }
