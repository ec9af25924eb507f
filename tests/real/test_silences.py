"""The client against the distribution's Alertmanager: what it silences, and that our matchers mean what its own do."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.clients.alertmanager import AlertmanagerApi
from bot.clients.http import Http
from bot.clients.store import renewal
from bot.core.errors import Missing, Rejected
from bot.core.matchers import Matcher, Operator, all_hold, read
from bot.core.names import RequestId
from bot.core.renewal import CAP, UntilResolved
from bot.core.silences import State
from tests.flow.conftest import Bot, Clock, Ledger
from tests.real.servers import Alertmanager, alert, bearer

pytestmark = pytest.mark.real

HOUR = timedelta(hours=1)
MINUTE = 60
BURNING = (
    {"alertname": "PostgresDown", "namespace": "data", "severity": "critical", "pod": "postgres-1"},
    {"alertname": "PostgresDown", "namespace": "data", "severity": "critical", "pod": "postgres-2"},
    {"alertname": "DiskFull", "namespace": "storage", "severity": "warning", "path": 'a "b"\\c, d=e'},
    {"alertname": "Odd", "note": "ä\n٣"},
)


@pytest.fixture(scope="module")
def alertmanager(alertmanager_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alertmanager]:
    """An Alertmanager in which a few alerts burn, and whose webhook nobody hears."""
    directory = tmp_path_factory.mktemp("silences")
    server = Alertmanager(alertmanager_binary, directory, "http://127.0.0.1:9/", bearer("nobody"))
    server.start()
    server.post(*(alert(labels) for labels in BURNING))
    yield server
    server.stop()


@pytest.fixture
async def api(alertmanager: Alertmanager) -> AsyncIterator[AlertmanagerApi]:
    async with Http() as http:
        yield AlertmanagerApi(http, alertmanager.url)


@pytest.fixture
async def bot(alertmanager: Alertmanager, tmp_path: Path) -> AsyncIterator[Bot]:
    """A bot whose clock is stepped, while Alertmanager's is not."""
    # What it lacks means something soon: this Alertmanager has just started, and nothing else feeds it.
    limits = {"gone": 0.1}
    bot = Bot(tmp_path, Clock(), Ledger(), alertmanager={"url": alertmanager.url}, limits=limits)
    await bot.open()
    await bot.app.http.open()
    yield bot
    await bot.app.http.close()
    await bot.close()


async def made(api: AlertmanagerApi, action: str, *matchers: Matcher, lasts: timedelta = HOUR) -> str:
    now = datetime.now(UTC)
    comment = "new disk"
    silence = await api.create_silence(
        matchers, now, now + lasts, created_by="@anna:example.org", comment=comment, action=RequestId(action)
    )
    return silence.id


async def test_alerts_groups_and_status_can_be_read(api: AlertmanagerApi) -> None:
    alerts, groups, status = await api.alerts(receiver="ops"), await api.groups(), await api.status()

    assert len(alerts) == len(BURNING)
    assert sorted(group.labels["alertname"] for group in groups) == ["DiskFull", "Odd", "PostgresDown"]
    assert status.version.version
    assert await api.alerts(receiver="o.s") == ()


async def test_a_silence_lives_and_ends_as_with_the_simulated_one(api: AlertmanagerApi) -> None:
    matchers = (Matcher("alertname", "PostgresDown"), Matcher("pod", r"postgres-\d|x", Operator.LIKE))

    identity = await made(api, "life", *matchers)
    again = await made(api, "life", *matchers)
    silenced = await api.alerts(active=False)
    found = await api.silence(identity)
    later = await api.extend(identity, found.ends_at + HOUR, action=RequestId("more"))
    once = await api.extend(later.id, found.ends_at + 5 * HOUR, action=RequestId("more"))
    for _ in range(2):
        await api.expire(later.id)

    assert again == identity
    assert {each.labels["pod"] for each in silenced} == {"postgres-1", "postgres-2"}
    assert (found.matchers, found.state, found.why) == (matchers, State.ACTIVE, "new disk")
    # The same silence goes on: what was muted stays muted in between.
    assert later.id == identity
    assert later.ends_at == once.ends_at == found.ends_at + HOUR
    assert (await api.silence(identity)).state is State.EXPIRED


async def test_a_renewal_moves_the_end_of_the_same_silence_and_nothing_else(api: AlertmanagerApi) -> None:
    identity = await made(api, "renewal", Matcher("alertname", "DiskFull"))
    found = await api.silence(identity)

    for minutes in (70, 80):
        renewed = await api.renew(identity, found.starts_at + timedelta(minutes=minutes))
    after = await api.silence(identity)
    await api.expire(identity)

    assert renewed.id == identity
    assert after == found.model_copy(update={"ends_at": found.starts_at + timedelta(minutes=80)})
    with pytest.raises(Rejected, match="that silence is over"):
        await api.renew(identity, found.ends_at + HOUR)


async def test_a_silence_until_resolved_is_renewed_while_it_burns_and_ended_when_it_is_over(
    api: AlertmanagerApi, alertmanager: Alertmanager, bot: Bot
) -> None:
    labels = {"alertname": "UntilResolved", "namespace": "data"}
    alertmanager.post(alert(labels))
    # Silences end by Alertmanager's own clock, which a test does not step: this one is near its end at once.
    identity = await made(api, "until", Matcher("alertname", "UntilResolved"), lasts=timedelta(minutes=5))
    order = UntilResolved(identity, (await api.silence(identity)).ends_at, bot.clock.wall + CAP)
    await bot.app.database.write(lambda tx: renewal.put(tx, order))

    await bot.app.silences.turn()
    renewed = await api.silence(identity)
    alertmanager.post(alert(labels, ended=True))
    # Its clock tells whole seconds; until it has run for one, what it lacks is not known to be over.
    await asyncio.sleep(2)
    bot.clock.step(2 * MINUTE)
    await bot.app.silences.turn()
    bot.clock.step(2 * MINUTE)
    await bot.app.silences.turn()

    assert renewed.state is State.ACTIVE
    assert renewed.ends_at - order.until > timedelta(minutes=5)
    assert (await api.silence(identity)).state is State.EXPIRED
    assert await renewal.all_orders(bot.app.database) == []


async def test_no_word_is_given_because_our_own_clock_was_set(
    api: AlertmanagerApi, alertmanager: Alertmanager, bot: Bot
) -> None:
    labels = {"alertname": "EndsLater", "namespace": "data"}
    alertmanager.post(alert(labels))
    identity = await made(api, "ends", Matcher("alertname", "EndsLater"))

    bot.clock.step(46 * MINUTE)
    await bot.app.silences.turn()
    said = await bot.said()
    await api.expire(identity)
    alertmanager.post(alert(labels, ended=True))

    assert said == []


async def test_what_it_refuses_is_told_in_our_words(api: AlertmanagerApi) -> None:
    unknown = "00000000-0000-0000-0000-000000000000"

    with pytest.raises(Rejected, match="that would match everything"):
        await made(api, "everything", Matcher("a", ".*", Operator.LIKE))
    with pytest.raises(Rejected):
        await made(api, "nothing")
    for question in (
        api.expire(unknown),
        api.silence(unknown),
        api.extend(unknown, datetime.now(UTC), action=RequestId("x")),
    ):
        with pytest.raises(Missing):
            await question


@pytest.mark.parametrize(
    "line",
    [
        'namespace="data"',
        'namespace!="data"',
        'namespace=~"dat"',
        'namespace=~"dat."',
        'namespace=~"^data$"',
        'namespace=~"data|storage"',
        'namespace!~".+"',
        'namespace=""',
        'pod=~"postgres-[0-9]"',
        'pod=~"postgres-\\\\d", pod!="postgres-1"',
        'alertname=~"(?i)postgres.*"',
        'alertname=~"(?i:DISK)Full"',
        'pod=~"(postgres|x)-1{1,2}"',
        'path="a \\"b\\"\\\\c, d=e"',
        'path=~"a .*"',
        'note=~"ä.*"',
        'note=~"ä\\\\s\\\\d"',
        'note=~"(?i)Ä\\n."',
    ],
)
async def test_a_matcher_of_ours_holds_where_its_own_does(api: AlertmanagerApi, line: str) -> None:
    matchers = read((line,))

    told = [dict(each.labels) for each in await api.alerts(matchers)]

    assert sorted(told, key=str) == sorted((each for each in BURNING if all_hold(matchers, each)), key=str)
