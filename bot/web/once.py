"""One-time pages: a small form for a phone that takes one value and says what became of it; works without a script."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from html import escape
from pathlib import Path
from string import Template

from aiohttp import web

from bot.core.once import Fate, OncePage, Outcome, Want
from bot.web.answers import line

PREFIX = "/once/"
_LONGEST = 16 * 1024
_SECONDS = 10.0
_FIELD = b"value="
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
        "It counts once: still {progress} of {threshold}.",
    ),
    Fate.WRONG: (
        "The shares did not fit",
        "One was wrong, nobody can tell which. All start again: !unseal.",
    ),
    Fate.STORED: ("✓ Stored", "You can close this page; the room shows how it goes on."),
    Fate.REFUSED: ("Not stored", "The room says why."),
    Fate.OVER: ("This page is over", "It was used, is too old, or never was. Ask in the room for another."),
    Fate.MALFORMED: ("That cannot be it", "It was not used. Paste it whole: letters and digits, no spaces."),
    Fate.UNREACHABLE: ("Nobody took it", "OpenBao did not answer, and it was not used. Try again in a moment."),
}


class Once:
    """Answers below `/once/`; what is given goes to `submit` and nowhere else."""

    def __init__(
        self,
        find: Callable[[str], OncePage | None],
        submit: Callable[[str, bytearray], Awaitable[Outcome]],
        clock: Callable[[datetime], str],
        nonce: Callable[[], str],
    ) -> None:
        """`clock` tells a moment as the time of day where the team is; `nonce` names what one answer may run."""
        self._find = find
        self._submit = submit
        self._clock = clock
        self._nonce = nonce

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Show a page, or take what it asks for."""
        secret = request.rel_url.raw_path.removeprefix(PREFIX)
        page = self._find(secret)
        if page is None:
            return self._html(404, "This page is over", _words(Outcome(Fate.OVER)))
        match request.method:
            case "GET" | "HEAD":
                return self._shown(page)
            case "POST":
                return await self._taken(request, secret, page)
        return line(405, "only GET and POST here", {"Allow": "GET, POST"})

    def _shown(self, page: OncePage, said: Outcome | None = None) -> web.Response:
        if page.outcome is not None:
            return self._html(200, "Sunbeam Ops", _words(page.outcome))
        title, label = _ASKS[page.want]
        warning = "".join(f"<p class=no>{escape(each)}</p>" for each in _SAYS[said.fate]) if said else ""
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
        if not _is_own(request):
            return line(403, "not from this page")
        value = await _value(request)
        if value is None:
            return line(413, "that is too long, or came too slowly")
        outcome = await self._submit(secret, value)
        if outcome.again:
            return self._shown(page, outcome)
        # The page itself says what became of it, however often it is loaded again.
        return web.Response(status=303, headers={"Location": f"{PREFIX}{secret}", **_HEADERS})

    def _html(self, status: int, title: str, body: str) -> web.Response:
        nonce = self._nonce()
        policy = (
            f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; form-action 'self';"
            " base-uri 'none'; frame-ancestors 'none'"
        )
        text = _PAGE.substitute(title=escape(title), body=body, nonce=nonce)
        headers = {**_HEADERS, "Content-Security-Policy": policy}
        return web.Response(status=status, text=text, content_type="text/html", headers=headers)


def _is_own(request: web.BaseRequest) -> bool:
    """Tell whether a form came from a page of ours: what a browser says of it must not name another site."""
    return request.headers.get("Sec-Fetch-Site", "same-origin") in {"same-origin", "none"}


async def _value(request: web.BaseRequest) -> bytearray | None:
    """Read the one field of the form; None when it is too long or slow."""
    body = bytearray()
    try:
        async with asyncio.timeout(_SECONDS):
            while piece := await request.content.readany():
                body += piece
                if len(body) > _LONGEST:
                    return None
    except (TimeoutError, ConnectionError, web.RequestPayloadError):
        return None
    at = body.find(_FIELD)
    value = _decoded(body[at + len(_FIELD) :]) if at >= 0 else bytearray()
    body[:] = bytes(len(body))
    return value.strip()


def _decoded(form: bytearray) -> bytearray:
    """Undo what a form does to its bytes, without making a text of them: a text cannot be overwritten."""
    out, at = bytearray(), 0
    while at < len(form) and form[at] != ord("&"):
        if form[at] == ord("%") and (pair := _pair(form[at + 1 : at + 3])) is not None:
            out.append(pair)
            at += 3
        else:
            out.append(ord(" ") if form[at] == ord("+") else form[at])
            at += 1
    form[:] = bytes(len(form))
    return out


def _pair(digits: bytearray) -> int | None:
    try:
        return int(digits, 16) if len(digits) == 2 else None  # noqa: PLR2004 - two hexadecimal digits
    except ValueError:
        return None


def _words(outcome: Outcome) -> str:
    title, below = (
        words.format(progress=outcome.progress, threshold=outcome.threshold) for words in _SAYS[outcome.fate]
    )
    return f"<h1>{escape(title)}</h1><p>{escape(below)}</p>"


_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
