"""`fabric lab …`: run a fabric as real FRR, prove it, look into it, end it."""

from __future__ import annotations

import typer

app = typer.Typer(
    help="Run a fabric as real FRR daemons in namespaces, prove it, look into it, end it.", no_args_is_help=True
)
