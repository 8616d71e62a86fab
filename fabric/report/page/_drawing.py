"""The report's drawing: what is told of each device, and what can be laid over it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from fabric.render.drawing import MERMAID_EDGES, drawing_of, graph_mermaid, graph_svg
from fabric.report.page._blocks import Overlay, Picture

if TYPE_CHECKING:
    from fabric.plan import DevicePlan, HostAddress
    from fabric.report.page._asked import Answers, Subject
    from fabric.simulate import Failures, Judged, Load, Overview

_MOST_OVERLAYS = 60
"""Failures that can be chosen; the table has them all."""


def picture(subject: Subject, answers: Answers) -> Picture:
    """The fabric with the details of every device and an overlay for every harmful failure, and for the load."""
    sessions = _sessions(answers.prediction)
    planned = subject.plan.by_name
    devices = {
        device.name: {
            "facts": list(_facts(planned[device.name])),
            "sessions": sessions.get(device.name, []),
            "config": subject.configurations.get(device.name, ""),
        }
        for device in subject.fabric
    }
    drawing = drawing_of(subject.fabric)
    mermaid = graph_mermaid(drawing) if len(drawing.edges) <= MERMAID_EDGES else ""
    return Picture(graph_svg(drawing), mermaid, devices, tuple(_overlays(answers)))


def _facts(entry: DevicePlan) -> Iterator[list[str]]:
    device = entry.device
    for name, value in (
        ("role", device.role),
        ("zone", device.zone),
        ("rack", device.rack),
        ("pod", device.pod),
        ("ASN", entry.asn),
        ("router id", entry.router_id),
        ("loopbacks", ", ".join(map(str, entry.loopbacks))),
        ("addresses", _hosts(entry.hosts)),
        ("segments", _hosts(entry.segments)),
        ("virtual addresses", _hosts(entry.vips)),
    ):
        if value:
            yield [name, str(value)]


def _hosts(hosts: tuple[HostAddress, ...]) -> str:
    return ", ".join(f"{host.network} {host.address}" for host in hosts)


def _sessions(prediction: Overview) -> Mapping[str, list[list[str]]]:
    """Of each device, a row a session: far end, type, families, and how it is predicted."""
    rows: dict[str, list[list[str]]] = {}
    for session in prediction.simulation.sessions:
        state = "up" if session.up else f"down: {session.explanation}"
        for here, there in (session.ends, session.ends[::-1]):
            row = [str(there), str(session.type), " ".join(session.families), state]
            rows.setdefault(here.device, []).append(row)
    return rows


def _overlays(answers: Answers) -> Iterator[Overlay]:
    failures = answers.prediction.simulation.failures
    if failures.devices or failures.cables:
        yield _overlay("what --fail broke", failures, (), "")
    if answers.load is not None:
        yield _of_load(answers.load)
    harmful = [judged for result in answers.sweep.results for judged in result.harmful] if answers.sweep else []
    yield from map(_of_failure, harmful[:_MOST_OVERLAYS])


def _of_load(load: Load) -> Overlay:
    """Of both directions of a link the fuller one; without known speeds, shares of the fullest link."""
    known = any(link.utilisation is not None for link in load.links)
    most = max((link.gbps for link in load.links), default=0.0) or 1.0
    shares: dict[str, float] = {}
    for link in load.links:
        share = (link.utilisation or 0.0) if known else link.gbps / most
        for name in (f"{link.out} - {link.to}", f"{link.to} - {link.out}"):
            shares[name] = max(shares.get(name, 0.0), round(share, 3))
    of = "its speed" if known else "the fullest link's traffic"
    return Overlay("load", load=shares, text=f"Colour and width show how much of {of} a link carries.")


def _of_failure(judged: Judged) -> Overlay:
    pairs = sorted({(cut.one, cut.two) for cut in judged.cuts})
    hurt = tuple(sorted({name for pair in pairs for name in pair}))
    texts = [judged.unstable] if judged.unstable else []
    if pairs:
        texts.append(f"{len(pairs)} pairs are cut, such as {pairs[0][0]} and {pairs[0][1]}.")
    texts += [remark.text for remark in judged.remarks if remark.harmful]
    return _overlay(f"failure: {' '.join(judged.scenario.targets)}", judged.scenario.failures, hurt, " ".join(texts))


def _overlay(label: str, failures: Failures, hurt: tuple[str, ...], text: str) -> Overlay:
    cables = tuple(sorted(f"{cable.a} - {cable.b}" for cable in failures.cables))
    return Overlay(label, tuple(sorted(failures.devices)), cables, hurt, text=text)
