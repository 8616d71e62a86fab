"""Passwords from Secret documents and from the environment; no message shows one."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from fabric import plan
from fabric.config import Secret
from fabric.kubernetes import ClusterSource, ResourceError, configure, passwords_of, variable
from fabric.kubernetes.emit import kubernetes_files
from fabric.kubernetes.nodes import own_cluster
from fabric.simulate import SessionDown, simulate
from tests.designs import design_of
from tests.kubernetes.emit.cluster import small

_WORD = "Tr0ub4dor"


def _secret(body: str, name: str = "bgp") -> str:
    return f"apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}, namespace: any}}\n{body}\n"


@pytest.mark.parametrize(
    "body",
    [
        f"type: kubernetes.io/basic-auth\nstringData: {{password: {_WORD}}}",
        f"data: {{password: {base64.b64encode(_WORD.encode()).decode()}}}",
        f"stringData: {{password: {_WORD}}}\ndata: {{password: aWdub3JlZA==}}",
        f"type: Opaque\nstringData: {{edpm_frr_bgp_neighbor_password: {_WORD}}}",
    ],
)
def test_forms_of_a_secret(body: str) -> None:
    assert passwords_of(["bgp"], {"s.yaml": _secret(body)}, {}) == {"bgp": Secret(_WORD, "bgp")}


def test_the_environment_fills_what_the_files_lack() -> None:
    assert variable("bgp-cluster") == "FABRIC_PASSWORD_BGP_CLUSTER"
    texts = {"s.yaml": _secret(f"stringData: {{password: {_WORD}}}")}
    found = passwords_of(["bgp", "other"], texts, {variable("other"): "fromenv", variable("bgp"): "notused"})
    assert {name: secret.value for name, secret in found.items()} == {"bgp": _WORD, "other": "fromenv"}


def test_without_files_a_password_may_be_missing() -> None:
    assert passwords_of(["bgp"], None, {}) == {}


def test_other_secrets_and_other_documents_are_left_alone() -> None:
    text = f"{_secret('data: {password: eA==}', 'other')}---\nkind: Node\n---\n- 1\n---\n"
    assert passwords_of([], {"s.yaml": text}, {}) == {}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "s.yaml: found no value for Secret bgp; allowed: Secret bgp, or $FABRIC_PASSWORD_BGP."),
        (_secret("stringData: {password: REPLACE-ME:bgp}"), "found no value for Secret bgp"),
        (_secret("type: Opaque"), "s.yaml:1: found Secret bgp without password; allowed: password or edpm_frr"),
        (_secret(f'stringData: {{password: "{_WORD} {_WORD}"}}'), "s.yaml:4: found a password of Secret bgp that no"),
        (_secret(f"stringData: {{password: {_WORD * 9}}}"), "1 to 80 printable ASCII characters"),
        (_secret("data: {password: '%%%'}"), "as base64 in data"),
        (
            f"{_secret(f'stringData: {{password: {_WORD}}}')}---\n{_secret(f'stringData: {{password: {_WORD}2}}')}",
            "s.yaml:9: found another password for Secret bgp than at s.yaml:4",
        ),
        ("kind: Secret\nmetadata: {}", "s.yaml:1: found a Secret without name"),
        ("kind: [", "s.yaml:2: found YAML that cannot be parsed"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_line_and_not_shown(text: str, complaint: str) -> None:
    with pytest.raises(ResourceError) as caught:
        passwords_of(["bgp"], {"s.yaml": text}, {})
    assert complaint in str(caught.value)
    assert _WORD not in str(caught.value)


def test_every_problem_comes_at_once() -> None:
    texts = {"a.yaml": _secret("type: Opaque"), "b.yaml": _secret("data: {password: ''}", "second")}
    with pytest.raises(ResourceError) as caught:
        passwords_of(["bgp", "second", "third"], texts, {variable("third"): "not one word"})
    assert len(caught.value.problems) == 4  # with the value that `bgp` still lacks
    assert "$FABRIC_PASSWORD_THIRD" in str(caught.value)


_NAMES = {"cluster": "bgp-cluster", "nodes": "bgp-nodes", "fabric": "bgp-fabric"}
_VALUES = {name: Secret(f"{_WORD}-{name}", name) for name in _NAMES.values()}


def _plan(release: str) -> plan.Plan:
    return plan.build(design_of(small(passwords=_NAMES, kubernetes={"release": release})))


@pytest.mark.parametrize("release", ["4.18", "4.19", "4.20", "4.21", "4.22"])
@pytest.mark.parametrize("values", [{}, _VALUES])
def test_both_ends_of_every_session_agree(release: str, values: dict[str, Secret]) -> None:
    fabric = configure(_plan(release), passwords=values)
    assert all(n.password for device in fabric for instance in device.bgp for n in instance.neighbors)
    assert all(session.up for session in simulate(fabric).sessions)


def test_the_nodes_passwords_are_those_of_the_clusters_secret() -> None:
    fabric = configure(_plan("4.20"), passwords=_VALUES)
    instance = fabric.by_name["r0-worker-0"].default_bgp
    assert instance is not None
    assert {n.password and n.password.value for n in instance.neighbors} == {f"{_WORD}-bgp-cluster"}


def test_another_secret_in_the_cluster_keeps_its_sessions_down() -> None:
    planned = _plan("4.20")
    own = own_cluster(planned, {"bgp-cluster": Secret("other", "bgp-cluster")})
    sessions = simulate(configure(planned, own, _VALUES)).sessions
    why = {(session.a.device, session.why) for session in sessions if not session.up}
    assert {reason for _, reason in why} == {SessionDown.AUTHENTICATION}
    assert sum(not session.up for session in sessions) == 8, "four workers, two leaves each"


def test_a_password_of_one_end_only_keeps_the_session_down() -> None:
    planned = _plan("4.20")
    own = own_cluster(planned)
    lines = own.texts["kubernetes/bgp/frrconfiguration.yaml"].splitlines()
    bare = "\n".join(line for line in lines if "passwordSecret" not in line and line.strip() != "name: bgp-cluster")
    source = replace(own, texts={**own.texts, "kubernetes/bgp/frrconfiguration.yaml": bare})
    down = [session for session in simulate(configure(planned, source)).sessions if not session.up]
    assert {session.why for session in down} == {SessionDown.AUTHENTICATION}


def test_emitted_files_hold_names_only_and_are_what_a_lab_can_run() -> None:
    planned = _plan("4.20")
    files = kubernetes_files(planned)
    assert _WORD not in "".join(files.values())
    assert _WORD not in repr(own_cluster(planned, _VALUES))
    texts = {path: text for path, text in files.items() if path.endswith(".yaml")}
    texts = {path: text for path, text in texts.items() if "kustomization" not in path}
    assert all(session.up for session in simulate(configure(planned, ClusterSource(texts, "4.20"))).sessions)
