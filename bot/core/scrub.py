"""Secrets in text that others wrote (log lines, output of commands), found by name, by shape or by chance, and masked.

Better a word too many than a secret: where a value could be either, it goes. What makes the text useful stays: UUIDs,
digests and commits that say what they are, names of pods and volumes, ids of requests and traces. A short secret that
nothing names cannot be told from an id, and stays too.
"""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from bot.core.chance import is_mixed, is_random

MASK = "[secret]"
"""What stands where a secret stood."""

Put = str | Callable[[re.Match[str]], str]


def scrub(text: str) -> str:
    """Return text without its secrets, in as many lines as before.

    Lines of one source belong together: a key in PEM form spans several. Scrubbing twice changes nothing more.
    """
    small = _small(text)
    for rule in _RULES:
        if small and rule.words and not any(word in small for word in rule.words):
            continue
        found = rule.pattern.sub(rule.put, text)
        if found != text:
            text, small = found, _small(found)
    return text


def _small(text: str) -> str:
    """Return what words are looked for in; nothing for a text in which `re` takes other letters for plain ones too."""
    return text.lower() if text.isascii() else ""


def without_tokens(text: str) -> str:
    """Return text without what is a token as it stands: for what is compared, where `scrub` would take too much."""
    return _TOKENS.sub(MASK, text) if len(text) >= _SHORTEST_TOKEN else text


def _if_mixed(match: re.Match[str]) -> str:
    return f"{match['kept']}{MASK}" if is_mixed(match["value"]) else match[0]


def _if_random(match: re.Match[str]) -> str:
    return MASK if is_random(match[0]) and not _is_called_harmless(match) else match[0]


def _if_unknown(match: re.Match[str]) -> str:
    return match[0] if match[0].isdecimal() or _is_called_harmless(match) else MASK


def _is_called_harmless(match: re.Match[str]) -> bool:
    start = match.start()
    return _HARMLESS.search(match.string, max(0, start - _FAR), start) is not None


def _without_key(match: re.Match[str]) -> str:
    return _PEM_LINE.sub(lambda line: line["edge"] or MASK, match[0])


def _any_case(words: Sequence[str]) -> str:
    """Return an alternation that takes words in any case and begins with plain letters, over which `re` is quick."""
    rest = {word[0]: "|".join(other[1:] for other in words if other[0] == word[0]) for word in words}
    return "|".join(f"{case}(?i:{rest[letter]})" for letter in rest for case in (letter, letter.upper()))


def _whole_words(words: Sequence[str]) -> str:
    """Do the same for words that count only where none goes on: pass, userPass and DB_PASS, but not compass."""
    return "|".join(
        f"{first}(?<!{before}{first})(?i:{word[1:]})(?![A-Za-z])"
        for word in words
        for first, before in ((word[0], "[A-Za-z]"), (word[0].upper(), "[A-Z]"))
    )


# Every repetition is bounded or possessive: a text takes time in proportion to its length, whoever made it up.

# A name that says its value is secret …
_KEYS = (
    *("access", "account", "api", "auth", "cipher", "encrypt", "encryption", "master", "pickle", "private", "recovery"),
    *("secret", "session", "shared", "signing", "storage", "unseal"),
)
_CODES = ("recovery", "verification", "login")
_NAME = "|".join(
    (
        _any_case(
            (
                *("passw(?:or)?d", "passphrase", "secret", "token", "credential", "signature", "assertion", "verifier"),
                *("csrf", "jwt", "salt", "cookie", "requirepass", "masterauth", r"session[-_]?id"),
                *(rf"{whose}[-_ ]?key" for whose in _KEYS),
                *(rf"{which}[-_ ]code" for which in _CODES),
            )
        ),
        _whole_words(("pass", "pw", "pwd", "sid", "otp", "pin", "auth", "sig")),
    )
)
_IN_NAMES = (
    *("pass", "pw", "secret", "token", "credential", "assertion", "verifier", "csrf", "jwt", "salt", "cookie", "auth"),
    *("session", "key", "code", "sid", "otp", "pin", "sig"),
)
"""What is part of each such name, in small letters: a text without any of these is not worth a closer look."""
# … unless it goes on to name something about a secret. `tokens: 812` is what a language model counts.
_ABOUT = (
    r"(?:s?[-_. ]?(?i:user|name|ref|type|ttl|expir|count|len|size|polic|file|path|ur[il]|endpoint|method|duration"
    r"|period|version|review|error|lifetime|issue|usage|field|store|class|mount|engine|backend|accessor|exchange|introspect"
    r"|rotat|manage|operator|sync|kind|namespace|provider|algo|status|valid|iz|limit|budget|bucket|refresh)"
    r"""|s["']?[ \t]*[:=][ \t]*[0-9]{1,9}\b)"""
)
_HIDES_NOTHING = (
    r"(?:(?i:true|false|null|none|nil|undefined|unset|redacted|hidden|masked|sensitive|[*x•]{3,})(?=[\s\"',;:)}\]\\]|$)"
    r"|\[secret\]|<[a-z ]{1,16}>|\$[{(]|\{\{|%[sdv]\b"
    # A sentence goes on: `error reading token: open …`, `token: signature is invalid`.
    r"|(?<![\"'`])(?:required|missing|invalid|incorrect|mismatch|expired|authentication|field|must|is|not|failed|wrong"
    r"|empty|the|this|cannot|no|open|unable|read|error|has|does|for|permission|context|denied|unknown|found)(?=[\s.,:;]|$)"
    r"|(?<=: )(?<!word: )(?<!WORD: )(?<!phrase: )(?<!pass: )[a-z]{1,16}[.,:;]?(?=\s|$)"
    # What PostgreSQL calls a session id: when it began, and its process.
    r"|[0-9a-f]{8}\.[0-9a-f]{1,6}\b)"
)
_QUOTE = r"""\\{0,4}["'`]"""
_GIVES = r"[ \t]{0,3}(?::=|=>|->|%3D|%3A|[:=>]|,[ \t]{0,3}\\?[\"']?value\\?[\"']?:)[ \t]{0,3}(?!\[secret\])"
_OPENS = rf"(?:\[|%22|Some\(|\()?(?:[bur]?{_QUOTE})?"
_UNQUOTED = (
    r"""(?:[^\s"'&<,;)\]}\\]|'(?=\w)|&(?![\w.%-]{1,40}=)|<(?!/)|[,;](?!\s|$|["']?[\w.-]{1,40}["']?[=:])"""
    r"""|[)\]}](?![\s,;)\]}"']|$)|\\(?!["'n]))++"""
)
# To the quote that closes, as deep as the one that opened; or to where the next thing begins.
_VALUE = (
    r"""(?:(?<=\\["'`])(?:[^"'`\\\n]|\\(?!\\*["'`]))++"""
    r"""|(?<!\\["'])(?<=")(?:[^"\\\n]|\\[^\n])++"""
    r"""|(?<!\\["'])(?<=')(?:[^'\\\n]|\\[^\n])++"""
    rf"""|(?<!["'`])(?![{{\["'`\\]){_UNQUOTED})"""
)

_PASSWORDS = _any_case(("password", "passphrase", "identified by", "requirepass", "masterauth"))
_IN_PASSWORDS = ("pass", "identified by", "auth")
_WORDS_BEFORE = ("token", "secret", "key", "share", "bearer", "basic")
_TOLD = (
    rf"(?P<kept>(?:{_any_case(_WORDS_BEFORE)})(?: \d)?:?[ \t]+"
    r"(?:(?:is|was|to|=)[ \t]+)?\\?[\"'`(]?)(?P<value>[\w.+/=~!@#$%^&*-]{8,})"
)

# Keys and certificates in PEM form, with real line breaks or `\n`, cut off at either end.
_PEM_BREAK = r"(?:\r?\n|(?:\\{1,3}r)?\\{1,3}n)"
_PEM_BODY = r"[ \t]*[A-Za-z0-9+/]{1,80}={0,2}"
_PEM_HEADER = r"[A-Za-z-]{1,20}: [^\n\\]{1,80}"
_PEM_END = r"[ \t]*-----END [A-Z0-9 ]{1,40}-----"
_PEM = (
    rf"-----BEGIN [A-Z0-9 ]{{1,40}}-----(?:{_PEM_BREAK}(?:{_PEM_BODY}|{_PEM_HEADER}|)(?=[\s\\\-\"']|$))*+"
    rf"(?:{_PEM_BREAK}?{_PEM_END})?"
)
_PEM_TAIL = rf"(?m)^{_PEM_BODY}\r?\n{_PEM_END}"
_PEM_LINE = re.compile(r"(?P<edge>-----(?:BEGIN|END) [A-Z0-9 ]{1,40}-----)|(?:(?!-----)[^\n])++")

# What says of the hexadecimal or random text behind it that it is no secret: `trace_id=`, `image@sha256:`, `commit `.
_FAR = 32
_HARMLESS = re.compile(
    r"(?:(?<![a-z])(?:trace|span|commit|sha(?:1|256|384|512)?|md5|e-?tag|digest|hash|checksum|crc|fingerprint|thumbprint"
    r"|serial|rev(?:ision)?|refs?|version|head|from|to|at|image|object|blob|tree|chunk|block|upload|build|event|request"
    r"|lease|csi|id|uid|guid|cid|container|containerd|docker|cri-o)s?|(?-i:(?<=[a-z])I[dD]s?)|sandbox(?: for)?|\.\.)"
    r"""\\?["']?[ \t]{0,2}(?::(?://)?|[=/@#-]|\.\.)?[ \t]{0,2}\\?["'\[(<]?$""",
    re.IGNORECASE,
)

# What stands behind the group `kept` is secret; beside it words of which the pattern needs one, in small letters.
_BEHIND: tuple[tuple[str, tuple[str, ...]], ...] = (
    # scheme://user:password@host; a password may hold an @ too.
    (r"(?P<kept>://[^\s/@:\"'<>]{0,128}:)(?!\d{1,5}(?:[/?#\s\"']|$))[^\s\"'<>]{1,160}(?=@)", ("@",)),
    # A line of .pgpass.
    (r"(?P<kept>:5432:[^:\s]{1,64}:[^:\s]{1,64}:)(?!\[secret\])[^\s\"']++", (":5432:",)),
    # Headers, whose whole value is secret.
    (
        rf"(?P<kept>[cC](?i:ookie){_QUOTE}?{_GIVES}{_OPENS})(?!\[secret\])(?=[^\n]{{0,200}}=)[^\"'\n\\\]]++",
        ("cookie",),
    ),
    (
        (
            rf"(?P<kept>[aA](?i:uthorization)(?:{_QUOTE})?{_GIVES}{_OPENS}"
            r"(?i:(?:bearer|basic|token|apikey|negotiate|digest|aws4\S{0,20})[ \t]+)?)(?!\[secret\])"
            r"(?:(?i:(?<=digest )|(?<=-sha256 ))[^\"'\n]++|(?![a-z]{1,16}[.,:;]?(?:\s|$))[^\s\"',\\\]]{4,})"
        ),
        ("authorization",),
    ),
    # name=value, name: value, "name": "value", \"name\":\"value\", name => value, <name>value, name%3Dvalue
    (
        (
            rf"(?P<kept>(?:{_NAME})(?!{_ABOUT})[\w-]{{0,24}}+(?:{_QUOTE}|%22)?[\])]?(?:{_GIVES}{_OPENS}|\({_QUOTE}))"
            rf"(?!{_HIDES_NOTHING}){_VALUE}"
        ),
        _IN_NAMES,
    ),
    (r"(?P<kept>[?&](?i:code|key|ticket|state|nonce)=)[^\s&\"'<>\[]{6,}", ("?", "&")),
    # --password value, "--token", "value", -p value, -u name:value, valkey-cli -a value
    (
        (
            rf"(?P<kept>-(?<![\w-]-)-?[\w-]{{0,30}}?(?:{_NAME})(?!{_ABOUT})(?:[-_]?(?:key|hash|value))?s?"
            r"[\"']?[ \t,]{1,3}[\"']?)(?![-\[\"'])[^\s\"',\]]++"
        ),
        _IN_NAMES,
    ),
    (
        r"(?P<kept>-p(?<!mkdir -p)(?<![\w-]-p)[\"']?[ \t,=]{1,3}[\"']?)(?![-/\[]|[\d:]+(?:[\s\"',]|$))[^\s\"',\]]++",
        ("-p",),
    ),
    (r"(?P<kept>-(?<![\w-]-)(?:u|-user)[ \t=\"',]{1,4}[\w.@-]{1,60}:)(?!\d{1,5}\b|\[)[^\s\"',\]]++", ("-u",)),
    (r"(?P<kept>(?:valkey|redis)-cli\b[^\n]{0,120}?[ \t]-a[ \t]+[\"']?)(?!\[)[^\s\"']++", ("-cli",)),
    # PASSWORD 'value' of SQL, AUTH and requirepass of Valkey, and passwords that are merely told
    (rf"(?P<kept>(?:{_PASSWORDS})[ \t]+[\"'])(?!\[secret\])[^\"'\n]++", _IN_PASSWORDS),
    (
        rf"(?P<kept>(?:{_PASSWORDS})[ \t]+(?:(?:is|was|to)[ \t]+)?)(?=[^\s\d]{{0,60}}\d)[^\s\[\"']{{6,}}+",
        _IN_PASSWORDS,
    ),
    (r"(?P<kept>requirepass[ \t]+)(?![\[\"'])\S++", ("requirepass",)),
    (
        (
            r"(?P<kept>AUTH(?<!\wAUTH)\"?[ \t]+(?:\"?[\w-]{1,32}\"?[ \t]+)?\"?)"
            r"(?=(?<=\")|[^\s\"]{0,100}[\d!@#$%^&*=+])(?!\[)[^\s\"]{4,}"
        ),
        ("auth",),
    ),
)
TOKENS = (
    # OpenBao, JWT, AWS, Scaleway
    r"hv[sbr]\.[\w-]{16,}",
    r"[sbr](?<![\w.][sbr])\.(?=[A-Za-z]{0,23}\d)[A-Za-z0-9]{24,}(?:\.\w{5,6})?(?!\w)",
    r"eyJ(?<!\weyJ)[\w-]{8,}(?:\.[\w-]*){0,4}",
    r"(?:A(?:KIA|SIA|ROA|IDA)[A-Z0-9]{16}|SCW[A-Z0-9]{17})(?!\w)",
    # Forges, Grafana, Matrix, Ory, registries, model providers
    (
        r"\b(?:gh[pousr]_|github_pat_|glpat-|gl(?:sa|c)_|[sr]k[-_](?:live_|test_|proj-|ant-)?|xox[abeprs]-|syt_|m[ac]t_"
        r"|ory_[a-z]{2}_|whsec_|npm_|pypi-|dckr_pat_|AGE-SECRET-KEY-1|AIza|ya29\.|[th]skey-[a-z]+-|hf_|nvapi-)"
        r"(?=[\w-]{0,60}\d)[\w-]{12,}"
    ),
)
"""What is a token as it stands."""
_TOKENS = re.compile("|".join(TOKENS))
_SHORTEST_TOKEN = 16
# What is secret as it stands.
_SHAPES = (
    *TOKENS,
    # Hashes of passwords, as /etc/shadow, Django and PostgreSQL keep them
    r"\$(?:2[abxy]|argon2\w{0,2}|scrypt|pbkdf2[\w-]{0,10}|[156])\$[^\s\"']++",
    r"(?:pbkdf2_\w{3,10}\$\d+|SCRAM-SHA-\d+|bcrypt_\w+|argon2)\$[^\s\"']++",
    r"md5[0-9a-f]{32}(?!\w)",
)


class _Rule(NamedTuple):
    pattern: re.Pattern[str]
    put: Put
    words: tuple[str, ...] = ()
    """The pattern matches no plain text without one of these; none: it is always tried."""


_RULES = (
    _Rule(re.compile(_PEM), _without_key),
    _Rule(re.compile(_PEM_TAIL), _without_key, ("-----end ",)),
    *(_Rule(re.compile(pattern), rf"\g<kept>{MASK}", words) for pattern, words in _BEHIND),
    _Rule(re.compile(_TOLD), _if_mixed, _WORDS_BEFORE),
    *(_Rule(re.compile(pattern), MASK) for pattern in _SHAPES),
    # Sixteen bytes and more; a share of an unseal key has 33.
    _Rule(re.compile(r"(?<![A-Za-z0-9])(?:0x)?[0-9a-fA-F]{32,}(?![A-Za-z0-9])"), _if_unknown),
    # Not behind $ and !, where Matrix has the ids of events and rooms.
    _Rule(re.compile(r"(?<![$!\w+/=-])[\w+/=-]{24,}"), _if_random),
)
