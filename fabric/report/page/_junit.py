"""The summary of a report as JUnit XML, for a CI system that shows test cases."""

from __future__ import annotations

from fabric.report._ci import to_junit
from fabric.report._outcome import Level, Outcome, Remark, Test
from fabric.report.page._blocks import Fact, Page, State


def page_junit(page: Page) -> str:
    """One test case a line of the summary, failed where something is not as it should be, skipped where not asked."""
    facts = [
        fact for section in page.sections for block in section.blocks if isinstance(block, tuple) for fact in block
    ]
    return to_junit(Outcome("fabric report", page.title, tuple(map(_test, facts))))


def _test(fact: Fact) -> Test:
    if fact.state is State.missing:
        return Test(fact.subject, fact.state.value, ended="skipped", words=fact.text)
    level: Level = "error" if fact.state is State.bad else "warning"
    remarks = (Remark(level, fact.subject, fact.text),) if fact.state is not State.good else ()
    return Test(fact.subject, fact.text, level, remarks=remarks)
