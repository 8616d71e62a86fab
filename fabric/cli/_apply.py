"""`fabric lab apply`: a running lab becomes the lab of another design."""

from __future__ import annotations

from typing import Annotated

import typer

from fabric.cli._console import answer_json, say
from fabric.cli._options import FileArgument, JsonOption
from fabric.cli._passwords import SecretsOption
from fabric.cli._planning import LedgerOption, PinsOption
from fabric.cli._running import running_lab
from fabric.cli._spec import NameOption, ResourcesOption, ResourcesReleaseOption, Sources, predicted, spec_for


def apply(
    file: FileArgument,
    name: NameOption = None,
    ledger: LedgerOption = None,
    pins: PinsOption = None,
    resources: ResourcesOption = None,
    release: ResourcesReleaseOption = None,
    secrets: SecretsOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the steps, or why they would be refused; take none.")
    ] = False,
    deadline: Annotated[float, typer.Option("--deadline", help="Seconds to converge.")] = 120.0,
    as_json: JsonOption = False,
) -> None:
    """Change a running lab to the design in a file; what stays is not restarted, and all FIBs are awaited.

    Devices, cables, addresses and FRR's configuration change; sessions that nothing changes about stay established.

    Example: fabric lab apply larger.yaml --dry-run
    """
    from fabric.verify import apply_design

    spec = spec_for(Sources(file, ledger, pins, resources, release, secrets), name)
    engine = running_lab(spec.name).engine
    if dry_run:
        steps = engine.changes(spec)
        if steps:
            engine.rehearse(spec)
        answer_json({"version": 1, "steps": steps}) if as_json else say("\n".join(steps) or "Nothing to change.")
        return
    done = apply_design(engine, spec, predicted(spec, engine), deadline)
    seconds = done.milliseconds / 1000
    if as_json:
        settled = {"changed_s": seconds, "converged_s": done.settled.seconds}
        answer_json({"version": 1, "steps": done.steps, **settled})
    elif done.steps:
        say("\n".join(done.steps))
        say(
            f"Lab {spec.name} is changed: {len(done.steps)} steps in {seconds:.1f} s, "
            f"all FIBs as predicted {done.settled.seconds:.1f} s later."
        )
    else:
        say("Nothing to change.")
