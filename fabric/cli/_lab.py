"""`fabric lab …`: run a fabric as real FRR, prove it, look into it, end it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from fabric.cli import _apply, _capture, _look, _prove, _watch
from fabric.cli._console import answer, answer_json, note, progress, say, show
from fabric.cli._options import FileArgument, Format, FormatOption, JsonOption, LabOption, form_of
from fabric.cli._passwords import SecretsOption
from fabric.cli._planning import LedgerOption, PinsOption
from fabric.cli._running import marked, predicted_now, running_lab
from fabric.cli._spec import NameOption, ResourcesOption, ResourcesReleaseOption, Sources, predicted, spec_for

if TYPE_CHECKING:
    from fabric.errors import LabError
    from fabric.lab import FaultChange

app = typer.Typer(
    help="Run a fabric as real FRR daemons in namespaces, prove it, look into it, end it.", no_args_is_help=True
)
_TARGET_HELP = (
    "link:DEVICE:PORT, link:A--B, node:DEVICE, rack:RACK, zone:ZONE, tier:ROLE, partition:ZONE, power:ZONE, "
    "silent:DEVICE:PORT (one way), silent:A--B (both ways; more after a comma), silent:DEVICE, drain:DEVICE, "
    "daemon:DEVICE:DAEMON (killed), pause:DEVICE:DAEMON (stopped), restart:DEVICE:DAEMON or reload:DEVICE."
)
app.command()(_prove.impair)
app.command()(_prove.rtt)
app.command()(_prove.measure)
app.command()(_apply.apply)
app.command()(_capture.capture)
app.command()(_watch.watch)
app.command()(_look.trace)
app.command()(_look.mtu)
app.command()(_look.shell)
app.command()(_look.logs)
app.command()(_prove.run)
NodeArgument = Annotated[str, typer.Argument(help="Device of the lab, such as spine-1.")]


@app.command()
def up(
    file: FileArgument,
    name: NameOption = None,
    ledger: LedgerOption = None,
    pins: PinsOption = None,
    resources: ResourcesOption = None,
    release: ResourcesReleaseOption = None,
    secrets: SecretsOption = None,
    engine: Annotated[
        str, typer.Option("--engine", help="What runs the devices: embedded or containerlab.")
    ] = "embedded",
    deadline: Annotated[float, typer.Option("--deadline", help="Seconds to start, and to converge.")] = 120.0,
    keep: Annotated[bool, typer.Option("--keep", help="Leave a lab that fails to come up, to look into it.")] = False,
    impaired: Annotated[
        bool, typer.Option("--impaired", help="Then impair links as the topology's inter_zone and impairments say.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Start every device of a topology as real FRR and wait until all FIBs are as predicted.

    With --resources, OpenShift nodes run what frr-k8s makes of the cluster's resources, next to our switches.

    Example: fabric lab up topologies/quickstart.yaml
    """
    from fabric.lab import UpOptions, engine_named, refuse_elsewhere
    from fabric.report import impairment_document, impairment_text, start_document
    from fabric.verify import asked_for, bring_up

    spec = spec_for(Sources(file, ledger, pins, resources, release, secrets), name)
    runner = engine_named(engine)
    refuse_elsewhere(spec.name, runner)
    asked = asked_for(spec.fabric, spec) if impaired else ()
    with progress() as listener:
        result = bring_up(runner, spec, lambda: predicted(spec, runner), UpOptions(deadline, keep), listener)
    changes = [runner.impair(spec.name, entry) for entry in asked]
    if as_json:
        made = {"impairments": [impairment_document(spec.name, change) for change in changes]} if impaired else {}
        answer_json({**start_document(result), **made})
    elif result.start.already_up:
        say(f"Lab {spec.name} is already up: {len(spec.files)} devices.")
    else:
        seconds = max(result.start.seconds.values(), default=0.0)
        say(
            f"Lab {spec.name} is up: {len(spec.files)} devices started in {seconds:.1f} s, "
            f"all FIBs as predicted {result.settled.seconds:.1f} s later."
        )
    for change in () if as_json else changes:
        say(impairment_text(change, cleared=False))


@app.command()
def status(lab: LabOption = None, as_json: JsonOption = False) -> None:
    """Show what runs.

    Example: fabric lab status --json
    """
    from fabric.lab import running_labs
    from fabric.report import status_document, status_tables

    found = [running.status() for running in running_labs() if lab in (None, running.name)]
    if lab and not found:
        raise _not_up(lab)
    if as_json:
        answer_json({"version": 1, "labs": [status_document(entry) for entry in found]})
    elif not found:
        say("No lab is up.")
    else:
        show(table for entry in found for table in status_tables(entry))


@app.command()
def verify(
    lab: LabOption = None,
    flows: Annotated[int, typer.Option("--flows", min=1, max=256, help="UDP flows a pair.")] = 16,
    settle: Annotated[float, typer.Option("--settle", help="Seconds to wait for the FIBs to settle first.")] = 30.0,
    form: FormatOption = Format.text,
    as_json: JsonOption = False,
) -> None:
    """Prove a lab: sessions, kernel FIBs, reachability, MTU and intents as predicted. Exit code 1 if any proof fails.

    Under faults, the prediction is the one for the broken fabric: what should be cut must be cut. Intents must hold
    with nothing failed: one that the design breaks fails the verdict, whatever else is failed.

    Example: fabric lab verify --format junit > verify.xml
    """
    from fabric.intents import demands
    from fabric.lab import design_of
    from fabric.report import verdict_document, verdict_outcome, verdict_tables
    from fabric.verify import VerifyOptions
    from fabric.verify import verify as prove

    running = running_lab(lab)
    prediction = predicted_now(running)
    options = VerifyOptions(settle, flows, demands(design_of(running.status()).topology, prediction.fabric))
    verdict = prove(running, prediction, options, lambda stage: note(f"{running.name}: {stage}"))
    answer(
        form_of(form, as_json),
        lambda: show(verdict_tables(verdict)),
        lambda: marked(verdict_document(verdict), running.status()),
        lambda: verdict_outcome(verdict),
    )
    raise typer.Exit(0 if verdict.passed else 1)


@app.command()
def fail(
    target: Annotated[str, typer.Argument(help=_TARGET_HELP)],
    lab: LabOption = None,
    flaps: Annotated[int, typer.Option("--flap", min=0, help="Fail and heal this often, ending healed.")] = 0,
    period: Annotated[float, typer.Option("--period", min=0.02, help="Seconds from one flap to the next.")] = 2.0,
    as_json: JsonOption = False,
) -> None:
    """Break something in a running lab, all of it at one instant, until it is healed.

    restart: and reload: happen and are over. drain: takes a device away once its peers have turned to other paths.

    Example: fabric lab fail zone:zone-b
    """
    from fabric.lab import fabric_of
    from fabric.report import fault_change_document
    from fabric.verify import MOMENTARY, Flap, flap, is_active, perform

    running = running_lab(lab)
    now = running.status()
    fabric = fabric_of(now)
    if flaps:
        flapped = []
        for change in flap(running, fabric, target, Flap(flaps, period)):
            note(f"{target}{_ports_changed(change, 'changed')}")
            flapped.append(fault_change_document(running.name, change))
        if as_json:
            answer_json({"version": 1, "changes": flapped})
        else:
            say(f"{target} flapped {flaps} times and is healed.")
        return
    change = perform(running, fabric, target, lambda stage: note(f"{running.name}: {stage}"))
    if as_json:
        answer_json(fault_change_document(running.name, change))
    elif target.partition(":")[0] in MOMENTARY:
        say(f"{target} done within {change.milliseconds:.0f} ms.")
    elif is_active(now, target):
        say(f"{target} has failed already.")
    elif target.startswith("drain:"):
        say(f"{target.removeprefix('drain:')} is drained and taken away{_ports_changed(change, 'down')}.")
    else:
        say(f"{target} failed{_ports_changed(change, 'down')}.")


@app.command()
def heal(
    target: Annotated[str | None, typer.Argument(help="A fault as `fabric lab status` shows it.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Heal all faults.")] = False,
    lab: LabOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a fault; what another fault holds down stays down.

    Example: fabric lab heal --all
    """
    from fabric.errors import InputError
    from fabric.lab import fabric_of
    from fabric.report import fault_change_document
    from fabric.verify import restore

    if target == "all" and not every:
        raise InputError("Found the fault 'all'; allowed: a fault of `fabric lab status`. Heal all with --all.")
    if (target is None) != every:
        raise InputError("Name one fault, or heal all with --all. `fabric lab status` shows the active ones.")
    running = running_lab(lab)
    fabric = fabric_of(running.status())
    targets = None if target is None else [target]
    change = restore(running, fabric, targets, lambda stage: note(f"{running.name}: {stage}"))
    if target and not change.targets:
        active = ", ".join(fault.target for fault in running.status().faults) or "none"
        raise InputError(f"{target} is no active fault of lab {running.name}; active: {active}.")
    if as_json:
        answer_json(fault_change_document(running.name, change))
    elif change.targets:
        say(f"Healed {', '.join(change.targets)}{_ports_changed(change, 'up')}.")
    else:
        say("Nothing was failed.")


def _ports_changed(change: FaultChange, way: str) -> str:
    if not change.ports:
        return ""
    ports = "1 port" if change.ports == 1 else f"{change.ports} ports"
    return f": {ports} {way} within {change.milliseconds:.1f} ms"


@app.command("exec", context_settings={"ignore_unknown_options": True})
def execute(
    node: NodeArgument,
    command: Annotated[list[str], typer.Argument(help="Program and arguments, after --.")],
    lab: LabOption = None,
) -> None:
    """Run a program on a device: the machine's in its network namespace, or, on containerlab, one of its container.

    Its exit code is passed on.

    Example: fabric lab exec a1-server-1 -- ping -c 3 10.240.0.131
    """
    running = running_lab(lab)
    raise typer.Exit(running.engine.attach(running.name, node, command))


@app.command()
def vtysh(
    node: NodeArgument,
    commands: Annotated[list[str] | None, typer.Option("-c", "--command", help="Command to run; may repeat.")] = None,
    lab: LabOption = None,
) -> None:
    """Open FRR's shell on a device, or run commands in it.

    Example: fabric lab vtysh spine-1 -c 'show bgp summary'
    """
    running = running_lab(lab)
    argv = running.engine.vtysh_argv(running.name, node, commands or ())
    raise typer.Exit(running.engine.attach(running.name, None, argv))


@app.command()
def down(
    lab: LabOption = None,
    every: Annotated[bool, typer.Option("--all", help="End all labs.")] = False,
) -> None:
    """End a lab and all that belongs to it. Without a name, that none is up is no error.

    Example: fabric lab down --all
    """
    from fabric.errors import InputError
    from fabric.lab import all_engines, running_labs

    running = [found for found in running_labs() if lab in (None, found.name)]
    if not lab and not every and len(running) > 1:
        names = ", ".join(found.name for found in running)
        raise InputError(f"Several labs are up: {names}. Name one with --lab, or end all with --all.")
    for found in running:
        found.engine.down(found.name)
        say(f"Lab {found.name} is down.")
    if not running and not lab:
        say("No lab is up.")
    left = [(engine, name) for engine in all_engines() for name in engine.leftovers()]
    for engine, name in left:
        engine.down(name)
        note(f"Removed what lab {name} left behind when it was killed.")
    if lab and lab not in [*(found.name for found in running), *(name for _, name in left)]:
        raise _not_up(lab)


def _not_up(lab: str) -> LabError:
    """The error that a lab which is named does not run."""
    from fabric.errors import LabError
    from fabric.lab import running_labs

    names = ", ".join(found.name for found in running_labs()) or "none"
    return LabError(f"Lab {lab} is not up; up: {names}. Name one of these, or start it with `fabric lab up FILE`.")
