"""A strict reader of HTML: unknown tags vanish, nothing takes their place, and all is written as `body` writes it."""

from html.parser import HTMLParser

ALLOWED = frozenset(
    {"b", "strong", "i", "em", "u", "del", "code", "pre", "ul", "ol", "li", "blockquote", "p", "br", "a"}
)
_STARTS_A_LINE = {"pre", "li", "blockquote", "p"}


class Phone(HTMLParser):
    """Reads formatted_body; `screen` is what stands on it, written the way `body` writes lists, quotes and links."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows = [""]
        self.open: list[str] = []
        self.unknown: set[str] = set()
        self.faults: list[str] = []
        self.links: list[tuple[str, str]] = []
        self.loose = ""
        """What stands in neither code nor a link."""
        self._untouched = True
        self._numbers: list[int | None] = []

    @property
    def screen(self) -> str:
        return "\n".join(self.rows)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in ALLOWED:
            self.unknown.add(tag)
            return
        if given.keys() - ({"href"} if tag == "a" else set()):
            self.faults.append(f"attributes of {tag}: {given}")
        if tag == "br":
            self._new_row()
            return
        self.open.append(tag)
        if tag in {"ul", "ol"}:
            self._numbers.append(1 if tag == "ol" else None)
        if tag in _STARTS_A_LINE and self.open[-2:] != ["blockquote", "p"]:
            self._new_block()
        if tag == "a":
            self.links.append((given.get("href") or "", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag not in ALLOWED:
            return
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes something else")
        if tag in {"ul", "ol"}:
            self._numbers.pop()
        if tag == "a":
            url, words = self.links[-1]
            if words != url and not url.startswith("https://matrix.to/"):
                self._write(f" <{url}>")

    def handle_data(self, data: str) -> None:
        if "a" in self.open:
            url, words = self.links[-1]
            self.links[-1] = (url, words + data)
        if not {"code", "a"}.intersection(self.open):
            self.loose += data
        # The line break that fixed-width text ends with breaks no further line.
        first, *others = (data.removesuffix("\n") if "pre" in self.open else data).split("\n")
        self._write(first)
        for row in others:
            self._new_row()
            self._write(row)

    def handle_comment(self, data: str) -> None:
        self.faults.append(f"comment {data!r}")

    def handle_decl(self, decl: str) -> None:
        self.faults.append(f"declaration {decl!r}")

    def handle_pi(self, data: str) -> None:
        self.faults.append(f"instruction {data!r}")

    def unknown_decl(self, data: str) -> None:
        self.faults.append(f"declaration {data!r}")

    def _write(self, text: str) -> None:
        self.rows[-1] += text
        self.loose += "\n" if {"code", "a"}.intersection(self.open) else ""
        self._untouched = False

    def _new_block(self) -> None:
        self.loose += "\n"
        if not self._untouched:
            self.rows.append("")
        self._untouched = False
        if self.open[-1] == "li":
            number = self._numbers[-1]
            self.rows[-1] = "• " if number is None else f"{number}. "
            self._numbers[-1] = None if number is None else number + 1
        elif self.open[-1] == "blockquote":
            self.rows[-1] = "> "

    def _new_row(self) -> None:
        self.rows.append("  " if "li" in self.open else "> " if "blockquote" in self.open else "")
        self.loose += "\n"


def draw(html: str) -> Phone:
    """Read HTML to its end and return the phone."""
    drawn = Phone()
    drawn.feed(html)
    drawn.close()
    if drawn.open:
        drawn.faults.append(f"left open: {drawn.open}")
    return drawn
