"""Bringing Postgres back: which moment is meant, whether it can be reached, and the manifest that would do it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from bot.core.cnpg import Recovery
from bot.core.errors import UsageError
from bot.core.facts import Unknown
from bot.core.restore import Restore, moment_of, must_be_reachable, restored
from bot.core.scrub import scrub
from bot.demo.world import sbbb
from tests.tools.schema import problems, with_reference

NOW = datetime(2026, 5, 1, 14, 0, tzinfo=UTC)
AT = datetime(2026, 5, 1, 12, 5, tzinfo=UTC)
Object = dict[str, Any]


@pytest.mark.parametrize(
    ("text", "zone", "moment"),
    [
        ("14:05", "UTC", "2026-04-30T14:05:00+00:00"),
        ("13:59", "UTC", "2026-05-01T13:59:00+00:00"),
        ("9:05:30", "UTC", "2026-05-01T09:05:30+00:00"),
        ("14:05", "Europe/Lisbon", "2026-05-01T13:05:00+00:00"),
        ("15:05", "Europe/Lisbon", "2026-04-30T14:05:00+00:00"),
        ("00:10", "Europe/Lisbon", "2026-04-30T23:10:00+00:00"),
        ("today 15:05", "UTC", "2026-05-01T15:05:00+00:00"),
        ("Yesterday  14:05", "UTC", "2026-04-30T14:05:00+00:00"),
        ("2026-04-20 08:00", "Europe/Lisbon", "2026-04-20T07:00:00+00:00"),
        ("2026-04-20T08:00:00Z", "Europe/Lisbon", "2026-04-20T08:00:00+00:00"),
        ("2026-01-20 08:00", "Europe/Lisbon", "2026-01-20T08:00:00+00:00"),
        ("2026-04-20T08:00+02:00", "UTC", "2026-04-20T06:00:00+00:00"),
    ],
)
def test_a_time_is_the_teams_and_a_plain_one_the_last_there_was(text: str, zone: str, moment: str) -> None:
    assert moment_of(text, NOW, ZoneInfo(zone)).isoformat() == moment


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "25:00",
        "14:60",
        "yesterday",
        "yesterday noon",
        "2026-04-20",
        "tomorrow 9:00",
        "14.05",
        "-5m",
        "0001-01-01T00:00+14:00",
    ],
)
def test_what_is_no_moment_is_refused_with_what_would_be(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        moment_of(text, NOW, UTC)

    assert "--to 14:05" in caught.value.hint


FIRST = datetime(2026, 4, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "first", "problem"),
    [
        (NOW + timedelta(seconds=1), FIRST, "still to come"),
        (FIRST - timedelta(seconds=1), FIRST, "before the first moment"),
        (NOW + timedelta(days=1), Unknown("none is known"), "still to come"),
        (FIRST, FIRST, None),
        (NOW, FIRST, None),
        (FIRST, Unknown("none is known"), None),
    ],
)
def test_what_cannot_be_reached_is_refused(at: datetime, first: datetime | Unknown, problem: str | None) -> None:
    reach = Recovery(first, NOW, None, "30d")

    if problem is None:
        must_be_reachable(at, reach, NOW)
        return
    with pytest.raises(UsageError, match=problem):
        must_be_reachable(at, reach, NOW)


def source(**spec: Any) -> Object:
    (cluster,) = (obj for obj in sbbb(NOW) if obj["kind"] == "Cluster")
    cluster["spec"] |= spec
    return {**cluster, "spec": {name: value for name, value in cluster["spec"].items() if value is not None}}


STORE = {
    "destinationPath": "s3://demo-backups/postgres",
    "endpointURL": "https://s3.fr-par.scw.cloud",
    "s3Credentials": {
        "accessKeyId": {"name": "scaleway-s3", "key": "access-key-id"},
        "secretAccessKey": {"name": "scaleway-s3", "key": "secret-access-key"},
    },
}
WITHOUT_PLUGIN: Object = {"plugins": None, "backup": {"barmanObjectStore": STORE, "retentionPolicy": "30d"}}
RICH: Object = {
    "instances": 3,
    "walStorage": {"size": "20Gi"},
    "resources": {"requests": {"memory": "2Gi"}},
    "bootstrap": {"initdb": {"database": "app", "owner": "app", "secret": {"name": "app-login"}}},
    "managed": {"roles": [{"name": "docs"}]},
    "certificates": {"serverTLSSecret": "postgres-tls"},
    "env": [{"name": "TZ", "value": "UTC"}],
}


def plan(**spec: Any) -> Restore:
    found = restored(source(**spec), AT)
    assert found
    return found


@with_reference
@pytest.mark.parametrize(
    "spec", [{}, WITHOUT_PLUGIN, RICH, RICH | WITHOUT_PLUGIN], ids=["plugin", "own", "rich", "both"]
)
def test_the_manifest_is_what_a_real_api_server_takes(spec: Object) -> None:
    assert problems(plan(**spec).manifest) == []


@pytest.mark.parametrize("spec", [{}, WITHOUT_PLUGIN, RICH | WITHOUT_PLUGIN])
def test_nothing_of_a_manifest_is_taken_for_a_secret(spec: Object) -> None:
    text = yaml.safe_dump(plan(**spec).manifest, sort_keys=False)

    assert scrub(text) == text


def test_it_reads_the_sources_backups_and_writes_its_own_elsewhere() -> None:
    spec = plan().manifest["spec"]

    (outside,) = spec["externalClusters"]
    assert spec["bootstrap"]["recovery"]["source"] == outside["name"] == "postgres"
    assert outside["plugin"]["parameters"] == {"barmanObjectName": "postgres-store", "serverName": "postgres"}
    (own,) = spec["plugins"]
    assert own["parameters"] == {"barmanObjectName": "postgres-store", "serverName": "postgres-20260501-1205"}


def test_without_the_plugin_it_does_the_same_with_the_clusters_own_store() -> None:
    spec = plan(**WITHOUT_PLUGIN).manifest["spec"]

    (outside,) = spec["externalClusters"]
    assert outside["barmanObjectStore"] == STORE | {"serverName": "postgres"}
    assert spec["backup"]["barmanObjectStore"] == STORE | {"serverName": "postgres-20260501-1205"}


def test_it_stops_at_the_moment_and_is_called_after_it() -> None:
    found = plan(**RICH)

    recovery = found.manifest["spec"]["bootstrap"]["recovery"]
    assert recovery["recoveryTarget"] == {"targetTime": "2026-05-01T12:05:00Z"}
    assert (recovery["database"], recovery["owner"], recovery["secret"]) == ("app", "app", {"name": "app-login"})
    assert found.name == found.manifest["metadata"]["name"] == "postgres-20260501-1205"


def test_what_belongs_to_the_source_alone_stays_behind_and_is_named() -> None:
    found = plan(**RICH)

    assert found.left_behind == ("managed", "certificates", "env")
    assert not {"managed", "certificates", "env"} & found.manifest["spec"].keys()


def test_a_long_name_stays_one_that_the_operator_takes() -> None:
    cluster = source()
    cluster["metadata"] = cluster["metadata"] | {"name": "a" * 50}

    found = restored(cluster, AT)

    assert found
    assert len(found.name) == 50


@pytest.mark.parametrize(
    "spec", [{"plugins": None}, {"plugins": None, "backup": {"volumeSnapshot": {"className": "a"}}}]
)
def test_a_cluster_without_an_object_store_has_nothing_to_restore_from(spec: Object) -> None:
    assert restored(source(**spec), AT) is None
