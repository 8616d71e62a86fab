"""A mark of a design and its values, by which a result that was measured tells what it was measured on."""

from __future__ import annotations

import hashlib
import json

from fabric.plan._build import ledger_of
from fabric.plan._ledger_file import ledger_text
from fabric.plan._model import Plan

_WORDS = {"description", "intents", "suppress", "inter_zone", "impairments"}
"""Keys of a topology file that build nothing."""
_DIGITS = 16


def fingerprint(plan: Plan) -> str:
    """Hexadecimal digits that are the same for plans of one design with the same values.

    What only describes a design, is asked of it, or is done to its links in a lab does not count.
    """
    topology = plan.design.topology.model_dump(mode="json", by_alias=True, exclude=_WORDS)
    text = json.dumps([topology, ledger_text(ledger_of(plan))], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
