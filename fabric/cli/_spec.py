"""What a lab is to run, from the options that `fabric lab up` and `fabric lab apply` share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fabric._values import dataclass
from fabric.cli._console import note
from fabric.cli._passwords import passwords_for
from fabric.cli._planning import designed, read

if TYPE_CHECKING:
    from fabric.kubernetes import ClusterSource
    from fabric.lab import LabEngine, LabSpec
    from fabric.verify import Prediction

NameOption = Annotated[str | None, typer.Option("--name", help="Name of the lab; default: the fabric's.")]
ResourcesOption = Annotated[
    list[Path] | None,
    typer.Option("--resources", help="Directory or file of Kubernetes resources that configure the nodes."),
]
ResourcesReleaseOption = Annotated[
    str | None,
    typer.Option("--release", help="What reads --resources; default: the topology's kubernetes.release."),
]


@dataclass(frozen=True, slots=True)
class Sources:
    """The files that a lab is made from."""

    file: Path
    ledger: Path | None
    pins: Path | None
    resources: Sequence[Path] | None
    release: str | None
    secrets: list[Path] | None


def spec_for(sources: Sources, name: str | None) -> LabSpec:
    """The lab that the files describe."""
    from fabric.lab import spec_of

    design = designed(sources.file, sources.pins)
    release = sources.release or design.topology.kubernetes.release
    cluster = _cluster(sources.resources, release) if sources.resources else None
    return spec_of(design, name, cluster, read(sources.ledger), passwords_for(design, sources.secrets))


def _cluster(paths: Sequence[Path], release: str) -> ClusterSource:
    """The resources in files and directories; what the cluster would drop of them goes to standard error."""
    from fabric.kubernetes import ClusterSource, read_texts, resources_of
    from fabric.kubernetes import release as release_named

    texts = read_texts(paths)
    for problem in resources_of(texts, release_named(release)).dropped:
        note(str(problem))
    return ClusterSource(texts, release)


def predicted(spec: LabSpec, engine: LabEngine) -> Prediction:
    """What is predicted of the lab, which runs, as its FRR does things; sessions that will stay down are noted."""
    from fabric.lab import RunningLab
    from fabric.verify import predict

    prediction = predict(spec.fabric.run_by(RunningLab(engine, spec.name).status().frr_version))
    for session in prediction.simulation.sessions:
        if session.why is not None:
            note(f"Predicted down ({session.why.value}): {session.explanation}.")
    return prediction
