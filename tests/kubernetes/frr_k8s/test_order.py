"""The webhook's answers, and orders of change that it accepts."""

from __future__ import annotations

from fabric.kubernetes import Resources, admit, nodes_meant, parse_documents, release
from fabric.kubernetes.frr_k8s import order, review

_NODE = "{kind: Node, apiVersion: v1, metadata: {name: w0, labels: {zone: a}}}\n---\n"


def _configuration(
    name: str, neighbor: str, *, selector: str = "{}", prefixes: str = "[]", namespace: str = "x"
) -> str:
    return f"""apiVersion: frrk8s.metallb.io/v1beta1
kind: FRRConfiguration
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  nodeSelector: {selector}
  bgp:
    routers:
    - asn: 64512
      prefixes: {prefixes}
      neighbors:
      - {{asn: 64513, address: 192.0.2.2{neighbor}}}
---
"""


def _cluster(*documents: str, name: str = "4.20") -> Resources:
    return admit(parse_documents(_NODE + "".join(documents), "c.yaml"), release(name))


def _review(stored: Resources, new: Resources, name: str) -> str:
    resource = new.find("FRRConfiguration", name)
    assert resource is not None
    return review(resource, stored.of_kind("FRRConfiguration"), nodes_meant(stored), stored.release).message


def test_a_contradiction_is_refused_with_the_nodes_name() -> None:
    stored = _cluster(_configuration("a", ", ebgpMultiHop: true"))
    new = _cluster(_configuration("b", ""))
    expected = "conflicting ebgp-multihop specified for 192.0.2.2\nresource is invalid for node w0"
    assert _review(stored, new, "b") == expected


def test_nodes_that_the_new_object_does_not_select_are_not_asked() -> None:
    stored = _cluster(_configuration("a", ", ebgpMultiHop: true"))
    new = _cluster(_configuration("b", "", selector="{matchLabels: {zone: b}}"))
    assert _review(stored, new, "b") == ""


def test_an_object_takes_the_place_of_one_of_the_same_name_in_any_namespace() -> None:
    stored = _cluster(_configuration("a", ", ebgpMultiHop: true"), _configuration("a", "", namespace="z"))
    new = _cluster(_configuration("a", ", port: 1179"))
    assert _review(stored, new, "a") == ""


def test_secrets_are_blanked_so_that_a_clear_password_beside_them_is_refused() -> None:
    stored = _cluster(_configuration("a", ", passwordSecret: {name: s}"))
    assert _review(stored, _cluster(_configuration("b", ", passwordSecret: {name: other}")), "b") == ""
    refused = _review(stored, _cluster(_configuration("b", ", password: same")), "b")
    assert refused.startswith("multiple passwords specified")


def test_a_bad_selector_is_named_as_the_webhook_does() -> None:
    stored = _cluster()
    new = _cluster(_configuration("b", "", selector="{matchExpressions: [{key: a, operator: Near}]}"))
    assert _review(stored, new, "b").endswith("resource contains an invalid NodeSelector")


def test_warnings() -> None:
    stored = _cluster(_configuration("a", ""))
    new = _cluster(_configuration("a", ", disableMP: true, enableGracefulRestart: true"))
    resource = new.of_kind("FRRConfiguration")[0]
    verdict = review(resource, stored.of_kind("FRRConfiguration"), nodes_meant(stored), stored.release)
    assert verdict.accepted
    assert verdict.warnings == (
        "disableMP is deprecated and will be removed in a future release",
        "Graceful restart configuration changed, it will be available on the next restart",
    )


def test_a_change_waits_for_the_one_that_makes_room() -> None:
    old = _cluster(_configuration("a", ", port: 1179"), _configuration("z", ", port: 1179", prefixes="[192.0.2.0/24]"))
    new = _cluster(
        _configuration("a", "", selector="{matchLabels: {zone: a}}"),
        _configuration("z", ", port: 1179", selector="{matchLabels: {zone: b}}", prefixes="[192.0.2.0/24]"),
    )
    found = order(old, new)
    assert found.complete
    assert [(step.action, step.resource.name) for step in found.steps] == [("update", "z"), ("update", "a")]


def test_every_step_of_an_order_is_accepted() -> None:
    old = _cluster(_configuration("a", ", port: 1179"), _configuration("gone", ", port: 1179"))
    new = _cluster(_configuration("a", ", port: 1180"), _configuration("new", ", port: 1180"))
    found = order(old, new)
    assert [(step.action, step.resource.name) for step in found.steps] == [
        ("delete", "gone"),
        ("update", "a"),
        ("create", "new"),
    ]


def test_deletions_that_nobody_waits_for_come_last() -> None:
    old = _cluster(_configuration("gone", ""))
    found = order(old, _cluster(_configuration("new", "")))
    assert [step.action for step in found.steps] == ["create", "delete"]


def test_two_that_wait_for_each_other_have_no_order() -> None:
    """Changing a timer that two resources hold, which is how the pods' configurations block a BGPPeer."""
    old = _cluster(
        _configuration("a", ", holdTime: 9s, keepaliveTime: 3s"),
        _configuration("b", ", holdTime: 9s, keepaliveTime: 3s"),
    )
    new = _cluster(
        _configuration("a", ", holdTime: 3s, keepaliveTime: 1s"),
        _configuration("b", ", holdTime: 3s, keepaliveTime: 1s"),
    )
    found = order(old, new)
    assert not found.complete
    assert {entry.step.resource.name for entry in found.blocked} == {"a", "b"}
    assert {resource.name for resource in found.delete_first} == {"a", "b"}
    assert "multiple hold times specified for 192.0.2.2" in str(found)
    assert "first would open the way" in str(found)


def test_new_resources_that_contradict_each_other_have_no_order() -> None:
    found = order(_cluster(), _cluster(_configuration("a", ", port: 1179"), _configuration("b", "")))
    assert [step.resource.name for step in found.steps] == ["a"]
    assert not found.delete_first
    assert "contradict each other" in str(found)


def test_nothing_to_do_has_no_steps() -> None:
    same = _cluster(_configuration("a", ""))
    assert order(same, same).steps == ()
