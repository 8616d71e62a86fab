"""Options of the daemon, and which namespace counts."""

from __future__ import annotations

import pytest

from fabric.errors import InputError
from fabric.kubernetes import Node, Resources, admit, parse_documents, release
from fabric.kubernetes.frr_k8s import Options, Translator, fallback_router_id, translate

_ROUTER = "{bgp: {routers: [{asn: 64512, prefixes: ['2001:db8::/64']}]}}"
_NODE = Node("w", {})
_WORD = "open-sesame"


def _cluster(*namespaces: str, name: str = "main") -> Resources:
    documents = (
        f"{{apiVersion: frrk8s.metallb.io/v1beta1, kind: FRRConfiguration, metadata: {{name: c{index}, "
        f"namespace: {namespace}}}, spec: {_ROUTER}}}"
        for index, namespace in enumerate(namespaces)
    )
    return admit(parse_documents("\n---\n".join(documents), "c.yaml"), release(name))


@pytest.mark.parametrize(("host", "expected"), [("dummyhostname", "167.62.253.30"), ("worker-0", "54.64.63.75")])
def test_the_fallback_router_id_is_the_host_names_checksum(host: str, expected: str) -> None:
    assert fallback_router_id(host) == expected


def test_only_main_has_a_fallback_router_id() -> None:
    options = Options(fallback_router_id=fallback_router_id("worker-0"))
    assert "  bgp router-id 54.64.63.75" in translate(_NODE, _cluster("x"), release("main"), options).frr_conf
    older = _cluster("x", name="v0.0.25")
    with pytest.raises(InputError, match=r"release v0\.0\.25 has no fallback router id"):
        translate(_NODE, older, older.release, options)
    with pytest.raises(InputError, match="'worker-0' is no dotted quad"):
        translate(_NODE, _cluster("x"), release("main"), Options(fallback_router_id="worker-0"))


@pytest.mark.parametrize(
    ("level", "line"),
    [
        ("all", "debugging"),
        ("info", "informational"),
        ("warn", "warnings"),
        ("error", "errors"),
        ("none", "emergencies"),
    ],
)
def test_log_levels(level: str, line: str) -> None:
    text = translate(_NODE, _cluster("x"), release("main"), Options(log_level=level)).frr_conf
    assert text.startswith(f"log stdout {line}\n")
    assert ("debug bgp updates" in text) is (level == "all")


def test_passwords_are_shown_only_where_they_are_asked_for() -> None:
    text = f"""
apiVersion: frrk8s.metallb.io/v1beta1
kind: FRRConfiguration
metadata: {{name: c, namespace: x}}
spec: {{bgp: {{routers: [{{asn: 64512, neighbors: [{{asn: 64513, address: 192.0.2.2, password: {_WORD}}}]}}]}}}}
"""
    cluster = admit(parse_documents(text, "c.yaml"), release("main"))
    configuration = translate(_NODE, cluster, cluster.release)
    assert f"  neighbor 192.0.2.2 password {_WORD}\n" in configuration.frr_conf
    shown = (configuration.frr_conf_without_passwords, repr(configuration), repr(cluster))
    assert not any(_WORD in text for text in shown)
    assert "  neighbor 192.0.2.2 password <retracted>\n" in shown[0]


def test_an_unknown_log_level_is_named() -> None:
    with pytest.raises(InputError, match="'loud' is none of all, debug"):
        translate(_NODE, _cluster("x"), release("main"), Options(log_level="loud"))


def test_a_block_that_is_no_prefix_is_named() -> None:
    with pytest.raises(InputError, match="'everything' is no prefix"):
        translate(_NODE, _cluster("x"), release("main"), Options(always_block=("everything",)))


@pytest.mark.parametrize(
    ("namespaces", "expected"),
    [
        ((), "openshift-frr-k8s"),
        (("x",), "x"),
        (("x", "openshift-frr-k8s"), "openshift-frr-k8s"),
    ],
)
def test_the_daemons_namespace_is_found(namespaces: tuple[str, ...], expected: str) -> None:
    cluster = _cluster(*namespaces, name="4.20")
    assert Translator(cluster, cluster.release).namespace == expected


def test_several_namespaces_ask_for_a_decision() -> None:
    cluster = _cluster("x", "z", name="4.20")
    with pytest.raises(InputError, match=r"several namespaces \(x, z\) and none is openshift-frr-k8s"):
        Translator(cluster, cluster.release)
