"""BGP communities as the resources write them."""

from __future__ import annotations

from typing import Literal

from fabric.kubernetes._refusal import RefusedError

CommunityKind = Literal["community", "large-community"]


def community_text(text: str) -> tuple[CommunityKind, str]:
    """Kind and normal form of a community: `A:B` (16 bits each) or `large:X:Y:Z` (32 bits each)."""
    large = text.startswith("large:")
    parts = text.removeprefix("large:").split(":")
    numbers = [int(part) for part in parts if part.isascii() and part.isdigit()]
    wanted, limit = (3, 0xFFFFFFFF) if large else (2, 0xFFFF)
    if len(parts) != wanted or len(numbers) != wanted or max(numbers) > limit:
        raise RefusedError(f"invalid community {text}, err: invalid community format: {text}")
    normal = ":".join(map(str, numbers))
    return ("large-community", f"large:{normal}") if large else ("community", normal)
