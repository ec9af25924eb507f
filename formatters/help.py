"""Help, on one screen."""

from bot.core.facts import Verdict
from bot.core.policy import Risk
from commands.help import Entry, HelpEntry, HelpPage
from formatters.document import Bullets, Code, Document, Glyph, Item, Line, Mark, Paragraph, line

_TAKES = {
    Risk.READ: "only looks",
    Risk.REVERSIBLE: "asks for a 👍 first; --yes skips that",
    Risk.AFFECTING: "asks you for a code first",
    Risk.DANGEROUS: "asks a second person for a code first",
}


def help_page(page: HelpPage) -> Document:
    """Say what the asker may do, looking first."""
    looks = [entry for entry in page.open if entry.risk is Risk.READ]
    acts = [entry for entry in page.open if entry.risk is not Risk.READ]
    rows = [_row("Look", looks), _row("Act", acts), _row("Not yours", list(page.closed))]
    return Document(
        Verdict.NONE,
        line(Mark(Glyph.INFO), " What you can ask me"),
        (
            Bullets(tuple(row for row in rows if row)),
            Paragraph(line(Code("!help check"), " tells all about one · you are ", page.role.value, " here")),
        ),
    )


def help_entry(page: HelpEntry) -> Document:
    """Tell all about one command."""
    entry = page.entry
    takes = (_TAKES[entry.risk] if entry.asks else "done at once") if page.allowed else "not with your role"
    shown = entry.examples or (f"!{entry.verb}",)
    return Document(
        Verdict.NONE,
        line(Mark(Glyph.INFO), " ", Code(entry.usage), f" — {entry.summary}"),
        (
            Paragraph(line(f"Class {entry.risk.value}: {takes}")),
            Bullets(tuple(Item(line(Code(example))) for example in shown)),
            *(Paragraph(line("Elsewhere: ", Code(f"--cluster {name}"))) for name in entry.clusters),
        ),
    )


def _row(title: str, entries: list[Entry]) -> Item | None:
    if not entries:
        return None
    words: Line = (f"{title}:",)
    for entry in entries:
        words = (*words, " ", Code(f"!{entry.verb}"))
    return Item(words)
