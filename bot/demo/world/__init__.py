"""The world of the demo: an SBBB of spring 2026 as Kubernetes objects, at rest; and troubles to switch on in it.

Here belongs what is in this cluster. What any cluster does belongs to `bot.demo.cluster`.
"""

from datetime import datetime

from bot.demo.cluster import Object, SimulatedCluster
from bot.demo.world.barman import barman, barman_answers
from bot.demo.world.certificates import certificates
from bot.demo.world.postgres import postgres
from bot.demo.world.secrets import keep_keys, secrets
from bot.demo.world.shapes import MESHED, Row, claim, namespace, new, node, workload
from bot.demo.world.troubles import crash_looping, heal, image_pull_error, not_ready, objects_of, resynced, unsynced
from bot.demo.world.voices import EXEC_ANSWERS, log_lines
from bot.demo.world.workloads import ROWS

__all__ = [
    "EXEC_ANSWERS", "barman", "crash_looping", "heal", "image_pull_error", "inhabit", "keep_keys", "log_lines",
    "not_ready", "objects_of", "resynced", "sbbb", "scale_world", "unsynced",
]  # fmt: skip

_CLAIMS = (
    ("data-openbao-0", "data", "10Gi"),
    ("opensearch-data", "data", "50Gi"),
    ("sol-data", "matrix", "1Gi"),
    ("tuwunel-data", "matrix", "20Gi"),
)


def sbbb(now: datetime) -> list[Object]:
    """Return every object of the house, healthy: the same names each time, ages relative to `now`."""
    names = dict.fromkeys(("default", *(row.namespace for row in ROWS)))
    objects = [node(now), *(namespace(name, now, meshed=name in MESHED) for name in names)]
    objects += [claim(name, where, size, now) for name, where, size in _CLAIMS]
    for row in ROWS:
        objects += workload(row, now)
    return [*objects, _sol_config(now), *postgres(now), *secrets(now), *certificates(now)]


def inhabit(cluster: SimulatedCluster, objects: list[Object] | None = None) -> None:
    """Put a world (the SBBB at rest unless told) into a cluster, with its answers to commands and its logs."""
    cluster.seed(sbbb(cluster.store.clock()) if objects is None else objects)
    for where, pods, argv, answer in EXEC_ANSWERS:
        cluster.execs.answer(where, pods, argv, answer)
    for words, said in barman_answers(cluster.store.clock):
        cluster.execs.answer("data", "barman-0", words, said)
    cluster.logs.source = log_lines(cluster.store.clock)


def scale_world(now: datetime, *, pods: int = 400, namespaces: int = 12) -> list[Object]:
    """Return the house with a crowd of `pods` pods more, in `namespaces` namespaces more, ten to a Deployment."""
    objects = sbbb(now)
    names = [f"crowd-{number:02}" for number in range(namespaces)]
    objects += [namespace(name, now) for name in names]
    for number, done in enumerate(range(0, pods, 10)):
        row = Row(
            names[number % namespaces], f"app-{number:03}", "docker.io/library/app:1", replicas=min(10, pods - done)
        )
        objects += workload(row, now)
    return objects


def _sol_config(now: datetime) -> Object:
    made = new("v1", "ConfigMap", "sol-config", "matrix", now)
    return made | {"data": {"sol.toml": "[matrix]\n", "system_prompt.md": "Be brief.\n"}}
