"""`!silence` and its relatives against the simulated Alertmanager."""

from datetime import timedelta
from typing import Any

import pytest

from bot.command import Command, Context
from bot.core.errors import Unreachable, UsageError
from bot.core.matchers import write
from bot.core.names import RequestId
from bot.core.reading import find, tokens
from bot.core.silences import State
from bot.demo.monitoring import SimulatedMonitoring
from commands import COMMANDS
from commands.silences import Ended, Extended, Silenced, SilenceList, expire, extend, silence, silences
from tests.commands.conftest import ANNA, House, acting

HOUR = timedelta(hours=1)
DOWN = {"alertname": "PostgresDown", "namespace": "data", "severity": "critical", "pod": "postgres-1"}


@pytest.fixture
def house(house: House) -> House:
    """A house whose monitoring goes by the house's clock, with one alert and the Watchdog."""
    house.monitoring = SimulatedMonitoring(clock=lambda: house.now)
    house.monitoring.alertmanager.fire(DOWN)
    house.monitoring.alertmanager.fire({"alertname": "Watchdog", "severity": "none", "namespace": "monitoring"})
    return house


async def told(ctx: Context, line: str, action: str = "act1") -> Any:
    """Run a line as the room would type it, as an action of that id."""
    command, rest = find(COMMANDS, tokens(line))
    bound = command.bind(rest)
    if command.preview:
        await command.preview(ctx, *bound.args, **bound.kwargs)
    meant = acting(ctx, action=RequestId(action)) if command.changes else ctx
    return await command.handler(meant, *bound.args, **bound.kwargs)


async def test_a_silence_says_what_it_mutes_until_when_and_for_whom(house: House) -> None:
    async with house.open() as ctx:
        result = await told(ctx, "silence 2h PostgresDown namespace=data -- new disk — don't worry")
        (made,) = await ctx.neighbours.alertmanager.silences()

    assert isinstance(result, Silenced)
    assert [alert.labels["pod"] for alert in result.mutes] == ["postgres-1"]
    assert made == result.silence
    assert write(made.matchers) == 'alertname="PostgresDown", namespace="data"'
    assert (made.created_by, made.why) == (ANNA, "new disk -- don't worry")
    assert "[ops act1]" in made.comment
    assert made.ends_at == house.now + 2 * HOUR


@pytest.mark.parametrize(
    "line",
    [
        "silence PostgresDown",
        "silence add PostgresDown -d 1h -c maintenance",
        "silence add alertname=PostgresDown --duration=1h --comment maintenance",
        "silence -c maintenance 60 minutes PostgresDown",
        "silence —duration 1h “PostgresDown”",
    ],
)
async def test_amtools_words_and_a_phones_quotes_are_understood(house: House, line: str) -> None:
    async with house.open() as ctx:
        result = await told(ctx, line)

    assert write(result.silence.matchers) == 'alertname="PostgresDown"'
    assert result.silence.ends_at == house.now + HOUR


async def test_a_repeat_after_a_crash_makes_no_second_silence_and_tells_the_end_of_the_first(house: House) -> None:
    async with house.open() as ctx:
        first = await told(ctx, "silence 2h PostgresDown")
        house.now += HOUR
        again = await told(ctx, "silence 2h PostgresDown")

    assert again.silence == first.silence
    assert len(house.monitoring.alertmanager.silences) == 1


async def test_a_time_of_day_is_the_teams(house: House) -> None:
    house.settings["timezone"] = "Asia/Tokyo"

    async with house.open() as ctx:
        result = await told(ctx, "silence tomorrow 9:00 PostgresDown")

    assert result.silence.ends_at.strftime("%H:%M") == "00:00"
    assert result.zone == "Asia/Tokyo"


@pytest.mark.parametrize(
    "line",
    [
        "silence 2h severity=~.+",
        "silence 2h alertname!=Foo",
        "silence 2h Watchdog",
        "silence 2h namespace=monitoring",
        "silence 2h alertname=~PostgresDown|.*dog",
    ],
)
async def test_the_watchdog_and_everything_at_once_are_never_muted(house: House, line: str) -> None:
    async with house.open() as ctx:
        with pytest.raises(UsageError):
            await told(ctx, line)

    assert not house.monitoring.alertmanager.silences


@pytest.mark.parametrize(
    "line",
    ["silence", "silence 90 PostgresDown", "silence 8d PostgresDown", "silence 2h A B"],
)
def test_what_cannot_be_read_is_refused_before_anybody_is_asked(line: str) -> None:
    command, rest = find(COMMANDS, tokens(line))

    with pytest.raises(UsageError) as refused:
        command.bind(rest)

    assert refused.value.hint


async def test_a_silence_of_nothing_names_what_was_likely_meant(house: House) -> None:
    async with house.open() as ctx:
        result = await told(ctx, "silence 2h postgresdow")

    assert (result.mutes, result.near) == ((), ("PostgresDown",))


async def test_nothing_is_silenced_while_alertmanager_does_not_say_what_it_would_be(house: House) -> None:
    async with house.open() as ctx:
        house.monitoring.answer("/monitoring/alertmanager/api/v2/alerts", 503)
        with pytest.raises(Unreachable):
            await told(ctx, "silence 2h PostgresDown")

    assert not house.monitoring.alertmanager.silences


async def test_silences_are_listed_by_their_state_with_what_they_mute(house: House) -> None:
    async with house.open() as ctx:
        await told(ctx, "silence 3h PostgresDown", "long")
        await told(ctx, "silence 2h NothingLikeIt", "idle")
        await told(ctx, "silence 30m PostgresDown", "over")
        house.now += HOUR
        lists = {which: await told(ctx, f"silences {which}") for which in ("", "pending", "expired", "stale")}

    def listed(which: str) -> list[tuple[str, int]]:
        assert isinstance(lists[which], SilenceList)
        return [(each.silence.matchers[0].value, each.mutes) for each in lists[which].silences]

    assert listed("") == [("NothingLikeIt", 0), ("PostgresDown", 1)]
    assert listed("stale") == [("NothingLikeIt", 0)]
    assert listed("expired") == [("PostgresDown", 0)]
    assert listed("pending") == []


async def test_a_silence_is_extended_once_by_each_action(house: House) -> None:
    async with house.open() as ctx:
        made = (await told(ctx, "silence 1h PostgresDown")).silence
        first = await told(ctx, f"silence extend {made.short} 2h", "act2")
        again = await told(ctx, f"silence extend {made.short} 2h", "act2")
        later = await told(ctx, f"silence update {made.id} 2 hours", "act3")

    assert isinstance(first, Extended)
    assert first.before.ends_at == made.ends_at
    assert first.after.ends_at == again.after.ends_at == made.ends_at + 2 * HOUR
    assert later.after.ends_at == made.ends_at + 4 * HOUR


async def test_a_silence_is_not_extended_past_a_week_nor_after_its_end(house: House) -> None:
    async with house.open() as ctx:
        made = (await told(ctx, "silence 6d PostgresDown")).silence
        with pytest.raises(UsageError, match="more than 7 days"):
            await told(ctx, f"silence extend {made.short} 2d", "act2")
        house.now += 7 * 24 * HOUR
        with pytest.raises(UsageError, match="is over"):
            await told(ctx, f"silence extend {made.short} 2h", "act3")


@pytest.mark.parametrize("words", ["silence expire", "silence del", "silence rm", "unsilence", "Unsilence"])
async def test_silences_are_ended_and_what_is_told_again_is_counted(house: House, words: str) -> None:
    async with house.open() as ctx:
        first = (await told(ctx, "silence 1h PostgresDown", "one")).silence
        second = (await told(ctx, "silence 1h namespace=data", "two")).silence
        one = await told(ctx, f"{words} {first.short}", "act2")
        both = await told(ctx, f"{words} {first.id} {second.short}", "act3")
        left = {each.state for each in await ctx.neighbours.alertmanager.silences()}

    assert isinstance(both, Ended)
    assert (one.loud, both.loud) == (0, 1)
    assert left == {State.EXPIRED}


async def test_a_slip_in_the_second_id_leaves_the_first_silence_alone(house: House) -> None:
    async with house.open() as ctx:
        made = (await told(ctx, "silence 1h PostgresDown")).silence
        with pytest.raises(UsageError, match="no silence"):
            await told(ctx, f"unsilence {made.short} beefbeef", "act2")
        (left,) = await ctx.neighbours.alertmanager.silences()

    assert left.state is State.ACTIVE


@pytest.mark.parametrize("each", [silence, extend, expire], ids=lambda each: each.verb)
def test_every_change_is_harmless_when_repeated(each: Command) -> None:
    assert each.repeatable


def test_no_two_commands_go_by_the_same_words() -> None:
    words = [verb for each in COMMANDS for verb in (each.verb, *each.aliases)]

    assert len(words) == len(set(words))


@pytest.mark.parametrize(
    ("line", "verb", "rest"),
    [
        ("mon grafana alerts", "alerts", ()),
        ("mon prometheus alerts data", "alerts", ("data",)),
        ("silence list", "silences", ()),
        ("silence add 2h X", "silence", ("2h", "X")),
        ("silence expire 1a2b", "silence expire", ("1a2b",)),
        ("unsilence 1a2b", "silence expire", ("1a2b",)),
    ],
)
def test_aliases_call_the_command_they_stand_for(line: str, verb: str, rest: tuple[str, ...]) -> None:
    command, words = find(COMMANDS, tokens(line))

    assert (command.verb, words) == (verb, rest)


def test_the_words_after_two_dashes_are_the_comment_whatever_they_look_like() -> None:
    bound = silence.bind(tokens("2h X -- why -d not --x"))

    assert (bound.args, bound.kwargs) == (("2h", "X"), {"comment": "why -d not --x"})
    assert silence.usage == "!silence what… [--duration] [-- comment]"
    assert silences.usage == "!silences [which]"
