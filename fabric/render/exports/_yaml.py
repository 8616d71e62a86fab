"""YAML documents that people read and other tools load."""

from __future__ import annotations

from typing import Any

import yaml
from yaml.representer import SafeRepresenter

from fabric import __version__

Document = dict[str, Any]


class PlainDumper(yaml.CSafeDumper):
    """Safe YAML without anchors; texts of several lines are blocks. libyaml's emitter is ten times faster."""

    def ignore_aliases(self, _data: object) -> bool:
        """True: what stands twice is written twice."""
        return True


def _represent_text(dumper: SafeRepresenter, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


PlainDumper.add_representer(str, _represent_text)


def yaml_text(document: Document, fabric: str, dumper: type[PlainDumper] = PlainDumper) -> str:
    """`document` as YAML below a line that says where it comes from; keys keep their order."""
    body = yaml.dump(document, Dumper=dumper, sort_keys=False, width=120)
    return f"# Written by fabric {__version__} for {fabric}. Change the topology, not this file.\n{body}"
