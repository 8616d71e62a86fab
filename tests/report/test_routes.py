"""Path trees: every ECMP member drawn once, every way to end named."""

from __future__ import annotations

from ipaddress import ip_address

from fabric.report import explanation_tables, tree_lines
from fabric.simulate import (
    Attributes,
    BgpNextHop,
    Candidate,
    ExplainedCandidate,
    Explanation,
    Fate,
    Hop,
    NextHop,
    Outcome,
    Reason,
    Silence,
    TracedPath,
)
from fabric.simulate import SessionEnd as End
from fabric.simulate import SilentNeighbor as Silent
from tests.simulate.build import prefix

LEFT, RIGHT = NextHop("eth1", ip_address("10.0.0.1")), NextHop("eth2", link_local=True)


def test_branches_that_end_in_different_ways() -> None:
    paths = (
        TracedPath((Hop("a", LEFT), Hop("b", LEFT), Hop("c", None)), Fate.DELIVERED),
        TracedPath((Hop("a", LEFT), Hop("b", RIGHT)), Fate.NO_NEIGHBOR),
        TracedPath((Hop("a", RIGHT), Hop("d", None)), Fate.NO_ROUTE),
    )
    assert list(tree_lines(paths)) == [
        "a",
        "|- 10.0.0.1 dev eth1 -> b",
        "|  |- 10.0.0.1 dev eth1 -> c: delivered",
        "|  `- link-local dev eth2: no-neighbor",
        "`- link-local dev eth2 -> d: no-route",
    ]


def test_a_path_that_ends_where_it_begins() -> None:
    assert list(tree_lines([TracedPath((Hop("a", None),), Fate.DELIVERED)])) == ["a: delivered"]


def test_nobody_answers() -> None:
    assert list(tree_lines(())) == ["no living device has the address"]


def test_every_word_of_the_simulator_has_a_meaning() -> None:
    """A reason that the tables cannot put into words would end a command with a traceback."""
    only_of_the_sender = {Reason.COMMUNITY, Reason.NOT_REFLECTED, Reason.SUPPRESSED, Reason.DEFAULT_ORIGINATED}
    withheld = {*only_of_the_sender, Reason.PREFIX_LIST, Reason.ROUTE_MAP, Reason.NO_POLICY}
    lost = (Candidate(End("a", "b"), Attributes(), BgpNextHop(), False, False, r) for r in Reason)
    paths = tuple(
        ExplainedCandidate(path, "b", installed=False) for path in lost if path.rejected not in only_of_the_sender
    )
    silent = tuple(Silent(End("a", "b"), None, silence) for silence in Silence)
    silent += tuple(Silent(End("a", "b"), "b", Silence.WITHHELD, reason) for reason in withheld)
    for outcome in Outcome:
        explanation = Explanation("a", prefix("10.0.0.0/8"), outcome, paths, silent, False, None, None)
        head, *rest = explanation_tables(explanation)
        assert head.title.startswith("10.0.0.0/8 on a: ")
        assert [len(table.rows) for table in rest] == [len(paths), len(silent)]
