"""Has the spine of a running lab take a configuration with a line that FRR does not know, and says what came of it."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from fabric import topology
from fabric.errors import LabError
from fabric.lab import ContainerlabEngine, spec_of
from tests.lab.fabrics import Files


def main(file: Path) -> None:
    """Say the engine's words."""
    spec = spec_of(topology.parse(file.read_text(), file.name))
    spine = Files(spec.files["spine-1"].frr_conf + "no such line\n", spec.files["spine-1"].daemons)
    try:
        ContainerlabEngine().apply(replace(spec, files={**spec.files, "spine-1": spine}))
    except LabError as error:
        sys.stdout.write(f"{error}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
