"""The decision process: which path wins and which are installed beside it.

The steps and their order are those of bgpd's `bgp_path_info_cmp` (RFC 4271 section 9.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from fabric.simulate._path import Path, Settings
from fabric.simulate._values import Reason


class Decision(NamedTuple):
    """The outcome for one prefix on one device."""

    best: Path
    installed: tuple[Path, ...]
    """The best path first, then the other multipath members."""
    order_dependent: bool


def best_of(paths: Sequence[Path], settings: Settings) -> Path:
    """The best path: FRR's choice when all paths are there before it first decides."""
    return paths[0] if len(paths) == 1 else _first(_leaders(paths), settings)


def decide(paths: Sequence[Path], settings: Settings) -> Decision:
    """The best path, the paths installed beside it, and whether arrival order matters to the neighbors."""
    if len(paths) == 1:
        return Decision(paths[0], (paths[0],), order_dependent=False)
    leaders = _leaders(paths)
    best = _first(leaders, settings)
    if best.source is None or len(leaders) == 1:
        return Decision(best, (best,), order_dependent=False)
    tied = [path for path in leaders if path is not best and path.source is not None and _ties(best, path)]
    unstable = best.external and any(_looks_different(best, path, settings) for path in tied)
    if _meds_differ(leaders):
        unstable = unstable or any(not _compare(best, path)[0] for path in leaders if path is not best)
    equals = [path for path in tied if _equal(best, path, settings)]
    return Decision(best, (best, *_install(best, equals, settings)), unstable)


def rejection(best: Path, path: Path) -> Reason:
    """The step at which `path` lost against `best`."""
    return _compare(best, path)[1]


def _first(leaders: Sequence[Path], settings: Settings) -> Path:
    if len(leaders) == 1:
        return leaders[0]
    return _with_meds(leaders, settings) if _meds_differ(leaders) else min(leaders, key=_late_rank)


def _meds_differ(paths: Sequence[Path]) -> bool:
    first = paths[0].attributes.med or 0
    return any((path.attributes.med or 0) != first for path in paths)


def _ties(best: Path, path: Path) -> bool:
    """True when two leaders are alike up to the tie-breakers, which is where ECMP begins."""
    same_med = (path.attributes.med or 0) == (best.attributes.med or 0) or not _med_comparable(best, path)
    return same_med and path.external == best.external and path.igp_metric == best.igp_metric


def _early_rank(path: Path) -> tuple[int, int, bool, int, int]:
    attributes = path.attributes
    return (
        -attributes.weight,
        -attributes.local_preference,
        path.source is not None or path.imported is not None,
        len(attributes.as_path),
        attributes.origin,
    )


def rank(path: Path) -> tuple[object, ...]:
    """Sorts paths as the decision prefers them, where no MEDs differ."""
    return (*_early_rank(path), *_late_rank(path))


_TYING = 7
"""The early rank, eBGP before iBGP, and the IGP metric."""

_EARLY = (Reason.WEIGHT, Reason.LOCAL_PREFERENCE, Reason.LOCAL_ORIGIN, Reason.AS_PATH_LENGTH, Reason.ORIGIN)


def tying(ranked: tuple[object, ...]) -> tuple[object, ...]:
    """Of a path's rank what paths must have in common to be installed together, where no MEDs differ."""
    return ranked[:_TYING]


def _late_rank(path: Path) -> tuple[bool, int, int, int, int, int, str]:
    """Everything after the MED: eBGP before iBGP, IGP metric, then the tie-breakers."""
    attributes, source = path.attributes, path.source
    if source is None:
        return True, path.igp_metric, 0, 0, 0, 0, ""
    identifier = source.peer_router_id if attributes.originator_id is None else attributes.originator_id
    return not source.external, path.igp_metric, identifier, len(attributes.cluster_list), *source.peer_rank


def _tie_rank(path: Path) -> tuple[int, int, int, int, str]:
    return _late_rank(path)[2:]


def _leaders(paths: Sequence[Path]) -> list[Path]:
    ranks = [_early_rank(path) for path in paths]
    first = min(ranks)
    return [path for path, rank in zip(paths, ranks, strict=True) if rank == first]


def _med_comparable(one: Path, two: Path) -> bool:
    """MEDs count between paths of one neighboring AS, and between paths from inside the own AS."""
    return one.attributes.as_path[:1] == two.attributes.as_path[:1]


def _compare(one: Path, two: Path) -> tuple[bool, Reason]:
    """Whether `one` is preferred to `two`, and the step that says so."""
    for mine, other, reason in zip(_early_rank(one), _early_rank(two), _EARLY, strict=True):
        if mine != other:
            return mine < other, reason
    if _med_comparable(one, two):
        med, other_med = one.attributes.med or 0, two.attributes.med or 0
        if med != other_med:
            return med < other_med, Reason.MED
    if one.external != two.external:
        return one.external, Reason.PEER_TYPE
    if one.igp_metric != two.igp_metric:
        return one.igp_metric < two.igp_metric, Reason.IGP_METRIC
    mine_tie, other_tie = _tie_rank(one), _tie_rank(two)
    if one.external:
        return mine_tie <= other_tie, Reason.OLDER
    if mine_tie[0] != other_tie[0]:
        return mine_tie[0] < other_tie[0], Reason.ROUTER_ID
    if mine_tie[1] != other_tie[1]:
        return mine_tie[1] < other_tie[1], Reason.CLUSTER_LENGTH
    return mine_tie <= other_tie, Reason.PEER_ADDRESS


def _with_meds(paths: Sequence[Path], settings: Settings) -> Path:
    """The best path when MEDs differ: each neighboring AS first (`deterministic-med`), or one after the other."""
    ordered = sorted(paths, key=_late_rank)
    if not settings.deterministic_med:
        return _last_standing(ordered)
    groups: dict[object, list[Path]] = {}
    for path in ordered:
        groups.setdefault(path.attributes.as_path[:1], []).append(path)
    return _last_standing([_last_standing(group) for group in groups.values()])


def _last_standing(paths: Iterable[Path]) -> Path:
    best: Path | None = None
    for path in paths:
        if best is None or _compare(path, best)[0]:
            best = path
    assert best is not None
    return best


def _looks_different(best: Path, path: Path, settings: Settings) -> bool:
    """True when some peer would see which of the two is announced."""
    if path.attributes != best.attributes:
        return True
    return settings.passes_next_hops and path.next_hop.address != best.next_hop.address


def _equal(best: Path, path: Path, settings: Settings) -> bool:
    """True when the AS paths allow both paths in one ECMP set."""
    assert best.source is not None
    assert path.source is not None
    if settings.multipath_relax:
        return True
    if not path.external:
        return path.attributes.as_path == best.attributes.as_path
    return path.source.peer_asn == best.source.peer_asn


def _install(best: Path, equals: Iterable[Path], settings: Settings) -> list[Path]:
    """The multipath members besides the best: by next hop, one for each, up to `maximum-paths`."""
    seen = {_next_hop_identity(best)}
    members = []
    for path in sorted(equals, key=_next_hop_rank):
        if len(seen) >= settings.maximum_paths:
            break
        identity = _next_hop_identity(path)
        if identity not in seen:
            seen.add(identity)
            members.append(path)
    return members


def _next_hop_identity(path: Path) -> tuple[object, ...]:
    assert path.source is not None
    if path.next_hop.uses_link_local or path.next_hop.address is None:
        return ("link-local", path.source.interface)
    return (path.next_hop.address,)


def _next_hop_rank(path: Path) -> tuple[int, int, tuple[int, int, str]]:
    assert path.source is not None
    address = path.next_hop.address
    return (0, 0, path.source.peer_rank) if address is None else (address.version, int(address), path.source.peer_rank)
