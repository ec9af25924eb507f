"""What is said to somebody who typed a secret into the room."""

from bot.core.facts import Verdict
from bot.core.leaks import Leak
from bot.core.replies import Leaked
from formatters.document import Block, Code, Document, Glyph, Line, Mark, Paragraph, Person, line

_NAMES = {
    Leak.SHARE: "an unseal share",
    Leak.KEY: "a private key",
    Leak.TOKEN: "a token",
    Leak.PASSWORD: "a password",
    Leak.VALUE: "the value of a secret",
}
_NEXT: dict[Leak, Line] = {
    Leak.SHARE: line(
        "It was not used. Make new shares while OpenBao is open: ",
        Code("bao operator rotate-keys -init"),
        "; give yours on your own page only: ",
        Code("!unseal"),
    ),
    Leak.KEY: line("Replace the key, and whatever was issued for it"),
    Leak.TOKEN: line("Revoke the token where it came from, and make a new one"),
    Leak.PASSWORD: line("Change that password"),
    Leak.VALUE: line(
        "Nothing was written. ",
        Code("!vault kv patch PATH KEY --random 32"),
        " makes a value inside me, ",
        Code("--ask"),
        " takes yours on a page; use another one",
    ),
}


def leaked(reply: Leaked) -> Document:
    """Say what it was, whether it is gone, that it is burnt either way, and what to do about it."""
    what = " and ".join(_NAMES[leak] for leak in reply.leaks)
    state = line(Mark(Glyph.REFUSED), " Removed: ") if reply.removed else line(Mark(Glyph.CRITICAL), " NOT removed: ")
    blocks: list[Block] = []
    if not reply.removed:
        blocks.append(Paragraph(line("I may not: remove it yourself, now, and give me the power to remove messages")))
    blocks.append(Paragraph(line("Compromised all the same: the homeserver keeps it, phones and bots have read it")))
    blocks += [Paragraph(_NEXT[leak]) for leak in reply.leaks]
    blocks.append(Paragraph(line("id ", Code(reply.request))))
    verdict = Verdict.WARN if reply.removed else Verdict.BAD
    return Document(verdict, (*state, f"{what} that ", Person(reply.by), " typed"), tuple(blocks))
