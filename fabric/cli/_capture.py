"""`fabric lab capture`: the frames of a link to a file, and what BGP and BFD say in them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fabric.cli._console import answer_json, note, say
from fabric.cli._options import JsonOption, LabOption
from fabric.cli._running import running_lab

if TYPE_CHECKING:
    from fabric.config import FabricConfig, Port
    from fabric.lab import Frame, RunningLab, Said


def capture(
    link: Annotated[str, typer.Argument(help="DEVICE:PORT, or A--B for the first cable between two devices.")],
    write: Annotated[Path | None, typer.Option("--write", "-w", help="File for all frames, as pcapng.")] = None,
    seconds: Annotated[float, typer.Option("--seconds", min=0.1, help="How long to listen; ^C ends it sooner.")] = 10.0,
    lab: LabOption = None,
    as_json: JsonOption = False,
) -> None:
    """Listen to a link of a running lab: all frames into a file, and a line for each thing that BGP and BFD say.

    Example: fabric lab capture spine-1--a1-leaf-1 --seconds 10 -w bgp.pcapng
    """
    from fabric.lab import Listener, fabric_of

    running = running_lab(lab)
    fabric = fabric_of(running.status())
    port = _port(fabric, link)
    note(f"{running.name}: listening at {port} for {seconds:g} s")
    frames = list(_frames(running, port, seconds))
    if write is not None:
        _write(write, frames)
    listener = Listener()
    namer = _Namer(fabric, port)
    heard = [(said, namer.ends(said, frame)) for frame in frames for said in listener.hear(frame)]
    kinds = Counter(said.kind for said, _ in heard)
    if as_json:
        found = [[s.at_ns, s.source, s.destination, s.kind, s.words, *ends] for s, ends in heard]
        answer_json({"version": 1, "port": str(port), "frames": len(frames), "kinds": kinds, "messages": found})
        return
    for said, ends in heard:
        say(_line(said, ends, frames[0].at_ns))
    summary = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())) or "nothing of BGP or BFD"
    say(f"{port}: {len(frames)} frames; {summary}" + (f"; written to {write}" if write else ""))


def _port(fabric: FabricConfig, link: str) -> Port:
    """The port that is listened at; raises `InputError` for a link that the lab does not have."""
    from fabric.config import Port
    from fabric.errors import InputError

    name = link.removeprefix("link:")
    one, both, two = name.partition("--")
    device, _, interface = name.partition(":")
    ports = [Port(known.name, port.name) for known in fabric for port in known.interfaces]
    if both:
        wanted = ({cable.a.device: cable.a, cable.b.device: cable.b} for cable in fabric.cables)
        found = next((ends[one] for ends in wanted if ends.keys() == {one, two}), None)
    else:
        found = next((port for port in ports if port == Port(device, interface)), None)
    if found is None:
        near = [str(port) for port in ports if port.device in (device, one, two)][:8] or ["DEVICE:PORT"]
        raise InputError(f"{link}: found no such link; allowed: A--B, or such as {', '.join(near)}. Name one.")
    return found


def _frames(running: RunningLab, port: Port, seconds: float) -> Iterator[Frame]:
    import select
    from contextlib import suppress

    from fabric.lab import read_frame

    with running.capture(port) as process, suppress(KeyboardInterrupt):
        assert process.stdout is not None
        descriptor, end, rest = process.stdout.fileno(), time.monotonic() + seconds, b""
        import os

        while (left := end - time.monotonic()) > 0:
            if select.select([descriptor], [], [], left)[0]:
                *lines, rest = (rest + os.read(descriptor, 1 << 16)).split(b"\n")
                yield from (read_frame(line.decode()) for line in lines)


def _write(path: Path, frames: list[Frame]) -> None:
    from scapy.layers.l2 import Ether
    from scapy.utils import PcapNgWriter

    from fabric.errors import InputError

    try:
        writer = PcapNgWriter(str(path))
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}). Name another file.") from error
    with writer:
        for frame in frames:
            packet = Ether(frame.content)
            packet.time = frame.at_ns / 1e9
            writer.write(packet)


class _Namer:
    """Names the devices that speak over a link: an address is one device's, and a link-local one is at an end of it."""

    def __init__(self, fabric: FabricConfig, port: Port) -> None:
        from fabric.verify import names_of

        self._names = names_of(fabric)
        far = fabric.peer_of.get(port)
        self._ends = (port.device, None if far is None else far.device)

    def ends(self, said: Said, frame: Frame) -> tuple[str | None, str | None]:
        """The device that said it and the one that it said it to; `None` where that is not known."""
        near, far = self._ends if frame.outgoing else self._ends[::-1]
        return self._name(said.source, near), self._name(said.destination, far)

    def _name(self, address: str, at_end: str | None) -> str | None:
        from ipaddress import ip_address

        known = ip_address(address)
        return at_end if known.is_link_local else self._names.get(known)


def _line(said: Said, ends: tuple[str | None, str | None], began_ns: int) -> str:
    pairs = zip((said.source, said.destination), ends, strict=True)
    who = " > ".join(address if name is None else f"{name} ({address})" for address, name in pairs)
    return f"{(said.at_ns - began_ns) / 1e9:9.6f}  {who}  {said.kind}  {said.words}".rstrip()
