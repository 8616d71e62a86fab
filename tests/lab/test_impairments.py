"""Impairments of a running lab, measured with real packets. Times are wide: the machine may be busy."""

from __future__ import annotations

import json
from ipaddress import ip_address

import pytest

from fabric.config import Port
from fabric.errors import LabError
from fabric.lab import EmbeddedEngine, Impaired, Impairment, ProbePair, ProbeResult, ProbeSettings, RunningLab

from .conftest import WaitUntil
from .fabrics import LOOPBACKS, lab_spec

pytestmark = pytest.mark.lab
SPINES = tuple(Port(spine, f"down{leaf}") for spine in ("spine-1", "spine-2") for leaf in (1, 2))
LEAVES = tuple(Port(leaf, f"up{spine}") for leaf in ("leaf-1", "leaf-2") for spine in (1, 2))


def _probe(engine: EmbeddedEngine, size: int = 128) -> ProbeResult:
    ends = [(leaf, ip_address(LOOPBACKS[leaf][0])) for leaf in ("leaf-1", "leaf-2")]
    pair = ProbePair(*ends[0], *ends[1])
    return RunningLab(engine, "tiny").probe([pair], ProbeSettings(packet_bytes=size, rounds=1, timeout_ms=1000))


def _loss(result: ProbeResult) -> int:
    return result.pairs[0].flows - result.pairs[0].answered


def test_delay_loss_and_mtu_come_and_go(engine: EmbeddedEngine, wait_until: WaitUntil) -> None:
    engine.up(lab_spec())
    wait_until(lambda: _loss(_probe(engine)) == 0, "all flows answered")
    plain = _probe(engine).pairs[0].round_trip
    assert plain is not None
    engine.impair("tiny", Impaired("slow", Impairment(delay_ms=30), LEAVES + SPINES))
    slow = _probe(engine).pairs[0].round_trip
    assert slow is not None
    assert 120 <= slow.min_us / 1000 < 150 + plain.max_us / 1000, f"noise: {plain} without an impairment"
    engine.clear("tiny", None)
    engine.impair("tiny", Impaired("gone", Impairment(loss_percent=100), LEAVES[:2]))
    assert _loss(_probe(engine)) == 16
    engine.clear("tiny", ["gone"])
    engine.impair("tiny", Impaired("narrow", Impairment(mtu=1400), LEAVES + SPINES))
    assert (_loss(_probe(engine, 1400)), _loss(_probe(engine, 1401))) == (0, 16)
    [active] = RunningLab(engine, "tiny").status().impairments
    assert active.target == "narrow"
    assert engine.clear("tiny", None).means == {}
    assert _loss(_probe(engine, 9000)) == 0
    rules = engine.run("tiny", "spine-1", ("nft", "list", "ruleset")).stdout
    assert "chain" not in rules
    links = json.loads(engine.run("tiny", "leaf-1", ("ip", "-j", "link")).stdout)
    assert {link["mtu"] for link in links if link["ifname"] != "lo"} == {9000}


def test_a_port_without_a_cable_is_refused(engine: EmbeddedEngine) -> None:
    engine.up(lab_spec())
    with pytest.raises(LabError, match="x: lab tiny has no leaf-1:eth9 that a cable leads to"):
        engine.impair("tiny", Impaired("x", Impairment(1), (Port("leaf-1", "eth9"),)))
