"""Probe requests and answers to JSON values and back."""

from __future__ import annotations

from dataclasses import asdict, fields

from fabric.config import Address
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
from fabric.lab._agent._wire import Json, read_address, read_namespaces, write_namespaces, write_text


def write_probe_request(request: ProbeRequest) -> Json:
    return {
        "devices": write_namespaces(request.namespaces),
        "pairs": [write_pair(pair) for pair in request.pairs],
        "settings": asdict(request.settings),
    }


def read_probe_request(value: Json) -> ProbeRequest:
    settings = {field.name: int(value["settings"][field.name]) for field in fields(ProbeSettings)}
    return ProbeRequest(
        read_namespaces(value["devices"]), tuple(map(read_pair, value["pairs"])), ProbeSettings(**settings)
    )


def write_probe_result(result: ProbeResult) -> Json:
    return {
        "pairs": [_write_pair_result(pair) for pair in result.pairs],
        "overflows": result.overflows,
        "duration_ms": result.duration_ms,
    }


def read_probe_result(value: Json) -> ProbeResult:
    return ProbeResult(tuple(map(_read_pair_result, value["pairs"])), value["overflows"], value["duration_ms"])


def write_pair(pair: ProbePair) -> Json:
    return [pair.source, write_text(pair.source_address), pair.destination, write_text(pair.destination_address)]


def read_pair(value: Json) -> ProbePair:
    source, source_address, destination, destination_address = value
    return ProbePair(source, _present(source_address), destination, _present(destination_address))


def _present(text: str) -> Address:
    address = read_address(text)
    if address is None:
        raise ValueError("an address is missing")
    return address


def _write_pair_result(result: PairResult) -> Json:
    trip = result.round_trip
    return {
        "pair": write_pair(result.pair),
        "flows": result.flows,
        "answered": result.answered,
        "arrived": result.arrived,
        "retried": result.retried,
        "round_trip_us": None if trip is None else [trip.min_us, trip.median_us, trip.max_us],
        "errors": [_write_error(error) for error in result.errors],
    }


def _read_pair_result(value: Json) -> PairResult:
    trip = value["round_trip_us"]
    return PairResult(
        read_pair(value["pair"]),
        value["flows"],
        value["answered"],
        value["arrived"],
        value["retried"],
        None if trip is None else RoundTrip(*trip),
        tuple(map(_read_error, value["errors"])),
    )


def _write_error(error: ProbeError) -> Json:
    return [error.where.value, error.error, error.flows, error.mtu, write_text(error.reporter)]


def _read_error(value: Json) -> ProbeError:
    where, error, flows, mtu, reporter = value
    return ProbeError(Where(where), error, flows, mtu, read_address(reporter))
