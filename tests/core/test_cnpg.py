"""What a CloudNativePG cluster says of its archive and its backups."""

from typing import Any

import pytest

from bot.core.cnpg import archiving, recovery
from bot.core.facts import Unknown
from bot.core.moments import moment

MADE = "2026-05-01T12:00:00Z"
LATER = "2026-05-01T13:00:00Z"
Object = dict[str, Any]


def cluster(*plugins: Object, **status: Any) -> Object:
    return {"metadata": {"name": "postgres"}, "spec": {"plugins": list(plugins)}, "status": status}


def store(**window: str) -> Object:
    return {"metadata": {"name": "store"}, "status": {"serverRecoveryWindow": {"postgres": window}}}


PLUGIN = {"name": "barman-cloud.cloudnative-pg.io", "parameters": {"barmanObjectName": "store"}}


def test_with_the_plugin_the_store_knows_the_last_backup() -> None:
    of = cluster(PLUGIN, lastSuccessfulBackup=MADE)
    window = {"lastSuccessfulBackupTime": LATER, "lastFailedBackupTime": MADE, "firstRecoverabilityPoint": MADE}

    found = recovery(of, [store(**window)])

    assert (found.last, found.failed, found.first) == (moment(LATER), moment(MADE), moment(MADE))


def test_the_store_keeps_count_under_the_name_that_the_plugin_gives() -> None:
    renamed = PLUGIN | {"parameters": {"barmanObjectName": "store", "serverName": "older"}}
    window = {"lastSuccessfulBackupTime": LATER}
    stores = [{"metadata": {"name": "store"}, "status": {"serverRecoveryWindow": {"older": window}}}]

    assert recovery(cluster(renamed), stores).last == moment(LATER)
    assert isinstance(recovery(cluster(PLUGIN), stores).last, Unknown)


def test_a_plugin_that_is_switched_off_backs_nothing_up() -> None:
    off = cluster(PLUGIN | {"enabled": False}, lastSuccessfulBackup=MADE)

    assert recovery(off, [store(lastSuccessfulBackupTime=LATER)]).last == moment(MADE)


def test_how_long_backups_are_kept_is_told_by_who_keeps_them() -> None:
    kept = store() | {"spec": {"retentionPolicy": "30d"}}
    own = cluster()
    own["spec"]["backup"] = {"retentionPolicy": "4w"}

    assert recovery(cluster(PLUGIN), [kept]).kept == "30d"
    assert recovery(own, [kept]).kept == "4w"
    assert isinstance(recovery(cluster(PLUGIN), [store()]).kept, Unknown)


def test_without_the_plugin_the_cluster_knows_the_last_backup() -> None:
    assert recovery(cluster(lastSuccessfulBackup=MADE), [store(lastSuccessfulBackupTime=LATER)]).last == moment(MADE)


@pytest.mark.parametrize(
    ("of", "stores"),
    [
        (cluster(), []),
        (cluster(lastSuccessfulBackup=""), []),
        (cluster(PLUGIN, lastSuccessfulBackup=MADE), []),
        (cluster(PLUGIN, lastSuccessfulBackup=MADE), [store()]),
        (cluster(PLUGIN), Unknown("may not list objectstores in data (403)")),
    ],
)
def test_an_empty_last_backup_is_unknown_never_fine(of: Object, stores: list[Object] | Unknown) -> None:
    found = recovery(of, stores)

    assert isinstance(found.last, Unknown)
    assert isinstance(found.first, Unknown)


@pytest.mark.parametrize(("status", "told"), [("True", True), ("False", False)])
def test_the_archive_is_as_the_condition_says(status: str, told: bool) -> None:
    assert archiving(cluster(conditions=[{"type": "ContinuousArchiving", "status": status}])) is told


def test_an_archive_without_a_condition_is_unknown() -> None:
    assert isinstance(archiving(cluster()), Unknown)
