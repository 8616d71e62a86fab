"""All resources of a design as files for `oc apply -k`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import yaml

from fabric.config import Secret
from fabric.kubernetes._documents import _plain as plain_scalar
from fabric.kubernetes._passwords import DATA_PLANE_KEY
from fabric.kubernetes._secrets import BASIC_AUTH
from fabric.kubernetes.emit._checklist import SECRETS_FILE, checklist
from fabric.kubernetes.emit._cluster import Cluster
from fabric.kubernetes.emit._dataplane import node_sets
from fabric.kubernetes.emit._frr import bgp_configuration, frr_resources
from fabric.kubernetes.emit._metallb import metallb_resources
from fabric.kubernetes.emit._model import Object
from fabric.kubernetes.emit._netconfig import netconfig
from fabric.kubernetes.emit._nmstate import network_policies
from fabric.kubernetes.emit._options import KubernetesOptions, options_of
from fabric.kubernetes.emit._placement import node_health, node_labels, topologies, tuned
from fabric.kubernetes.emit._pods import attachments
from fabric.plan import Plan

_ROOT = "kubernetes"
_SECRETS_COMMENT = (
    "# A template: put the switches' passwords in place of the words below, in a copy that no repository holds.\n"
)
_Source = Callable[[Cluster], Iterable[Object]]
_STAGES: Mapping[str, tuple[_Source, ...]] = {
    "placement": (node_labels, tuned, topologies, node_health),
    "network": (network_policies,),
    "bgp": (metallb_resources, frr_resources),
    "openstack": (attachments, netconfig, bgp_configuration),
    "dataplane": (node_sets,),
}
"""Directories in the order of application."""


def kubernetes_files(plan: Plan, options: KubernetesOptions | None = None) -> Mapping[str, str]:
    """The text of each file below `kubernetes/`; nothing for a design without nodes that are a cluster's.

    One file a kind, one directory a step of the checklist, each a kustomization, with names that depend on the
    design's names only. Raises `InputError` for a design that the release's controllers would refuse.
    """
    cluster = Cluster(plan, options or options_of(plan.design.topology))
    stages = {name: found for name, sources in _STAGES.items() if (found := _by_kind(cluster, sources))}
    if not stages:
        return {}
    files = {f"{_ROOT}/kustomization.yaml": _kustomization(stages)}
    for stage, kinds in stages.items():
        names = {_file_name(kind): resources for kind, resources in kinds.items()}
        files[f"{_ROOT}/{stage}/kustomization.yaml"] = _kustomization(names)
        files |= {f"{_ROOT}/{stage}/{name}": _documents(found) for name, found in names.items()}
    files[f"{_ROOT}/CHECKLIST.md"] = checklist(cluster, {name: tuple(kinds) for name, kinds in stages.items()})
    if secrets := _secrets(cluster):
        files[f"{_ROOT}/{SECRETS_FILE}"] = _SECRETS_COMMENT + _yaml(secrets)
    return files


def _by_kind(cluster: Cluster, sources: Iterable[_Source]) -> dict[str, list[Object]]:
    found: dict[str, list[Object]] = {}
    for source in sources:
        for resource in source(cluster):
            found.setdefault(resource.kind, []).append(resource)
    return found


def _file_name(kind: str) -> str:
    return f"{kind.lower()}.yaml"


def _documents(resources: Iterable[Object]) -> str:
    return _yaml(resource.document() for resource in resources)


def _kustomization(names: Iterable[str]) -> str:
    """In the order of the files: `kustomize build` sorts by kinds of its own choice unless told not to."""
    head = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
    return _yaml([{**head, "sortOptions": {"order": "fifo"}, "resources": list(names)}])


def _secrets(cluster: Cluster) -> list[dict[str, Any]]:
    """The Secrets that the resources name, without their value; no kustomization takes them up."""
    options, found = cluster.options, []
    if name := options.password_secret:
        places = {options.metallb} if cluster.metallb_nodes else set()
        places |= {cluster.frr_namespace} if cluster.speakers else set()
        found = [_secret(name, namespace, BASIC_AUTH, "password") for namespace in sorted(places)]
    if (name := options.data_plane_password_secret) and cluster.data_plane:
        found.append(_secret(name, options.openstack_namespace, "Opaque", DATA_PLANE_KEY))
    return found


def _secret(name: str, namespace: str, kind: str, key: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "type": kind,
        "stringData": {key: Secret.placeholder(name).value},
    }


class _Dumper(yaml.CSafeDumper):
    """Safe values only, texts of several lines as blocks."""


def _text(dumper: yaml.representer.SafeRepresenter, value: str) -> yaml.ScalarNode:
    """Quoted where the reader of `oc` would see something else: `y` is true there, and `1e3` a number."""
    style = "|" if "\n" in value else None if plain_scalar(value) == value else "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def _yaml(documents: Iterable[Mapping[str, Any]]) -> str:
    return yaml.dump_all(documents, Dumper=_Dumper, sort_keys=False, explicit_start=True, allow_unicode=True, width=120)
