"""One-time pages in a real browser at a phone's width, with its scripts and without; skipped where there is none."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.core.once import Fate, Outcome
from tests.tools.browser import CHROMIUM, Browser, browsing
from tests.web.test_once import SHARE, Pages, opened_pages

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: apt-get install chromium"),
    pytest.mark.slow,
]


@pytest.fixture
async def pages() -> AsyncIterator[Pages]:
    async with opened_pages() as pages:
        yield pages


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Browser]:
    async with browsing(tmp_path / "profile") as browser:
        yield browser
    assert browser.complaints == []


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
async def test_a_share_is_typed_given_and_thanked_for(
    browser: Browser, pages: Pages, tmp_path: Path, scripts: bool
) -> None:
    await browser.open(pages.url, scripts=scripts)
    # The cursor stands in the field already: nothing to tap first.
    await browser.type(f"  {SHARE}\n")
    await browser.picture(tmp_path / "typed.png")

    await browser.press("#give")

    assert pages.given == [SHARE.encode()]
    assert "✓ Taken: 1 of 3" in await browser.html()
    assert not await browser.has("form")
    assert SHARE not in await browser.html()
    await browser.picture(tmp_path / "done.png")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
async def test_what_was_not_used_may_be_typed_again_on_the_same_page(
    browser: Browser, pages: Pages, tmp_path: Path, scripts: bool
) -> None:
    pages.outcome = Outcome(Fate.MALFORMED)
    await browser.open(pages.url, scripts=scripts, dark=True)
    await browser.type("hello")

    await browser.press("#give")
    await browser.picture(tmp_path / "again.png")
    pages.outcome = Outcome(Fate.OPENED)
    await browser.type(SHARE)
    await browser.press("#give")

    assert pages.given == [b"hello", SHARE.encode()]
    assert "✓ Unsealed" in await browser.html()


async def test_a_page_fits_a_phone_and_its_buttons_fit_a_thumb(browser: Browser, pages: Pages) -> None:
    await browser.open(pages.url)

    assert await browser.width() <= 390
    for selector, least in (("#value", 88), ("#give", 48)):
        left, top, width, height = await browser.box(selector)
        assert left >= 12
        assert left + width <= 390 - 12
        assert width >= 300
        assert height >= least
        assert top + height < 844, "nothing to scroll for"


async def test_a_page_asks_for_nothing_but_itself(browser: Browser, pages: Pages) -> None:
    await browser.open(pages.url)
    await browser.type(SHARE)
    await browser.press("#give")

    assert set(browser.requested) == {pages.url}


async def test_what_is_read_to_people_names_the_field_and_the_button(browser: Browser, pages: Pages) -> None:
    await browser.open(pages.url)

    read = await browser.read_out()

    assert ("textbox", "Your share of the unseal key, as it was given to you") in read
    assert ("button", "Give") in read
    assert ("heading", "Give your share") in read
    assert "main" in {role for role, _ in read}


async def test_a_page_that_is_over_says_so_and_asks_for_nothing(browser: Browser, pages: Pages, tmp_path: Path) -> None:
    pages.clock.step(600)

    await browser.open(pages.url)

    assert "This page is over" in await browser.html()
    assert not await browser.has("textarea")
    await browser.picture(tmp_path / "over.png")
    # That an answer was 404 is all that a browser has to say of it.
    assert all("404" in each for each in browser.complaints)
    browser.complaints.clear()
