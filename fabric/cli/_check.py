"""`fabric check`: design rules over a topology, and over files that somebody else wrote."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fabric.cli._console import answer, answer_json, note, say, show, told
from fabric.cli._options import DEFAULT_RELEASE, Format, FormatOption, JsonOption, ReleaseOption, form_of
from fabric.cli._passwords import SecretsOption, passwords_for
from fabric.cli._planning import LedgerOption, PinsOption, planned

if TYPE_CHECKING:
    from fabric.check import RuleInfo
    from fabric.plan import Plan

_FRR_SUFFIX = ".conf"


def check(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE...", help="Topology files, such as topologies/rhoso-dz.yaml.")
    ] = None,
    resources: Annotated[
        list[Path] | None,
        typer.Option(
            "--resources",
            help="Kubernetes resources (YAML, JSON) and frr.conf files: a file, a directory, or - for standard input. "
            "May repeat.",
        ),
    ] = None,
    release: ReleaseOption = DEFAULT_RELEASE,
    ledger: LedgerOption = None,
    pins: PinsOption = None,
    secrets: SecretsOption = None,
    rule: Annotated[
        list[str] | None,
        typer.Option("--rule", metavar="ID", help="Only this rule, or FAB-4 for a hundred. May repeat."),
    ] = None,
    explain: Annotated[str | None, typer.Option("--explain", metavar="ID", help="Print all about a rule.")] = None,
    every: Annotated[bool, typer.Option("--list", help="List all rules.")] = False,
    form: FormatOption = Format.text,
    as_json: JsonOption = False,
) -> None:
    """Check a topology, or files that somebody else wrote, against design rules. Exit code 1 if something is to mend.

    A topology is checked with all that is rendered from it. Together with --resources, its nodes run those resources.

    Example: fabric check my-cloud.yaml --resources site/ --format sarif
    """
    from fabric.check import RULES, Subject, info, merged
    from fabric.check import check as checked
    from fabric.errors import InputError
    from fabric.report import check_document, check_outcome, check_text

    chosen = form_of(form, as_json)
    if explain is not None or every:
        _tell(RULES if explain is None else (info(explain),), chosen, one=explain is not None)
        return
    named = [*(files or ()), *(resources or ())]
    subject = " ".join(map(str, named))
    if not named:
        raise InputError("check: found nothing to check. Name a topology file, or files with --resources.")
    _fitting(len(files or ()), secrets, ledger or pins or resources or secrets)
    with told(chosen, "fabric check", subject):
        texts, only = _texts(resources), _chosen_rules(rule)
        plans = _plans(files or (), ledger, pins)
        passwords = passwords_for(plans[0].design, secrets) if secrets else {}
        report = merged(checked(Subject(plan, texts, release, passwords), only) for plan in plans or (None,))
    if report.read:
        note(f"{report.read} object{'' if report.read == 1 else 's'} read")
    answer(
        chosen,
        lambda: say(check_text(report).rstrip()),
        lambda: check_document(report),
        lambda: check_outcome(report, subject),
    )
    raise typer.Exit(0 if report.sound else 1)


def _fitting(topologies: int, secrets: object, of_one: object) -> None:
    """Raises `InputError` where options that belong to one topology come with none, or with several."""
    from fabric.errors import InputError

    if topologies > 1 and of_one:
        text = "--ledger, --pins, --secrets and --resources belong to one topology. Name one FILE with them."
        raise InputError(f"check: {text}")
    if secrets and not topologies:
        raise InputError("check: --secrets has the passwords of a topology's switches. Name the topology FILE.")


def _plans(files: Sequence[Path], ledger: Path | None, pins: Path | None) -> list[Plan]:
    """The plans of all files; raises `ProblemsError` with the mistakes of each of them."""
    from fabric.errors import ProblemsError

    plans: list[Plan] = []
    wrong: list[ProblemsError] = []
    for file in files:
        try:
            plans.append(planned(file, ledger, pins))
        except ProblemsError as error:
            wrong.append(error)
    if len(wrong) == 1:
        raise wrong[0]
    if wrong:
        raise ProblemsError(problem for error in wrong for problem in error.problems)
    return plans


def _texts(resources: list[Path] | None) -> Mapping[str, str]:
    from fabric.errors import InputError
    from fabric.kubernetes import read_texts

    texts = read_texts(resources or (), sys.stdin.read, (_FRR_SUFFIX,))
    if resources and not texts:
        named = ", ".join(map(str, resources))
        raise InputError(
            f"--resources {named}: found no .yaml, .yml, .json or .conf file there. Name another directory."
        )
    return texts


def _chosen_rules(wanted: list[str] | None) -> Callable[[str], bool]:
    """Which rules run; `UnknownRuleError` where a word means none."""
    from fabric.check import RULES, info

    for word in wanted or ():
        if not any(rule.id.startswith(word) for rule in RULES):
            info(word)
    return lambda name: not wanted or name.startswith(tuple(wanted))


def _tell(rules: tuple[RuleInfo, ...], form: Format, *, one: bool) -> None:
    from fabric.errors import InputError
    from fabric.report import rule_document, rule_text, rules_table

    if form is Format.json:
        answer_json(rule_document(rules[0]) if one else [rule_document(rule) for rule in rules])
    elif form is not Format.text:
        raise InputError(f"--format {form}: rules are told as text or json. Choose one of these.")
    elif one:
        say(rule_text(rules[0]).rstrip())
    else:
        show([rules_table(rules)])
