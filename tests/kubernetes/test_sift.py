"""A folder of somebody else's resources: what is stored, refused, repeated, and no object at all."""

from __future__ import annotations

import pytest

from fabric.kubernetes import Sifted, parse_documents, release, sift

_PEER = "{apiVersion: metallb.io/v1beta2, kind: BGPPeer, metadata: {name: one}, spec: {myASN: 1, peerASN: 2}}"


def _sifted(*documents: str) -> Sifted:
    return sift(parse_documents("\n---\n".join(documents), "s.yaml"), release("4.20"))


def test_an_object_with_a_fault_leaves_the_others_standing() -> None:
    found = _sifted(_PEER, _PEER.replace("one", "two").replace("myASN: 1", "myASN: ten"))
    assert [entry.name for entry in found.resources.items] == ["one"]
    assert [problem.path for problem in found.refused] == ["spec.myASN"]


def test_the_first_of_two_counts() -> None:
    found = _sifted(_PEER, _PEER.replace("peerASN: 2", "peerASN: 3"))
    assert [entry.spec["peerASN"] for entry in found.resources.items] == [2]
    assert [problem.where for problem in found.repeated] == ["s.yaml:3"]
    assert found.refused == ()


@pytest.mark.parametrize("text", ["a: 1", "- a", "text", "kind: 7", _PEER.replace("myASN: 1", "myASN: _replaced_")])
def test_what_is_no_object_yet_is_set_aside(text: str) -> None:
    found = _sifted(_PEER, text)
    assert len(found.others) == 1
    assert (found.refused, len(found.resources.items)) == ((), 1)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("{kind: Pod, apiVersion: v1, metadata: {name: a}, spec: {nodeName: [a]}}", "spec.nodeName"),
        ("{kind: Node, apiVersion: v1, metadata: {name: a}, status: []}", "status"),
        ("{kind: Node, apiVersion: v1, metadata: {name: a}, status: {conditions: [3]}}", "status.conditions"),
        ("{kind: Node, apiVersion: v1, metadata: {name: a, labels: [a]}}", "metadata.labels"),
        ("{kind: Other, apiVersion: x/v1, metadata: {name: a}, spec: text}", "spec"),
    ],
)
def test_shapes_that_every_reader_relies_on(text: str, path: str) -> None:
    found = _sifted(text)
    assert [problem.path for problem in found.refused] == [path]
    assert found.resources.items == ()
