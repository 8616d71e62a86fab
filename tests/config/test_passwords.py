"""Which session has which password, and that a value shows nowhere but in the rendered file."""

from __future__ import annotations

from typing import Any

import pytest

from fabric import config, plan
from fabric.config import FabricConfig, Secret
from fabric.render import Confidential, changed_files, frr_files
from tests.designs import design_of
from tests.kubernetes.emit.cluster import small

_ALL = {"cluster": "of-cluster", "nodes": "of-nodes", "fabric": "of-fabric"}
_VALUES = {name: Secret(f"value-{name}", name) for name in _ALL.values()}


def _built(profile: str = "rhoso", **changes: Any) -> FabricConfig:
    return config.build(plan.build(design_of(small(profile, **changes))))


def _names(fabric: FabricConfig, device: str) -> dict[str, str | None]:
    """The password's name of each session of a device, by whom it leads to."""
    instance = fabric.by_name[device].default_bgp
    assert instance is not None
    return {n.description: n.password.name if n.password else None for n in instance.neighbors}


def test_sessions_have_no_password_unless_the_design_names_one() -> None:
    assert config.passwords_in(_built()) == ()


def test_each_kind_of_session_has_its_own() -> None:
    fabric = _built(passwords=_ALL)
    assert _names(fabric, "r0-leaf-0") == {
        "spine-0": "of-fabric",
        "spine-1": "of-fabric",
        "r0-compute-0": "of-nodes",
        "r0-worker-0": "of-cluster",
        "r0-worker-1": "of-cluster",
    }
    assert set(_names(fabric, "spine-0").values()) == {"of-fabric"}
    assert set(_names(fabric, "r1-compute-0").values()) == {"of-nodes"}
    assert set(_names(fabric, "r1-worker-1").values()) == {"of-cluster"}
    assert config.passwords_in(fabric) == ("of-cluster", "of-fabric", "of-nodes")


def test_the_others_have_none() -> None:
    fabric = _built(passwords={"cluster": "of-cluster"})
    assert _names(fabric, "r0-leaf-0")["spine-0"] is None
    assert _names(fabric, "r0-leaf-0")["r0-compute-0"] is None


@pytest.mark.parametrize(("roles", "secret"), [(None, "of-cluster"), (["worker"], "of-nodes")])
def test_servers_are_the_clusters_outside_of_openstack_unless_told_otherwise(roles: Any, secret: str) -> None:
    groups = {"computes": {"role": "server"}, "workers": {"role": "worker"}}
    cluster = {"node_roles": roles} if roles else {}
    fabric = _built("rfc7938", node_groups=groups, kubernetes=cluster, passwords=_ALL)
    assert set(_names(fabric, "r0-compute-1").values()) == {secret}


def test_without_a_value_a_placeholder_stands_in_that_both_ends_agree_on() -> None:
    files = frr_files(_built(passwords=_ALL).by_name["r0-leaf-0"])
    assert "password REPLACE-ME:of-cluster" in files.frr_conf
    assert not isinstance(files.frr_conf, Confidential)


def test_values_take_the_placeholders_place_and_make_the_file_confidential() -> None:
    fabric = config.with_passwords(_built(passwords=_ALL), _VALUES)
    for device in fabric:
        files = frr_files(device)
        assert isinstance(files.frr_conf, Confidential)
        assert "REPLACE-ME" not in files.frr_conf
        assert "value-" in files.frr_conf
        assert "value-" not in files.daemons
        assert "value-" not in repr(device)


def test_a_difference_names_the_secret_and_never_shows_it() -> None:
    before, after = _built(), config.with_passwords(_built(passwords=_ALL), _VALUES)
    changes = config.diff(before, after).of("session")
    assert {entry.new.rpartition(", password ")[2] for entry in changes if entry.new} == set(_ALL.values())
    shown = "\n".join([*map(repr, changes), *(line for file in changed_files(before, after) for line in file.lines)])
    assert "value-" not in shown
