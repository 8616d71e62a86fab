"""What a topology file accepts of `fabric check`'s findings."""

from typing import Annotated

from pydantic import Field

from fabric.topology._values import Strict


class Suppression(Strict):
    """Findings of `fabric check` that are known and accepted."""

    rule: Annotated[str, Field(pattern=r"^FAB-[0-9]{3}$", examples=["FAB-404"])]
    """The rule's id; `fabric check --explain` tells about it."""
    reason: str = ""
    """Why the finding is accepted. Without a reason, `fabric check` reports the suppression itself."""
    subjects: tuple[str, ...] = ()
    """Only findings about these subjects, such as `edge-*`; default: all findings of the rule."""
