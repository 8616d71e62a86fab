"""What every command that plans does first: file and ledger to a plan, and the ledger back to its file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from fabric.plan import Ledger, Plan
    from fabric.topology import Design

STANDARD_INPUT = Path("-")
LedgerOption = Annotated[
    Path | None,
    typer.Option("--ledger", help="File of the values given out before, which are kept: plan.lock.yaml."),
]
PinsOption = Annotated[
    Path | None,
    typer.Option("--pins", help="CSV of addresses that nodes keep: device,network,address, or a NetBox export."),
]


def planned(file: Path, ledger: Path | None, pins: Path | None = None) -> Plan:
    """The plan of a topology file in which everything keeps what the ledger file, if there is one, says that it has."""
    from fabric import plan

    return plan.build(designed(file, pins), read(ledger))


def designed(file: Path, pins: Path | None) -> Design:
    """The design in a topology file, with the pins of a CSV file where one is named.

    Of a file with mistakes, what keeps the rest of it from being planned is told with them.
    """
    from fabric.errors import TopologyError
    from fabric.topology import load, parse, with_pins

    if file == STANDARD_INPUT:
        design = parse(_standard_input(), "-")
    else:
        try:
            design = load(file)
        except TopologyError as error:
            from fabric.plan import with_plan_problems

            raise with_plan_problems(error, file) from None
    return design if pins is None else with_pins(design, pins)


def _standard_input() -> str:
    from fabric.errors import InputError
    from fabric.topology import MAX_BYTES

    try:
        return sys.stdin.buffer.read(MAX_BYTES + 1).decode()  # one more is refused where it is parsed
    except UnicodeDecodeError as error:
        raise InputError(
            f"-: found bytes that are not UTF-8 (at {error.start}). Write the topology in UTF-8."
        ) from error


def read(ledger: Path | None) -> Ledger:
    """The ledger in a file; an empty one where none is named, or the named one is still to be written."""
    from fabric.plan import EMPTY, read_ledger

    return EMPTY if ledger is None else read_ledger(ledger)
