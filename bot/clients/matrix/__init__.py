"""The homeserver: what it sends us and what we send it.

`client` is the surface, `device` and `keys` the only place for matrix-nio (HTTP, encryption), `events` and `answers`
read what comes back without trusting its shape, `account` and `login` keep the device over restarts, `crosssigning`
vouches for it.
Nothing here decides what a message means or whether it is obeyed.
"""

from bot.clients.matrix.client import Matrix

__all__ = ["Matrix"]
