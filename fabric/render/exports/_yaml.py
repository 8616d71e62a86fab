"""YAML documents that people read and other tools load."""

from __future__ import annotations

from typing import Any

import yaml

from fabric import __version__
from fabric.render._yaml import to_yaml

Document = dict[str, Any]


class PlainDumper(yaml.CSafeDumper):
    """Safe YAML without anchors, for documents with tags of their own."""

    def ignore_aliases(self, _data: object) -> bool:
        """True: what stands twice is written twice."""
        return True


def yaml_text(document: Document, fabric: str, dumper: type[PlainDumper] | None = None) -> str:
    """`document` as YAML below a line that says where it comes from; keys keep their order."""
    body = to_yaml(document) if dumper is None else yaml.dump(document, Dumper=dumper, sort_keys=False, width=120)
    return f"# Written by fabric {__version__} for {fabric}. Change the topology, not this file.\n{body}"
