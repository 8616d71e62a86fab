"""All that a fabric is rendered to, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property

from fabric._values import dataclass
from fabric.config import FabricConfig
from fabric.errors import InputError
from fabric.plan import Plan
from fabric.render import exports
from fabric.render._frr import frr_tree
from fabric.render.exports._clab import FRR_IMAGE


@dataclass(frozen=True)
class Export:
    """What there is to render, and the few choices that rendering leaves open."""

    plan: Plan
    fabric: FabricConfig
    """The configuration built from `plan`."""
    domain: str | None = None
    """Domain of host names; `FABRIC.internal` where none is given."""
    image: str = FRR_IMAGE
    """Container image for containerlab and clabernetes."""

    @cached_property
    def frr(self) -> Mapping[str, str]:
        """FRR's files, which more than one export holds."""
        return frr_tree(self.fabric)


Exporter = Callable[[Export], Mapping[str, str]]


def _kubernetes(export: Export) -> Mapping[str, str]:
    from fabric.kubernetes.emit import kubernetes_files  # noqa: PLC0415 - a third of the start-up of all exports

    return kubernetes_files(export.plan)


EXPORTERS: Mapping[str, Exporter] = {
    "frr": lambda export: export.frr,
    "kubernetes": _kubernetes,
    "cabling": lambda export: exports.cabling_tree(export.fabric),
    "hosts": lambda export: exports.hosts_tree(export.plan, export.domain),
    "interfaces": lambda export: exports.interfaces_tree(export.fabric),
    "dns": lambda export: exports.dns_tree(export.plan, exports.DnsSettings(export.domain)),
    "ansible": lambda export: exports.ansible_tree(export.plan, export.fabric),
    "netbox": lambda export: exports.netbox_tree(export.plan, export.fabric, export.domain),
    "containerlab": lambda export: {**export.frr, **exports.clab_tree(export.fabric, export.image)},
    "clabernetes": lambda export: exports.clabernetes_tree(export.fabric, export.frr, export.image),
}
"""Every export by the name that a user asks for it by; none writes a file of another's with other content."""


def export_tree(
    export: Export, names: Iterable[str] | None = None, exporters: Mapping[str, Exporter] = EXPORTERS
) -> Mapping[str, str]:
    """The files of the exports called `names`, all of them by default, by path; InputError for an unknown name."""
    trees = export_trees(export, names, exporters)
    return {path: text for tree in trees.values() for path, text in tree.items()}


def export_trees(
    export: Export, names: Iterable[str] | None = None, exporters: Mapping[str, Exporter] = EXPORTERS
) -> Mapping[str, Mapping[str, str]]:
    """As `export_tree`, with the files of each export by its name."""
    trees: dict[str, Mapping[str, str]] = {}
    for name in exporters if names is None else names:
        if name not in exporters:
            allowed = ", ".join(exporters)
            raise InputError(f"export: found {name!r}; allowed: {allowed}. Choose from these.")
        trees[name] = exporters[name](export)
    return trees
