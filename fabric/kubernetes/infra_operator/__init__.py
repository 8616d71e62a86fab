"""The OpenStack infra-operator's BGPConfiguration: one FRRConfiguration for each pod with secondary networks."""

from fabric.kubernetes.infra_operator._pods import OWNER_LABEL, PodError, frr_namespace, pod_configurations

__all__ = ["OWNER_LABEL", "PodError", "frr_namespace", "pod_configurations"]
