"""Whether the headers of a request carry a token that is known."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

CHALLENGE = {"WWW-Authenticate": 'Bearer realm="opsbot", Basic realm="opsbot"'}
"""What a 401 says would be accepted."""


def presented(given: Sequence[str]) -> bytes | None:
    """Return the token that the Authorization headers hold, as Bearer or as Basic's password; None unless just one."""
    if len(given) != 1:
        return None
    scheme, _, rest = given[0].strip().partition(" ")
    # aiohttp hands bytes that are no UTF-8 through as surrogates; they must compare as unequal, not raise.
    secret = rest.strip().encode("utf-8", "surrogateescape")
    match scheme.lower():
        case "bearer":
            return secret
        case "basic":
            return _password(secret)
    return None


def known(given: bytes | None, tokens: tuple[str, ...]) -> bool:
    """Tell whether the token is one of ours, in a time that does not depend on how much of it is right."""
    if not given:
        return False
    digest = hashlib.sha256(given).digest()
    # All are compared, whichever matches: which of two tokens is in use is nobody's business either.
    matches = [hmac.compare_digest(digest, hashlib.sha256(token.encode()).digest()) for token in tokens if token]
    return any(matches)


def _password(encoded: bytes) -> bytes | None:
    try:
        _, colon, password = base64.b64decode(encoded, validate=True).partition(b":")
    except binascii.Error:
        return None
    return password if colon else None
