"""Lint over what the controllers write, too: a conflict may lie between a user's resource and MetalLB's."""

from __future__ import annotations

from fabric.kubernetes._resources import Resources
from fabric.kubernetes.controllers import reconcile
from fabric.kubernetes.infra_operator import PodError
from fabric.kubernetes.lint._finding import Finding, finding
from fabric.kubernetes.lint._lint import lint
from fabric.kubernetes.metallb import MetallbError


def lint_cluster(resources: Resources) -> tuple[Finding, ...]:
    """Every finding about the resources, and about the FRRConfigurations that controllers make of them."""
    try:
        return lint(reconcile(resources, resources.release).resources, resources.release)
    except MetallbError:
        return lint(resources, resources.release)  # which reports it
    except PodError as error:
        subject = resources.of_kind("BGPConfiguration")[0]
        text = f"infra-operator writes no pod's FRRConfiguration: {error}"
        found = finding("pod-configuration", "error", subject, ("spec",), text)
        return (*lint(resources, resources.release), found)
