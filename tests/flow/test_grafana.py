"""Grafana's own webhook format gives the same cards as Alertmanager's, from the first alert to the last resolution."""

import json
from pathlib import Path
from typing import Any

from bot.core.message import FIELD
from bot.core.webhook import read
from tests.flow.conftest import ROOM, Bot, MakeBot

BODIES = Path(__file__).parents[1] / "data" / "webhooks"
# What Alertmanager sends of an alert; Grafana sends more.
FIELDS = {"status", "labels", "annotations", "startsAt", "endsAt", "generatorURL", "fingerprint"}
LINKS = (
    "Graph <https://grafana.example.org/d/certs?orgId=1&viewPanel=4>",
    "Grafana <https://grafana.example.org/>",
    "Source <https://grafana.example.org/alerting/grafana/cert-expiry/view?orgId=1>",
)
LINKED = {"alerts": {"link_hosts": ["grafana.example.org"]}}


def body(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((BODIES / f"{name}.json").read_text())
    return found


def as_alertmanager(grafana: dict[str, Any]) -> dict[str, Any]:
    """Return what Alertmanager would send of the same alerts."""
    further = {"orgId", "title", "state", "message"}
    alerts = [{name: value for name, value in each.items() if name in FIELDS} for each in grafana["alerts"]]
    return {name: value for name, value in grafana.items() if name not in further} | {"version": "4", "alerts": alerts}


async def told(bot: Bot, *bodies: dict[str, Any]) -> list[dict[str, Any]]:
    """Post one body after the other; return what the room sees of it."""
    seen = []
    for each in bodies:
        await bot.app.intake.accept(ROOM, read(each))
        seen += await bot.sent()
    return seen


async def test_what_fires_and_resolves_is_one_card(make: MakeBot) -> None:
    bot = await make(**LINKED).open()

    opened, over = await told(bot, body("grafana-firing"), body("grafana-firing"), body("grafana-resolved"))

    assert opened["body"].splitlines() == [
        "⚠️ WARNING Certificate expires (2) — ingress #a1",
        "• pingora · since 10:00",
        "  pingora: 6 days left",
        "• hydra · since 10:00",
        "  hydra: 6 days left",
        " · ".join(LINKS),
        "👀 take · 🔕 2h · reply: ack, silence 2h, why",
    ]
    assert over["body"].splitlines()[:2] == [
        "✅ RESOLVED Certificate expires (2) — ingress #a1",
        "Lasted 48 min (10:00–10:48)",
    ]
    assert (over["event"], over[FIELD]["key"]) == (opened["event"], opened[FIELD]["key"])


async def test_the_card_is_the_one_that_alertmanager_would_get(make: MakeBot) -> None:
    bot = await make().open()
    bodies = [body("grafana-firing"), body("grafana-resolved")]

    grafana = await told(bot, *bodies)
    alertmanager = await told(bot, *(as_alertmanager(each) | {"receiver": "other"} for each in bodies))

    def words(seen: list[dict[str, Any]]) -> list[str]:
        # The second card of the same alerts has another name, and remembers the first.
        bodies = [each["body"].replace("#b1", "#a1") for each in seen]
        return [line for body in bodies for line in body.splitlines() if "this week" not in line]

    assert words(grafana) == words(alertmanager)
    assert len(words(grafana)) > 5
