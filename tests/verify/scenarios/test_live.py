"""Which links to silence so that none of a leader's streams gets through, and the fabric lives on."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from fabric.verify._scenarios._live import fewest

NEAR = "a-leaf-1--spine-1"
PATHS = ((NEAR, "spine-1--b-leaf-1"), (NEAR, "spine-1--c-leaf-1"), ("a-leaf-2--spine-2", "spine-2--b-leaf-1"))


def anything(_links: Sequence[str]) -> bool:
    return True


def test_one_link_that_all_share_is_enough() -> None:
    assert fewest(PATHS[:2], anything) == (NEAR,)


def test_the_nearest_are_taken_of_equally_few() -> None:
    assert fewest(PATHS, anything) == (NEAR, "a-leaf-2--spine-2")


def test_others_are_taken_where_the_fabric_cannot_do_without_them() -> None:
    assert fewest(PATHS, lambda links: "a-leaf-2--spine-2" not in links) == (NEAR, "spine-2--b-leaf-1")
    assert fewest(PATHS, lambda links: NEAR not in links) == (
        "a-leaf-2--spine-2",
        "spine-1--b-leaf-1",
        "spine-1--c-leaf-1",
    )


@pytest.mark.parametrize("paths", [(("x",), ()), (("x",), ("y",))])
def test_none_are_found_where_a_stream_has_no_link_or_nothing_is_bearable(paths: tuple[tuple[str, ...], ...]) -> None:
    assert fewest(paths, lambda links: len(links) < 2) is None
