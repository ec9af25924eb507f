"""The database: a CloudNativePG cluster of one instance, its pod, its backups through the Barman Cloud plugin."""

from datetime import datetime, timedelta

from bot.demo.cluster.pods import pod, ready
from bot.demo.cluster.store import Object, stamp
from bot.demo.world.shapes import AGE, UPTIME, claim, condition, new

PLUGIN = "barman-cloud.cloudnative-pg.io"
IMAGE = "ghcr.io/cloudnative-pg/postgresql:18.1"
LAST_BACKUP = timedelta(hours=4)
KEPT = timedelta(days=30)
_WAL_BACKUP = "0000000100000A2C00000041"


def postgres(now: datetime) -> list[Object]:
    """Return the cluster `data/postgres` at rest, with pod, claim, three daily backups, schedule and object store."""
    cluster = _cluster(now)
    backups = [_backup(now - LAST_BACKUP - timedelta(days=days)) for days in range(3)]
    return [
        cluster,
        _instance(cluster, now),
        claim("postgres-1", "data", "100Gi", now),
        *backups,
        _schedule(now),
        _store(now),
    ]


def _cluster(now: datetime) -> Object:
    made = new("postgresql.cnpg.io/v1", "Cluster", "postgres", "data", now)
    made["metadata"] |= {"generation": 1, "labels": {"sunbeam.pt/service": "postgres", "sunbeam.pt/category": "data"}}
    made["metadata"]["annotations"] = {"sunbeam.pt/display-name": "PostgreSQL", "sunbeam.pt/health-check": "cnpg"}
    plugin = {"name": PLUGIN, "isWALArchiver": True, "parameters": {"barmanObjectName": "postgres-store"}}
    spec: Object = {
        "instances": 1,
        "imageName": IMAGE,
        "primaryUpdateMethod": "restart",
        "primaryUpdateStrategy": "unsupervised",
        "storage": {"size": "100Gi", "storageClass": "longhorn"},
        "postgresql": {"parameters": {"max_connections": "100"}},
        "plugins": [plugin],
    }
    return made | {"spec": spec, "status": _status(now)}


def _status(now: datetime) -> Object:
    return {
        "phase": "Cluster in healthy state",
        "instances": 1,
        "readyInstances": 1,
        "instanceNames": ["postgres-1"],
        "instancesStatus": {"healthy": ["postgres-1"]},
        "currentPrimary": "postgres-1",
        "targetPrimary": "postgres-1",
        "currentPrimaryTimestamp": stamp(now - UPTIME),
        "image": IMAGE,
        "latestGeneratedNode": 1,
        "timelineID": 1,
        "pvcCount": 1,
        "healthyPVC": ["postgres-1"],
        "writeService": "postgres-rw",
        "readService": "postgres-r",
        # With a plugin, CNPG leaves firstRecoverabilityPoint and lastSuccessfulBackup empty: see the object store.
        "conditions": [
            condition("Ready", "True", "ClusterIsReady", "Cluster is Ready", now - UPTIME),
            condition(
                "ContinuousArchiving",
                "True",
                "ContinuousArchivingSuccess",
                "Continuous archiving is working",
                now - AGE,
            ),
            condition("LastBackupSucceeded", "True", "LastBackupSucceeded", "Backup was successful", now - LAST_BACKUP),
            condition("ConsistentSystemID", "True", "Unique", "A single, unique system ID was found", now - AGE),
        ],
    }


def _instance(cluster: Object, now: datetime) -> Object:
    born = now - UPTIME
    labels = {
        "cnpg.io/cluster": "postgres",
        "cnpg.io/instanceName": "postgres-1",
        "cnpg.io/instanceRole": "primary",
        "cnpg.io/podRole": "instance",
        "role": "primary",
    }
    container = {"name": "postgres", "image": IMAGE, "ports": [{"name": "postgresql", "containerPort": 5432}]}
    init = {"name": "bootstrap-controller", "image": "ghcr.io/cloudnative-pg/cloudnative-pg:1.30.0"}
    metadata = {"annotations": {"linkerd.io/inject": "disabled"}}
    template: Object = {"metadata": metadata, "spec": {"containers": [container], "initContainers": [init]}}
    return ready(pod(template, cluster, "postgres-1", born, labels), born)


def _backup(ended: datetime) -> Object:
    """Return a daily backup that ended then."""
    started = ended - timedelta(minutes=6)
    made = new("postgresql.cnpg.io/v1", "Backup", f"postgres-daily-{ended:%Y%m%d%H%M%S}", "data", ended)
    made["metadata"] |= {"creationTimestamp": stamp(started), "generation": 1}
    made["metadata"]["labels"] = {"cnpg.io/cluster": "postgres", "cnpg.io/scheduled-backup": "postgres-daily"}
    spec: Object = {"cluster": {"name": "postgres"}, "method": "plugin", "pluginConfiguration": {"name": PLUGIN}}
    status: Object = {
        "phase": "completed",
        "method": "plugin",
        "backupId": f"{started:%Y%m%dT%H%M%S}",
        "backupName": f"backup-{started:%Y%m%d%H%M%S}",
        "instanceID": {"podName": "postgres-1"},
        "online": True,
        "beginWal": _WAL_BACKUP,
        "endWal": _WAL_BACKUP,
        "startedAt": stamp(started),
        "stoppedAt": stamp(ended),
    }
    return made | {"spec": spec, "status": status}


def _schedule(now: datetime) -> Object:
    last = now - LAST_BACKUP - timedelta(minutes=6)
    made = new("postgresql.cnpg.io/v1", "ScheduledBackup", "postgres-daily", "data", now)
    made["metadata"]["generation"] = 1
    spec: Object = {
        # Six fields, seconds first.
        "schedule": f"0 {last.minute} {last.hour} * * *",
        "cluster": {"name": "postgres"},
        "backupOwnerReference": "none",
        "method": "plugin",
        "pluginConfiguration": {"name": PLUGIN},
    }
    at = last.replace(second=0, microsecond=0)
    times = {"lastScheduleTime": stamp(at), "nextScheduleTime": stamp(at + timedelta(days=1))}
    return made | {"spec": spec, "status": times | {"lastCheckTime": stamp(at)}}


def _store(now: datetime) -> Object:
    made = new("barmancloud.cnpg.io/v1", "ObjectStore", "postgres-store", "data", now)
    made["metadata"]["generation"] = 1
    keys = {
        "accessKeyId": {"name": "scaleway-s3", "key": "access-key-id"},
        "secretAccessKey": {"name": "scaleway-s3", "key": "secret-access-key"},
    }
    where = {"destinationPath": "s3://demo-backups/postgres", "endpointURL": "https://s3.fr-par.scw.cloud"}
    spec = {"configuration": where | {"s3Credentials": keys, "wal": {"compression": "gzip"}}, "retentionPolicy": "30d"}
    window = {
        "firstRecoverabilityPoint": stamp(now - KEPT),
        "lastSuccessfulBackupTime": stamp(now - LAST_BACKUP),
    }
    return made | {"spec": spec, "status": {"serverRecoveryWindow": {"postgres": window}}}
