"""What an ACME server asks at port 80 to see that a name is ours, and whether the answer is right; pure.

RFC 8555 §8.3: `http://NAME/.well-known/acme-challenge/TOKEN` answers with the key authorization.
"""

import re
from dataclasses import dataclass, field

from bot.core.facts import Unknown, Verdict
from bot.core.kinds import Object

_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)+")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,128}")
_MOVED = range(300, 400)
_OK = 200


@dataclass(frozen=True, slots=True)
class Proof:
    """What is asked for: under which name, which file, and what must be in it."""

    host: str
    token: str
    key: bytes = field(repr=False)

    @property
    def path(self) -> str:
        """Where it stands."""
        return f"/.well-known/acme-challenge/{self.token}"


@dataclass(frozen=True, slots=True)
class Knock:
    """What port 80 answered for one name."""

    host: str
    """Foreign text."""
    status: int | Unknown
    right: bool
    """Whether what it answered with is what the ACME server wants to see."""

    @property
    def verdict(self) -> Verdict:
        """A redirect may lead there, and only the ACME server follows it."""
        if isinstance(self.status, Unknown):
            return Verdict.UNKNOWN
        if self.status in _MOVED:
            return Verdict.WARN
        return Verdict.OK if self.right else Verdict.BAD


def proof(challenge: Object) -> Proof | None:
    """Return what a Challenge wants to see at port 80; None where it is proved otherwise, or says nothing that can be.

    Only a DNS name and a token of the characters that RFC 8555 gives it ever get into a request.
    """
    spec = challenge.get("spec") or {}
    host, token = str(spec.get("dnsName", "")), str(spec.get("token", ""))
    if spec.get("type") != "HTTP-01" or not _NAME.fullmatch(host) or not _TOKEN.fullmatch(token):
        return None
    return Proof(host, token, str(spec.get("key", "")).encode())


def answered(asked: Proof, status: int, body: bytes) -> Knock:
    """Judge an answer; trailing white space is allowed."""
    return Knock(asked.host, status, status == _OK and bool(asked.key) and body.rstrip() == asked.key)
