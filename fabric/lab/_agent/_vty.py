"""What daemons say to a show command, asked on the sockets that vtysh uses, all devices at once."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack

from fabric.errors import LabError
from fabric.lab._places import vty_socket
from fabric.lab._vty import SUCCESS, Vty


def ask_daemons(devices: tuple[str, ...], daemon: str, command: str, timeout_s: float) -> Mapping[str, str]:
    """The answer of each device's daemon. Raises `LabError` for one that does not run, answer or know the command."""
    with ExitStack() as stack:
        asked = {device: _asked(stack, device, daemon, command, timeout_s) for device in devices}
        return {device: _answer(vty, device, daemon, command) for device, vty in asked.items()}


def _asked(stack: ExitStack, device: str, daemon: str, command: str, timeout_s: float) -> Vty:
    try:
        vty = stack.enter_context(Vty(vty_socket(device, daemon), timeout_s))
        vty.send(command)
    except OSError as error:
        fault = f"{device}: {daemon} takes no commands ({error})"
        raise LabError(f"{fault}. Does it run? See `fabric lab status`.") from error
    return vty


def _answer(vty: Vty, device: str, daemon: str, command: str) -> str:
    try:
        answer = vty.receive()
    except OSError as error:
        raise LabError(f"{device}: {daemon} does not answer `{command}` ({error}). Is it stopped?") from error
    except EOFError:
        raise LabError(f"{device}: {daemon} ended while it answered `{command}`. See `fabric lab status`.") from None
    if answer.result != SUCCESS:
        raise LabError(f"{device}: {daemon} refused `{command}`: {' '.join(answer.words.split())}")
    return answer.words
