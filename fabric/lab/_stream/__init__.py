"""The process that sends many flows at an even pace while a lab is broken and healed, and tells each one's silence.

`python -m fabric.lab._stream` reads a request from its first line of input and answers `{"reply": "started"}` once all
sockets are open; the second line tells the phases of the run, and is answered with what came of them.
"""

from fabric.lab._stream._codec import read_request, read_result, write_request, write_result
from fabric.lab._stream._model import (
    Event,
    FlowPhase,
    Phase,
    StreamRequest,
    StreamResult,
    StreamSettings,
)

__all__ = [
    "Event",
    "FlowPhase",
    "Phase",
    "StreamRequest",
    "StreamResult",
    "StreamSettings",
    "read_request",
    "read_result",
    "write_request",
    "write_result",
]
