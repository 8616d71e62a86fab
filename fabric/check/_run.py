"""Rules over what there is to check."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field

from fabric._values import dataclass
from fabric.check import rules
from fabric.check._frr_text import FrrFile, read_fragment, read_frr
from fabric.check._rule import Finding, Hit, Rule, RuleInfo, Scene
from fabric.check._scene import DesignScene, FrrScene, ResourceScene, SuppressionScene
from fabric.check._suppress import apply, of_annotations, of_comments, of_design
from fabric.check._values import at
from fabric.config import Secret
from fabric.errors import InputError, Problem
from fabric.kubernetes import (
    ClusterSource,
    Document,
    ResourceError,
    Resources,
    Sifted,
    parse_documents,
    passwords_among,
    sift,
)
from fabric.kubernetes import release as release_named
from fabric.kubernetes.emit import kubernetes_files
from fabric.plan import Plan
from fabric.render import frr_tree

_FRR_SUFFIX = ".conf"
_NO_RESOURCE = "kustomization.yaml"


@dataclass(frozen=True)
class Subject:
    """What is checked: a plan, files that somebody else wrote, or the two together."""

    plan: Plan | None = None
    texts: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Resource files (YAML, JSON) and FRR's (`.conf`) by name. Not shown by `repr`: they may hold passwords."""
    release: str = "4.20"
    passwords: Mapping[str, Secret] = field(default_factory=dict)
    """The switches' passwords by the name of their Secret; of others, those of Secrets among `texts` are taken."""


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check found."""

    findings: tuple[Finding, ...]
    """By rule, in the order of the files; suppressed ones included."""
    ran: tuple[RuleInfo, ...]
    """The rules that had something to look at."""
    read: int = 0
    """How many Kubernetes objects and FRR files were read, those rendered from a design alone left out."""

    @property
    def sound(self) -> bool:
        """True where nothing is to be mended: notes and suppressed findings do not count."""
        return not any(finding.counts for finding in self.findings)


def check(subject: Subject, only: Callable[[str], bool] = lambda _id: True) -> CheckReport:
    """Every finding of the rules, or of those whose id passes `only`.

    A plan alone is checked with all that would be rendered from it. Raises `ResourceError` for files that are no YAML,
    and `InputError` for files that hold nothing, and a design whose own resources the controllers would refuse.
    """
    run = _Run(only)
    design = _design(subject.plan, subject) if subject.plan is not None else None
    files = _files(subject, design)
    placed = [*of_comments(subject.texts), *(of_design(subject.plan.design) if subject.plan else ())]
    if design is not None:
        run.take(rules.DESIGN_RULES, design)
    if files.sifted is not None:
        run.take(rules.RESOURCE_RULES, ResourceScene(files.sifted, design))
        placed += of_annotations(files.sifted.resources.items)
    if files.frr:
        run.take(rules.FRR_RULES, FrrScene(files.frr))
    findings, used = apply(placed, run.found)
    about = _Run(only)
    complete = all(only(rule.id) for rule in rules.INFOS)
    about.take(rules.SUPPRESSION_RULES, SuppressionScene(used, frozenset(r.id for r in rules.INFOS), complete))
    read = files.count if subject.texts else 0
    return CheckReport((*findings, *apply((), about.found)[0]), (*run.ran, *about.ran), read)


def merged(reports: Iterable[CheckReport]) -> CheckReport:
    """The findings of several checks as those of one."""
    every = list(reports)
    ran = {rule.id: rule for report in every for rule in report.ran}
    return CheckReport(
        tuple(finding for report in every for finding in report.findings),
        tuple(ran.values()),
        sum(report.read for report in every),
    )


class _Run:
    """Collects what rules find, each place once."""

    def __init__(self, only: Callable[[str], bool]) -> None:
        self.only = only
        self.found: list[tuple[RuleInfo, Hit]] = []
        self.ran: list[RuleInfo] = []

    def take(self, table: Iterable[Rule[Scene]], scene: Scene) -> None:
        """Run the rules of a table."""
        for rule in table:
            if self.only(rule.id):
                info = rules.info(rule.id)
                self.ran.append(info)
                hits = {(hit.where, hit.subject, hit.text): hit for hit in rule.find(scene)}
                self.found += ((info, hit) for hit in hits.values())


@dataclass(frozen=True)
class _Files:
    sifted: Sifted | None
    frr: tuple[FrrFile, ...]
    """Whole files, and what FRRConfigurations add verbatim to them."""
    count: int
    """How many objects, other documents and whole FRR files there are."""


def _design(plan: Plan, subject: Subject) -> DesignScene:
    """The design with what its nodes run; switches have the passwords of the Secrets that the nodes have."""
    names = plan.design.topology.passwords.names
    found = passwords_among(_resource_texts(subject.texts), names) if names else {}
    known = {n: s for n, s in subject.passwords.items() if n not in found or not found[n].is_placeholder}
    return DesignScene(plan, _cluster(subject), {**found, **known})


def _cluster(subject: Subject) -> ClusterSource | None:
    """The given resources as what the design's nodes run."""
    texts = _resource_texts(subject.texts)
    return ClusterSource(texts, subject.release) if texts else None


def _resource_texts(texts: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in texts.items() if not name.endswith(_FRR_SUFFIX)}


def _files(subject: Subject, design: DesignScene | None) -> _Files:
    """The given files; without any, those that would be rendered from the design."""
    texts, release = subject.texts, release_named(subject.release)
    if design is not None and not texts:
        ours = kubernetes_files(design.plan)
        texts = {**{n: t for n, t in ours.items() if _is_resource(n)}, **frr_tree(design.fabric)}
        release = release_named(design.plan.design.topology.kubernetes.release)
    resources = {name: text for name, text in texts.items() if name.endswith((".yaml", ".yml", ".json", "-"))}
    sifted = sift(_documents(resources), release) if resources else None
    frr = [read_frr(name, text) for name, text in texts.items() if name.endswith(_FRR_SUFFIX)]
    count = len(frr) + (len(sifted.resources.items) + len(sifted.others) if sifted else 0)
    if not count and not (sifted and sifted.refused):
        found = "found no Kubernetes object and no line of FRR; allowed: resources (YAML, JSON) and frr.conf files"
        raise InputError(f"{', '.join(texts) or 'The files'}: {found}. Name other files.")
    return _Files(sifted, (*frr, *(_raw_configurations(sifted.resources) if sifted else ())), count)


def _is_resource(name: str) -> bool:
    return name.endswith(".yaml") and not name.endswith(_NO_RESOURCE)


def _documents(texts: Mapping[str, str]) -> list[Document]:
    """The documents of all files; raises `ResourceError` with every file that is no YAML."""
    documents: list[Document] = []
    problems: list[Problem] = []
    for name, text in texts.items():
        try:
            documents.extend(parse_documents(text, name))
        except ResourceError as error:
            problems.extend(error.problems)
    if problems:
        raise ResourceError(problems)
    return documents


def _raw_configurations(resources: Resources) -> Iterator[FrrFile]:
    """The lines that FRRConfigurations add verbatim to a node's file."""
    for resource in resources.of_kind("FRRConfiguration"):
        text = at(resource.spec, "raw", "rawConfig")
        if isinstance(text, str):
            file, _, line = resource.where(("spec", "raw", "rawConfig")).rpartition(":")
            yield read_fragment(file, text, int(line) + 1 if line.isdigit() else 1)
