"""The custom resources of a design: what a person applies so that the cluster's nodes play their part in the fabric."""

from fabric.kubernetes.emit._known import MODELS, parse_resource
from fabric.kubernetes.emit._model import Object
from fabric.kubernetes.emit._options import KubernetesOptions
from fabric.kubernetes.emit._tree import kubernetes_files

__all__ = ["MODELS", "KubernetesOptions", "Object", "kubernetes_files", "parse_resource"]
