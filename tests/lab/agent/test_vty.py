"""Show commands over the sockets of daemons, against daemons that answer in every way."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from fabric.errors import LabError
from fabric.lab._agent import _vty
from fabric.lab._agent._vty import ask_daemons

Serve = Callable[[str, bytes], None]


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Starts a daemon of a device that gives one answer to one question; no bytes: it says nothing."""
    monkeypatch.setattr(_vty, "vty_socket", lambda device, daemon: tmp_path / f"{device}.{daemon}")
    with ExitStack() as stack:

        def start(device: str, answer: bytes) -> None:
            listener = stack.enter_context(socket.socket(socket.AF_UNIX))
            listener.bind(str(tmp_path / f"{device}.bgpd"))
            listener.listen()
            if answer:
                thread = threading.Thread(target=_answer_once, args=(listener, answer))
                thread.start()
                stack.callback(thread.join)

        yield start


def _answer_once(listener: socket.socket, answer: bytes) -> None:
    client, _ = listener.accept()
    with client:
        assert client.recv(100) == b"show x\0"
        for byte in answer:  # in the smallest pieces
            client.sendall(bytes([byte]))


def test_each_device_answers_for_itself(serve: Serve) -> None:
    serve("a", b"{}\n\0\0\0\0")
    serve("b", b"\0\0\0\0")
    assert ask_daemons(("a", "b"), "bgpd", "show x", 5.0) == {"a": "{}\n", "b": ""}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"% Unknown command\n\0\0\0\2", "a: bgpd refused `show x`: % Unknown command"),
        (b"{", "a: bgpd ended while it answered"),
        (b"", r"a: bgpd does not answer `show x` \(timed out\)"),
    ],
)
def test_what_is_no_answer_is_an_error(serve: Serve, answer: bytes, words: str) -> None:
    serve("a", answer)
    with pytest.raises(LabError, match=words):
        ask_daemons(("a",), "bgpd", "show x", 5.0 if answer else 0.05)


@pytest.mark.usefixtures("serve")
def test_a_daemon_that_does_not_run_is_named() -> None:
    with pytest.raises(LabError, match=r"nobody: .* takes no commands"):
        ask_daemons(("nobody",), "bgpd", "show x", 5.0)
