"""One-time pages as a browser, a link preview and a stranger meet them: shown to all who know the way, used once."""

import asyncio
import itertools
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote_plus

import pytest

from bot.config import Settings
from bot.core.errors import UsageError
from bot.core.names import UserId
from bot.core.once import Fate, Outcome, Want
from bot.flow.once import OncePages
from bot.web.once import PREFIX, Once
from tests.flow.conftest import Clock
from tests.web.conftest import House, asked, dial, head, opened

if TYPE_CHECKING:
    from bot.flow.desk import Desk

ANNA = UserId("@anna:example.org")
PUBLIC = "https://ops.example.org"
SHARE = "ab" * 33
FORM = "Content-Type: application/x-www-form-urlencoded"


@dataclass
class Pages:
    """A door with pages behind it, and what was given there."""

    clock: Clock = field(default_factory=Clock)
    given: list[bytes] = field(default_factory=list)
    kept: list[bytearray] = field(default_factory=list)
    """The very bytes that were handed on, to see what became of them."""
    outcome: Outcome = field(default_factory=lambda: Outcome(Fate.COUNTED, 1, 3))
    house: House = field(init=False)
    once: OncePages = field(init=False)
    path: str = field(init=False)
    """Of a page for Anna."""

    def __post_init__(self) -> None:
        self.once = OncePages(cast("Desk", _Stub(_settings(PUBLIC), self.clock.system)))
        self.path = self.page()

    @property
    def url(self) -> str:
        """Where a browser on this machine finds Anna's page."""
        return f"http://127.0.0.1:{self.house.port}{self.path}"

    def page(self, person: UserId = ANNA) -> str:
        address = self.once.open(person, Want.SHARE, "openbao-0", self.take)
        return address.removeprefix(PUBLIC)

    async def take(self, value: bytearray) -> Outcome:
        self.given.append(bytes(value))
        self.kept.append(value)
        return self.outcome

    async def get(self, method: str = "GET", path: str = "") -> tuple[int, dict[str, str], str]:
        return await asked(self.house, to=path or self.path, method=method)

    async def post(self, body: str | bytes = "", *headers: str, path: str = "") -> tuple[int, dict[str, str], str]:
        return await asked(self.house, FORM, *headers, body=body or f"value={SHARE}", to=path or self.path)

    async def give(self, share: str = SHARE) -> tuple[int, str]:
        """Fill the form in as a browser without scripts does, and follow where it leads."""
        status, headers, text = await self.post(f"value={quote_plus(share)}")
        if status != 303:
            return status, text
        status, _, text = await self.get(path=f"{PREFIX}{headers['location']}")
        return status, text


@dataclass(frozen=True)
class _Stub:
    settings: Settings
    system: Any


def _without_nonce(text: str) -> str:
    return re.sub(r'nonce="\w+"', "", text)


def _settings(public_url: str | None) -> Settings:
    return Settings.model_validate(
        {
            "matrix": {"homeserver": "http://127.0.0.1:1", "user": "@opsbot:example.org", "password": "not-a-secret"},
            "rooms": {"ops": "!abc:example.org"},
            "web": {"webhook_token": "obviously-a-test-token-0123456789", "public_url": public_url},
            "people": {ANNA: {"role": "admin", "key_holder": True}},
        }
    )


@asynccontextmanager
async def opened_pages() -> AsyncIterator[Pages]:
    """Open a door with one page behind it."""
    pages = Pages()
    nonces = (f"nonce{number}" for number in itertools.count())
    once = Once(
        pages.once.find, pages.once.submit, lambda at: at.strftime("%H:%M"), lambda: next(nonces), f"{PUBLIC}:443"
    )
    async with opened({PREFIX: once.answer}) as pages.house:
        yield pages


@pytest.fixture
async def pages() -> AsyncIterator[Pages]:
    async with opened_pages() as pages:
        yield pages


async def test_no_answer_is_kept_framed_referred_to_or_taken_for_something_else(pages: Pages) -> None:
    shown, used, unknown = await pages.get(), await pages.post(), await pages.get(path=f"{PREFIX}nobody-knows")

    for status, headers, _ in (shown, used, unknown):
        assert headers["cache-control"] == "no-store", status
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert "set-cookie" not in headers


async def test_a_page_runs_and_loads_nothing_but_its_own_few_lines(pages: Pages) -> None:
    _, first, text = await pages.get()
    _, second, _ = await pages.get()

    policy = first["content-security-policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    nonce = rules["script-src"]
    assert re.fullmatch(r"'nonce-\w+'", nonce)
    assert rules == {
        "default-src": "'none'",
        "style-src": nonce,
        "script-src": nonce,
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    assert second["content-security-policy"] != policy
    assert not re.search(r"(?:src|href|url)\s*[=(]|@import|\bon\w+=|style=\"", text)


async def test_a_page_is_fit_for_phones_keyboards_and_those_who_have_it_read_to_them(pages: Pages) -> None:
    _, headers, text = await pages.get()

    assert headers["content-type"] == "text/html; charset=utf-8"
    assert '<html lang="en">' in text
    assert 'name="viewport" content="width=device-width, initial-scale=1"' in text
    assert '<label for="value">Your share of the unseal key' in text
    assert re.search(
        r'<textarea id="value"[^>]* autocomplete="off" autocapitalize="none"[^>]* spellcheck="false"', text
    )
    assert text.count("<h1>") == 1
    assert "<main>" in text
    assert "prefers-color-scheme" in text or "color-scheme: light dark" in text


async def test_the_form_works_where_no_script_runs(pages: Pages) -> None:
    _, _, text = await pages.get()
    without = re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)

    status, after = await pages.give()

    assert '<form method="post"' in without
    assert '<button id="give" type="submit">' in without
    assert (status, pages.given) == (200, [SHARE.encode()])
    assert "Taken: 1 of 3" in after


async def test_a_page_says_whose_it_is_what_for_and_until_when_and_nobody_who_reads_it_uses_it_up(pages: Pages) -> None:
    for method in ("HEAD", "GET", "GET"):
        await pages.get(method)
    _, _, text = await pages.get()

    assert "For <strong>@anna:example.org</strong>: <strong>openbao-0</strong>" in text
    assert f"Until {(pages.clock.wall + timedelta(minutes=10)).strftime('%H:%M')}, once." in text
    assert "Not you? Close this page." in text
    assert (await pages.give())[0] == 200
    assert len(pages.given) == 1


async def test_a_page_that_two_have_open_takes_one_share(pages: Pages) -> None:
    await asyncio.gather(pages.get(), pages.get())

    answers = await asyncio.gather(pages.post(), pages.post(f"value={'cd' * 33}"))
    status, _, text = await pages.get()

    assert 303 in {status for status, _, _ in answers} <= {303, 200}
    assert len(pages.given) == 1
    assert (status, "Taken: 1 of 3" in text, "<form" in text) == (200, True, False)


async def test_two_shares_that_arrive_together_are_taken_one_after_the_other(pages: Pages) -> None:
    async def slowly(value: bytearray) -> Outcome:
        await asyncio.sleep(0)
        return await pages.take(value)

    secret = pages.once.open(ANNA, Want.SHARE, "openbao-0", slowly).rpartition("/")[2]

    outcomes = await asyncio.gather(*(pages.once.submit(secret, bytearray(SHARE.encode())) for _ in range(2)))

    assert [outcome.fate for outcome in outcomes] == [Fate.COUNTED, Fate.OVER]
    assert len(pages.given) == 1


async def test_a_share_for_a_page_that_is_used_is_not_even_read(pages: Pages) -> None:
    await pages.give()
    socket = await dial(pages.house)

    await socket.send(head(FORM, "Content-Length: 5000", to=pages.path))
    status, _, text = await socket.answer()

    assert (status, "Taken: 1 of 3" in text) == (200, True)
    assert len(pages.given) == 1


async def test_ten_minutes_later_a_page_is_over(pages: Pages) -> None:
    pages.clock.step(599)
    before, _, _ = await pages.get()
    pages.clock.step(1)

    after, _, text = await pages.get()
    given, _, _ = await pages.post()

    assert (before, after, given) == (200, 404, 404)
    assert "This page is over" in text
    assert pages.given == []


async def test_a_clock_that_is_set_back_opens_no_page_again(pages: Pages) -> None:
    pages.clock.step(601)
    pages.clock.set(-3600)

    status, _, _ = await pages.post()

    assert (status, pages.given) == (404, [])


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT"])
async def test_whether_a_page_ever_was_nobody_learns(pages: Pages, method: str) -> None:
    never = f"{PREFIX}0123456789abcdefghjkmnpqrstvwxyz0123456789abcdefghjk"
    expired = pages.path
    pages.clock.step(600)
    closed = pages.page()
    pages.once.close(f"{PUBLIC}{closed}")

    answers = [await asked(pages.house, to=path, method=method) for path in (never, closed, expired)]

    assert len({(status, _without_nonce(text), len(headers)) for status, headers, text in answers}) == 1
    assert answers[0][0] == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([], 303),
        (["Sec-Fetch-Site: same-origin", "Origin: null"], 303),
        (["Sec-Fetch-Site: same-origin", f"Origin: {PUBLIC}"], 303),
        (["Sec-Fetch-Site: cross-site"], 403),
        (["Sec-Fetch-Site: same-site"], 403),
        (["Sec-Fetch-Site: cross-site", "Origin: null"], 403),
        (["Origin: https://evil.example.org"], 403),
        (["Origin: https://ops.example.org.evil.example"], 403),
        (["Origin: http://ops.example.org"], 403),
        (["Sec-Fetch-Site: same-origin", "Origin: https://evil.example.org"], 403),
    ],
)
async def test_a_form_that_another_site_sends_is_not_taken(pages: Pages, headers: list[str], status: int) -> None:
    answer, _, _ = await pages.post("", *headers)

    assert answer == status
    assert len(pages.given) == (status == 303)


@pytest.mark.parametrize(
    ("body", "given"),
    [
        (f"value={SHARE}", SHARE),
        (f"value=++%0D%0A{SHARE}%0A+", SHARE),
        (f"value={SHARE}&other=1", SHARE),
        ("value=q80Xy%2B%2Fz%3D", "q80Xy+/z="),
        ("value=100%", "100%"),
        ("value=%C3%A4", "ä"),
        ("value=", ""),
        ("other=1", ""),
        (f"xvalue={SHARE}", ""),
        ("%", ""),
    ],
)
async def test_what_is_typed_arrives_byte_by_byte_without_the_blanks_around(
    pages: Pages, body: str, given: str
) -> None:
    await pages.post(body)

    assert pages.given == [given.encode()]


async def test_what_was_given_is_wiped_when_it_is_answered(pages: Pages) -> None:
    await pages.give()

    assert pages.kept == [bytearray(len(SHARE))]


async def test_more_than_a_share_can_be_is_refused_unread_and_the_page_stays(pages: Pages) -> None:
    status, _, text = await pages.post("value=" + "a" * 20_000)

    assert (status, text) == (413, "that is too long, or came too slowly\n")
    assert pages.given == []
    assert (await pages.give())[0] == 200


@pytest.mark.parametrize(
    ("fate", "words"),
    [
        (Fate.MALFORMED, "That cannot be it"),
        (Fate.UNREACHABLE, "Nobody took it"),
        (Fate.REPEATED, "still 2 of 3"),
    ],
)
async def test_what_was_not_used_may_be_given_again_five_times_in_all(pages: Pages, fate: Fate, words: str) -> None:
    pages.outcome = Outcome(fate, 2, 3)

    answers = [await pages.give() for _ in range(5)]
    over = await pages.post()

    assert all(status == 200 and words in text and "<form" in text for status, text in answers[:4])
    assert "This page is over" in answers[4][1]
    assert (over[0], len(pages.given)) == (404, 5)


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Outcome(Fate.OPENED), "✓ Unsealed"),
        (Outcome(Fate.WRONG), "One was wrong, nobody can tell which"),
        (Outcome(Fate.STORED), "✓ Stored"),
        (Outcome(Fate.REFUSED), "The room says why"),
    ],
)
async def test_a_used_page_goes_on_saying_what_became_of_it(pages: Pages, outcome: Outcome, words: str) -> None:
    pages.outcome = outcome

    _, first = await pages.give()
    _, _, later = await pages.get()

    assert words in first
    assert words in later


async def test_a_page_that_hangs_keeps_nobody_else_waiting(pages: Pages) -> None:
    never = asyncio.Event()

    async def hang(_: bytearray) -> Outcome:
        await never.wait()
        return Outcome(Fate.UNREACHABLE)

    hanging = pages.once.open(ANNA, Want.SHARE, "openbao-0", hang).removeprefix(PUBLIC)
    waiting = asyncio.create_task(pages.post(path=hanging))
    await asyncio.sleep(0)

    assert (await asyncio.wait_for(pages.give(), 5))[0] == 200
    never.set()
    await waiting


async def test_other_methods_are_told_which_ones_there_are(pages: Pages) -> None:
    status, headers, _ = await pages.get("PUT")

    assert (status, headers["allow"]) == (405, "GET, POST")


async def test_an_address_holds_260_random_bits_and_we_keep_its_digest_alone() -> None:
    system = Clock().system
    asked_for: list[int] = []

    class Counting:
        def __getattr__(self, name: str) -> Any:
            return getattr(system, name)

        def new_id(self, length: int) -> str:
            asked_for.append(length)
            return "k" * length

    once = OncePages(cast("Desk", _Stub(_settings(PUBLIC), Counting())))
    address = once.open(ANNA, Want.SHARE, "openbao-0", cast("Any", None))

    assert asked_for == [52]
    assert "k" * 52 in address
    assert "k" * 52 not in repr(once._pages)


async def test_where_phones_cannot_reach_us_no_page_is_opened() -> None:
    once = OncePages(cast("Desk", _Stub(_settings(None), Clock().system)))

    with pytest.raises(UsageError, match="nobody can reach my pages"):
        once.open(ANNA, Want.SHARE, "openbao-0", cast("Any", None))
