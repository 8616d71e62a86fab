"""`RunningLab`: what can be read and tried in a lab that is up, whatever engine runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from fabric._values import dataclass
from fabric.config import Port
from fabric.errors import LabError
from fabric.lab._agent import (
    AwaitFibRequest,
    AwaitFibResult,
    PathMtu,
    ProbePair,
    ProbeRequest,
    ProbeResult,
    ProbeSettings,
    TracedFlow,
    TraceRequest,
    TraceSettings,
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
from fabric.lab._engine import LabEngine, LabStatus
from fabric.lab._fib_model import Forwarding, KernelFib
from fabric.lab._netns import named
from fabric.lab._quorum import Leadership, Member, QuorumRequest, QuorumResult, Timers, read_leadership
from fabric.lab._quorum import read_result as read_quorum
from fabric.lab._quorum import write_request as write_quorum
from fabric.lab._stream import Phase, StreamRequest, StreamResult, StreamSettings, read_result, write_request

_AGENT = (sys.executable, "-P", "-m", "fabric.lab._agent")
_STREAM = (sys.executable, "-P", "-m", "fabric.lab._stream")
_QUORUM = (sys.executable, "-P", "-m", "fabric.lab._quorum")
_PATIENCE_S = 30.0


class Conversation:
    """The caller's side of a program that runs in a lab and answers each line with one."""

    def __init__(self, lab: str, process: subprocess.Popen[str]) -> None:
        self._lab = lab
        self._process = process

    def say(self, value: Any) -> Any:
        """The reply. Raises `LabError` with the words of a stream that fails."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(value) + "\n")
            self._process.stdin.flush()
            answer = json.loads(self._process.stdout.readline())
        except (OSError, ValueError) as error:
            raise LabError(f"Lab {self._lab}: what runs in it to measure ended ({error}). Is it still up?") from error
        if "error" in answer:
            raise LabError(f"Lab {self._lab}: {answer['error']}")
        return answer["reply"]


class Streaming(Conversation):
    """A running stream of probes."""

    def finish(self, phases: Sequence[Phase]) -> StreamResult:
        """What came of the stream, which ends with this."""
        return read_result(self.say([[phase.name, phase.began_ns] for phase in phases]))


class Quorum(Conversation):
    """etcd, running and written to."""

    def kill(self, devices: Sequence[str]) -> None:
        """Nothing; etcd on these devices, where it runs, is dead."""
        self.say({"kill": list(devices)})

    def start(self, devices: Sequence[str]) -> None:
        """Nothing; etcd on these devices, where it has died, runs again with what it had stored."""
        self.say({"start": list(devices)})

    def leadership(self, devices: Sequence[str]) -> Leadership:
        """Who leads now, and how its connections pass these devices. Raises `LabError` where nobody does."""
        return read_leadership(self.say({"leadership": list(devices)}))

    def finish(self, phases: Sequence[Phase]) -> QuorumResult:
        """What came of it, which ends with this."""
        return read_quorum(self.say([[phase.name, phase.began_ns] for phase in phases]))


@dataclass(frozen=True)
class RunningLab:
    """A lab by its name. Every method raises `LabError` when the lab is not up."""

    engine: LabEngine
    name: str

    def status(self) -> LabStatus:
        """The lab's devices and daemons."""
        status = self.engine.status(self.name)
        if status is None:
            raise LabError(f"Lab {self.name} is not up. Start it with `fabric lab up`.")
        return status

    def fibs(self) -> Mapping[str, KernelFib]:
        """The kernel FIB of every device, read in one go."""
        request = encode_fib_request(named(self.status().devices))
        return decode_fibs(self._ask(request))

    def await_fibs(self, expected: Mapping[str, Forwarding], timeout_s: float) -> AwaitFibResult:
        """How long it took until every kernel forwarded exactly as expected, or what differed at the timeout."""
        request = AwaitFibRequest(named(self.status().devices), expected, round(timeout_s * 1000))
        return decode_await_fib(self._ask(encode_await_fib(request)))

    def probe(self, pairs: Sequence[ProbePair], settings: ProbeSettings) -> ProbeResult:
        """What came of real packets sent between every pair."""
        request = ProbeRequest(named(self.status().devices), tuple(pairs), settings)
        return decode_probe(self._ask(encode_probe(request)))

    @contextmanager
    def stream(self, pairs: Sequence[ProbePair], settings: StreamSettings) -> Iterator[Streaming]:
        """A stream between every pair that runs for the length of the block, until it is finished."""
        request = StreamRequest(named(self.status().devices), tuple(pairs), settings)
        with self.engine.converse(self.name, _STREAM) as process:
            streaming = Streaming(self.name, process)
            try:
                streaming.say(write_request(request))
                yield streaming
            finally:
                assert process.stdin is not None
                with suppress(OSError):
                    process.stdin.close()  # which ends the program

    @contextmanager
    def quorum(self, members: Sequence[Member], timers: Timers) -> Iterator[Quorum]:
        """etcd on these devices, for the length of the block. Raises `LabError` where it gets no leader."""
        with self.engine.converse(self.name, _QUORUM) as process:
            quorum = Quorum(self.name, process)
            try:
                quorum.say(write_quorum(QuorumRequest(tuple(members), timers)))
                yield quorum
            finally:
                assert process.stdin is not None
                with suppress(OSError):
                    process.stdin.close()

    def trace(self, pair: ProbePair, settings: TraceSettings, owners: tuple[str, ...] = ()) -> tuple[TracedFlow, ...]:
        """Where flows of a pair go, hop by hop, on every path that they find.

        They arrive at the pair's destination, or at any of the `owners` that have its address too.
        """
        return decode_trace(self._ask(encode_trace(_trace_request(pair, settings, owners))))

    def path_mtu(self, pair: ProbePair, owners: tuple[str, ...] = ()) -> PathMtu:
        """The longest packet that 16 flows of a pair carry, whatever paths they take; `owners` as for `trace`."""
        return decode_path_mtu(self._ask(encode_path_mtu(_trace_request(pair, TraceSettings(flows=16), owners))))

    @contextmanager
    def capture(self, port: Port) -> Iterator[subprocess.Popen[str]]:
        """A program that writes a line for each frame of a port, for `read_frame`, for the length of the block."""
        argv = (sys.executable, "-P", "-m", "fabric.lab._capture", port.device, port.interface)
        with self.engine.converse(self.name, argv) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            if not process.stdout.readline():
                raise LabError(f"Lab {self.name}: {port} cannot be listened to. Does the device have that port?")
            try:
                yield process
            finally:
                with suppress(OSError):
                    process.stdin.close()  # which ends the program

    def vtysh_json(self, device: str, command: str) -> Any:
        """FRR's answer to a `show … json` command."""
        return json.loads(self.engine.vtysh(self.name, device, (command,)) or "{}")

    def ask_bgpd(self, devices: Sequence[str], command: str) -> Mapping[str, Any]:
        """What each device's bgpd answers to a `show … json` command, all asked at once."""
        said = decode_vty(self._ask(encode_vty(devices, "bgpd", command, _PATIENCE_S)))
        return {device: json.loads(text or "{}") for device, text in said.items()}

    def _ask(self, request: str) -> str:
        return self.engine.call(self.name, _AGENT, request + "\n")


def _trace_request(pair: ProbePair, settings: TraceSettings, owners: tuple[str, ...]) -> TraceRequest:
    return TraceRequest(named((pair.source, pair.destination, *owners)), pair, settings, owners)
