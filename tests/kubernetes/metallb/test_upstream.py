"""MetalLB's own cases: which configurations it takes, and what its speakers write for frr-k8s."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fabric.kubernetes import Document, Resource, Resources, nodes_of, release
from fabric.kubernetes._golang import parse_ip
from fabric.kubernetes._refusal import Refusals
from fabric.kubernetes.frr_k8s._api import BfdProfile
from fabric.kubernetes.metallb import (
    Announcement,
    MetallbConfig,
    MetallbError,
    MetallbOptions,
    Peer,
    PeerSession,
    Target,
    _configurations,
    frr_configuration,
    parse_metallb,
)
from fabric.kubernetes.metallb._peers import check_peers_together
from tests.kubernetes.upstream import case_id, cases_directory, needs_cases

Json = dict[str, Any]
_KINDS = {
    "bgpPeers": "BGPPeer",
    "bgpAdvertisements": "BGPAdvertisement",
    "ipAddressPools": "IPAddressPool",
    "bfdProfiles": "BFDProfile",
    "communities": "Community",
    "l2Advertisements": "L2Advertisement",
    "nodes": "Node",
    "namespaces": "Namespace",
}
_MAIN = release("main")


def _resources(value: Json) -> Resources:
    """The objects of a case; names and namespaces are often left out there."""
    items = [
        Resource(
            Document("case", 1, entry),
            kind,
            "",
            entry.get("metadata", {}).get("name", ""),
            {"apiVersion": "v1" if kind in ("Node", "Namespace") else "metallb.io/v1", **entry},
        )
        for key, kind in _KINDS.items()
        for entry in value.get(key, ())
    ]
    for name, secret in value.get("secrets", {}).items():
        clear = {"stringData": secret["data"]} if "data" in secret else {}
        body = {"type": secret["type"], **clear}
        items.append(Resource(Document("case", 1, body), "Secret", secret["namespace"], name, body))
    return Resources(_MAIN, tuple(items))


def _cases(*names: str) -> list[Json]:
    root = cases_directory()
    files = [root / "metallb-upstream" / f"config-{name}.json" for name in names] if root else []
    return [case for file in files for case in json.loads(file.read_text())]


@pytest.fixture
def uncompared(monkeypatch: pytest.MonkeyPatch) -> None:
    """MetalLB runs these cases without comparing the peers with each other."""
    monkeypatch.setattr(_configurations, "check_peers_together", lambda *_: None)


def _parse(case: Json) -> MetallbConfig:
    resources = _resources(case["resources"])
    secrets_in = "metallb-system" if case["resources"].get("secrets") else ""
    moved = tuple(
        Resource(r.document, r.kind, "" if r.namespace == secrets_in else r.namespace, r.name, r.value)
        for r in resources.items
    )
    options = MetallbOptions(namespace="", secret_passthrough=case["opts"]["FRRK8sSecretPassthrough"])
    return parse_metallb(Resources(_MAIN, moved), _MAIN, options)


@needs_cases
@pytest.mark.parametrize(
    "case", [c for c in _cases("TestParse", "TestServiceSelectors") if c["error"]], ids=lambda case: case["name"]
)
def test_the_refusal_is_metallbs(case: Json, uncompared: None) -> None:
    with pytest.raises(MetallbError) as error:
        _parse(case)
    wanted = case["error"].replace('"metallb-system"/', '""/')
    assert error.value.reason == wanted


@needs_cases
@pytest.mark.parametrize(
    "case", [c for c in _cases("TestParse", "TestServiceSelectors") if not c["error"]], ids=lambda case: case["name"]
)
def test_the_parsed_configuration_is_metallbs(case: Json, uncompared: None) -> None:
    parsed = _parse(case)
    assert {peer.name: _peer_summary(peer) for peer in parsed.peers} == {
        name: {key: wanted[key] for key in _peer_summary(parsed.peers[0])}
        for name, wanted in case["config"]["peers"].items()
    }
    for name, wanted in case["config"]["pools"].items():
        pool = next(pool for pool in parsed.pools if pool.name == name)
        assert [str(network) for network in pool.networks] == wanted["cidrs"]
        assert (pool.auto_assign, pool.avoid_buggy_ips) == (wanted["autoAssign"], wanted["avoidBuggyIPs"])
        assert len(pool.advertisements) == len(wanted["bgpAdvertisements"])
        for ours, theirs in zip(pool.advertisements, wanted["bgpAdvertisements"], strict=True):
            assert (ours.name, ours.length_v4, ours.length_v6) == (
                theirs["name"],
                theirs["aggregationLength"],
                theirs["aggregationLengthV6"],
            )
            assert (ours.local_pref, sorted(ours.communities)) == (theirs["localPref"], sorted(theirs["communities"]))
            assert (list(ours.peers), set(ours.nodes)) == (theirs["peers"] or [], set(theirs["nodes"]))


def _peer_summary(peer: Peer) -> Json:
    def seconds(nanoseconds: int | None) -> int | None:
        return None if nanoseconds is None else nanoseconds // 10**9

    return {
        "addr": str(peer.address or ""),
        "asn": peer.asn,
        "bfdProfile": peer.bfd_profile,
        "connectSec": seconds(peer.connect_ns),
        "disableMP": peer.disable_mp,
        "dualStack": peer.dual_stack,
        "dynamicASN": peer.dynamic_asn,
        "ebgpMultiHop": peer.ebgp_multi_hop,
        "gracefulRestart": peer.graceful_restart,
        "holdTimeSec": seconds(peer.hold_ns),
        "iface": peer.interface,
        "keepaliveSec": seconds(peer.keepalive_ns),
        "localASN": peer.local_asn,
        "myASN": peer.my_asn,
        "password": peer.password,
        "port": peer.port,
        "routerID": str(peer.router_id or ""),
        "secretPassword": peer.secret_password,
        "srcAddr": str(peer.source or ""),
        "vrf": peer.vrf,
    }


@needs_cases
@pytest.mark.parametrize("case", _cases("TestValidateFRR"), ids=lambda case: case["name"])
def test_peers_beside_each_other(case: Json) -> None:
    resources, refusals = _resources(case["resources"]), Refusals()
    check_peers_together(resources.of_kind("BGPPeer"), nodes_of(resources), _MAIN, refusals)
    assert [refusal.reason for refusal in refusals.found][:1] == ([case["error"]] if case["error"] else [])


def _goldens() -> list[Path]:
    root = cases_directory()
    return sorted((root / "metallb-upstream" / "frrk8s-goldens").iterdir()) if root else []


@needs_cases
@pytest.mark.parametrize("golden", _goldens(), ids=case_id)
def test_the_written_configuration_is_metallbs(golden: Path) -> None:
    case = json.loads((golden / "sessions.json").read_text())
    target = Target(case["node"], case["namespace"], _MAIN, secret_passthrough=True)
    profiles = [_profile(entry) for entry in case["bfdProfiles"] or ()]
    sessions = [_session(entry) for entry in case["sessions"]]
    ours = frr_configuration(target, sessions, sorted(profiles, key=lambda profile: profile.name))
    # One case has an address that the speaker would have written in its shortest form.
    expected = json.loads((golden / "expected.json").read_text().replace("127:0:0::2", "127::2"))
    assert _bare(ours["spec"]) == _bare(expected["spec"])
    assert ours["metadata"] == expected["metadata"]


def _bare(value: Any) -> Any:
    """`value` without empty objects and lists, which Go writes or leaves out by habit."""
    if isinstance(value, dict):
        return {key: bare for key, entry in value.items() if (bare := _bare(entry)) not in ({}, [])}
    return [_bare(entry) for entry in value] if isinstance(value, list) else value


def _profile(value: Json) -> BfdProfile:
    return BfdProfile(
        value["Name"],
        value["ReceiveInterval"],
        value["TransmitInterval"],
        value["DetectMultiplier"],
        value["EchoInterval"],
        value["EchoMode"],
        value["PassiveMode"],
        value["MinimumTTL"],
    )


def _session(value: Json) -> PeerSession:
    params = value["Params"]
    peer = Peer(
        name=params["SessionName"],
        my_asn=params["MyASN"],
        asn=params["PeerASN"],
        dynamic_asn=params["DynamicASN"],
        local_asn=params["LocalASN"],
        address=parse_ip(params["PeerAddress"]),
        interface=params["PeerInterface"],
        source=parse_ip(params["SourceAddress"]),
        port=params["PeerPort"],
        hold_ns=params["HoldTime"],
        keepalive_ns=params["KeepAliveTime"],
        connect_ns=params["ConnectTime"],
        router_id=parse_ip(params["RouterID"] or ""),
        password=params["Password"],
        secret=(params["PasswordRef"].get("namespace", ""), params["PasswordRef"]["name"])
        if params["PasswordRef"]
        else None,
        bfd_profile=params["BFDProfile"],
        graceful_restart=params["GracefulRestart"],
        ebgp_multi_hop=params["EBGPMultiHop"],
        vrf=params["VRFName"],
        disable_mp=params["DisableMP"],
        dual_stack=params["DualStackAddressFamily"],
    )
    announced = tuple(
        Announcement(entry["Prefix"], entry["LocalPref"], frozenset(entry["Communities"] or ()))
        for entry in value["Advertised"]
    )
    return PeerSession(peer, announced)
