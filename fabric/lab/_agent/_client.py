"""The caller's side: requests to text and answers to values, one line each, however the agent is run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from fabric.errors import LabError
from fabric.lab._agent import _fib_codec as fib_codec
from fabric.lab._agent import _probe_codec as probe_codec
from fabric.lab._agent import _trace_model as trace_model
from fabric.lab._agent._fib_messages import AwaitFibRequest, AwaitFibResult, FibRequest
from fabric.lab._agent._probe_model import ProbeRequest, ProbeResult
from fabric.lab._agent._trace_model import PathMtu, TracedFlow, TraceRequest
from fabric.lab._fib_model import KernelFib

T = TypeVar("T")


def encode_fib_request(namespaces: Mapping[str, Path]) -> str:
    """The request for the kernel FIBs of these devices; `decode_fibs` reads the answer."""
    return _encode("fib", fib_codec.write_fib_request(FibRequest(namespaces)))


def decode_fibs(text: str) -> dict[str, KernelFib]:
    """The kernel FIB of each device. Raises `LabError` with the agent's own sentence when it failed."""
    return _decode(text, fib_codec.read_fibs)


def encode_await_fib(request: AwaitFibRequest) -> str:
    """The request to wait for expected FIBs; `decode_await_fib` reads the answer, due at the timeout at the latest."""
    return _encode("await_fib", fib_codec.write_await_request(request))


def decode_await_fib(text: str) -> AwaitFibResult:
    """What the wait came to. Raises `LabError` with the agent's own sentence when it failed."""
    return _decode(text, fib_codec.read_await_result)


def encode_probe(request: ProbeRequest) -> str:
    """The request to probe pairs; `decode_probe` reads the answer."""
    return _encode("probe", probe_codec.write_probe_request(request))


def decode_probe(text: str) -> ProbeResult:
    """What came of every pair. Raises `LabError` with the agent's own sentence when it failed."""
    return _decode(text, probe_codec.read_probe_result)


def encode_trace(request: TraceRequest) -> str:
    """The request to trace a pair; `decode_trace` reads the answer."""
    return _encode("trace", trace_model.write_trace_request(request))


def decode_trace(text: str) -> tuple[TracedFlow, ...]:
    """Where each flow went. Raises `LabError` with the agent's own sentence when it failed."""
    return _decode(text, trace_model.read_flows)


def encode_path_mtu(request: TraceRequest) -> str:
    """The request for the longest packet of a pair; `decode_path_mtu` reads the answer."""
    return _encode("path_mtu", trace_model.write_trace_request(request))


def decode_path_mtu(text: str) -> PathMtu:
    """The longest packet. Raises `LabError` with the agent's own sentence when it failed."""
    return _decode(text, trace_model.read_path_mtu)


def encode_vty(devices: Iterable[str], daemon: str, command: str, timeout_s: float) -> str:
    """The request for a daemon's answers to a show command on many devices; `decode_vty` reads the answer."""
    return _encode("vty", {"devices": list(devices), "daemon": daemon, "command": command, "timeout_s": timeout_s})


def decode_vty(text: str) -> dict[str, str]:
    """What each device's daemon said. Raises `LabError` with the agent's own sentence when one said nothing."""
    return _decode(text, _texts)


def _texts(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        raise TypeError(f"found {type(value).__name__}")
    return {str(device): str(said) for device, said in value.items()}


def _encode(op: str, fields: dict[str, object]) -> str:
    return json.dumps({"op": op, **fields}, separators=(",", ":"))


def _decode(text: str, read: Callable[[object], T]) -> T:
    try:
        answer = json.loads(text)
        if "error" not in answer:
            return read(answer["reply"])
    except (ValueError, KeyError, TypeError) as error:
        raise LabError(
            f"lab agent: found an answer that is none ({text[:200]!r}); allowed is one line of JSON with `reply` or "
            "`error`. Look at the agent's standard error for the cause."
        ) from error
    raise LabError(answer["error"])
