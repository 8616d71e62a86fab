"""The report in a real browser: no errors, zoom, search, details and overlays by mouse and keyboard, light and dark."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from fabric.report.page import page_html
from tests.report.page.samples import full_page, large_page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
CONTRAST = """() => {
  const rgb = (text) => (text.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
  const linear = (v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = (c) => c.slice(0, 3).reduce((sum, v, i) => sum + linear(v / 255) * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const found = rgb(getComputedStyle(at).backgroundColor);
      if (found.length < 4 || found[3] > 0) return found;
    }
    return [255, 255, 255];
  };
  const texts = "main td, main th, main p, main em, main strong, main code, nav a, h1, h2, summary";
  return [...document.querySelectorAll(texts)]
    .filter((node) => node.textContent.trim() && !node.closest("svg"))
    .map((node) => [node, light(rgb(getComputedStyle(node).color)), light(ground(node))])
    .filter(([, a, b]) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5)
    .map(([node]) => node.tagName + " " + node.className + " " + node.textContent.slice(0, 40));
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The distribution's Chromium, without a window."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of the full report."""
    file = tmp_path_factory.mktemp("report") / "report.html"
    file.write_text(page_html(full_page()))
    return file


@pytest.fixture(params=["light", "dark"])
def page(browser: Browser, report: Path, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The open report; whatever the console complains about, or the page asks of others, fails the test."""
    context = browser.new_context(color_scheme=request.param, viewport={"width": 1300, "height": 900})
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("request", lambda asked: None if asked.url.startswith("file:") else complaints.append(asked.url))
    opened.goto(report.as_uri())
    yield opened
    context.close()
    assert complaints == []


def find(page: Page, name: str) -> None:
    """Type a name into the search and leave the field."""
    page.fill(".find", name)
    page.locator(".find").blur()


def view(page: Page) -> list[float]:
    """The part of the drawing that is seen."""
    return [float(number) for number in (page.locator(".canvas svg").get_attribute("viewBox") or "").split()]


def test_a_device_is_found_and_described(page: Page) -> None:
    find(page, "a1-leaf-1")
    panel = page.locator(".device-panel")
    assert panel.locator("h3").inner_text() == "a1-leaf-1"
    assert "64640" in panel.inner_text()
    panel.locator("summary").click()
    assert "router bgp 64640" in panel.inner_text()


def test_what_is_not_there_is_said(page: Page) -> None:
    find(page, "nowhere")
    assert page.locator(".told").inner_text() == "No device is called nowhere."


def test_a_device_is_chosen_by_keyboard_and_by_mouse(page: Page) -> None:
    page.locator("[data-device=spine-1]").focus()
    page.keyboard.press("Enter")
    assert page.locator(".device-panel h3").inner_text() == "spine-1"
    page.locator("[data-device=spine-2]").click()
    assert page.locator(".device-panel h3").inner_text() == "spine-2"


def test_zoom_and_way_back(page: Page) -> None:
    whole = view(page)
    page.click(".closer")
    assert view(page)[2] < whole[2]
    page.locator(".canvas").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("0")
    assert view(page) == whole


def test_overlays_of_load_and_failures(page: Page) -> None:
    page.select_option(".overlay", label="load")
    assert page.locator(".cable.loaded").count() > 10
    failure = next(text for text in page.locator(".overlay option").all_inner_texts() if text.startswith("failure: "))
    page.select_option(".overlay", label=failure)
    assert page.locator(".cable.loaded").count() == 0
    assert page.locator(".device.down, .cable.down").count() > 0
    assert page.locator(".told").inner_text()
    page.select_option(".overlay", index=0)
    assert page.locator(".device.down, .cable.down, .canvas.overlaid").count() == 0


def test_links_lead_to_their_chapters(page: Page) -> None:
    for link in page.locator("nav a").all():
        link.click()
        assert page.locator(link.get_attribute("href") or "").count() == 1


def test_text_stands_out_from_its_ground(page: Page) -> None:
    """Contrast of 4.5 to 1 (WCAG 2.2, 1.4.3) for all text outside the drawing."""
    assert page.evaluate(CONTRAST) == []


def test_it_prints_with_every_table_opened(page: Page, tmp_path: Path) -> None:
    page.pdf(path=tmp_path / "report.pdf")
    page.screenshot(path=tmp_path / "report.png", full_page=True)
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
    assert (tmp_path / "report.png").stat().st_size > 50_000
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("main details:not([open])").count() == 0
    assert not page.locator("nav").is_visible()
    assert not page.locator(".controls").is_visible()


def test_a_report_of_500_switches_can_be_used(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "large.html"
    file.write_text(page_html(large_page(500)))
    opened = browser.new_page()
    opened.goto(file.as_uri())
    assert opened.locator("[data-device]").count() == 500
    find(opened, "r100-leaf-2")
    assert opened.locator(".device-panel h3").inner_text() == "r100-leaf-2"
    opened.close()
