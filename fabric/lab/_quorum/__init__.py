"""The process that runs the distribution's etcd on devices of a lab, writes to it, and counts what it acknowledged.

`python -m fabric.lab._quorum` reads a request from its first line of input and answers once the members have a leader.
`{"kill": […]}` and `{"start": […]}` end and start members; a list of phases ends it all and is answered with what
came of it.
"""

from fabric.lab._quorum._model import (
    Member,
    QuorumPhase,
    QuorumRequest,
    QuorumResult,
    Timers,
    read_request,
    read_result,
    write_request,
    write_result,
)

__all__ = [
    "Member",
    "QuorumPhase",
    "QuorumRequest",
    "QuorumResult",
    "Timers",
    "read_request",
    "read_result",
    "write_request",
    "write_result",
]
