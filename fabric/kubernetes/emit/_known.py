"""The other way: a resource that was read, as a value of the model of its kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from fabric.errors import InputError
from fabric.kubernetes.emit import _model_bgp as bgp
from fabric.kubernetes.emit import _model_network as network
from fabric.kubernetes.emit import _model_nodes as nodes
from fabric.kubernetes.emit._model import Object

MODELS: Mapping[str, type[Object]] = {
    model.model_fields["kind"].default: model
    for model in (
        bgp.BfdProfile,
        bgp.BgpAdvertisement,
        bgp.BgpConfiguration,
        bgp.BgpPeer,
        bgp.Community,
        bgp.FrrConfiguration,
        bgp.IpAddressPool,
        bgp.MetalLb,
        network.NetConfig,
        network.NetworkAttachmentDefinition,
        network.NodeNetworkConfigurationPolicy,
        nodes.Node,
        nodes.NodeHealthCheck,
        nodes.NodeSet,
        nodes.SelfNodeRemediationTemplate,
        nodes.Topology,
        nodes.Tuned,
    )
}
"""By kind; each knows the fields that are emitted, not all that the API has."""


def parse_resource(document: Mapping[str, Any]) -> Object:
    """The resource as a value of our own; raises `InputError` with every field that its model refuses."""
    kind = str(document.get("kind"))
    if kind not in MODELS:
        raise InputError(f"found kind {kind}; allowed: {', '.join(MODELS)}. Leave out what is not emitted by fabric.")
    try:
        return MODELS[kind].model_validate(document)
    except ValidationError as error:
        name = document.get("metadata", {}).get("name")
        faults = (f"{'.'.join(map(str, e['loc']))}: found {e['input']!r}; {e['msg']}." for e in error.errors())
        raise InputError("\n".join(f"{kind} {name}: {fault}" for fault in faults)) from error
