"""What is known of keys before they get another value: what people feel, and which no random value fits."""

from collections.abc import Mapping
from fnmatch import fnmatchcase


def told(known: Mapping[str, str], path: str, key: str) -> str:
    """Return the words of the first pattern that a path, without its mount, and a key fit; empty where none does."""
    return next((words for pattern, words in known.items() if fnmatchcase(f"{path}/{key}", pattern)), "")


FELT: dict[str, str] = {
    "*/django-secret-key": "All sessions end: everybody logs in again",
    "kratos/secrets-cookie": "All sessions end: everybody logs in again",
    "kratos/secrets-default": "All sessions end: everybody logs in again",
    "hydra/cookie-secret": "Logins under way break off",
    "hydra/pairwise-salt": "Apps take everybody for somebody new",
    "tuwunel/turn-secret": "Calls under way break off",
}
"""What people feel when a key of the SBBB changes."""
NEVER: dict[str, str] = {
    "hydra/system-secret": "Hydra reads its database with it, so the old one must stay beside it",
    "kratos/secrets-cipher": "Kratos reads its database with it, so the old one must stay beside it",
    "*/salt-key": "fields in the database are read with it, so the old one must stay beside it",
    "*/oidc-client-*": "Hydra knows the client by it",
    "*/dkim-*": "its other half stands in DNS",
    "*/smtp-connection-uri": "it is an address",
    "*/*-username": "it is a name",
    "sol/*": "it is given out elsewhere",
    "sol-tokens/*": "it is given out elsewhere",
    "scaleway-s3/*": "it is given out by Scaleway",
    "vault/pg-password": "Postgres knows it",
}
"""Keys of the SBBB that are made elsewhere."""
