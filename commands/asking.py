"""Many questions at once, each under its own time limit; one that gets no answer is a value, not a failure."""

import asyncio
from collections.abc import Awaitable, Mapping
from datetime import timedelta
from typing import TypeVar

from bot.core.errors import NeighbourError
from bot.core.facts import Unknown

Key = TypeVar("Key")
Answer = TypeVar("Answer")


PART = 0.8
"""The share of a question's time that each of its parts gets: one that hangs then costs itself and not the whole."""


async def ask(question: Awaitable[Answer], limit: timedelta) -> Answer | Unknown:
    """Return the answer, or why there is none: the neighbour could not be asked, would not say, or took too long."""
    try:
        async with asyncio.timeout(limit.total_seconds()):
            return await question
    except TimeoutError:
        return Unknown(f"no answer in {limit.total_seconds():g} s")
    except NeighbourError as error:
        return Unknown(error.reason)


async def ask_all(questions: Mapping[Key, Awaitable[Answer]], limit: timedelta) -> dict[Key, Answer | Unknown]:
    """Ask everything at the same time and return the answers under the same keys, in the same order."""
    answers = await asyncio.gather(*(ask(question, limit) for question in questions.values()))
    return dict(zip(questions, answers, strict=True))
