"""Kubernetes resources into device configurations: what the real controllers of a release make of them."""

from typing import TYPE_CHECKING

from fabric._lazy import lazily

if TYPE_CHECKING:
    from fabric.kubernetes._admission import Sifted, admit, sift
    from fabric.kubernetes._configure import ClusterSource, configure
    from fabric.kubernetes._documents import Document, ResourceError, parse_documents
    from fabric.kubernetes._files import read_texts, resources_of
    from fabric.kubernetes._passwords import passwords_among, passwords_of, variable
    from fabric.kubernetes._release import RELEASE_NAMES, RELEASES, Dialect, Release, release
    from fabric.kubernetes._resources import (
        HOSTNAME_LABEL,
        Node,
        Resource,
        Resources,
        node_named,
        nodes_meant,
        nodes_of,
    )
    from fabric.kubernetes._selectors import LabelSelector, SelectorError, parse_selector
else:
    __getattr__ = lazily(__name__)

__all__ = [
    "HOSTNAME_LABEL",
    "RELEASES",
    "RELEASE_NAMES",
    "ClusterSource",
    "Dialect",
    "Document",
    "LabelSelector",
    "Node",
    "Release",
    "Resource",
    "ResourceError",
    "Resources",
    "SelectorError",
    "Sifted",
    "admit",
    "configure",
    "node_named",
    "nodes_meant",
    "nodes_of",
    "parse_documents",
    "parse_selector",
    "passwords_among",
    "passwords_of",
    "read_texts",
    "release",
    "resources_of",
    "sift",
    "variable",
]
