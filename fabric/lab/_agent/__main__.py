"""`python -m fabric.lab._agent`: answers each line of JSON on standard input with one on standard output.

A request is `{"op": "fib" | "await_fib" | "probe" | "trace" | "path_mtu" | "vty", ...}`; an answer is
`{"reply": ...}`, or `{"error": "a sentence"}`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any, TextIO

from fabric.errors import LabError
from fabric.lab._agent import _fib_codec as fib_codec
from fabric.lab._agent import _probe_codec as probe_codec
from fabric.lab._agent import _trace_model as trace_model
from fabric.lab._agent._fib import read_fibs
from fabric.lab._agent._path_mtu import path_mtu
from fabric.lab._agent._probe import probe
from fabric.lab._agent._trace import trace
from fabric.lab._agent._vty import ask_daemons
from fabric.lab._agent._watch import await_fib


def _fib(value: Any) -> Callable[[], Any]:
    request = fib_codec.read_fib_request(value)
    return lambda: fib_codec.write_fibs(read_fibs(request.namespaces))


def _await_fib(value: Any) -> Callable[[], Any]:
    request = fib_codec.read_await_request(value)
    return lambda: fib_codec.write_await_result(await_fib(request))


def _probe(value: Any) -> Callable[[], Any]:
    request = probe_codec.read_probe_request(value)
    return lambda: probe_codec.write_probe_result(probe(request))


def _trace(value: Any) -> Callable[[], Any]:
    request = trace_model.read_trace_request(value)
    return lambda: trace_model.write_flows(trace(request))


def _path_mtu(value: Any) -> Callable[[], Any]:
    request = trace_model.read_trace_request(value)
    return lambda: trace_model.write_path_mtu(path_mtu(request))


def _vty(value: Any) -> Callable[[], Any]:
    devices, daemon, command = tuple(map(str, value["devices"])), str(value["daemon"]), str(value["command"])
    timeout_s = float(value["timeout_s"])
    return lambda: ask_daemons(devices, daemon, command, timeout_s)


_OPERATIONS: Mapping[str, Callable[[Any], Callable[[], Any]]] = {
    "fib": _fib,
    "await_fib": _await_fib,
    "probe": _probe,
    "trace": _trace,
    "path_mtu": _path_mtu,
    "vty": _vty,
}
"""Each reads its request, which may be malformed, and returns the work, which may fail for reasons of its own."""


def answer(line: str) -> str:
    """The answer to one request. Whatever is wrong with the request or the machine becomes its `error`."""
    try:
        reply = {"reply": _understand(line)()}
    except LabError as error:
        reply = {"error": str(error)}
    except OSError as error:
        reply = {"error": f"lab agent: the kernel refused ({error}). Is the lab still up?"}
    return json.dumps(reply, separators=(",", ":"))


def _understand(line: str) -> Callable[[], Any]:
    try:
        value = json.loads(line)
        op = value["op"]
        if op in _OPERATIONS:
            return _OPERATIONS[op](value)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LabError(
            f"lab agent: found a request that cannot be read ({type(error).__name__}: {error}) in {line[:200]!r}; "
            "allowed is one line of JSON as `fabric.lab._agent` encodes it. Build it with those functions."
        ) from error
    raise LabError(f"lab agent: found the operation {op!r}; allowed: {', '.join(_OPERATIONS)}. Use one of those.")


def serve(requests: TextIO, answers: TextIO) -> None:
    """Answer every line until the input ends."""
    for line in requests:
        answers.write(answer(line) + "\n")
        answers.flush()


if __name__ == "__main__":
    serve(sys.stdin, sys.stdout)
