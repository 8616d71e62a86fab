"""How long a whole fabric takes. Asserted in processor time: other work on the machine must not decide the verdict.

Figures: `python -m pytest -s tests/lab/agent/test_scale.py`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

import pytest

from fabric.lab._agent import ProbePair, ProbeRequest
from fabric.lab._agent._fib import read_fibs
from fabric.lab._agent._probe import probe

from .conftest import Lab

pytestmark = pytest.mark.lab

SPINES, LEAVES = 4, 34


@dataclass
class Spent:
    """Seconds that a block took: by the clock, and of the processor."""

    wall_s: float = 0.0
    processor_s: float = 0.0


@contextmanager
def measured(what: str) -> Iterator[Spent]:
    spent, wall_s, processor_s = Spent(), time.perf_counter(), time.process_time()
    yield spent
    spent.wall_s, spent.processor_s = time.perf_counter() - wall_s, time.process_time() - processor_s
    print(f"\n{what}: {spent.wall_s:.3f} s, {spent.processor_s:.3f} s of the processor")  # noqa: T201 - shown by -s


def four_uplinks(lab: Lab, name: str, prefixes: int) -> None:
    lab.add(name)
    lines = []
    for k in range(4):
        lines += [f"link add u{k} type veth peer name p{k}", f"link set u{k} up", f"link set p{k} up"]
        lines += [f"addr add 10.255.{k}.1/24 dev u{k}"]
    members = " ".join(f"nexthop via 10.255.{k}.2 dev u{k}" for k in range(4))
    lines += [f"route add 10.0.{number}.0/24 proto bgp metric 20 {members}" for number in range(prefixes)]
    lab.ip(name, *lines)


def test_48_devices_of_50_prefixes_and_4_next_hops(lab: Lab) -> None:
    for number in range(48):
        four_uplinks(lab, f"d{number}", 50)
    with measured("48 devices x 50 prefixes x 4 next hops") as spent:
        fibs = read_fibs(lab.paths)
    assert {len(fib.forwarding()) for fib in fibs.values()} == {50}
    assert spent.processor_s < 0.3


def downlink(k: int, i: int) -> tuple[str, ...]:
    """What spine `k` needs to reach leaf `i`."""
    return (
        f"link set d{i} up",
        f"addr add 10.{k}.{i}.2/30 dev d{i}",
        f"addr add fd00:{k}:{i}::2/64 dev d{i} nodad",
        f"route add 192.0.2.{i + 1} via 10.{k}.{i}.1",
        f"route add 2001:db8::{i + 1:x} via fd00:{k}:{i}::1",
    )


def clos(lab: Lab) -> tuple[ProbePair, ...]:
    """A two-tier fabric with routes in both families; returns all pairs of leaves."""
    for k in range(SPINES):
        lab.add(f"s{k}")
    for i in range(LEAVES):
        lab.add(f"l{i}")
        lines = [f"addr add 192.0.2.{i + 1}/32 dev lo", f"addr add 2001:db8::{i + 1:x}/128 dev lo nodad"]
        for k in range(SPINES):
            lines += [f"link add u{k} type veth peer name d{i} netns {lab.paths[f's{k}']}", f"link set u{k} up"]
            lines += [f"addr add 10.{k}.{i}.1/30 dev u{k}", f"addr add fd00:{k}:{i}::1/64 dev u{k} nodad"]
        lab.ip(f"l{i}", *lines)
    for k in range(SPINES):
        lab.ip(f"s{k}", *(line for i in range(LEAVES) for line in downlink(k, i)))
    for i in range(LEAVES):
        v4, v6 = (
            " ".join(f"nexthop via {gateway.format(k=k, i=i)} dev u{k}" for k in range(SPINES))
            for gateway in ("10.{k}.{i}.2", "fd00:{k}:{i}::2")
        )
        lab.ip(f"l{i}", f"route add 192.0.2.0/24 {v4}", f"route add 2001:db8::/64 {v6}")
    return tuple(
        ProbePair(f"l{i}", base + i, f"l{j}", base + j)
        for base in (IPv4Address("192.0.2.1"), IPv6Address("2001:db8::1"))
        for i in range(LEAVES)
        for j in range(LEAVES)
        if i != j
    )


def test_a_full_mesh_of_34_devices_in_both_families(lab: Lab) -> None:
    request = ProbeRequest(lab.paths, clos(lab))
    probe(request)  # resolves all neighbors, as BGP sessions have in a lab
    with measured(f"{len(request.pairs)} pairs x 16 flows") as spent:
        result = probe(request)
    assert [pair for pair in result.pairs if not pair.ok] == []
    assert result.overflows == 0
    assert spent.processor_s < 5
