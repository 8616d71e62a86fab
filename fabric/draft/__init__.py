"""First topology files: from a few answers, or from a design that somebody already has in another tool's words."""

from fabric.draft._containerlab import from_containerlab
from fabric.draft._draft import Draft, Section, draft_text
from fabric.draft._found import Found, FoundDevice, FoundLink
from fabric.draft._netlab import from_netlab
from fabric.draft._read import KINDS, read_draft
from fabric.draft._rhoso import from_rhoso
from fabric.draft._shape import draft_of
from fabric.draft._sketch import Sketch, sketch

__all__ = [
    "KINDS",
    "Draft",
    "Found",
    "FoundDevice",
    "FoundLink",
    "Section",
    "Sketch",
    "draft_of",
    "draft_text",
    "from_containerlab",
    "from_netlab",
    "from_rhoso",
    "read_draft",
    "sketch",
]
