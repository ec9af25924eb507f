"""`GET /metrics`: what the bot counts about itself, for Prometheus."""

from aiohttp import web

from bot.clients.metrics import CONTENT_TYPE, Metrics


async def metrics(counted: Metrics) -> web.Response:
    """Answer with all metrics in Prometheus's text format."""
    return web.Response(body=counted.render(), headers={"Content-Type": CONTENT_TYPE})
