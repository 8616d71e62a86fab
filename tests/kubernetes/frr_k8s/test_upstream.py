"""The controller's own cases, of four releases: resources to text, internal form to text, and merging."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from fabric.kubernetes import ResourceError, admit, node_named, parse_documents, release
from fabric.kubernetes._refusal import Refusals
from fabric.kubernetes.frr_k8s import ConversionError, NodeConfiguration, Options, render, translate
from fabric.kubernetes.frr_k8s._evpn import merge_evpn
from fabric.kubernetes.frr_k8s._merge import merge_routers, merge_sessions
from tests.kubernetes.frr_k8s import internal_json
from tests.kubernetes.upstream import RELEASES, case_directories, case_id, cases_directory, needs_cases, stripped

_LEVELS = {"debugging": "debug", "informational": "info"}
_CONVERSIONS = [
    *case_directories("upstream-conversion", "input.yaml"),
    *case_directories("upstream-goldens", "input.yaml"),
]


def _translate(name: str, case: Path) -> NodeConfiguration:
    chosen = release(name)
    meta = yaml.safe_load((case / "meta.yaml").read_text())
    resources = admit(parse_documents((case / "input.yaml").read_text(), "input.yaml"), chosen)
    options = Options(
        log_level=_LEVELS[meta.get("logLevel", "informational")],
        always_block=tuple(meta.get("alwaysBlock", ())),
        namespace="frr-k8s-system",
    )
    return translate(node_named(resources, meta["hostname"]), resources, chosen, options)


@needs_cases
@pytest.mark.parametrize(("name", "case"), [c for c in _CONVERSIONS if (c[1] / "expected.conf").exists()], ids=case_id)
def test_the_text_is_the_controllers(name: str, case: Path) -> None:
    assert stripped(_translate(name, case).frr_conf) == stripped((case / "expected.conf").read_text())


@needs_cases
@pytest.mark.parametrize(("name", "case"), [c for c in _CONVERSIONS if (c[1] / "expected.err").exists()], ids=case_id)
def test_the_refusal_is_the_controllers(name: str, case: Path) -> None:
    with pytest.raises(ConversionError) as error:
        _translate(name, case)
    assert error.value.reason.strip() == (case / "expected.err").read_text().strip()


@needs_cases
@pytest.mark.parametrize(("name", "case"), case_directories("upstream-conversion", "internal.json"), ids=case_id)
def test_the_internal_form_is_the_controllers(name: str, case: Path) -> None:
    expected = internal_json.merged_config(json.loads((case / "internal.json").read_text()))
    ours = _translate(name, case).merged
    for router, wanted in zip(ours.routers, expected.routers, strict=True):
        for session, other in zip(router.sessions, wanted.sessions, strict=True):
            # Those cases skip the schema, which fills in the address family.
            assert session.address_families in (other.address_families, ("unicast",))
            assert (session.incoming, session.outgoing) == (other.incoming, other.outgoing)
        assert (router.asn, router.router_id, router.vrf) == (wanted.asn, wanted.router_id, wanted.vrf)
        assert (router.v4, router.v6, router.imports) == (wanted.v4, wanted.v6, wanted.imports)
    assert (ours.bfd_profiles, ours.raw) == (expected.bfd_profiles, expected.raw)


@needs_cases
@pytest.mark.parametrize(("name", "case"), case_directories("upstream-goldens", "internal.json"), ids=case_id)
def test_the_templates_text(name: str, case: Path) -> None:
    internal = json.loads((case / "internal.json").read_text())
    merged = internal_json.merged_config(internal)
    text = render(merged, release(name).dialect, internal["Hostname"], internal["Loglevel"])
    expected = (case / "expected.conf").read_text()
    if case.name == "TestTwoRoutersTwoNeighbors":
        # There the lists of modifiers have names made up by hand, not those of the neighbor.
        expected = re.sub(r"\b65\d{3}@[0-9.]+(?=-.*-prefixes)", "192.168.1.2", expected)
    assert stripped(text) == stripped(expected)


def _samples() -> list[tuple[str, Path]]:
    root = cases_directory()
    samples = sorted((root / "upstream-samples").iterdir()) if root else []
    return [(name, sample) for sample in samples for name in RELEASES]


@needs_cases
@pytest.mark.parametrize(("name", "sample"), _samples(), ids=case_id)
def test_published_samples(name: str, sample: Path) -> None:
    suffix = "" if name == "head" else f".{name}"
    expected = sample / f"expected{suffix}.conf"
    if not expected.exists():
        with pytest.raises(ResourceError, match=r"toReceive\.allowed\.prefixes\[0\]"):
            _translate(name, sample)
        return
    assert stripped(_translate(name, sample).frr_conf) == stripped(expected.read_text())


def _merges() -> list[tuple[str, dict[str, Any]]]:
    root = cases_directory()
    if root is None:
        return []
    return [
        (name, case) for name in RELEASES for case in json.loads((root / "upstream-merge" / f"{name}.json").read_text())
    ]


@needs_cases
@pytest.mark.parametrize(("name", "case"), [m for m in _merges() if m[1]["test"] != "TestMergeEVPNConfigs"])
def test_merging_is_the_controllers(name: str, case: dict[str, Any]) -> None:
    dialect, refusals = release(name).dialect, Refusals()
    result: object
    wanted: object
    if case["test"] == "TestMergeRouters":
        result = merge_routers(
            internal_json.router(case["curr"]), internal_json.router(case["toMerge"]), dialect, refusals
        )
        wanted = internal_json.router(case["result"]) if case["result"] else None
    else:
        both = (*(case["curr"] or ()), *(case["toMerge"] or ()))
        result = merge_sessions(map(internal_json.session, both), dialect, refusals)
        wanted = tuple(map(internal_json.session, case["result"] or ()))
    if case["error"]:
        assert refusals.found[0].reason == case["error"]
    else:
        assert not refusals.found
        assert result == wanted


@needs_cases
@pytest.mark.parametrize("case", [m[1] for m in _merges() if m[1]["test"] == "TestMergeEVPNConfigs"])
def test_merging_evpn_is_the_controllers(case: dict[str, Any]) -> None:
    first, second = internal_json.evpn(case["curr"]), internal_json.evpn(case["toMerge"])
    if case["error"]:
        with pytest.raises(ValueError, match=f"^{re.escape(case['error'])}$"):
            merge_evpn(first, second)
    else:
        assert merge_evpn(first, second) == internal_json.evpn(case["result"])
