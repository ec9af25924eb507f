"""What is said to somebody who typed a secret into the room."""

from bot.core.facts import Verdict
from bot.core.leaks import Leak
from bot.core.once import Fate
from bot.core.replies import Leaked, Whispered
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


_BECAME: dict[Fate, tuple[Glyph, str]] = {
    Fate.COUNTED: (Glyph.OK, "Taken: {progress} of {threshold}. Thank you; the room shows the rest"),
    Fate.OPENED: (Glyph.OK, "Unsealed: that was the last one needed. Thank you"),
    Fate.REPEATED: (Glyph.INFO, "Given already, and it counts once: still {progress} of {threshold}. Give your own"),
    Fate.WRONG: (Glyph.FAILED, "The shares did not fit: one was wrong, nobody can tell which. All start again"),
    Fate.MALFORMED: (Glyph.UNKNOWN, "That cannot be it, and it was not used. Paste it whole: letters and digits"),
    Fate.UNREACHABLE: (Glyph.UNKNOWN, "No answer from OpenBao. Give it again in a moment: once too often does no harm"),
}
_NOBODY_ASKED = (Glyph.INFO, "Not used: nobody waits for your share now")


def whispered(reply: Whispered) -> Document:
    """Say what became of a share that was typed to us alone, and whether it is gone from the chat."""
    outcome = reply.outcome
    glyph, words = _BECAME.get(outcome.fate, _NOBODY_ASKED)
    told = words.format(progress=outcome.progress, threshold=outcome.threshold)
    gone = "Your message is removed" if reply.removed else "I could NOT remove your message: do it yourself, now"
    return Document(Verdict.NONE, line(Mark(glyph), f" {told}"), (Paragraph((gone,)),))
