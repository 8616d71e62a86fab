"""All controllers of a cluster one after another, each working on what the ones before it wrote."""

from fabric.kubernetes.controllers._chain import Cluster, reconcile

__all__ = ["Cluster", "reconcile"]
