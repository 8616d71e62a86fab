"""Rules about how the cluster is installed: install-config files, and what provisions bare metal."""

from __future__ import annotations

from collections.abc import Iterator

from fabric.check._rule import Hit, Rule
from fabric.check._scene import ResourceScene, about
from fabric.check._values import at, items, number
from fabric.kubernetes import Document


def _installs(scene: ResourceScene) -> Iterator[Document]:
    """Documents of the installer: they have a base domain and no kind."""
    for document in scene.others:
        if isinstance(document.value, dict) and {"baseDomain", "platform"} & set(document.value):
            yield document


def _hit(document: Document, path: tuple[str | int, ...], text: str) -> Hit:
    return Hit(document.where(path), "install-config", text)


def replicas_of_the_control_plane(scene: ResourceScene) -> Iterator[Hit]:
    for document in _installs(scene):
        count = number(at(document.value, "controlPlane", "replicas"))
        if count is not None and not 3 <= count <= 5:
            text = f"{count} control-plane nodes; OpenShift runs three, or up to five from 4.17 on"
            yield _hit(document, ("controlPlane", "replicas"), text)


def workers_of_their_own(scene: ResourceScene) -> Iterator[Hit]:
    for document in _installs(scene):
        counts = [number(at(pool, "replicas")) for _, pool in items(document.value, "compute")]
        if counts and not any(counts):
            yield _hit(document, ("compute",), "no worker: the cluster is compact")


def no_provisioning_network(scene: ResourceScene) -> Iterator[Hit]:
    for document in _installs(scene):
        path = ("platform", "baremetal", "provisioningNetwork")
        value = at(document.value, *path)
        if at(document.value, "platform", "baremetal") is not None and value != "Disabled":
            found = f"is {value}" if value else "is not set, which means Managed"
            yield _hit(document, path, f"provisioningNetwork {found}")
    for resource in scene.of_kind("Provisioning"):
        value = at(resource.spec, "provisioningNetwork")
        if value != "Disabled":
            yield about(resource, ("spec", "provisioningNetwork"), f"provisioningNetwork is {value or 'Managed'}")


def machine_network_is_given(scene: ResourceScene) -> Iterator[Hit]:
    for document in _installs(scene):
        if not list(items(document.value, "networking", "machineNetwork")):
            yield _hit(document, ("networking",), "networking.machineNetwork is not given")


_GUIDE = "Red Hat, RHOSO 18.0 distributed zones, "
RULES: tuple[Rule[ResourceScene], ...] = (
    Rule(
        "FAB-821",
        "The installer sets up three control-plane nodes",
        "error",
        "etcd is supported with exactly three members (OpenShift 4.17 and later: up to five).",
        "Red Hat, guidance for clusters spanning multiple sites",
        "Set controlPlane.replicas to 3.",
        replicas_of_the_control_plane,
    ),
    Rule(
        "FAB-822",
        "The installer sets up workers",
        "error",
        "Distributed zones are not supported on a compact cluster.",
        f"{_GUIDE}1.1.1",
        "Set compute replicas, two a zone.",
        workers_of_their_own,
    ),
    Rule(
        "FAB-823",
        "The provisioning network is disabled",
        "error",
        "A provisioning network is one Ethernet segment, which a routed fabric does not have.",
        f"{_GUIDE}chapter 1 (note)",
        "Set provisioningNetwork to Disabled, and provision over the machine network.",
        no_provisioning_network,
    ),
    Rule(
        "FAB-824",
        "The machine network is given",
        "error",
        "Provisioning and the API's addresses run over it; the installer's default is nobody's network.",
        f"{_GUIDE}chapter 1 (machineNetwork)",
        "List the blocks of the nodes, one a rack, in networking.machineNetwork.",
        machine_network_is_given,
    ),
)
