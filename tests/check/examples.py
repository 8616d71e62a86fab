"""The examples of rules: `tests/check/FAB-123/bad.*` breaks the rule, `good.*` does not.

A `.yaml` file with `version:` is a topology, another one holds Kubernetes resources, a `.conf` file is FRR's. Files
such as `bad.yaml` and `bad.resources.yaml`, or `bad.one.conf` and `bad.two.conf`, are checked together.
"""

from __future__ import annotations

import re
from pathlib import Path

from fabric import plan
from fabric.check import CheckReport, Subject, check
from fabric.topology import parse

HERE = Path(__file__).parent
_RELEASE = re.compile(r"^# release: (\S+)$", re.MULTILINE)


def files(rule: str, kind: str) -> list[Path]:
    """The files of the good or bad example of a rule."""
    return sorted((HERE / rule).glob(f"{kind}.*"))


def checked(paths: list[Path], rule: str) -> CheckReport:
    """What the rule, and the rules about suppressions, find in the files together."""
    texts = {path.name: path.read_text() for path in paths}
    designs = [name for name, text in texts.items() if "\nversion: 1\n" in f"\n{text}"]
    design = plan.build(parse(texts.pop(designs[0]), designs[0])) if designs else None
    release = next((match[1] for text in texts.values() if (match := _RELEASE.search(text))), "4.20")
    return check(
        Subject(design, texts, release), lambda name: name == rule or rule in ("FAB-001", "FAB-002", "FAB-003")
    )
