"""What the controllers accept and FRR, the API server or another controller then gets wrong."""

from fabric.kubernetes.lint._cluster import lint_cluster
from fabric.kubernetes.lint._finding import Finding, Severity
from fabric.kubernetes.lint._lint import lint

__all__ = ["Finding", "Severity", "lint", "lint_cluster"]
