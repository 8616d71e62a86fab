"""Suppressions: where they may stand, and which findings they accept.

* `suppress` in the topology file: `- {rule: FAB-403, reason: ..., subjects: [edge-*]}`;
* a comment in a resource or FRR file, on the line itself or alone on a line before it:
  `# fabric-check: FAB-539 the leaves know no other way` (FRR: `! fabric-check: ...`);
* an annotation of an object, for all of it: `fabric-check/FAB-539: the leaves know no other way`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from fabric._values import dataclass
from fabric.check._rule import Finding, Hit, RuleInfo
from fabric.check._scene import UsedSuppression
from fabric.kubernetes import Resource
from fabric.topology import Design

ANNOTATION = "fabric-check/"
_COMMENT = re.compile(r"[#!]\s*fabric-check:\s*(FAB-\d{3})\b[\s:,-]*(.*?)\s*$")


@dataclass(frozen=True)
class Placed:
    """A suppression and the findings that it may accept."""

    rule: str
    reason: str
    where: str
    subjects: tuple[str, ...] = ()
    line: str = ""
    """`file:line` of the findings that a comment accepts."""
    annotations: Mapping[str, str] | None = None
    """Of the object that an annotation stands in."""

    def covers(self, rule: RuleInfo, hit: Hit) -> bool:
        """True where the finding is one of those that it accepts."""
        if rule.id != self.rule:
            return False
        if self.annotations is not None:
            return hit.annotations is self.annotations
        if self.line:
            return hit.where == self.line
        return not self.subjects or any(fnmatchcase(hit.subject, pattern) for pattern in self.subjects)


def apply(
    placed: Sequence[Placed], found: Iterable[tuple[RuleInfo, Hit]]
) -> tuple[tuple[Finding, ...], tuple[UsedSuppression, ...]]:
    """The findings, with the reason for which one is accepted; and every suppression, used or not."""
    findings: list[Finding] = []
    used: set[int] = set()
    for rule, hit in found:
        covering = [index for index, entry in enumerate(placed) if entry.covers(rule, hit)]
        used.update(covering)
        reason = placed[covering[0]].reason if covering else None
        findings.append(Finding(rule, hit.where, hit.subject, hit.text, reason))
    done = (UsedSuppression(p.rule, p.reason, p.where, index in used) for index, p in enumerate(placed))
    return tuple(findings), tuple(done)


def of_design(design: Design) -> Iterator[Placed]:
    """The suppressions of a topology file."""
    for index, entry in enumerate(design.topology.suppress):
        yield Placed(entry.rule, entry.reason.strip(), design.source.where(("suppress", index)), entry.subjects)


def of_comments(texts: Mapping[str, str]) -> Iterator[Placed]:
    """The suppressions in the comments of files."""
    for name, text in texts.items():
        lines = text.splitlines()
        for number, line in enumerate(lines, start=1):
            match = _COMMENT.search(line)
            if match:
                here = number if line[: match.start()].strip() else _next_statement(lines, number)
                yield Placed(match[1], match[2], f"{name}:{number}", line=f"{name}:{here}")


def of_annotations(resources: Iterable[Resource]) -> Iterator[Placed]:
    """The suppressions in the annotations of objects."""
    for resource in resources:
        for key, text in resource.annotations.items():
            if key.startswith(ANNOTATION):
                where = resource.where(("metadata", "annotations", key))
                yield Placed(key.removeprefix(ANNOTATION), text.strip(), where, annotations=resource.annotations)


def _next_statement(lines: list[str], number: int) -> int:
    """The line of the first statement after line `number`."""
    for index in range(number, len(lines)):
        if lines[index].strip() and not lines[index].lstrip().startswith(("#", "!")):
            return index + 1
    return number
