"""A fabric as clabernetes resources: the containerlab topology, spread over the machines of a Kubernetes cluster."""

from __future__ import annotations

from collections.abc import Mapping

from fabric.config import FabricConfig
from fabric.render._frr import Confidential
from fabric.render.exports._clab import FRR_FILES, FRR_IMAGE, clab_tree, frr_path
from fabric.render.exports._names import file_name
from fabric.render.exports._yaml import Document, yaml_text


def clabernetes_tree(fabric: FabricConfig, frr: Mapping[str, str], image: str = FRR_IMAGE) -> Mapping[str, str]:
    """`clabernetes/topology.yaml` and `clabernetes/configmaps.yaml`, with the files of `frr_tree` as ConfigMaps.

    The resources name no namespace: `kubectl apply -n NAMESPACE -f clabernetes/`. The ConfigMaps are `Confidential`
    where a session has a password, for clabernetes mounts files from ConfigMaps alone.
    """
    maps = "---\n".join(yaml_text(_config_map(fabric.name, device.name, frr), fabric.name) for device in fabric)
    secret = any(isinstance(text, Confidential) for text in frr.values())
    return {
        "clabernetes/topology.yaml": yaml_text(_topology(fabric, image), fabric.name),
        "clabernetes/configmaps.yaml": Confidential(maps) if secret else maps,
    }


def _topology(fabric: FabricConfig, image: str) -> Document:
    """The `Topology` resource (clabernetes.containerlab.dev/v1alpha1)."""
    (definition,) = clab_tree(fabric, image).values()
    return {
        "apiVersion": "clabernetes.containerlab.dev/v1alpha1",
        "kind": "Topology",
        "metadata": {"name": fabric.name},
        "spec": {
            "definition": {"containerlab": definition},
            "deployment": {
                "filesFromConfigMap": {device.name: _files(fabric.name, device.name) for device in fabric},
            },
            "naming": "global",
            # Nodes have no management network that a Service or a TCP probe could reach.
            "expose": {"disableExpose": True},
            "statusProbes": {"enabled": False},
        },
    }


def _files(fabric: str, device: str) -> list[Document]:
    return [
        {
            "configMapName": _map_name(fabric, device),
            "configMapPath": name,
            "filePath": frr_path(device, name),
            "mode": "read",
        }
        for name in FRR_FILES
    ]


def _config_map(fabric: str, device: str, frr: Mapping[str, str]) -> Document:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": _map_name(fabric, device)},
        "data": {name: str(frr[frr_path(device, name)]) for name in FRR_FILES},
    }


def _map_name(fabric: str, device: str) -> str:
    return f"{file_name(fabric, 'fabric')}-{file_name(device, 'clabernetes node')}-frr"
