"""The client against the distribution's Alertmanager: what it silences, and that our matchers mean what its own do."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.clients.alertmanager import AlertmanagerApi
from bot.clients.http import Http
from bot.core.errors import Missing, Rejected
from bot.core.matchers import Matcher, Operator, all_hold, read
from bot.core.names import RequestId
from bot.core.silences import State
from tests.real.servers import Alertmanager, alert, bearer

pytestmark = pytest.mark.real

HOUR = timedelta(hours=1)
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


async def made(api: AlertmanagerApi, action: str, *matchers: Matcher) -> str:
    now = datetime.now(UTC)
    comment = "new disk"
    silence = await api.create_silence(
        matchers, now, now + HOUR, created_by="@anna:example.org", comment=comment, action=RequestId(action)
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
