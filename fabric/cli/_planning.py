"""What every command that plans does first: file and ledger to a plan, and the ledger back to its file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from fabric.plan import Ledger, Plan

LedgerOption = Annotated[
    Path | None,
    typer.Option("--ledger", help="File of the values given out before, which are kept: plan.lock.yaml."),
]


def planned(file: Path, ledger: Path | None) -> Plan:
    """The plan of a topology file in which everything keeps what the ledger file, if there is one, says that it has."""
    from fabric import plan
    from fabric.topology import load

    return plan.build(load(file), read(ledger))


def read(ledger: Path | None) -> Ledger:
    """The ledger in a file; an empty one where none is named, or the named one is still to be written."""
    from fabric.plan import EMPTY, read_ledger

    return EMPTY if ledger is None else read_ledger(ledger)
