"""The process that runs the distribution's etcd on devices of a lab, writes to it, and counts what it acknowledged.

`python -m fabric.lab._quorum` reads a request from its first line of input and answers once the members have a leader.
`{"kill": […]}` and `{"start": […]}` end and start members; `{"leadership": […]}` is answered with the leader and the
connections by which it speaks, as heard on these devices; a list of phases ends it all and is answered with what came
of it.
"""

from fabric.lab._quorum._model import (
    Leadership,
    Member,
    PeerStream,
    QuorumPhase,
    QuorumRequest,
    QuorumResult,
    Timers,
    read_leadership,
    read_request,
    read_result,
    write_leadership,
    write_request,
    write_result,
)

__all__ = [
    "Leadership",
    "Member",
    "PeerStream",
    "QuorumPhase",
    "QuorumRequest",
    "QuorumResult",
    "Timers",
    "read_leadership",
    "read_request",
    "read_result",
    "write_leadership",
    "write_request",
    "write_result",
]
