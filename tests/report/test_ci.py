"""The formats of CI systems: SARIF against its schema, JUnit by an XML parser, GitHub's commands by their escapes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.report import Outcome, Remark, Test, to_github, to_junit, to_sarif

Test.__test__ = False  # type: ignore[attr-defined]  # a name of the field, and no test class

_SCHEMA = json.loads((Path(__file__).parent / "sarif-2.1.0-part.json").read_text())
_BAD = Remark("error", "zone-a--zone-b", "takes 16 ms: 100 % too long, or so", "my file.yaml:12")
_ACCEPTED = Remark("warning", "spines", "two", "my file.yaml:3", suppressed="small")
_NOTE = Remark("note", "bfd", "slow")
OUTCOME = Outcome(
    "fabric check",
    "my file.yaml",
    (
        Test("FAB-101", "Zones are near", "error", "It breaks.", "RFC 1", "Move them.", (_BAD,)),
        Test("FAB-404", "Three spines", "warning", remarks=(_ACCEPTED,)),
        Test("FAB-305", "BFD", "note", remarks=(_NOTE,)),
        Test("FAB-204", "Room", "warning"),
    ),
)


def _sarif(outcome: Outcome) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(to_sarif(outcome))
    jsonschema.Draft4Validator(_SCHEMA).validate(document)
    (run,) = document["runs"]
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    return document


def test_sarif_places_a_finding_in_its_file() -> None:
    (run,) = _sarif(OUTCOME)["runs"]
    bad, accepted, note = run["results"]
    place = bad["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "my%20file.yaml"}, "region": {"startLine": 12}}
    assert bad["level"] == "error"
    assert "suppressions" not in bad
    assert accepted["suppressions"] == [{"kind": "inSource", "justification": "small"}]
    assert "physicalLocation" not in note["locations"][0]


def test_a_fingerprint_survives_a_move_to_another_line() -> None:
    def mark(line: int) -> str:
        moved = Remark("error", "a", "b", f"f.yaml:{line}")
        (run,) = _sarif(Outcome("fabric check", "f", (Test("X", "x", remarks=(moved,)),)))["runs"]
        return str(run["results"][0]["partialFingerprints"]["fabricFinding/v1"])

    assert mark(1) == mark(7)


def test_junit_fails_what_is_to_mend_and_nothing_else() -> None:
    root = ElementTree.fromstring(to_junit(OUTCOME).encode())
    assert root.tag == "testsuites"
    assert root.attrib["failures"] == "1"
    assert root.attrib["tests"] == "4"
    cases = list(root.iter("testcase"))
    assert [case.attrib["name"].split()[0] for case in cases if case.find("failure") is not None] == ["FAB-101"]
    assert "my file.yaml:12" in str(cases[0].find("failure").text)  # type: ignore[union-attr]
    assert "accepted: small" in str(cases[1].find("system-out").text)  # type: ignore[union-attr]


def test_github_escapes_what_its_commands_are_made_of() -> None:
    error, notice = to_github(OUTCOME).splitlines()
    assert error == (
        "::error file=my file.yaml,line=12,title=FAB-101 Zones are near::"
        "zone-a--zone-b: takes 16 ms: 100 %25 too long, or so%0AIt breaks.%0AMove them."
    )
    assert notice.startswith("::notice title=FAB-305 BFD::")


_TEXT = st.text(max_size=30)


@settings(max_examples=40, deadline=None)
@given(_TEXT, _TEXT, _TEXT, st.sampled_from(["error", "warning", "note"]), st.none() | _TEXT)
def test_any_text_makes_files_that_parse(subject: str, text: str, where: str, level: Any, reason: str | None) -> None:
    remark = Remark(level, subject, text, where, reason)
    outcome = Outcome("fabric check", where, (Test("X", text, level, subject, remarks=(remark,)),))
    _sarif(outcome)
    ElementTree.fromstring(to_junit(outcome).encode("utf-8", "surrogatepass"))
    assert to_github(outcome).count("\n") == (reason is None)


def test_what_came_to_no_verdict_is_skipped_or_an_error() -> None:
    tests = (
        Test("a", "away", ended="skipped", words="no storage here", seconds=1.26),
        Test("b", "broken", ended="error", words="no lab"),
        Test("c", "bad", remarks=(_BAD,)),
    )
    (suite,) = ElementTree.fromstring(to_junit(Outcome("fabric lab run", "lab", tests)))
    assert [suite.attrib[key] for key in ("tests", "failures", "errors", "skipped")] == ["3", "1", "1", "1"]
    assert [child.tag for case in suite for child in case] == ["skipped", "error", "failure"]
    assert suite[0].attrib["time"] == "1.3"
