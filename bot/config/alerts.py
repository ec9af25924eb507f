"""What can be set about alerts: which room they go to, what rings, what the bot says of its own accord."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator

from bot.config.values import Beginning, Matchers, QuietHours, Section, TimeOfDay, Url, wrong_at
from bot.core import quiet


class Route(Section):
    """Leads alerts into a room."""

    room: str
    """The room, by its short name."""
    matchers: tuple[Matchers, ...] = ()
    """What an alert must meet, all of it."""
    receiver: str | None = None
    """Who of Alertmanager's receivers was told; null: whoever was."""

    @model_validator(mode="after")
    def _leads_some(self) -> Self:
        if not self.matchers and self.receiver is None:
            raise ValueError("needs matchers or receiver; what meets no route goes where it is posted")
        return self


def _some_time_is_left(lines: tuple[str, ...]) -> tuple[str, ...]:
    if quiet.never_end([quiet.read(line) for line in lines]):
        raise ValueError("leave no time in the week in which what is held could be told; make some of them shorter")
    return lines


class Alerts(Section):
    """How alerts reach the rooms."""

    room: str = "ops"
    """The room, by its short name, of what the bot itself has to say and of alerts without a room of their own."""
    routes: tuple[Route, ...] = ()
    """Where else alerts go than where they are posted; the first that fits counts, each alert is in one room. Like
    {room: data, matchers: ['namespace=~"data|storage"']} or {room: web, receiver: grafana}."""
    link_hosts: tuple[str, ...] = ()
    """Hosts that links in alerts may lead to; all other addresses are shown as text."""
    external_urls: dict[Beginning, Url] = Field(default_factory=dict)
    """What addresses in alerts begin with where people cannot reach them, and what they begin with outside, like
    {"http://alertmanager:9093": "https://alertmanager.example.org"}; that host stands in link_hosts too."""
    summary: tuple[str, ...] = ()
    """Annotations or labels that say best what is wrong; the first that an alert has is its line on the card. Else it
    is the annotation summary, message or description."""
    page: tuple[Matchers, ...] = ('severity="critical"',)
    """What rings the people on call: alerts that meet all matchers of any line, written as Alertmanager writes them;
    severity is also what a card calls it, so that page and disaster are critical."""
    second_channel: SecretStr | None = None
    """Where a page goes that nobody answers or the homeserver does not take: Apprise addresses (ntfy, SMTP, SMS …), one
    a line (better: second_channel_file)."""
    second_channel_file: Path | None = None
    """A file with those addresses, like /run/secrets/second-channel/urls."""
    quiet: Annotated[tuple[QuietHours, ...], AfterValidator(_some_time_is_left)] = ()
    """When only what rings is told, like "22:00-07:00" or "sat-sun 00:00-24:00", in `timezone`. The rest is held: when
    the hours are over, what still burns gets its card, and what came and went is named."""
    digest_at: TimeOfDay | None = None
    """When the room is told every day what is open, acked, silenced and ending, like "08:00"; null: never."""
    board: bool = False
    """Keep a pinned message with the numbers of what burns."""
    watchdog: str | None = "Watchdog"
    """The alert that always fires, to prove that alerts get through: it has no card, its absence has; null: none."""
    watchdog_every: timedelta = Field(default=timedelta(hours=12), ge=timedelta(seconds=1))
    """How often Alertmanager repeats it (repeat_interval of its route); a twelfth later it is missed."""
    heartbeat_url: SecretStr | None = None
    """An address outside that is asked for every minute while all is well, so that our own silence is noticed there."""
    heartbeat_url_file: Path | None = None
    """A file with that address."""

    @model_validator(mode="after")
    def _links_lead_to_known_hosts(self) -> Self:
        for inside, outside in self.external_urls.items():
            host = urlsplit(outside).hostname
            if host not in self.link_hosts:
                words = f"leads to a host outside link_hosts; add {host} there"
                raise wrong_at(("alerts", "external_urls", inside), words)
        return self
