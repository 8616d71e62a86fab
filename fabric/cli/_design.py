"""Commands that need nothing but topology files: `schema`, `plan`, `diff`, `render`, `graph`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fabric.cli._console import answer, answer_json, note, say, show, told
from fabric.cli._options import FileArgument, Format, JsonOption, form_of
from fabric.cli._passwords import SecretsOption, passwords_for
from fabric.cli._planning import LedgerOption, PinsOption, designed, planned, read

if TYPE_CHECKING:
    from fabric.plan import Ledger, Plan, ValueChange
    from fabric.render import Written
    from fabric.render.exports import Export
    from fabric.topology import Design

_FIRST_CHOICE = ("plan", "frr", "containerlab")
_OPENSHIFT = "rhoso"


class DiffFormat(StrEnum):
    """How `fabric diff` answers."""

    text = "text"
    json = "json"
    markdown = "markdown"


def schema(
    scenario: Annotated[bool, typer.Option("--scenario", help="Of scenario files instead.")] = False,
) -> None:
    """Print the JSON Schema of topology files, or of scenario files, for editors.

    Example: fabric schema > topology.schema.json
    """
    if scenario:
        from fabric.verify import scenario_schema

        answer_json(scenario_schema())
        return
    from fabric.topology import json_schema

    answer_json(json_schema())


def plan(
    file: FileArgument,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Directory to write the plan to.")] = None,
    ledger: LedgerOption = None,
    pins: PinsOption = None,
    check: Annotated[bool, typer.Option("--check", help="Only compare; exit 1 if file and ledger differ.")] = False,
    reclaim: Annotated[bool, typer.Option("--reclaim", help="Free the values that lost their owner.")] = False,
    renumber: Annotated[
        list[str] | None,
        typer.Option("--renumber", metavar="NAME", help="Give a rack, zone or device other values; may repeat."),
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="How --check answers; else text or json.")] = Format.text,
    as_json: JsonOption = False,
) -> None:
    """Plan a topology: ASNs, addresses, ports. With --ledger nothing that was given out before ever moves.

    Example: fabric plan topologies/quickstart.yaml --ledger plan.lock.yaml -o plan
    """
    from fabric.errors import InputError

    if ledger is None and (check or reclaim or renumber):
        raise InputError("--check, --reclaim and --renumber ask about a ledger. Name its file with --ledger.")
    if check and (given := [name for name, value in _writing(output, reclaim, renumber).items() if value]):
        raise InputError(f"Found --check and {' and '.join(given)}; --check writes and moves nothing. Leave one out.")
    chosen = form_of(form, as_json)
    if not check and chosen not in (Format.text, Format.json):
        raise InputError(f"--format {chosen}: only --check passes or fails. Add --check, or choose text or json.")
    with told(chosen, "fabric plan", str(file)):
        design = designed(file, pins)
        if check:
            raise typer.Exit(_check(file, design, ledger, chosen))
        value = _made(design, ledger, reclaim=reclaim, renumber=renumber or ())
    _show_plan(value, output, chosen)


def _writing(output: Path | None, reclaim: bool, renumber: list[str] | None) -> Mapping[str, object]:
    """The options of `fabric plan` that write or move something."""
    return {"-o": output, "--reclaim": reclaim, "--renumber": renumber}


def _made(design: Design, ledger: Path | None, *, reclaim: bool, renumber: Sequence[str]) -> Plan:
    """The plan of a design beside its ledger, which is brought up to date."""
    from fabric import plan as planning

    racks = {zone.name: [rack.name for rack in zone.racks] for zone in design.topology.zones}
    kept = planning.without(read(ledger), renumber, racks)
    value = planning.build(design, planning.reclaim(design, kept) if reclaim else kept)
    if ledger is not None:
        planning.write_ledger(ledger, planning.ledger_of(value))
        note(f"{ledger}: {_summary(kept, planning.ledger_of(value))}")
    return value


def _show_plan(value: Plan, output: Path | None, form: Format) -> None:
    from fabric.report import plan_document, plan_files, plan_tables

    if output is not None:
        from fabric.render import write_tree

        written = write_tree(plan_files(value), output)
        note(f"{len(written)} files written to {output}")
    if form is Format.json:
        answer_json(plan_document(value))
    elif output is None:
        show(entry for entry in plan_tables(value).values() if entry.rows)


def _check(file: Path, design: Design, ledger: Path | None, form: Format) -> int:
    """1 where the file would give out or release something that the ledger does not know, else 0."""
    from fabric.plan import drift
    from fabric.report import drift_outcome, value_changes_document

    changes = drift(design, read(ledger))
    answer(
        form,
        lambda: _tell_drift(file, ledger, changes),
        lambda: value_changes_document(changes),
        lambda: drift_outcome(changes, str(file), str(ledger)),
    )
    return 1 if changes else 0


def _tell_drift(file: Path, ledger: Path | None, changes: tuple[ValueChange, ...]) -> None:
    from fabric.report import value_changes_table

    if changes:
        show([value_changes_table(changes)])
        note(f"{ledger} does not match {file}. Run `fabric plan {file} --ledger {ledger}` and commit the result.")
    else:
        say(f"{ledger} matches {file}.")


def _summary(old: Ledger, new: Ledger) -> str:
    from fabric.plan import entries

    before, after = dict(entries(old.given)), dict(entries(new.given))
    kept = sum(before.get(key) == value for key, value in after.items())
    resting = sum(map(len, new.released.values()))
    return f"{kept} values kept, {len(after) - kept} given out, {resting} at rest"


def diff(
    old: Annotated[Path, typer.Argument(help="Topology file as it was.")],
    new: Annotated[Path, typer.Argument(help="Topology file as it shall be.")],
    ledger: LedgerOption = None,
    pins: PinsOption = None,
    old_pins: Annotated[Path | None, typer.Option("--old-pins", help="As --pins, of OLD; --pins is NEW's.")] = None,
    form: Annotated[DiffFormat, typer.Option("--format", help="How to answer.")] = DiffFormat.text,
    as_json: JsonOption = False,
) -> None:
    """Show all that a change touches: devices, links, sessions, values, and lines of configuration.

    Example: fabric diff old.yaml new.yaml --ledger plan.lock.yaml --format markdown
    """
    from fabric import config
    from fabric.errors import InputError
    from fabric.kubernetes import configure
    from fabric.render import changed_files
    from fabric.report import diff_document, diff_tables, to_markdown

    if as_json and form is DiffFormat.markdown:
        raise InputError("Found --json and --format markdown; allowed: one of them. Leave one out.")
    form = DiffFormat.json if as_json else form
    with told(Format.json if form is DiffFormat.json else Format.text, "fabric diff", f"{old} {new}"):
        before, after = configure(planned(old, ledger, old_pins)), configure(planned(new, ledger, pins))
        changes, files = config.diff(before, after), tuple(changed_files(before, after))
    if form is DiffFormat.json:
        answer_json(diff_document(changes, files))
    elif not changes and not files:
        say("Nothing changes.")
    elif form is DiffFormat.markdown:
        say("\n".join(map(to_markdown, diff_tables(changes, files))))
    else:
        show(diff_tables(changes, files))


def render(
    file: FileArgument,
    output: Annotated[Path, typer.Option("-o", "--output", help="Directory to write to.")],
    ledger: LedgerOption = None,
    pins: PinsOption = None,
    export: Annotated[
        list[str] | None,
        typer.Option(
            "--export",
            help="What to write, repeatable, or `all`; default: plan, frr, containerlab, and kubernetes for rhoso.",
        ),
    ] = None,
    image: Annotated[
        str | None, typer.Option("--image", help="FRR image of containerlab and clabernetes; default: frrouting's.")
    ] = None,
    secrets: SecretsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the plan and its configuration: FRR's of every switch and node, and what other tools take in.

    Files that an earlier run wrote there and the fabric no longer has are removed, unless they were changed since.

    Example: fabric render topologies/rhoso-dz.yaml -o out --export all
    """
    from fabric.kubernetes import configure
    from fabric.render import write_exports
    from fabric.render.exports import EXPORTERS, FRR_IMAGE, Export, export_trees

    value = planned(file, ledger, pins)
    exporters = {"plan": _plan_tree, **EXPORTERS}
    first_choice = (*_FIRST_CHOICE, *(("kubernetes",) if value.design.topology.profile == _OPENSHIFT else ()))
    chosen = tuple(exporters) if export == ["all"] else tuple(export or first_choice)
    fabric = configure(value, passwords=passwords_for(value.design, secrets))
    written = write_exports(export_trees(Export(value, fabric, image=image or FRR_IMAGE), chosen, exporters), output)
    if as_json:
        answer_json(_written_document(output, written))
    else:
        say(f"{len(written.files)} files for {len(fabric.devices)} devices written to {output}")
        _tell_gone(written)


def _written_document(output: Path, written: Written) -> dict[str, object]:
    """What `fabric render` did, in JSON."""
    paths = {"files": written.files, "removed": written.removed, "kept": written.kept}
    return {"version": 1, "directory": str(output)} | {key: [*map(str, value)] for key, value in paths.items()}


def _tell_gone(written: Written) -> None:
    """What is no longer rendered: how much is gone, and what stays because somebody changed it."""
    if written.removed:
        files = "1 file" if len(written.removed) == 1 else f"{len(written.removed)} files"
        say(f"{files} removed that the fabric no longer has")
    for path in written.kept:
        note(f"{path}: no longer rendered, but changed since it was written: kept. Remove it if nobody needs it.")


def _plan_tree(export: Export) -> Mapping[str, str]:
    """What `fabric plan -o` writes, beside the configuration that follows from it."""
    from fabric.report import plan_files

    return {f"plan/{name}": text for name, text in plan_files(export.plan).items()}
