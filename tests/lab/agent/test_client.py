"""Requests and answers survive the way through JSON, and bad ones are answered with a sentence."""

from __future__ import annotations

import json
import subprocess
import sys
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from fabric.errors import LabError
from fabric.lab import _agent as agent
from fabric.lab._agent import __main__ as server
from fabric.lab._agent import _fib_codec as fib_codec
from fabric.lab._agent import _probe_codec as probe_codec
from fabric.lab._agent._fib import read_fibs
from fabric.lab._fib_model import Hop, KernelFib, KernelNextHop, KernelRoute, RouteDifference, RouteKind

from .conftest import Lab

PATHS = {"leaf1": Path("/run/netns/leaf1"), "leaf2": Path("/run/netns/leaf2")}
A, B = ip_network("192.0.2.0/24"), ip_network("2001:db8::/64")
HOPS: frozenset[Hop] = frozenset({(ip_address("10.0.1.2"), "eth1"), (None, "eth2")})
DROP: frozenset[Hop] = frozenset()
ECMP = (
    KernelNextHop(ip_address("10.0.1.2"), "eth1", weight=3),
    KernelNextHop(ip_address("2001:db8::2"), "eth2", dead=True, linkdown=True),
)
FIBS = {
    "leaf1": KernelFib(
        "leaf1",
        (
            KernelRoute(A, ECMP, "bgp", 20, ip_address("192.0.2.1")),
            KernelRoute(B, ECMP, "bgp", 20),
            KernelRoute(B, (), "static", 5, kind=RouteKind.BLACKHOLE),
        ),
    ),
    "leaf2": KernelFib("leaf2", ()),
}
PAIR = agent.ProbePair("leaf1", ip_address("192.0.2.1"), "leaf2", ip_address("192.0.2.2"))
PAIR_V6 = agent.ProbePair("leaf1", ip_address("2001:db8::1"), "leaf2", ip_address("2001:db8::2"))


def through_json(value: object) -> object:
    return json.loads(json.dumps(value))


def test_fibs_survive() -> None:
    assert fib_codec.read_fibs(through_json(fib_codec.write_fibs(FIBS))) == FIBS


def test_a_set_of_next_hops_is_written_once() -> None:
    assert len(fib_codec.write_fibs(FIBS)["leaf1"]["hops"]) == 2


@pytest.mark.parametrize("protocols", [None, frozenset({"bgp", "static"})])
def test_an_await_request_survives(protocols: frozenset[str] | None) -> None:
    request = agent.AwaitFibRequest(PATHS, {"leaf1": {A: HOPS, B: DROP}, "leaf2": {}}, 5000, protocols)
    line = json.loads(agent.encode_await_fib(request))
    assert line["op"] == "await_fib"
    assert fib_codec.read_await_request(line) == request


def test_an_await_result_survives() -> None:
    first = (RouteDifference(A, HOPS, None), RouteDifference(B, None, DROP))
    result = agent.AwaitFibResult(False, 12.5, 7, {"leaf1": agent.FibDifferences(30, first)})
    text = json.dumps({"reply": fib_codec.write_await_result(result)})
    assert agent.decode_await_fib(text) == result


def test_a_probe_request_survives() -> None:
    request = agent.ProbeRequest(PATHS, (PAIR, PAIR_V6), agent.ProbeSettings(4, 1500, 3, 250))
    line = json.loads(agent.encode_probe(request))
    assert line["op"] == "probe"
    assert probe_codec.read_probe_request(line) == request


def test_a_probe_result_survives() -> None:
    errors = (
        agent.ProbeError(agent.Where.FORWARD, "EMSGSIZE", 3, 1400, ip_address("10.0.0.1")),
        agent.ProbeError(agent.Where.SOURCE, "ENETUNREACH", 1),
    )
    pairs = (
        agent.PairResult(PAIR, 16, 12, 13, 2, agent.RoundTrip(1.0, 2.5, 3.0), errors),
        agent.PairResult(PAIR_V6, 16, 0, 0, 0, None),
    )
    result = agent.ProbeResult(pairs, 1, 99.5)
    assert agent.decode_probe(json.dumps({"reply": probe_codec.write_probe_result(result)})) == result


def test_a_request_is_one_line() -> None:
    assert "\n" not in agent.encode_fib_request(PATHS)


def test_the_agents_error_is_raised() -> None:
    with pytest.raises(LabError, match=r"^leaf1: gone\.$"):
        agent.decode_fibs('{"error":"leaf1: gone."}')


@pytest.mark.parametrize("text", ["", "Traceback (most recent call last):", "[]", '{"reply":{"leaf1":{}}}', "7"])
def test_an_answer_that_is_none_is_reported(text: str) -> None:
    with pytest.raises(LabError, match="found an answer that is none"):
        agent.decode_fibs(text)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("no json", "cannot be read (JSONDecodeError"),
        ("[]", "cannot be read (TypeError"),
        ("{}", "cannot be read (KeyError: 'op')"),
        ('{"op":"fib","devices":["leaf1"]}', "cannot be read (AttributeError"),
        ('{"op":"probe","devices":{},"pairs":[["a","x","b","y"]],"settings":{}}', "cannot be read (KeyError"),
        ('{"op":"reboot"}', "found the operation 'reboot'; allowed: fib, await_fib, probe"),
        ('{"op":"fib","devices":{"leaf9":"/nowhere/leaf9"}}', "/nowhere/leaf9: found no network namespace"),
    ],
)
def test_a_bad_request_is_answered_with_a_sentence(line: str, words: str) -> None:
    error = json.loads(server.answer(line))["error"]
    assert words in error
    assert error.endswith((".", "?"))


@pytest.mark.lab
def test_the_program_answers_line_by_line(chain: Lab) -> None:
    pair = agent.ProbePair("a", ip_address("192.0.2.1"), "b", ip_address("192.0.2.2"))
    expected = {device: fib.forwarding() for device, fib in read_fibs(chain.paths).items()}
    requests = (
        agent.encode_fib_request(chain.paths),
        "nonsense",
        agent.encode_await_fib(agent.AwaitFibRequest(chain.paths, expected, 1000)),
        agent.encode_probe(agent.ProbeRequest(chain.paths, (pair,))),
    )
    done = subprocess.run(
        [sys.executable, "-m", "fabric.lab._agent"],
        input="\n".join(requests) + "\n",
        text=True,
        capture_output=True,
        check=True,
    )
    fibs, nonsense, awaited, probed = done.stdout.splitlines()
    assert agent.decode_fibs(fibs) == read_fibs(chain.paths)
    assert "cannot be read" in nonsense
    assert agent.decode_await_fib(awaited).converged
    assert agent.decode_probe(probed).pairs[0].ok
    assert done.stderr == ""


def test_all_public_names_are_exported() -> None:
    assert all(hasattr(agent, name) for name in agent.__all__)
    assert agent.__all__ == sorted(agent.__all__)
