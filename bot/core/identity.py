"""Who the bot is to OpenBao, as OpenBao says when asked about our token."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.facts import Verdict

LONGEST = timedelta(hours=1)
"""A token that lives longer is worth stealing (research §4.2)."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Our token, without the token."""

    role: str | None
    """The role we log in with; None: a static token, for development."""
    policies: tuple[str, ...]
    """What it may, by name, `default` left out."""
    lives: timedelta
    """How long it was given; zero: for ever."""
    ends_at: datetime | None

    @property
    def verdict(self) -> Verdict:
        """A token that is good for more than an hour, or for everything, is a warning."""
        return Verdict.WARN if self.lasting or self.almighty else Verdict.OK

    @property
    def lasting(self) -> bool:
        """Whether it is good for longer than it should."""
        return self.ends_at is None or self.lives > LONGEST

    @property
    def almighty(self) -> bool:
        """Whether it is root's."""
        return "root" in self.policies
