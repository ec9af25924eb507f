"""OpenBao as the room sees it: seal by pod, the Secret with its keys, the bot's own login."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from bot.core.facts import Unknown, Verdict
from bot.core.identity import Identity
from bot.core.keys import KeysReport
from bot.core.seal import Pod, SealStatus
from commands.vault import VaultStatus
from formatters.document import Block, Bullets, Code, Document, Glyph, Item, Line, Mark, Paragraph, glyph_of, line
from formatters.findings import keys_words
from formatters.words import ago, count, moment


def vault_status(result: VaultStatus) -> Document:
    """Say whether it serves; before all else, that it serves on borrowed time."""
    blocks: list[Block] = []
    if result.keys_lost:
        blocks.append(Paragraph(line("The next restart seals it for good: put the keys back before anything restarts")))
    blocks.append(Bullets(tuple(_pod(name, pod) for name, pod in result.pods.items())))
    blocks += [Paragraph(each) for each in (_keys(result), _me(result)) if each]
    if any(isinstance(pod, Pod) and _can_be_opened(pod.seal) for pod in result.pods.values()):
        blocks.append(Paragraph(line("next: ", Code("!unseal"))))
    return Document(result.verdict, _title(result), tuple(blocks))


def _title(result: VaultStatus) -> Line:
    if result.keys_lost and result.serving and isinstance(result.keys, KeysReport):
        return line(Mark(Glyph.CRITICAL), f" CRITICAL keys Secret {result.keys.state.value.upper()}, OpenBao unsealed")
    shut = [name for name, pod in result.pods.items() if isinstance(pod, Pod) and not pod.seal.serves]
    mute = [name for name, pod in result.pods.items() if isinstance(pod, Unknown)]
    glyph = (Mark(glyph_of(result.verdict)), " ")
    if shut:
        return (*glyph, f"OpenBao SEALED — {_which(shut, result)}")
    if mute:
        return (*glyph, f"OpenBao not answered — {_which(mute, result)}")
    return (*glyph, f"OpenBao unsealed{''.join(_doubts(result))}")


def _which(names: list[str], result: VaultStatus) -> str:
    return ", ".join(names) if len(names) < len(result.pods) or len(names) == 1 else f"all {count(len(names), 'pod')}"


def _doubts(result: VaultStatus) -> Iterator[str]:
    """Yield what keeps an open OpenBao from being all well."""
    if isinstance(result.keys, Unknown):
        yield ", keys Secret not known"
    if isinstance(result.me, Unknown):
        yield ", my login does not work"
    elif result.me.verdict is Verdict.WARN:
        yield ", my login is too strong"


def _pod(name: str, pod: Pod | Unknown) -> Item:
    if isinstance(pod, Unknown):
        return Item(line(Code(name), " ", Mark(Glyph.UNKNOWN), f" {pod.reason}"))
    words = " · ".join((*_state(pod), *_shares(pod.seal), pod.seal.version))
    return Item(line(Code(name), " ", Mark(glyph_of(pod.verdict)), f" {words}"))


def _state(pod: Pod) -> Iterator[str]:
    seal = pod.seal
    if not seal.initialized:
        yield "not initialised"
    elif seal.sealed:
        yield f"sealed {_dots(seal)}"
    elif isinstance(pod.role, Unknown):
        yield "unsealed, role not known"
    elif pod.role:
        yield pod.role.value


def _dots(seal: SealStatus) -> str:
    """Return the progress as it is told while people give their shares: `●○○ 1/3`."""
    given = min(seal.progress, seal.threshold)
    return f"{'●' * given}{'○' * (seal.threshold - given)} {seal.progress}/{seal.threshold}"


def _shares(seal: SealStatus) -> Iterator[str]:
    if seal.opens_itself:
        yield f"unseals itself ({seal.type})"
    elif seal.serves:
        yield f"{seal.threshold} of {count(seal.shares, 'share')}"


def _can_be_opened(seal: SealStatus) -> bool:
    return seal.initialized and seal.sealed and not seal.opens_itself


def _keys(result: VaultStatus) -> Line:
    if result.keys is None:
        return ()
    words = keys_words(result.keys)
    if isinstance(result.keys, Unknown):
        return words
    glyph = Glyph.CRITICAL if result.keys_lost else Glyph.OK
    return (Mark(glyph), " ", *words, f" · seen {ago(result.as_of - result.keys.checked_at)}")


def _me(result: VaultStatus) -> Line:
    me = result.me
    if isinstance(me, Unknown):
        return line("Me ", Mark(Glyph.UNKNOWN), f" {me.reason}")
    who = line("role ", Code(me.role)) if me.role else line("a static token")
    until = moment(me.ends_at, result.as_of, ZoneInfo(result.zone)) if me.ends_at else ""
    ends = f", until {until}" if until else ", for ever"
    return ("Me ", Mark(glyph_of(me.verdict)), " ", *who, ends, *_too_much(me))


def _too_much(me: Identity) -> Iterator[str]:
    if me.almighty:
        yield " · root's: give me a role of my own"
    elif me.lasting:
        yield " · longer than an hour: lower the role's token_ttl"
