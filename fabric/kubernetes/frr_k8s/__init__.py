"""frr-k8s: FRRConfiguration resources to the `frr.conf` of a node, as the controller of a given release does it."""

from fabric.kubernetes._refusal import Origin, Refusal
from fabric.kubernetes.frr_k8s._api import FrrConfiguration, read_configuration
from fabric.kubernetes.frr_k8s._device import to_device_config
from fabric.kubernetes.frr_k8s._internal import MergedConfig, RouterConfig, Session
from fabric.kubernetes.frr_k8s._order import Blocked, Order, Step, order
from fabric.kubernetes.frr_k8s._text import render
from fabric.kubernetes.frr_k8s._translate import (
    ConversionError,
    NodeConfiguration,
    Options,
    Translator,
    fallback_router_id,
    translate,
)
from fabric.kubernetes.frr_k8s._webhook import Verdict, review

__all__ = [
    "Blocked",
    "ConversionError",
    "FrrConfiguration",
    "MergedConfig",
    "NodeConfiguration",
    "Options",
    "Order",
    "Origin",
    "Refusal",
    "RouterConfig",
    "Session",
    "Step",
    "Translator",
    "Verdict",
    "fallback_router_id",
    "order",
    "read_configuration",
    "render",
    "review",
    "to_device_config",
    "translate",
]
