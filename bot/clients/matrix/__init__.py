"""The homeserver: what it sends us and what we send it.

`client` is the surface, `device` the only place for matrix-nio (HTTP, keys, encryption), `events` and `answers` read
what comes back without trusting its shape, `login` keeps the device over restarts, `crosssigning` vouches for it.
Nothing here decides what a message means or whether it is obeyed.
"""

from bot.clients.matrix.client import Matrix

__all__ = ["Matrix"]
