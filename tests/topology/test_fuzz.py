"""Whatever a file holds, reading it ends in a design or in sentences for its author, never in a traceback."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fabric import plan
from fabric.errors import FabricError, TopologyError
from fabric.resources import directory
from fabric.topology import Topology, parse
from fabric.topology._source import read_yaml

SHIPPED = [yaml.safe_load(path.read_text()) for path in sorted(directory("topologies").glob("*.yaml"))]
KEYS = sorted(Topology.model_fields)
QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
NUMBERS = st.integers() | st.floats() | st.integers(-1, 9)
SCALARS = st.none() | st.booleans() | NUMBERS | st.text(max_size=8) | st.sampled_from(["a1", "10.0.0.0/8"])


def containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)


values = st.recursive(SCALARS, containers, max_leaves=6)


def read(text: str) -> None:
    """Reads and plans; an error of ours is fine, any other is not."""
    told = "fuzz.yaml"
    try:
        plan.build(parse(text, "fuzz.yaml"))
    except FabricError as error:
        told = str(error)
    assert "fuzz.yaml" in told


@given(st.text())
@QUICK
def test_any_text(text: str) -> None:
    read(text)


@given(
    st.text(st.sampled_from("ab1:-?&*<>[]{}#|,'\" \n"), max_size=30)
    | st.recursive(SCALARS, containers).map(yaml.safe_dump)
)
@example("---")  # which the one puts on line 2, the other on line 1
@QUICK
def test_libyaml_reads_what_python_reads(text: str) -> None:
    """All but three oddities: libyaml also accepts `>#`, and takes the tag `!` for that of a text (left out above).

    And of a file that holds nothing it says another line, as after `---`.
    """
    fast = outcome(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr(yaml, "CSafeLoader")
        slow = outcome(text)
    nothing = all("data=None" in read_as for read_as in (fast, slow))
    assert fast == slow or nothing or not slow.startswith("Source")


def outcome(text: str) -> str:
    """What a text is read as, with the line of each value, or why it is not."""
    try:
        return repr(read_yaml(text, "fuzz.yaml"))
    except TopologyError as error:
        return str(error)


@given(st.dictionaries(st.sampled_from(KEYS), values))
@QUICK
def test_any_values_under_known_keys(topology: dict[str, Any]) -> None:
    read(yaml.safe_dump(topology))


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value inside a value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, child in inner for place in places(child, (*path, key)))]


@given(st.sampled_from(SHIPPED), st.data())
@QUICK
def test_a_shipped_topology_with_one_value_replaced(topology: dict[str, Any], data: st.DataObject) -> None:
    topology = deepcopy(topology)
    path = data.draw(st.sampled_from(places(topology)[1:]))
    parent: Any = topology
    for part in path[:-1]:
        parent = parent[part]
    parent[path[-1]] = data.draw(values)
    read(yaml.safe_dump(topology))
