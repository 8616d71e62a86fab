"""etcd as processes of the lab's devices, and its JSON gateway (`/v3/…`, etcd 3.4 "gRPC gateway")."""

from __future__ import annotations

import base64
import http.client
import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from fabric.errors import LabError
from fabric.lab._netns import RUN_NETNS, inside
from fabric.lab._quorum._model import Member, Timers
from fabric.lab._quorum._streams import PEER_PORT

_CLIENT_PORT = 2379
_TABLE = "fabric_quorum"
_PATH = f"{os.environ.get('PATH', '')}:/usr/bin:/usr/local/bin:/usr/sbin:/sbin"


class Members:
    """The members' processes; a context manager that leaves none."""

    def __init__(self, members: Sequence[Member], timers: Timers) -> None:
        found = shutil.which("etcd", path=_PATH)
        if found is None:
            raise LabError("etcd is missing; install it with `apt-get install etcd-server`.")
        self._etcd = found
        self._members = {member.device: member for member in members}
        self._timers = timers
        self._stack = ExitStack()
        # The sandbox's /var/tmp is a tmpfs of its own: the disk is no part of what is measured.
        self._directory = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="etcd-", dir="/var/tmp")))
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Members:
        for device, member in self._members.items():
            self._nft(device, source_rules(member, list(self._members.values())))
        self.start(self._members)
        return self

    def __exit__(self, *_: object) -> None:
        self.kill(list(self._running))
        for device, member in self._members.items():
            self._nft(device, f"delete table {_family(member)} {_TABLE}\n")
        self._stack.close()

    def _nft(self, device: str, rules: str) -> None:
        nft = shutil.which("nft", path=_PATH) or "nft"
        with inside(RUN_NETNS / device):
            done = subprocess.run((nft, "-f", "-"), input=rules, capture_output=True, text=True, check=False)
        if done.returncode:
            raise LabError(f"{device}: etcd's source address could not be set: {' '.join(done.stderr.split())}")

    def start(self, devices: Sequence[str] | dict[str, Member]) -> None:
        """Nothing; the members of these devices run, with what they stored before."""
        for device in devices:
            if device in self._members and device not in self._running:
                log = (self._directory / f"{device}.log").open("ab")
                with log, inside(RUN_NETNS / device):
                    self._running[device] = subprocess.Popen(
                        self._argv(self._members[device]), stdin=subprocess.DEVNULL, stdout=log, stderr=log
                    )

    def kill(self, devices: Sequence[str]) -> None:
        """Nothing; the members of these devices are dead, as without power."""
        for device in devices:
            if process := self._running.pop(device, None):
                process.send_signal(signal.SIGKILL)
                process.wait()

    def log(self) -> str:
        """The last lines of every member's log."""
        tails = {path.stem: path.read_text().splitlines()[-3:] for path in self._directory.glob("*.log")}
        return "\n".join(f"{name}: {line}" for name, lines in tails.items() for line in lines)

    def _argv(self, member: Member) -> tuple[str, ...]:
        cluster = ",".join(f"{m.device}={_url(m, PEER_PORT)}" for m in self._members.values())
        return (
            self._etcd,
            f"--name={member.device}",
            f"--data-dir={self._directory / member.device}",
            f"--listen-peer-urls={_url(member, PEER_PORT)}",
            f"--initial-advertise-peer-urls={_url(member, PEER_PORT)}",
            f"--listen-client-urls={_url(member, _CLIENT_PORT)}",
            f"--advertise-client-urls={_url(member, _CLIENT_PORT)}",
            f"--initial-cluster={cluster}",
            "--initial-cluster-state=new",
            f"--heartbeat-interval={self._timers.heartbeat_ms}",
            f"--election-timeout={self._timers.election_ms}",
            "--pre-vote=true",  # as etcd 3.5, which OpenShift runs, has it by default
            "--logger=zap",
        )


def source_rules(member: Member, members: Sequence[Member]) -> str:
    """nftables rules that have a member speak to the others from the address that it listens on.

    etcd 3.4 cannot choose its source, the kernel takes that of the link, and no other zone has a route to a link. On
    OpenShift the node's address and the link's are one.
    """
    others = ", ".join(str(other.address) for other in members if other != member)
    family = _family(member)
    return (
        f"table {family} {_TABLE} {{ chain post {{ type nat hook postrouting priority srcnat; policy accept; "
        f"{family} daddr {{ {others} }} tcp dport {PEER_PORT} snat to {member.address}; }}\n}}\n"
    )


def _family(member: Member) -> str:
    return "ip6" if member.address.version == 6 else "ip"


def _url(member: Member, port: int) -> str:
    host = f"[{member.address}]" if member.address.version == 6 else str(member.address)
    return f"http://{host}:{port}"


class Client:
    """A client of one member, on the member's own device."""

    def __init__(self, member: Member, timeout_s: float) -> None:
        self._connection = http.client.HTTPConnection(str(member.address), _CLIENT_PORT, timeout=timeout_s)

    def put(self, key: str, value: str) -> bool:
        """True when the member acknowledged the write."""
        return "header" in self._ask("/v3/kv/put", {"key": _coded(key), "value": _coded(value)})

    def keys(self, prefix: str) -> frozenset[str]:
        """Every key that begins so, read from a majority."""
        end = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        found = self._ask("/v3/kv/range", {"key": _coded(prefix), "range_end": _coded(end), "keys_only": True})
        return frozenset(base64.b64decode(entry["key"]).decode() for entry in found.get("kvs", ()))

    def leader(self) -> tuple[int, int]:
        """Term and leader, as the member knows them; leader 0 when it knows none."""
        found = self._ask("/v3/maintenance/status", {})
        return int(found.get("raftTerm", 0)), int(found.get("leader", 0))

    def leads(self) -> bool:
        """True when the member itself is the leader that it knows."""
        found = self._ask("/v3/maintenance/status", {})
        return int(found.get("leader", 0)) == int(found.get("header", {}).get("member_id", -1))

    def _ask(self, path: str, body: Any) -> Any:
        """The answer; empty when there was none in time, or the member refused."""
        try:
            self._connection.request("POST", path, json.dumps(body))
            answer = self._connection.getresponse()
            text = answer.read()
            return json.loads(text) if answer.status == http.client.OK else {}
        except (OSError, http.client.HTTPException, ValueError):
            self._connection.close()
            return {}


def _coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
