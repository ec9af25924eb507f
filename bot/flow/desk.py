"""What every part of the flow works with, handed on as one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.clients.matrix import Matrix
from bot.clients.metrics import Metrics
from bot.clients.store.database import Database
from bot.clients.system import System
from bot.config import Settings
from bot.core.message import Rendered


@dataclass(frozen=True, slots=True)
class Desk:
    """The neighbours and means that are the same for all."""

    settings: Settings
    database: Database
    matrix: Matrix
    system: System
    metrics: Metrics
    render: Callable[[Any], Rendered]
    """Puts a result into words."""
