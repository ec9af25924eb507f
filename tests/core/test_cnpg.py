"""What a CloudNativePG cluster says of its archive and its backups."""

from typing import Any

import pytest

from bot.core.cnpg import archiving, backups
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
    good, failed = backups(
        cluster(PLUGIN, lastSuccessfulBackup=MADE), [store(lastSuccessfulBackupTime=LATER, lastFailedBackupTime=MADE)]
    )

    assert (good, failed) == (moment(LATER), moment(MADE))


def test_without_the_plugin_the_cluster_knows_the_last_backup() -> None:
    assert backups(cluster(lastSuccessfulBackup=MADE), [store(lastSuccessfulBackupTime=LATER)])[0] == moment(MADE)


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
    assert isinstance(backups(of, stores)[0], Unknown)


@pytest.mark.parametrize(("status", "told"), [("True", True), ("False", False)])
def test_the_archive_is_as_the_condition_says(status: str, told: bool) -> None:
    assert archiving(cluster(conditions=[{"type": "ContinuousArchiving", "status": status}])) is told


def test_an_archive_without_a_condition_is_unknown() -> None:
    assert isinstance(archiving(cluster()), Unknown)
