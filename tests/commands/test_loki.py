"""`!mon loki logs` against the simulated Loki: what is found, what is never shown, and what no filter finds out."""

from datetime import timedelta
from typing import Any

import pytest

from bot.command import Context
from bot.core.errors import Rejected, UsageError
from bot.core.reading import find, tokens
from bot.demo.monitoring import SimulatedMonitoring
from commands import COMMANDS
from commands.loki import LokiReport
from tests.commands.conftest import House

MINUTE = timedelta(minutes=1)
RANGE = "/monitoring/loki/loki/api/v1/query_range"


@pytest.fixture
def house(house: House) -> House:
    """A house whose monitoring goes by the house's clock, and where nothing was said yet."""
    house.monitoring = SimulatedMonitoring(clock=lambda: house.now)
    house.monitoring.loki.entries.clear()
    return house


def say(house: House, text: str, minutes: float = 5, **labels: str) -> None:
    stream = {"namespace": "data", "app": "postgres", "level": "error"} | labels
    house.monitoring.loki.add(stream, text, house.now - minutes * MINUTE)


async def told(ctx: Context, line: str) -> LokiReport:
    command, rest = find(COMMANDS, tokens(line))
    bound = command.bind(rest)
    result: Any = await command.handler(ctx, *bound.args, **bound.kwargs)
    assert isinstance(result, LokiReport)
    return result


def texts(report: LokiReport) -> list[str]:
    return [line.text for line in report.lines]


@pytest.mark.parametrize(
    "line",
    [
        """sunbeam mon loki logs '{level="error"}'""",
        "mon loki logs {level=“error”}",
        "loki {level=error} --since 60m --limit 100",
        "mon loki query-range {level=error}",
    ],
)
async def test_the_playbooks_line_and_a_phones_find_lines_by_time(house: House, line: str) -> None:
    say(house, "second", 4, app="valkey")
    say(house, "first", 5)
    say(house, "old", 90)
    say(house, "quiet", level="info")

    async with house.open() as ctx:
        report = await told(ctx, line)

    assert [(each.source, each.text) for each in report.lines] == [
        ("data/postgres", "first"),
        ("data/valkey", "second"),
    ]
    assert (report.looked_at, report.is_all, report.filtered, report.strange) == (2, True, False, ())


async def test_lines_from_elsewhere_are_never_shown_whatever_is_asked(house: House) -> None:
    say(house, "of the system", namespace="kube-system")
    say(house, "of nowhere", namespace="")
    say(house, "ours")

    async with house.open() as ctx:
        found = [
            await told(ctx, line) for line in ("loki {level=error}", "loki {namespace=~.+}", "loki {app=postgres}")
        ]
        with pytest.raises(UsageError, match="I show no logs of kube-system"):
            await told(ctx, "loki {namespace=kube-system}")
        nothing = await told(ctx, "loki {namespace=~kube-system}")
        # A server that answers more than it was asked for is not believed.
        stream = {"stream": {"namespace": "kube-system"}, "values": [["1790000000000000000", "x"]]}
        house.monitoring.answer(RANGE, json={"data": {"resultType": "streams", "result": [stream]}})
        odd = await told(ctx, "loki {level=error}")

    assert [texts(each) for each in (*found, nothing, odd)] == [["ours"]] * 3 + [[], []]


async def test_secrets_are_masked_also_over_several_lines_of_one_service(house: House) -> None:
    say(house, "password=obviously-fake-1", 5)
    say(house, "-----BEGIN PRIVATE KEY-----", 4)
    say(house, "in between", 3.5, app="valkey")
    say(house, "MIIEvQIBADANBgkq", 3)
    say(house, "-----END PRIVATE KEY-----\nnext line", 2)

    async with house.open() as ctx:
        report = await told(ctx, "loki {level=error}")

    assert texts(report) == [
        "password=[secret]",
        "-----BEGIN PRIVATE KEY-----",
        "in between",
        "[secret]",
        "-----END PRIVATE KEY-----\nnext line",
    ]


@pytest.mark.parametrize(
    "filters",
    [
        "|= fake",
        "|~ password=o.*",
        "|~ password=o|secret",
        "!= fake",
        "!~ password=o.*",
        "--filter fake",
        "--grep password=o",
    ],
)
async def test_no_filter_finds_out_a_secret(house: House, filters: str) -> None:
    async with house.open() as ctx:
        say(house, "password=obviously-fake-1")
        right = await told(ctx, f"loki {{level=error}} {filters}")
        house.monitoring.loki.entries.clear()
        say(house, "password=something-else-2")
        wrong = await told(ctx, f"loki {{level=error}} {filters}")

    assert right == wrong


async def test_filters_narrow_it_down_and_how_many_were_looked_at_is_told(house: House) -> None:
    for number in range(30):
        say(house, f"relay refused after {number} ms" if number % 3 else f"sent in {number} ms", 30 - number)

    async with house.open() as ctx:
        both = [await told(ctx, f"loki {{level=error}} {each}") for each in ("|= relay", "--filter RELAY", "|~ rel.y")]
        none = await told(ctx, "loki {level=error} |= nothing-like-it")

    assert [(len(each.lines), each.looked_at, each.filtered) for each in both] == [
        (20, 30, True),
        (0, 30, True),
        (20, 30, True),
    ]
    assert [(each.text, each.number) for each in both[0].wordings] == [("relay refused after … ms", 20)]
    assert (none.lines, none.strange) == ((), ())


async def test_the_newest_are_looked_at_and_that_there_are_more_is_said(house: House) -> None:
    for number in range(20):
        say(house, str(number), 30 - number)

    async with house.open() as ctx:
        some = await told(ctx, "loki {level=error} --limit 3")
        all_ = await told(ctx, "loki {level=error} --limit 21")

    assert (texts(some), some.is_all) == (["17", "18", "19"], False)
    assert (len(all_.lines), all_.is_all) == (20, True)


async def test_a_megabyte_of_lines_is_looked_through_and_no_more(house: House) -> None:
    for number in range(400):
        say(house, f"{number} " + "x" * 5000, 59 - number / 10)

    async with house.open() as ctx:
        report = await told(ctx, "loki {level=error}")

    assert report.looked_at == 250
    assert report.lines[-1].text.startswith("399 ")
    assert not report.is_all


async def test_a_label_that_nobody_knows_is_named(house: House) -> None:
    say(house, "line")

    async with house.open() as ctx:
        slip = await told(ctx, "loki {levle=error}")
        right = await told(ctx, "loki {level=debug}")

    assert (slip.strange, slip.known) == (("levle",), ("app", "level", "namespace"))
    assert (right.strange, right.known) == ((), ())


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("loki {level=error} --since 31d", "30 days back"),
        ("loki {level=error} --since tomorrow", "tomorrow"),
        ("loki {level=error} --limit 0", "--limit takes 1 to 5000"),
        ("loki {level=error} --limit 5001", "--limit takes 1 to 5000"),
        ("loki error", "Lines of what?"),
        ("loki", "Lines of what?"),
    ],
)
async def test_what_cannot_be_asked_is_refused(house: House, line: str, problem: str) -> None:
    async with house.open() as ctx:
        with pytest.raises(UsageError, match=problem):
            await told(ctx, line)


async def test_the_refusal_of_loki_is_explained(house: House) -> None:
    async with house.open() as ctx:
        house.monitoring.answer(RANGE, 400, text="maximum of series (500) reached for a single query")
        with pytest.raises(Rejected, match="too many streams at once"):
            await told(ctx, "loki {level=error}")
