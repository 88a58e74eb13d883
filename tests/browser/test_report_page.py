"""The report in a browser, opened from a file: zoom, details, the way to the violation, and nothing fetched."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from handmade import MS, Step, build, judge, record

from splitbrain.histories.event import NemesisEvent
from splitbrain.reports.page import render

playwright = pytest.importorskip("playwright.sync_api")

CHROMIUM = Path(os.environ.get("SPLITBRAIN_CHROMIUM", "/usr/bin/chromium"))
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HOSTILE = "</script><img src=x onerror=\"document.title='broken in'\">"

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no browser at {CHROMIUM} (set SPLITBRAIN_CHROMIUM)")


def report() -> str:
    """400 quiet operations by two clients, then a stale read of a hostile value."""
    steps: list[Step] = [(n % 2, "write", n, None, "ok", 10 * n + 1, 10 * n + 8) for n in range(400)]
    steps += [
        (0, "write", HOSTILE, None, "ok", 5001, 5010),
        (1, "write", 2**63 - 25, None, "ok", 5020, 5030),
        (0, "read", None, HOSTILE, "ok", 5040, 5050),
        (1, "write", 5, None, "info", 5060, 6060),
    ]
    nemesis = [
        NemesisEvent(what="start", time=4990 * MS, unit=0, fault="partition", targets=("s1",)),
        NemesisEvent(what="stop", time=5045 * MS, unit=0, fault="partition", targets=("s1",)),
        NemesisEvent(what="heal", time=5100 * MS),
    ]
    history = build(steps, nemesis=nemesis)
    made = record(clients=2, healed_at=5100 * MS, ended_at=7000 * MS)
    return render(made, history, [judge(history, "stale read", [400, 401, 402])])


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture(params=[(1400, "light"), (800, "dark")], ids=["wide", "narrow"])
def page(browser: Any, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
    """The open report. Whatever the test does, nothing may be fetched and nothing may go wrong in a script."""
    path = tmp_path / "report.html"
    path.write_text(report(), encoding="utf-8")
    width, scheme = request.param
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
    )
    opened = context.new_page()
    troubles: list[str] = []
    opened.on("console", lambda message: troubles.append(message.text))
    opened.on("pageerror", lambda error: troubles.append(str(error)))
    opened.on("request", lambda asked: troubles.append(asked.url) if asked.url.startswith("http") else None)
    opened.goto(path.as_uri())
    yield opened
    assert troubles == []
    assert opened.title() == "invalid: primary_backup"
    context.close()


def view(page: Any) -> tuple[float, float]:
    shown = page.evaluate("splitbrainTimeline.view()")
    return shown["from"] / MS, shown["to"] / MS


def changed(page: Any, before: tuple[float, float]) -> tuple[float, float]:
    """The view as soon as it differs: a browser handles the wheel with its next frames."""
    for _ in range(100):
        page.evaluate("new Promise((done) => requestAnimationFrame(() => done()))")
        if view(page) != before:
            break
    return view(page)


def point_at(page: Any, operation: int) -> None:
    """Move the pointer onto the bar of an operation."""
    canvas = page.locator("#canvas")
    canvas.scroll_into_view_if_needed()
    bounds = canvas.bounding_box()
    place = page.evaluate(f"splitbrainTimeline.place({operation})")
    page.mouse.move(bounds["x"] + place["x"] + 3, bounds["y"] + place["y"])


def test_it_opens_at_the_violation(page: Any) -> None:
    start, stop = view(page)
    assert 4900 < start < 5001
    assert 5050 < stop < 5200
    assert page.locator(".evidence .headline").inner_text().startswith("Process 0 read x = ")


def test_zoom_by_wheel_buttons_and_keys(page: Any) -> None:
    page.click("#fit")
    whole = view(page)
    assert whole[0] <= 0
    assert whole[1] >= 7000
    page.click("#zoom-in")
    zoomed = view(page)
    assert zoomed[1] - zoomed[0] < 0.7 * (whole[1] - whole[0])
    point_at(page, 200)
    page.mouse.wheel(0, -200)
    page.locator("#hint").wait_for(state="visible")
    assert view(page) == zoomed, "the wheel scrolls the page until the timeline is in use"
    page.locator("#canvas").focus()
    point_at(page, 200)
    page.mouse.wheel(0, -200)
    closer = changed(page, zoomed)
    assert closer[1] - closer[0] < zoomed[1] - zoomed[0]
    page.keyboard.press("ArrowRight")
    assert view(page)[0] > closer[0]
    page.keyboard.press("0")
    assert view(page) == whole


def test_drag_moves_and_the_overview_too(page: Any) -> None:
    page.evaluate("splitbrainTimeline.show(1e9, 2e9)")
    page.locator("#canvas").scroll_into_view_if_needed()
    bounds = page.locator("#canvas").bounding_box()
    y = bounds["y"] + bounds["height"] - 10
    page.mouse.move(bounds["x"] + 500, y)
    page.mouse.down()
    page.mouse.move(bounds["x"] + 300, y, steps=4)
    page.mouse.up()
    start, stop = view(page)
    assert start > 1000
    assert stop - start == pytest.approx(1000)
    strip = page.locator("#overview").bounding_box()
    page.mouse.click(strip["x"] + strip["width"] - 60, strip["y"] + 20)
    assert view(page)[0] > 5000


def test_details_on_hover_and_pinned_by_a_click(page: Any) -> None:
    tip = page.locator("#tip")
    point_at(page, 401)
    tip.wait_for(state="visible")
    assert f"write {2**63 - 25}" in tip.inner_text()
    assert "Part of the evidence" in tip.inner_text()
    page.mouse.move(5, 5)
    tip.wait_for(state="hidden")
    point_at(page, 402)
    page.mouse.down()
    page.mouse.up()
    page.mouse.move(5, 5)
    assert page.evaluate("splitbrainTimeline.selected()") == 402
    assert "Look here first" in tip.inner_text()
    assert "<img" in tip.inner_text(), "markup in a value is shown, not obeyed"
    page.keyboard.press("]")
    assert page.evaluate("splitbrainTimeline.selected()") == 403
    assert "it may still happen" in tip.inner_text()
    page.keyboard.press("Escape")
    assert page.evaluate("splitbrainTimeline.selected()") is None
    tip.wait_for(state="hidden")


def test_the_way_to_the_violation(page: Any) -> None:
    for way in ("#jump", ".evidence [data-evidence]"):
        page.click("#fit")
        page.click(way)
        start, stop = view(page)
        assert 4900 < start < 5001, way
        assert 5050 < stop < 5200, way


def test_without_scripts_the_words_remain(browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(report(), encoding="utf-8")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(path.as_uri())
    assert page.locator(".evidence .headline").is_visible()
    assert not page.locator("#timeline").is_visible()
    assert page.locator("noscript").count() == 1
    context.close()
