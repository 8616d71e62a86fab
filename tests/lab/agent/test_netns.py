from __future__ import annotations

import socket
from pathlib import Path

import pytest

from fabric.errors import LabError
from fabric.lab._netns import in_each, inside, named

from .conftest import Lab

HERE = Path("/proc/thread-self/ns/net")


def here() -> int:
    """The number of the namespace that this thread is in."""
    return HERE.stat().st_ino


def test_named_namespaces_are_where_iproute2_keeps_them() -> None:
    assert named(["leaf1"]) == {"leaf1": Path("/run/netns/leaf1")}


@pytest.mark.lab
def test_inside_goes_in_and_comes_home(lab: Lab) -> None:
    lab.add("a")
    home = here()
    with inside(lab.paths["a"]):
        assert here() == lab.paths["a"].stat().st_ino
    assert here() == home


@pytest.mark.lab
def test_an_error_inside_comes_home_too(lab: Lab) -> None:
    lab.add("a")
    home = here()
    with pytest.raises(RuntimeError), inside(lab.paths["a"]):
        raise RuntimeError
    assert here() == home


@pytest.mark.lab
def test_a_socket_stays_where_it_was_made(chain: Lab) -> None:
    def bind(device: str) -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.bind(("10.0.3.1" if device == "r" else "10.0.3.2", 9))
        return made

    made = in_each({device: chain.paths[device] for device in ("r", "b")}, bind)
    made["r"].sendto(b"across", ("10.0.3.2", 9))
    made["b"].settimeout(5)
    assert made["b"].recv(16) == b"across"
    for opened in made.values():
        opened.close()


@pytest.mark.lab
def test_a_missing_namespace_comes_home_too(lab: Lab) -> None:
    lab.add("a")
    home = here()
    with pytest.raises(LabError, match="/nowhere: found no network namespace"):
        in_each({"a": lab.paths["a"], "b": Path("/nowhere")}, str)
    assert here() == home
