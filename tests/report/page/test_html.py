"""The HTML report: complete without a script, safe with any text, and the same bytes for the same answers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest

from fabric.report.page import Bar, Page, Section, State, Timeline, kind_of, page_html, page_junit, page_markdown
from fabric.report.page._blocks import count
from tests.report.page.samples import MEASUREMENT, PROOF, ROUND_TRIPS, SCENARIOS, full_page


@cache
def page() -> Page:
    """The page that has everything."""
    return full_page()


@cache
def full() -> str:
    """Its HTML."""
    return page_html(page())


class _Outline(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.ids += [values["id"] or ""] if "id" in values else []
        if tag == "a":
            self.targets.append(values.get("href") or "")
        self.fetched += [str(values[key]) for key in ("src", "data") if key in values]
        self.fetched += [str(values["href"])] if tag == "link" else []


def outline(text: str) -> _Outline:
    """Ids, links and what would be fetched."""
    parser = _Outline()
    parser.feed(text)
    return parser


def drawing() -> dict[str, Any]:
    """The data of the only drawing."""
    (data,) = re.findall(r'<script type="application/json" id="drawings">(.*?)</script>', full(), re.DOTALL)
    assert "<" not in data
    (found,) = json.loads(data)
    return dict(found)


def test_it_needs_nothing_from_elsewhere() -> None:
    found = outline(full())
    assert found.fetched == []
    assert all(target.startswith("#") for target in found.targets)
    assert "url(" not in full()


def test_every_link_leads_somewhere_and_ids_are_unique() -> None:
    found = outline(full())
    assert {target[1:] for target in found.targets} <= set(found.ids)
    assert len(found.ids) == len(set(found.ids))
    for chapter in (
        "summary",
        "drawing",
        "prediction",
        "failures",
        "budget",
        "load",
        "observed-0",
        "observed-3",
        "plan",
        "versions",
    ):
        assert chapter in found.ids


def test_text_is_never_markup() -> None:
    assert "via &lt;b&gt;" in full()
    assert "via <b>" not in full()


def test_every_device_of_the_drawing_has_details() -> None:
    devices = drawing()["devices"]
    assert set(re.findall(r'data-device="([^"]+)"', full())) == set(devices)
    assert str(devices["spine-1"]["config"]).startswith("!")
    assert ["role", "spine"] in devices["spine-1"]["facts"]


def test_load_and_failures_can_be_laid_over_it() -> None:
    overlays = {overlay["label"]: overlay for overlay in drawing()["overlays"]}
    assert max(overlays["load"]["load"].values()) > 0
    cables = set(re.findall(r'data-cable="([^"]+)"', full()))
    assert cables <= set(overlays["load"]["load"])
    assert any(label.startswith("failure: ") for label in overlays)


def test_the_same_answers_give_the_same_bytes() -> None:
    assert page_html(page()) == full()


def test_a_failed_proof_shows_in_the_summary() -> None:
    assert re.search(r'<li class="bad"><strong>Lab quickstart</strong>', full())
    assert "1 of 2 proofs failed" in full()


def test_what_a_lab_showed_stands_beside_what_was_allowed() -> None:
    assert "fail link:a--b" in full()
    assert ">124 ms<" in full()
    assert ">for good<" in full()
    assert "123 ms at worst in 1 run where 150 ms are allowed, noise 5 ms" in full()
    assert "<caption>Measured reachability by zone over IPv4" in full()
    assert "<td>a - b</td>" in full()


def test_other_documents_are_none_of_a_labs() -> None:
    assert kind_of({"lab": "x"}) is None
    assert [kind_of(item) for item in (PROOF, SCENARIOS, ROUND_TRIPS, MEASUREMENT)] == [
        "verify",
        "run",
        "rtt",
        "measure",
    ]


def test_markdown_has_the_same_chapters_and_figures() -> None:
    text = page_markdown(page())
    for section in page().sections:
        assert f"## {section.title}\n" in text
    assert "| a | - | 8/16 |" in text
    assert "**Lab quickstart**: 1 of 2 proofs failed" in text


def test_junit_fails_what_the_summary_calls_bad() -> None:
    root = ElementTree.fromstring(page_junit(page()))
    failed = {case.get("name", "").split()[0] for case in root.iter("testcase") if case.find("failure") is not None}
    assert "Lab" in failed
    assert "Prediction" not in failed
    assert root.get("tests") == str(len(list(root.iter("testcase"))))


@pytest.mark.parametrize("write", [page_html, page_markdown])
def test_timelines_are_shown(write: Callable[[Page], str]) -> None:
    bars = (Bar("BFD", 0, 300, "300 ms"), Bar("FIB", 300, 420, "120 ms", State.warning))
    text = write(Page("x", "y", (Section("s", "S", (Timeline("An outage", bars, 1000),)),)))
    assert "300 ms" in text
    assert "An outage" in text


def test_markdown_has_a_drawing_that_mermaid_draws_and_no_words_about_clicking() -> None:
    text = page_markdown(page())
    chapter = text[text.index("## Drawing") :]
    assert chapter.startswith("## Drawing\n\n```mermaid\nflowchart TB\n")
    assert "Choose a device" not in text
    assert "Choose a device" in page_html(page())


def test_numbers_agree_with_their_nouns() -> None:
    assert not re.search(r"\b1 (findings|runs|sessions|pairs|rules|failures)\b", page_markdown(page()))
    assert [count(number, "run") for number in (0, 1, 2)] == ["0 runs", "1 run", "2 runs"]
