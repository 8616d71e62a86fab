"""The program that reads and probes a whole lab from inside, and the caller's side of it.

`python -m fabric.lab._agent` takes requests, one line of JSON each, on standard input and answers each with one line on
standard output, until its input ends.
"""

from fabric.lab._agent._client import (
    decode_await_fib,
    decode_fibs,
    decode_path_mtu,
    decode_probe,
    decode_trace,
    decode_vty,
    encode_await_fib,
    encode_fib_request,
    encode_path_mtu,
    encode_probe,
    encode_trace,
    encode_vty,
)
from fabric.lab._agent._fib_messages import AwaitFibRequest, AwaitFibResult, FibDifferences, FibRequest
from fabric.lab._agent._probe_model import (
    PairResult,
    ProbeError,
    ProbePair,
    ProbeRequest,
    ProbeResult,
    ProbeSettings,
    RoundTrip,
    Where,
)
from fabric.lab._agent._trace_model import PathMtu, TracedFlow, TraceEnd, TraceRequest, TraceSettings

__all__ = [
    "AwaitFibRequest",
    "AwaitFibResult",
    "FibDifferences",
    "FibRequest",
    "PairResult",
    "PathMtu",
    "ProbeError",
    "ProbePair",
    "ProbeRequest",
    "ProbeResult",
    "ProbeSettings",
    "RoundTrip",
    "TraceEnd",
    "TraceRequest",
    "TraceSettings",
    "TracedFlow",
    "Where",
    "decode_await_fib",
    "decode_fibs",
    "decode_path_mtu",
    "decode_probe",
    "decode_trace",
    "decode_vty",
    "encode_await_fib",
    "encode_fib_request",
    "encode_path_mtu",
    "encode_probe",
    "encode_trace",
    "encode_vty",
]
