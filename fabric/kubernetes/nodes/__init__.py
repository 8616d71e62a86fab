"""Nodes of a cluster as the cluster's own resources configure them."""

from fabric.kubernetes.nodes._nodes import own_cluster, with_cluster

__all__ = ["own_cluster", "with_cluster"]
