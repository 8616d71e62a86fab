"""`fabric netbox …`: a plan into NetBox."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fabric.cli._console import answer_json, note, show
from fabric.cli._options import FileArgument, JsonOption
from fabric.cli._planning import LedgerOption, PinsOption, planned

if TYPE_CHECKING:
    from fabric.netbox import Push

app = typer.Typer(help="Bring NetBox up to date with a plan.", no_args_is_help=True)


@app.callback()
def _netbox() -> None:
    """Keeps `push` a command of its own, as long as it is the only one."""


@app.command()
def push(
    file: FileArgument,
    url: Annotated[str, typer.Option("--url", envvar="NETBOX_URL", help="Where NetBox is: https://…")],
    token_file: Annotated[
        Path | None, typer.Option("--token-file", help="File with the API token; default: $NETBOX_TOKEN.")
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Write; without it NetBox is only read.")] = False,
    domain: Annotated[str | None, typer.Option("--domain", help="Domain of DNS names.")] = None,
    ledger: LedgerOption = None,
    pins: PinsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what NetBox lacks of the plan, and with --apply write it. Nothing is ever deleted.

    Exit code 1 where NetBox is not as planned afterwards: after a dry run that found something, or with conflicts.

    Example: fabric netbox push my-cloud.yaml --apply
    """
    import os

    from fabric.kubernetes import configure
    from fabric.netbox import connect, read_token, records
    from fabric.netbox import push as bring
    from fabric.report import push_document, push_tables

    token = read_token(token_file, os.environ)
    value = planned(file, ledger, pins)
    wanted = records(value, configure(value), domain)
    server = connect(url, token)
    found = bring(server, wanted, dry_run=True)
    if not as_json:
        show(push_tables(found))
    if apply and not found.as_planned:
        bring(server, wanted, dry_run=False)
    if as_json:
        answer_json(push_document(found, applied=apply))
    elif not found.as_planned:
        note(_ending(found, apply))
    raise typer.Exit(1 if found.conflicts or not (apply or found.as_planned) else 0)


def _ending(found: Push, applied: bool) -> str:
    if not applied:
        return "Nothing was written. Run it again with --apply to write this."
    return "Written, but for the conflicts." if found.conflicts else "Written."
