"""The link to a one-time page, as letters have it."""

from formatters.document import Code, Entrusted, Inline, Link


def page_link(address: str) -> Inline:
    """Return what leads to a page; a door without TLS, as on a developer's machine, is no link."""
    return Entrusted(Link("open your page", address) if address.startswith("https://") else Code(address))
