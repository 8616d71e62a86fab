"""frr-k8s: FRRConfiguration resources to the `frr.conf` of a node, as the controller of a given release does it."""

from fabric.kubernetes._refusal import Origin, Refusal
from fabric.kubernetes.frr_k8s._api import BfdProfile, FrrConfiguration, Neighbor, Router, read_configuration
from fabric.kubernetes.frr_k8s._conversion import Surroundings, convert
from fabric.kubernetes.frr_k8s._device import to_device_config
from fabric.kubernetes.frr_k8s._internal import MergedConfig, RouterConfig, Session
from fabric.kubernetes.frr_k8s._merge import DEFAULT_CONNECT_S, DEFAULT_HOLD_S, DEFAULT_KEEPALIVE_S
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
    "DEFAULT_CONNECT_S",
    "DEFAULT_HOLD_S",
    "DEFAULT_KEEPALIVE_S",
    "BfdProfile",
    "Blocked",
    "ConversionError",
    "FrrConfiguration",
    "MergedConfig",
    "Neighbor",
    "NodeConfiguration",
    "Options",
    "Order",
    "Origin",
    "Refusal",
    "Router",
    "RouterConfig",
    "Session",
    "Step",
    "Surroundings",
    "Translator",
    "Verdict",
    "convert",
    "fallback_router_id",
    "order",
    "read_configuration",
    "render",
    "review",
    "to_device_config",
    "translate",
]
