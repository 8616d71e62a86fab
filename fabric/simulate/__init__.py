"""What a fabric will do: routes, forwarding tables and paths, computed from the configurations that are rendered."""

from fabric.simulate._attributes import AsHop, Attributes, BgpNextHop, Origin
from fabric.simulate._forwarding import Fate, Hop, TracedPath
from fabric.simulate._simulation import Simulation, Trace, reachable, simulate, trace
from fabric.simulate._values import (
    NONE,
    Candidate,
    Failures,
    FibEntry,
    FibProtocol,
    NextHop,
    NoStableStateError,
    Reason,
    RibEntry,
    Session,
    SessionDown,
    SessionEnd,
    SessionType,
    UnknownDeviceError,
)
from fabric.simulate._whatif import WhatIf, WhatIfError, combined, drain, what_if

__all__ = [
    "NONE",
    "AsHop",
    "Attributes",
    "BgpNextHop",
    "Candidate",
    "Failures",
    "Fate",
    "FibEntry",
    "FibProtocol",
    "Hop",
    "NextHop",
    "NoStableStateError",
    "Origin",
    "Reason",
    "RibEntry",
    "Session",
    "SessionDown",
    "SessionEnd",
    "SessionType",
    "Simulation",
    "Trace",
    "TracedPath",
    "UnknownDeviceError",
    "WhatIf",
    "WhatIfError",
    "combined",
    "drain",
    "reachable",
    "simulate",
    "trace",
    "what_if",
]
