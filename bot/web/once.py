"""One-time pages: a small form for a phone that takes one value and says what became of it; works without a script."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

from aiohttp import web

from bot.clients.unsealing import wipe
from bot.core.once import Fate, OncePage, Outcome, Want
from bot.web.answers import line

PREFIX = "/once/"
_LONGEST = 16 * 1024
_SECONDS = 10.0
_FIELD = b"value="
_MOST_DOTS = 9
_BLANK = b" \t\r\n"
_PAGE = Template((Path(__file__).parent / "templates" / "once.html").read_text(encoding="utf-8"))
_FORM = Template((Path(__file__).parent / "templates" / "form.html").read_text(encoding="utf-8"))

_ASKS = {
    Want.SHARE: ("Give your share", "Your share of the unseal key, as it was given to you"),
    Want.VALUE: ("Give the new value", "The new value; nobody is shown it again"),
}
_SAYS: dict[Fate, tuple[str, str]] = {
    Fate.COUNTED: (
        "✓ Taken: {progress} of {threshold}",
        "Thank you. You can close this page; the room shows the rest.",
    ),
    Fate.OPENED: ("✓ Unsealed", "That was the last one needed. Thank you. You can close this page."),
    Fate.REPEATED: (
        "That share was given already",
        "It counts once: still {progress} of {threshold}. Give your own.",
    ),
    Fate.WRONG: (
        "The shares did not fit",
        "One was wrong, nobody can tell which. All start again: !unseal.",
    ),
    Fate.STORED: ("✓ Stored", "You can close this page; the room shows how it goes on."),
    Fate.REFUSED: ("Not stored", "The room says why."),
    Fate.OVER: ("This page is over", "It was used, is too old, or never was. Ask in the room for another."),
    Fate.MALFORMED: ("That cannot be it", "It was not used. Paste it whole, and nothing beside it."),
    Fate.UNREACHABLE: ("Nobody took it", "OpenBao did not answer. Try again in a moment: twice does no harm."),
}


class Once:
    """Answers below `/once/`; what is given goes to `submit` and nowhere else."""

    def __init__(
        self,
        find: Callable[[str], OncePage | None],
        submit: Callable[[str, bytearray], Awaitable[Outcome]],
        clock: Callable[[datetime], str],
        nonce: Callable[[], str],
        public_url: str | None,
    ) -> None:
        """`clock` tells a moment as the time of day where the team is; `nonce` names what one answer may run."""
        self._origin = _origin(public_url)
        self._find = find
        self._submit = submit
        self._clock = clock
        self._nonce = nonce

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Show a page, or take what it asks for."""
        secret = request.rel_url.raw_path.removeprefix(PREFIX)
        page = self._find(secret)
        if page is None or page.outcome is not None:
            return self._over(page.outcome if page and page.outcome else Outcome(Fate.OVER))
        match request.method:
            case "GET" | "HEAD":
                return self._shown(page)
            case "POST":
                return await self._taken(request, secret, page)
        return line(405, "only GET and POST here", {"Allow": "GET, POST"})

    def _over(self, outcome: Outcome) -> web.Response:
        """Say what became of a page; whether one that is over ever was, nobody learns."""
        return self._html(404 if outcome.fate is Fate.OVER else 200, "Sunbeam Ops", _words(outcome))

    def _shown(self, page: OncePage, said: Outcome | None = None) -> web.Response:
        title, label = _ASKS[page.want]
        words = "<br>".join(map(escape, _said(said))) if said else ""
        warning = f'<p class="no" role="alert">{words}</p>' if words else ""
        form = _FORM.substitute(
            title=escape(title),
            about=escape(page.about),
            person=escape(page.person),
            until=escape(self._clock(page.until)),
            label=escape(label),
            warning=warning,
        )
        return self._html(200, title, form)

    async def _taken(self, request: web.BaseRequest, secret: str, page: OncePage) -> web.StreamResponse:
        if not self._is_own(request):
            return line(403, "not from this page")
        value = await _value(request)
        if value is None:
            return line(413, "that is too long, or came too slowly")
        outcome = await self._submit(secret, value)
        if outcome.again:
            return self._shown(page, outcome)
        # The page itself says what became of it, however often it is loaded again.
        return web.Response(status=303, headers={"Location": secret, **_HEADERS})

    def _is_own(self, request: web.BaseRequest) -> bool:
        """Tell whether a form came from a page of ours: what a browser says of it must not name another site.

        Nobody else's page can know where to send one, since the address is the secret; this is the second lock.
        """
        if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
            return False
        # A page without a referrer calls its own origin `null` (Fetch, "append a request Origin header").
        return request.headers.get("Origin", "null") in {"null", self._origin}

    def _html(self, status: int, title: str, body: str) -> web.Response:
        nonce = self._nonce()
        policy = (
            f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; form-action 'self';"
            " base-uri 'none'; frame-ancestors 'none'"
        )
        text = _PAGE.substitute(title=escape(title), body=body, nonce=nonce)
        headers = {**_HEADERS, "Content-Security-Policy": policy}
        return web.Response(status=status, text=text, content_type="text/html", headers=headers)


def _origin(public_url: str | None) -> str:
    """Return how a browser names where our pages come from."""
    parts = urlsplit((public_url or "").lower())
    return f"{parts.scheme}://{parts.netloc}".removesuffix(":443")


async def _value(request: web.BaseRequest) -> bytearray | None:
    """Read the one field of the form; None when it is too long or slow."""
    body = bytearray()
    try:
        return _decoded(body) if await _read(request, body) else None
    finally:
        wipe(body)


async def _read(request: web.BaseRequest, body: bytearray) -> bool:
    try:
        async with asyncio.timeout(_SECONDS):
            while piece := await request.content.readany():
                body += piece
                if len(body) > _LONGEST:
                    return False
    except (TimeoutError, ConnectionError, web.RequestPayloadError):
        return False
    return True


def _decoded(form: bytearray) -> bytearray:
    """Return the field's bytes, less blanks around them, without making a text: that could not be overwritten."""
    out, at = bytearray(), len(_FIELD)
    if not form.startswith(_FIELD):
        return out
    while at < len(form) and form[at] != ord("&"):
        if form[at] == ord("%") and (pair := _pair(form[at + 1 : at + 3])) is not None:
            out.append(pair)
            at += 3
        else:
            out.append(ord(" ") if form[at] == ord("+") else form[at])
            at += 1
    while out and out[-1] in _BLANK:
        out.pop()
    while out and out[0] in _BLANK:
        del out[0]
    return out


def _pair(digits: bytearray) -> int | None:
    try:
        return int(digits, 16) if len(digits) == 2 else None  # noqa: PLR2004 - two hexadecimal digits
    except ValueError:
        return None


def _said(outcome: Outcome) -> tuple[str, ...]:
    return tuple(words.format(progress=outcome.progress, threshold=outcome.threshold) for words in _SAYS[outcome.fate])


def _words(outcome: Outcome) -> str:
    title, below = _said(outcome)
    return f"<h1>{escape(title)}</h1>{_dots(outcome)}<p>{escape(below)}</p>"


def _dots(outcome: Outcome) -> str:
    """Return how far it is, for the eye; the words beside it say the same."""
    if outcome.fate is not Fate.COUNTED or outcome.threshold > _MOST_DOTS:
        return ""
    dots = "●" * outcome.progress + "○" * (outcome.threshold - outcome.progress)
    return f'<p class="dots" aria-hidden="true">{dots}</p>'


_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
