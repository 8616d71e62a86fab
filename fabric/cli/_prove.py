"""`fabric lab impair|rtt|measure|run`: what is done to a lab, and what is measured meanwhile."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from fabric.cli._console import answer, answer_json, note, say, show
from fabric.cli._options import Format, FormatOption, JsonOption, LabOption, form_of
from fabric.cli._running import marked, running_lab

if TYPE_CHECKING:
    from fabric.lab import Impaired, Impairment, ImpairmentChange, LabStatus, RunningLab

_Source = Literal["file", "zones", "target"]
"""Who says what is impaired: the whole topology file, its `inter_zone`, or the command line."""
_TARGET_HELP = (
    "link:DEVICE:PORT (what that port sends), link:A--B, node:DEVICE, rack:RACK, zone:ZONE, tier:ROLE (all their "
    "cables, both ways) or zones:A--B (what one zone sends to the other, both ways)."
)


def _number(unit: str, text: str | None) -> float:
    """The number before the unit, which may be left out; 0 for no text."""
    from fabric.errors import InputError

    if text is None:
        return 0.0
    found = re.fullmatch(rf"(\d+(?:\.\d+)?)(?:{unit})?", text)
    if found is None:
        raise InputError(f"found {text!r}; allowed: a number, or one with its unit, such as 5{unit}. Correct it.")
    return float(found[1])


def impair(
    target: Annotated[str | None, typer.Argument(help=_TARGET_HELP)] = None,
    delay: Annotated[str | None, typer.Option("--delay", help="One way, such as 5ms.")] = None,
    jitter: Annotated[str | None, typer.Option("--jitter", help="The delay varies by this much, such as 1ms.")] = None,
    loss: Annotated[str | None, typer.Option("--loss", help="Packets lost, such as 0.5%.")] = None,
    corrupt: Annotated[str | None, typer.Option("--corrupt", help="Packets with one bit flipped, such as 1%.")] = None,
    rate: Annotated[str | None, typer.Option("--rate", help="Such as 100mbit.")] = None,
    mtu: Annotated[int | None, typer.Option("--mtu", help="Bytes of an IP packet.")] = None,
    between_zones: Annotated[
        bool, typer.Option("--inter-zone", help="What the topology file's inter_zone asks for.")
    ] = False,
    from_file: Annotated[
        bool, typer.Option("--from-file", help="All that the topology file asks for: inter_zone and impairments.")
    ] = False,
    clear: Annotated[bool, typer.Option("--clear", help="Clear this impairment, or without a target all.")] = False,
    lab: LabOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delay, lose, damage or slow packets on links of a running lab, until it is cleared.

    By netem where the kernel has it. Where it lacks it: nftables for loss alone, and else a relay in user space, which
    is refused unless it keeps the delay to within 1 ms.

    Example: fabric lab impair zones:zone-a--zone-b --delay 5ms --jitter 1ms
    """
    from fabric.lab import Impairment
    from fabric.report import impairment_document, impairment_text

    running = running_lab(lab)
    if clear:
        changes = [_cleared(running, target)]
    else:
        values = (_number("ms", delay), _number("ms", jitter), _number("%", loss), _number("%", corrupt))
        wanted = Impairment(*values, _number("mbit", rate) if rate else None, mtu)
        source: _Source = "file" if from_file else "zones" if between_zones else "target"
        changes = [running.engine.impair(running.name, e) for e in _asked(running.status(), source, target, wanted)]
    if as_json:
        documents = [impairment_document(running.name, change) for change in changes]
        answer_json({"version": 1, "impairments": documents})
    else:
        for change in changes:
            say(impairment_text(change, cleared=clear))


def _cleared(running: RunningLab, target: str | None) -> ImpairmentChange:
    """What clearing one impairment, or all, changed."""
    from fabric.errors import InputError

    change = running.engine.clear(running.name, None if target is None else [target])
    if target and not change.targets:
        active = ", ".join(entry.target for entry in running.status().impairments) or "none"
        raise InputError(f"{target} is no active impairment of lab {running.name}; active: {active}.")
    return change


def _asked(now: LabStatus, source: _Source, target: str | None, wanted: Impairment) -> Sequence[Impaired]:
    """The impairments that the lab's topology file asks for, or its `inter_zone`, or the command line."""
    from fabric.errors import InputError
    from fabric.lab import fabric_of, zone_pairs_of
    from fabric.verify import asked_for, impaired_of, inter_zone

    fabric = fabric_of(now)
    if source == "target":
        if target is None:
            ways = "--from-file, --inter-zone or --clear"
            raise InputError(f"Name what to impair, such as link:spine-1--leaf-1, or use {ways}.")
        return [impaired_of(fabric, target, wanted)]
    found = list(asked_for(fabric, now) if source == "file" else inter_zone(fabric, zone_pairs_of(now)))
    if not found:
        keys = "inter_zone and no impairments" if source == "file" else "inter_zone"
        raise InputError(f"The topology of lab {now.name} has no {keys}. Write some, or name a target.")
    return found


def rtt(lab: LabOption = None, as_json: JsonOption = False) -> None:
    """Measure the round-trip time between every two zones beside what was asked for. Exit code 1 if 1 ms off.

    Example: fabric lab rtt --json
    """
    from fabric.lab import fabric_of
    from fabric.report import round_trip_documents, round_trip_table
    from fabric.verify import round_trips

    running = running_lab(lab)
    now = running.status()
    running.engine.lateness(running.name)  # what was counted before does not matter
    checks = round_trips(running, fabric_of(now), now)
    lateness = running.engine.lateness(running.name)
    if as_json:
        answer_json(marked(round_trip_documents(running.name, checks, lateness), now))
    else:
        show([round_trip_table(running.name, checks)])
        if lateness is not None and lateness.late_ms is not None:
            median, high, worst = lateness.late_ms
            note(
                f"The relay in user space delayed {lateness.frames} frames; they were {median:.2f} ms late in the "
                f"median, {high:.2f} ms at the 99th percentile, {worst:.2f} ms at worst."
            )
    raise typer.Exit(0 if all(check.kept for check in checks) else 1)


def measure(
    target: Annotated[str, typer.Argument(help="What to break, in the words of `fabric lab fail`.")],
    runs: Annotated[int, typer.Option("--runs", min=1, help="How often to break and heal.")] = 3,
    pairs: Annotated[
        list[str] | None,
        typer.Option(
            "--pair", help="A:B, two nodes; may repeat. Default: a node of each zone, and some on the fault's way."
        ),
    ] = None,
    hold: Annotated[float, typer.Option("--hold", min=0, help="Seconds that the fault lasts.")] = 3.0,
    flows: Annotated[int, typer.Option("--flows", min=1, max=256, help="UDP flows a pair.")] = 16,
    interval: Annotated[float, typer.Option("--interval", min=0.5, help="ms between packets of a flow.")] = 2.0,
    timeline: Annotated[bool, typer.Option("--timeline", help="Show what happened in the last run.")] = False,
    lab: LabOption = None,
    as_json: JsonOption = False,
) -> None:
    """Break a running lab under traffic and measure how long flows were silent, with the noise floor; heals it again.

    Exit code 1 if an outage is longer than the simulator's budget for the fault and the noise.

    Example: fabric lab measure link:a1-leaf-1--spine-1 --runs 5 --timeline
    """
    from fabric.lab import StreamSettings, fabric_of
    from fabric.report import measurement_document, measurement_tables, timeline_table
    from fabric.verify import Experiment, MeasureOptions, measured_pairs, trouble_of
    from fabric.verify import measure as break_and_measure

    running = running_lab(lab)
    now = running.status()
    fabric = fabric_of(now)
    options = MeasureOptions(runs=runs, hold_s=hold, stream=StreamSettings(flows, round(interval * 1000)))
    chosen = measured_pairs(fabric, pairs or (), [trouble_of(fabric, now, target)])
    found = break_and_measure(running, fabric, Experiment(target, chosen, options), note)
    if as_json:
        answer_json(marked(measurement_document(found), now))
    else:
        show(measurement_tables(found))
        if timeline:
            show([timeline_table(found.runs[-1])])
    raise typer.Exit(0 if found.within_budget else 1)


def run(
    names: Annotated[
        list[str] | None, typer.Argument(help="Scenarios: files, or names of shipped ones, as --list shows.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every shipped scenario that the fabric allows.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="Show the shipped scenarios and end.")] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Directory for report.md, report.json and junit.xml.")
    ] = None,
    lab: LabOption = None,
    form: FormatOption = Format.text,
    as_json: JsonOption = False,
) -> None:
    """Play scenarios on a running lab, under traffic, and report what was as expected.

    Exit code 1 if something was not.

    Example: fabric lab run zone-loss planned-drain -o results
    """
    from fabric.errors import InputError
    from fabric.lab import fabric_of
    from fabric.report import scenario_document, scenario_markdown, scenario_outcome, scenario_tables, to_junit
    from fabric.report import table as table_of
    from fabric.verify import ScenarioReport, cases, load_scenario, play, shipped_scenarios, this_machine

    shipped = [load_scenario(path.stem) for path in shipped_scenarios()] if every or listed else []
    if listed:
        show([table_of("Scenarios", ("name", "title"), ((s.name, s.title) for s in shipped))])
        return
    if bool(names) == every:
        raise InputError("Name scenarios, or play all with --all. `fabric lab run --list` shows the shipped ones.")
    wanted = shipped or [load_scenario(name) for name in names or ()]
    running = running_lab(lab)
    now = running.status()
    fabric, machine = fabric_of(now), this_machine(now)
    played = tuple(play(running, fabric, case, note) for scenario in wanted for case in cases(scenario, fabric))
    report = ScenarioReport(running.name, machine, played)
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        (output / "report.md").write_text(scenario_markdown(report))
        (output / "report.json").write_text(json.dumps(marked(scenario_document(report), now), indent=2) + "\n")
        (output / "junit.xml").write_text(to_junit(scenario_outcome(report)))
    answer(
        form_of(form, as_json),
        lambda: show(scenario_tables(report)),
        lambda: marked(scenario_document(report), now),
        lambda: scenario_outcome(report),
    )
    raise typer.Exit(0 if report.passed else 1)
