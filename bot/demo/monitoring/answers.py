"""What a service answers at a path, as a value."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: `json` wins over `text`; `delay` in seconds."""

    json: Any = None
    text: str = ""
    status: int = 200
    delay: float = 0.0
    content_type: str = "text/plain"
    headers: dict[str, str] = field(default_factory=dict)

    async def give(self) -> web.Response:
        """Wait as long as it takes, and return it."""
        await asyncio.sleep(self.delay)
        if self.json is None:
            return web.Response(
                status=self.status, text=self.text, content_type=self.content_type, headers=self.headers
            )
        # As bytes, so that the type goes without a charset, as the real ones have it: hvac reads errors of no other.
        body = json.dumps(self.json).encode()
        return web.Response(status=self.status, body=body, content_type="application/json", headers=self.headers)


MISSING = Answer(text="404 page not found\n", status=404)
