"""containerlab and clabernetes get nodes, files and links that fit together, in the form that their schemas ask for."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings

from fabric.config import FabricConfig, Secret
from fabric.errors import InputError
from fabric.render import Confidential, frr_tree
from fabric.render.exports import Export, clab_tree, clabernetes_tree
from tests.render.exports.designs import SHIPPED, exports, shipped

CRD = Path(__file__).with_name("crds") / "clabernetes.containerlab.dev_topologies.yaml"
# https://containerlab.dev/manual/topo-def-file and /manual/nodes
NODE_KEYS = {"network-mode", "binds", "labels", "sysctls", "exec"}


def _clab(fabric: FabricConfig) -> Any:
    (text,) = clab_tree(fabric).values()
    return yaml.safe_load(text)


def _closed(schema: Any) -> Any:
    """The schema, with no keys but the named ones, as the API server has it when it is told to be strict."""
    if isinstance(schema, list):
        return [_closed(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(value) for key, value in schema.items()}
    if isinstance(closed.get("properties"), dict) and closed.get("type") == "object":
        closed.setdefault("additionalProperties", False)
    return closed


@lru_cache
def _topology_validator() -> jsonschema.Draft202012Validator:
    crd = yaml.safe_load(CRD.read_text())
    (version,) = crd["spec"]["versions"]
    schema = _closed(version["schema"]["openAPIV3Schema"])
    schema["properties"]["metadata"] = {"type": "object", "required": ["name"]}
    return jsonschema.Draft202012Validator(schema)


@settings(deadline=None, max_examples=20)
@given(exports())
def test_every_cable_is_a_link_between_nodes(export: Export) -> None:
    topology = _clab(export.fabric)["topology"]
    assert list(topology["nodes"]) == [device.name for device in export.fabric]
    found = Counter(frozenset(link["endpoints"]) for link in topology["links"])
    assert found == Counter(frozenset((str(c.a), str(c.b))) for c in export.fabric.cables)
    ends = [end.split(":") for link in topology["links"] for end in link["endpoints"]]
    assert all(device in topology["nodes"] and len(port) <= 15 for device, port in ends)


@pytest.mark.parametrize("name", SHIPPED)
def test_what_a_node_mounts_is_rendered(name: str) -> None:
    fabric = shipped(name).fabric
    (path,) = clab_tree(fabric)
    assert path == f"{name}.clab.yml"
    mounts = [bind.split(":") for node in _clab(fabric)["topology"]["nodes"].values() for bind in node["binds"]]
    assert {source for source, _ in mounts} == set(frr_tree(fabric))
    assert {target for _, target in mounts} == {"/etc/frr/frr.conf", "/etc/frr/daemons"}


def test_nodes_have_no_other_network_and_their_sysctls() -> None:
    topology = _clab(shipped("quickstart").fabric)["topology"]
    assert all(set(node) <= NODE_KEYS and node["network-mode"] == "none" for node in topology["nodes"].values())
    assert topology["defaults"]["sysctls"]["net.ipv4.fib_multipath_hash_policy"] == "1"
    assert not [key for key in topology["defaults"]["sysctls"] if not re.fullmatch(r"net\.[a-z0-9_.]+", key)]
    assert "sysctls" not in topology["nodes"]["spine-1"]
    assert topology["nodes"]["a1-server-1"]["sysctls"]["net.ipv4.ip_forward"] == "0"


def test_mtu_by_kind_of_link() -> None:
    links = {tuple(link["endpoints"]): link["mtu"] for link in _clab(shipped("quickstart").fabric)["topology"]["links"]}
    assert links["spine-1:eth1", "a1-leaf-1:eth1"] == 9216
    assert links["a1-leaf-1:eth3", "a1-server-1:eth1"] == 1500


def test_vrfs_are_made_and_names_quoted() -> None:
    fabric = shipped("quickstart").fabric
    spine = fabric.by_name["spine-1"]
    ports = tuple(replace(p, vrf="red; reboot") if p.name in {"eth1", "eth2"} else p for p in spine.interfaces)
    changed = replace(fabric, devices=tuple(replace(d, interfaces=ports) if d is spine else d for d in fabric))
    assert _clab(changed)["topology"]["nodes"]["spine-1"]["exec"] == [
        "ip link add 'red; reboot' type vrf table 1001",
        "ip link set 'red; reboot' up",
        "ip link set eth1 master 'red; reboot'",
        "ip link set eth2 master 'red; reboot'",
    ]


@pytest.mark.parametrize("name", ["../x", "a:/etc", "", "a b", "a/b", "-a", "a\n"])
def test_names_that_no_path_may_hold_are_refused(name: str) -> None:
    fabric = shipped("quickstart").fabric
    renamed = replace(fabric, devices=(replace(fabric.devices[0], name=name),), cables=())
    with pytest.raises(InputError, match="containerlab node: found the name"):
        clab_tree(renamed)
    with pytest.raises(InputError, match="fabric: found the name"):
        clab_tree(replace(fabric, name=name))


@pytest.mark.parametrize("name", ["host", "mgmt-net"])
def test_names_that_mean_other_things_to_containerlab_are_refused(name: str) -> None:
    fabric = shipped("quickstart").fabric
    renamed = replace(fabric, devices=(replace(fabric.devices[0], name=name),), cables=())
    with pytest.raises(InputError, match=f"found the name '{name}'; allowed: any but dummy, host"):
        clab_tree(renamed)


@pytest.mark.parametrize("name", SHIPPED)
def test_topology_resource_is_valid(name: str) -> None:
    export = shipped(name)
    resource = yaml.safe_load(clabernetes_tree(export.fabric, export.frr)["clabernetes/topology.yaml"])
    assert [error.message for error in _topology_validator().iter_errors(resource)] == []
    assert yaml.safe_load(resource["spec"]["definition"]["containerlab"]) == _clab(export.fabric)


@pytest.mark.parametrize(
    "path", ["spec.deployment.filesFromConfigMap.spine-1.0.mood", "spec.expose.colour", "spec.name"]
)
def test_topology_resource_with_an_unknown_key_is_not(path: str) -> None:
    export = shipped("quickstart")
    resource = yaml.safe_load(clabernetes_tree(export.fabric, export.frr)["clabernetes/topology.yaml"])
    *parents, last = path.split(".")
    place = resource
    for key in parents:
        place = place[int(key) if key.isdigit() else key]
    place[last] = "x"
    assert [error.message for error in _topology_validator().iter_errors(resource)]


@pytest.mark.parametrize("name", ["quickstart", "rhoso-dz"])
def test_config_maps_hold_the_files_that_nodes_mount(name: str) -> None:
    export = shipped(name)
    files = clabernetes_tree(export.fabric, export.frr)
    maps = {
        entry["metadata"]["name"]: entry["data"] for entry in yaml.safe_load_all(files["clabernetes/configmaps.yaml"])
    }
    wanted = yaml.safe_load(files["clabernetes/topology.yaml"])["spec"]["deployment"]["filesFromConfigMap"]
    found = {
        entry["filePath"]: maps[entry["configMapName"]][entry["configMapPath"]]
        for entries in wanted.values()
        for entry in entries
    }
    assert found == dict(export.frr)


def test_config_maps_with_a_password_are_confidential() -> None:
    fabric = shipped("quickstart").fabric
    spine = fabric.by_name["spine-1"]
    guarded = tuple(replace(neighbor, password=Secret("s3cret")) for neighbor in spine.bgp[0].neighbors)
    told = replace(spine, bgp=(replace(spine.bgp[0], neighbors=guarded),))
    fabric = replace(fabric, devices=tuple(told if device is spine else device for device in fabric))
    files = clabernetes_tree(fabric, frr_tree(fabric))
    assert {path for path, text in files.items() if "s3cret" in text} == {"clabernetes/configmaps.yaml"}
    assert isinstance(files["clabernetes/configmaps.yaml"], Confidential)
    open_fabric = shipped("quickstart")
    harmless = clabernetes_tree(open_fabric.fabric, open_fabric.frr)["clabernetes/configmaps.yaml"]
    assert not isinstance(harmless, Confidential)
