"""The published JSON Schema: valid by itself, and in agreement with what the package accepts."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
import yaml

from fabric.resources import directory
from fabric.topology import json_schema, load

SHIPPED = sorted(directory("topologies").glob("*.yaml"))


def test_it_is_a_valid_schema_of_its_draft() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())
    assert json_schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_it_accepts_every_shipped_topology(path: Path) -> None:
    assert load(path).topology.version == 1
    jsonschema.validate(yaml.safe_load(path.read_text()), json_schema(), jsonschema.Draft202012Validator)


def test_every_key_is_described() -> None:
    schema = json_schema()
    models = [schema, *schema["$defs"].values()]
    bare = [
        f"{model['title']}.{key}"
        for model in models
        for key, value in model.get("properties", {}).items()
        if "description" not in value
    ]
    assert bare == []


@pytest.mark.parametrize("prefix", ["10.0.0.0", "10.0.0.0/33", "fd00::/64", 10, "10.0.0/8"])
def test_a_prefix_must_look_like_one(prefix: object) -> None:
    topology = {
        "version": 1,
        "name": "demo",
        "spines": 1,
        "zones": [{"name": "a", "racks": [{"name": "r"}]}],
        "pools": {"loopbacks": {"ipv4": prefix}},
    }
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(topology, json_schema(), jsonschema.Draft202012Validator)
