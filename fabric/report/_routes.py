"""The way of a flow as a tree, and the explanation of a route, as text and as documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from fabric.report._simulation import (
    as_path_text,
    candidate_document,
    hops_text,
    mark,
    next_hop_text,
    route_document,
)
from fabric.report._table import Table, table

if TYPE_CHECKING:
    from fabric.simulate import ExplainedCandidate, Explanation, Hop, SilentNeighbor, Trace, TracedPath

Document = dict[str, Any]

_LOST_BY = {
    "as-loop": "refused: the device's own AS is in the path",
    "originator-loop": "refused: the device originated it (ORIGINATOR_ID)",
    "cluster-loop": "refused: it was reflected here before (CLUSTER_LIST)",
    "prefix-list": "refused by the prefix list",
    "no-policy": "refused: eBGP without policy (RFC 8212)",
    "route-map": "refused by the route map",
    "next-hop-self": "refused: its next hop is the device itself",
    "next-hop-unreachable": "its next hop cannot be reached",
    "weight": "lower weight",
    "local-preference": "lower local preference",
    "local-origin": "the best path is the device's own",
    "as-path-length": "longer AS path",
    "origin": "worse origin",
    "med": "higher MED",
    "peer-type": "internal, where the best path is external",
    "igp-metric": "higher metric to the next hop",
    "older": "equal; FRR keeps the path that came first",
    "router-id": "higher router id",
    "cluster-length": "longer cluster list",
    "peer-address": "higher peer address",
}
"""What the words of `fabric.simulate.Reason` mean where a path arrived."""

_WITHHELD_BY = {
    "prefix-list": "its outgoing prefix list",
    "route-map": "its outgoing route map",
    "no-policy": "eBGP without policy (RFC 8212)",
    "community": "a community keeps it there",
    "not-reflected": "iBGP paths are not passed on to iBGP peers",
    "suppressed": "a summary-only aggregate covers it",
    "default-originated": "its route map holds the default route back",
}
"""What they mean where the sender kept the path to itself."""

_OUTCOMES = {
    "installed": "installed from BGP",
    "other-protocol": "installed from a route that is preferred to BGP's",
    "filtered": "not installed: the FIB filter lets no path through",
    "unresolved": "not installed: no next hop of the best path can be used",
    "no-usable-path": "not installed: every path was refused",
    "no-path": "not installed: nobody announces it",
}

_SILENCES = {
    "session-down": "its session is down",
    "family": "its session does not carry the family",
    "no-path": "has no path itself",
    "withheld": "has a path and does not announce it",
}


def trace_text(trace: Trace) -> str:
    """The tree of the packets and the tree of the answers, one line a hop and ECMP member."""
    parts = [f"{trace.source} to {trace.destination}", *tree_lines(trace.forward)]
    parts += ["", f"{trace.destination} back to {trace.source}", *tree_lines(trace.back)]
    return "\n".join(parts) + "\n"


def tree_lines(paths: Iterable[TracedPath]) -> Iterator[str]:
    """The paths as a tree that starts at their common first device; every leaf says how packets end there."""
    found = [(path.hops, path.fate.value) for path in paths]
    if not found:
        yield "no living device has the address"
        return
    yield from _below(found, "", found[0][0][0].device)


_Rest = Sequence[tuple[Sequence["Hop"], str]]


def _below(rest: _Rest, indent: str, line: str) -> Iterator[str]:
    """`line` for the device that all of `rest` start at, then a branch for each leg out of it."""
    ends = [fate for hops, fate in rest if hops[0].leg is None]
    if ends:
        yield f"{line}: {ends[0]}"
        return
    yield line
    branches: dict[str, list[tuple[Sequence[Hop], str]]] = {}
    for hops, fate in rest:
        branches.setdefault(str(hops[0].leg), []).append((hops[1:], fate))
    for number, (leg, members) in enumerate(branches.items(), start=1):
        last = number == len(branches)
        drawn, under = ("`- ", "   ") if last else ("|- ", "|  ")
        hops, fate = members[0]
        if not hops:
            yield f"{indent}{drawn}{leg}: {fate}"
            continue
        yield from _below(members, indent + under, f"{indent}{drawn}{leg} -> {hops[0].device}")


def trace_document(traces: Iterable[Trace]) -> Document:
    """Every path of the flows, there and back, as plain values."""
    return {
        "version": 1,
        "traces": [
            {
                "from": str(trace.source),
                "to": str(trace.destination),
                "forward": [_path(path) for path in trace.forward],
                "back": [_path(path) for path in trace.back],
            }
            for trace in traces
        ],
    }


def _path(path: TracedPath) -> Document:
    hops = [{"device": hop.device, "leg": None if hop.leg is None else str(hop.leg)} for hop in path.hops]
    return {"fate": path.fate.value, "hops": hops}


def explanation_tables(explanation: Explanation) -> Iterator[Table]:
    """The kernel's route, the paths, and the neighbors that bring none."""
    route = explanation.fib or explanation.covering
    cells = [] if route is None else [(route.prefix, route.protocol, hops_text(route), route.source)]
    title = f"{explanation.prefix} on {explanation.device}: {_OUTCOMES[explanation.outcome.value]}"
    if explanation.fib is None:
        title += "; packets take the route below" if cells else "; packets are dropped"
    if explanation.order_dependent:
        title += "; which path is best depends on which came first"
    yield table(title, ("prefix", "protocol", "next hops", "source"), cells)
    if explanation.candidates:
        columns = ("", "from", "next hop", "AS path", "local pref", "MED", "origin", "verdict")
        yield table("Paths (> best, = multipath)", columns, map(_candidate_row, explanation.candidates))
    if explanation.silent:
        rows = map(_silent_row, explanation.silent)
        yield table("Neighbors that bring no path", ("neighbor", "peer", "why"), rows)


def _candidate_row(item: ExplainedCandidate) -> tuple[object, ...]:
    candidate, attributes = item.candidate, item.candidate.attributes
    return (
        mark(candidate),
        item.sender or "itself",
        next_hop_text(candidate),
        as_path_text(candidate),
        attributes.local_preference,
        attributes.med,
        attributes.origin.name.lower(),
        _verdict(item),
    )


def _verdict(item: ExplainedCandidate) -> str:
    rejected = item.candidate.rejected
    if not item.candidate.multipath:
        return "" if rejected is None else _LOST_BY[rejected.value]
    if item.sender is None:
        return "best, the device's own" + (", installed" if item.installed else "")
    role = "best" if item.candidate.best else "multipath"
    if item.filter is not None:
        return f"{role}, kept out of the kernel by the FIB filter {item.filter}"
    return f"{role}, installed" if item.installed else f"{role}, not installed"


def _silent_row(item: SilentNeighbor) -> tuple[object, ...]:
    why = _SILENCES[item.silence.value]
    detail = item.explanation or ("" if item.reason is None else _WITHHELD_BY[item.reason.value])
    return item.device or "unknown", item.end.peer, f"{why}: {detail}" if detail else why


def explanation_document(explanation: Explanation) -> Document:
    """The explanation as plain values."""
    return {
        "version": 1,
        "device": explanation.device,
        "prefix": str(explanation.prefix),
        "outcome": explanation.outcome.value,
        "order_dependent": explanation.order_dependent,
        "route": None if explanation.fib is None else route_document(explanation.fib),
        "covering": None
        if explanation.covering is None
        else {"prefix": str(explanation.covering.prefix), **route_document(explanation.covering)},
        "paths": [
            {
                **candidate_document(item.candidate),
                "sender": item.sender,
                "installed": item.installed,
                "fib_filter": item.filter,
                "verdict": _verdict(item),
            }
            for item in explanation.candidates
        ],
        "silent": [
            {"neighbor": item.device, "peer": item.end.peer, "why": item.silence.value, "detail": _silent_row(item)[2]}
            for item in explanation.silent
        ],
    }
