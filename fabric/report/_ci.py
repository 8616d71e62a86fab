"""An `Outcome` in the formats that CI systems read: JUnit XML, SARIF 2.1.0, and GitHub's workflow commands."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from fabric import __version__
from fabric.report._outcome import Outcome, Remark, Test

Document = dict[str, Any]
SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_GITHUB = {"error": "error", "warning": "warning", "note": "notice"}


def to_junit(outcome: Outcome) -> str:
    """JUnit XML: one test case a test; suppressed findings and notes stand in its output."""
    from xml.etree import ElementTree  # noqa: PLC0415 - we only write XML, and only here

    counts = {"tests": str(len(outcome.tests)), **_counts(outcome)}
    root = ElementTree.Element("testsuites", {"name": outcome.command, **counts})
    suite = ElementTree.SubElement(root, "testsuite", {"name": _xml(outcome.subject), **counts})
    for test in outcome.tests:
        what = {"classname": outcome.command, "name": _xml(f"{test.id} {test.title}"), "time": f"{test.seconds:.1f}"}
        case = ElementTree.SubElement(suite, "testcase", what)
        counting = [remark for remark in test.remarks if remark.counts]
        if test.ended:
            ElementTree.SubElement(case, test.ended, {"message": _xml(test.words)})
        elif counting:
            message = _xml(_line(counting[0]) + (f" (and {len(counting) - 1} more)" if len(counting) > 1 else ""))
            failure = ElementTree.SubElement(case, "failure", {"message": message, "type": test.level})
            failure.text = _xml("\n".join([*map(_line, counting), *_help(test)]))
        others = [_line(remark) for remark in test.remarks if not remark.counts]
        if others:
            ElementTree.SubElement(case, "system-out").text = _xml("\n".join(others))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _counts(outcome: Outcome) -> dict[str, str]:
    ended: list[str] = [test.ended or ("failure" if test.failed else "") for test in outcome.tests]
    kinds = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    return {name: str(ended.count(kind)) for name, kind in kinds.items()}


def _xml(text: str) -> str:
    """The text without the characters that XML cannot hold."""
    return _NOT_XML.sub("\ufffd", text)


def _line(remark: Remark) -> str:
    accepted = "" if remark.suppressed is None else f" (accepted: {remark.suppressed or 'no reason given'})"
    return f"{remark.where}: {remark.subject}: {remark.text}{accepted}".removeprefix(": ")


def _help(test: Test) -> Iterator[str]:
    words = {"Why": test.why, "Fix": test.fix, "Source": test.source}
    yield from (f"{name}: {text}" for name, text in words.items() if text)


def to_github(outcome: Outcome) -> str:
    """Workflow commands that GitHub shows beside the lines of the files; nothing for suppressed findings."""
    lines = []
    for test, remark in outcome.remarks():
        if remark.suppressed is None:
            file, line = remark.place
            fields = {"file": file, "line": str(line)} if file else {}
            fields["title"] = f"{test.id} {test.title}"
            properties = ",".join(f"{key}={_property(value)}" for key, value in fields.items())
            text = "\n".join(filter(None, (f"{remark.subject}: {remark.text}", test.why, test.fix)))
            lines.append(f"::{_GITHUB[remark.level]} {properties}::{_escaped(text)}\n")
    return "".join(lines)


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


def to_sarif(outcome: Outcome) -> str:
    """SARIF 2.1.0: the tests as rules, the remarks as results, suppressed ones with their justification."""
    order = {test.id: index for index, test in enumerate(outcome.tests)}
    run: Document = {
        "tool": {
            "driver": {
                "name": outcome.command,
                "semanticVersion": __version__,
                "rules": list(map(_sarif_rule, outcome.tests)),
            }
        },
        "invocations": [{"executionSuccessful": True}],
        "columnKind": "unicodeCodePoints",
        "results": [_sarif_result(test, remark, order[test.id]) for test, remark in outcome.remarks()],
    }
    return json.dumps({"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _sarif_rule(test: Test) -> Document:
    rule: Document = {
        "id": test.id,
        "shortDescription": {"text": test.title},
        "defaultConfiguration": {"level": test.level},
    }
    if test.why:
        rule["fullDescription"] = {"text": test.why}
        text = "\n".join(_help(test))
        rule["help"] = {"text": text, "markdown": text.replace("\n", "\n\n")}
    return rule


def _sarif_result(test: Test, remark: Remark, index: int) -> Document:
    mark = "\0".join((test.id, remark.place[0], remark.subject, remark.text))
    result: Document = {
        "ruleId": test.id,
        "ruleIndex": index,
        "level": remark.level,
        "message": {"text": f"{remark.subject}: {remark.text}"},
        "locations": [_sarif_location(remark)],
        "partialFingerprints": {"fabricFinding/v1": hashlib.sha256(mark.encode()).hexdigest()},
    }
    if remark.suppressed is not None:
        result["suppressions"] = [{"kind": "inSource", "justification": remark.suppressed}]
    return result


def _sarif_location(remark: Remark) -> Document:
    file, line = remark.place
    if not file:
        return {"logicalLocations": [{"name": remark.subject}]}
    uri = quote(file.replace("\\", "/"), safe="/")
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": f"file://{uri}" if uri.startswith("/") else uri},
            "region": {"startLine": line},
        },
        "logicalLocations": [{"name": remark.subject}],
    }
