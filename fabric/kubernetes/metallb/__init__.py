"""MetalLB in frr-k8s mode: its resources and Services to the FRRConfigurations that its speakers write."""

from fabric.kubernetes.metallb._configurations import (
    MetallbConfigurations,
    MetallbError,
    MetallbOptions,
    metallb_configurations,
    parse_metallb,
)
from fabric.kubernetes.metallb._model import Advertisement, MetallbConfig, Peer, Pool
from fabric.kubernetes.metallb._services import Announcement, NotAnnounced
from fabric.kubernetes.metallb._sessions import PeerSession, Target, frr_configuration

__all__ = [
    "Advertisement",
    "Announcement",
    "MetallbConfig",
    "MetallbConfigurations",
    "MetallbError",
    "MetallbOptions",
    "NotAnnounced",
    "Peer",
    "PeerSession",
    "Pool",
    "Target",
    "frr_configuration",
    "metallb_configurations",
    "parse_metallb",
]
