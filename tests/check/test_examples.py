"""Every rule fires on its bad example and stays silent on its good one; a rule without both fails here."""

from __future__ import annotations

import pytest

from fabric.check import RULES, RuleInfo
from tests.check.examples import HERE, checked, files


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_has_a_bad_and_a_good_example(rule: RuleInfo) -> None:
    assert files(rule.id, "bad"), f"write tests/check/{rule.id}/bad.*, on which the rule fires"
    assert files(rule.id, "good"), f"write tests/check/{rule.id}/good.*, on which the rule stays silent"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_it_fires_on_the_bad_one(rule: RuleInfo) -> None:
    paths = files(rule.id, "bad")
    found = [f for f in checked(paths, rule.id).findings if f.rule.id == rule.id]
    assert found, f"{rule.id} finds nothing in its bad example"
    for finding in found:
        file, _, line = finding.where.rpartition(":")
        text = next(path for path in paths if path.name == file).read_text()
        assert 1 <= int(line) <= len(text.splitlines())
        assert finding.text
        assert finding.text[-1] not in ",;"
        assert finding.subject


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_it_stays_silent_on_the_good_one(rule: RuleInfo) -> None:
    found = [f for f in checked(files(rule.id, "good"), rule.id).findings if f.rule.id == rule.id]
    assert found == []


def test_no_example_is_left_of_a_rule_that_is_gone() -> None:
    assert {path.name for path in HERE.glob("FAB-*")} == {rule.id for rule in RULES}
