"""What stands for a variable only once etcd runs: its leader, and the cables that carry what the leader says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, permutations, zip_longest

from fabric.config import FabricConfig, Port
from fabric.errors import InputError, LabError
from fabric.lab import Leadership, PeerStream, RunningLab
from fabric.simulate import sessions_over
from fabric.verify._faults import fault_of
from fabric.verify._measure import expectation
from fabric.verify._pairs import measured_pairs
from fabric.verify._scenarios._cases import NODES


def chosen_now(lab: RunningLab, fabric: FabricConfig, leadership: Leadership, choice: str) -> str:
    """What `etcd.leader` or `etcd.links` is at this moment.

    The links are the fewest between switches that carry every stream of the leader and whose loss nobody is cut off by,
    as a target of `silent:`. Raises `InputError` where there are none.
    """
    if choice == "etcd.leader":
        return leadership.leader
    paths = [tuple(_watched(fabric, _path(fabric, leadership.leader, s))) for s in leadership.streams]
    found = fewest(paths, _bearable(lab, fabric, leadership))
    if not paths or found is None:
        raise InputError(
            f"etcd.links: found no links between switches that carry all {len(paths)} streams of {leadership.leader} "
            "and that the fabric can do without. Use one with two spines or more, and members behind different leaves."
        )
    return ",".join(found)


def fewest(paths: Sequence[Sequence[str]], bearable: Callable[[Sequence[str]], bool]) -> tuple[str, ...] | None:
    """The fewest links of which every path has one and which are bearable to lose, those near the start first."""
    near_first = [link for links in zip_longest(*paths) for link in links if link is not None]
    links = tuple(dict.fromkeys(near_first))
    for size in range(1, len(paths) + 1):
        for chosen in combinations(links, size):
            if all(set(path) & set(chosen) for path in paths) and bearable(chosen):
                return chosen
    return None


def _bearable(lab: RunningLab, fabric: FabricConfig, leadership: Leadership) -> Callable[[Sequence[str]], bool]:
    members = (leadership.leader, *dict.fromkeys(stream.follower for stream in leadership.streams))
    pairs = measured_pairs(fabric, [f"{one}:{two}" for one, two in permutations(members, 2)])
    status = lab.status()

    def bearable(links: Sequence[str]) -> bool:
        _, cut = expectation(fabric, [fault_of(fabric, status, f"silent:{','.join(links)}")], pairs)
        return not cut

    return bearable


def _watched(fabric: FabricConfig, path: Sequence[Port]) -> Iterator[str]:
    """The links of a path between switches over which sessions run, so that both ends notice when they fall silent.

    A node may have static routes beside its session, which do not.
    """
    for port in path:
        far = fabric.peer_of[port]
        if {fabric.by_name[end.device].place.role for end in (port, far)} & NODES:
            continue
        cables = [c for c in fabric.cables if {c.a.device, c.b.device} == {port.device, far.device}]
        if sessions_over(fabric, cables):
            yield f"{port.device}--{far.device}"


def _path(fabric: FabricConfig, leader: str, stream: PeerStream) -> tuple[Port, ...]:
    """The ports that packets of the stream leave by, one device after the other."""
    leaves_by = {port.device: port for port in stream.left_by}
    path, here = list[Port](), leader
    while here != stream.follower:
        port = leaves_by.pop(here, None)
        if port is None:
            raise LabError(
                f"A stream of etcd from {leader} to {stream.follower} was not heard to leave {here}. Try again."
            )
        path.append(port)
        here = fabric.peer_of[port].device
    return tuple(path)
