"""What containers say: the answers to commands run in them, and the lines they have written."""

import json
from datetime import timedelta

from bot.demo.clock import Clock
from bot.demo.cluster.exec import ExecAnswer
from bot.demo.cluster.logs import LogLine, Source
from bot.demo.cluster.store import Object

_SEALED_NOT = {
    "type": "shamir",
    "initialized": True,
    "sealed": False,
    "t": 3,
    "n": 5,
    "progress": 0,
    "version": "2.5.1",
}
_QUEUED = {
    "queue_name": "deferred",
    "queue_id": "4ZqK1s2v9Wz",
    "arrival_time": 1_790_000_000,
    "message_size": 4321,
    "sender": "noreply@demo.test",
    "recipients": [{"address": "someone@example.test", "delay_reason": "connect to mx.example.test: timed out"}],
}

EXEC_ANSWERS: tuple[tuple[str, str, tuple[str, ...], ExecAnswer], ...] = (
    ("data", "valkey-*", ("valkey-cli", "ping"), ExecAnswer("PONG\n")),
    ("data", "openbao-0", ("bao", "status", "-format=json"), ExecAnswer(json.dumps(_SEALED_NOT, indent=2) + "\n")),
    ("media", "livekit-server-*", ("wget", "-qO-", "http://localhost:7880/"), ExecAnswer("OK")),
    ("lasuite", "postfix-*", ("postqueue", "-j"), ExecAnswer(json.dumps(_QUEUED) + "\n")),
    ("lasuite", "messages-mta-out-*", ("postqueue", "-j"), ExecAnswer(json.dumps(_QUEUED) + "\n")),
)
"""Namespace, pod pattern, command, answer."""

_USUAL = (
    '{"level":"info","msg":"request handled","method":"GET","path":"/","status":200,"ms":12}',
    '{"level":"info","msg":"request handled","method":"POST","path":"/api","status":201,"ms":48}',
    '{"level":"warn","msg":"slow upstream","ms":1804}',
)
_OWN = {
    "gitea": (
        "2026/01/01 02:14:07 ...s/storage/storage.go:176:initAttachments() [I] Initialising Attachment storage",
        "2026/01/01 02:14:08 cmd/web.go:304 [I] connect postgres://gitea:demo-not-real@postgres-rw:5432/gitea_db",
        "2026/01/01 02:14:09 [I] Listen: http://0.0.0.0:3000",
    ),
    "openbao": (
        "2026-01-01T02:14:07.113Z [INFO]  core: post-unseal setup complete",
        "2026-01-01T02:14:07.240Z [INFO]  core: vault is unsealed",
        "2026-01-01T02:19:07.301Z [INFO]  expiration: revoked lease: lease_id=auth/kubernetes/login/demo",
    ),
    "postgres": (
        '{"level":"info","logger":"postgres","record":{"error_severity":"LOG","message":"checkpoint complete"}}',
        '{"level":"info","logger":"wal-archive","msg":"Archived WAL file","walName":"pg_wal/0000000100000A2C00000042"}',
    ),
    "sol": (
        "INFO sol: restored conversation state rooms=14",
        "INFO sol::archive: indexed 23 messages",
        "INFO sol::brain: evaluated relevance room=!ops score=0.12 decision=stay-quiet",
    ),
    "seaweedfs-volume": (
        "I0101 02:14:07.000000 store.go:140 In dir /data collects total volumes: 61",
        "I0101 02:14:12.000000 volume_grpc_client_to_master.go:52 Volume server start with seed master nodes",
    ),
    "cert-manager-controller": (
        'I0101 02:14:07.000000 1 controller.go:162] "re-queuing item: optimistic locking" key="ingress/pingora-tls"',
        'I0101 02:14:08.000000 1 trigger_controller.go:215] "Certificate is up to date" key="ingress/pingora-tls"',
    ),
}
_LAST_WORDS = (
    '{"level":"info","msg":"starting"}',
    '{"level":"error","msg":"cannot reach database","error":"password authentication failed for user \\"demo\\""}',
    "Traceback (most recent call last):",
    '  File "/app/manage.py", line 22, in <module>',
    "django.db.utils.OperationalError: connection failed",
)
_SPAN = timedelta(minutes=30)
_EVERY = timedelta(seconds=36)


def log_lines(clock: Clock) -> Source:
    """Return what every container has written in the last half hour, a line each 36 s; a dead one, its last words."""

    def source(pod: Object, container: str, previous: bool) -> list[LogLine]:
        now = clock()
        if previous or _dies(pod, container):
            return [LogLine(now - timedelta(seconds=70 - at), text) for at, text in enumerate(_LAST_WORDS)]
        told = _OWN.get(container, _USUAL)
        return [LogLine(now - _SPAN + _EVERY * at, told[at % len(told)]) for at in range(_SPAN // _EVERY)]

    return source


def _dies(pod: Object, container: str) -> bool:
    statuses = pod.get("status", {}).get("containerStatuses", [])
    return any(status["name"] == container and status["lastState"].get("terminated") for status in statuses)
