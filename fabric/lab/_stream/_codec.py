"""Requests and results to JSON values and back."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fabric.lab._agent import ProbePair
from fabric.lab._agent._wire import read_address, read_namespaces, write_namespaces
from fabric.lab._stream._model import Event, FlowPhase, StreamRequest, StreamResult, StreamSettings

Json = Any


def write_request(request: StreamRequest) -> Json:
    """The request as a JSON value."""
    return {
        "devices": write_namespaces(request.namespaces),
        "pairs": [_write_pair(pair) for pair in request.pairs],
        "settings": asdict(request.settings),
    }


def read_request(value: Json) -> StreamRequest:
    """The request of a JSON value."""
    return StreamRequest(
        read_namespaces(value["devices"]),
        tuple(map(_read_pair, value["pairs"])),
        StreamSettings(**{key: int(number) for key, number in value["settings"].items()}),
    )


def write_result(result: StreamResult) -> Json:
    """The result as a JSON value."""
    pairs = [{**asdict(entry), "pair": _write_pair(entry.pair)} for entry in result.pairs]
    return {**asdict(result), "pairs": pairs}


def read_result(value: Json) -> StreamResult:
    """The result of a JSON value."""
    pairs = tuple(_read_flow_phase(entry) for entry in value["pairs"])
    events = tuple(Event(**entry) for entry in value["events"])
    return StreamResult(pairs, events, value["stall_ms"], value["overflows"])


def _read_flow_phase(value: Json) -> FlowPhase:
    delay = value["delay_ms"]
    return FlowPhase(
        **{**value, "pair": _read_pair(value["pair"]), "delay_ms": None if delay is None else tuple(delay)}
    )


def _write_pair(pair: ProbePair) -> Json:
    return [pair.source, str(pair.source_address), pair.destination, str(pair.destination_address)]


def _read_pair(value: Json) -> ProbePair:
    source, source_address, destination, destination_address = value
    one, two = read_address(source_address), read_address(destination_address)
    if one is None or two is None:
        raise ValueError("an address is missing")
    return ProbePair(source, one, destination, two)
