"""The Super Boujee Business Box's catalogue: the default behind `!check`; every name and address is a setting.

Names follow the box's own service labels and charts; addresses are those inside the cluster, since the front door
counts callers from outside as anonymous and slows them down. What a box does not have is told as unknown, never as
fine: set `services` to fit it.
"""

from bot.core.barman import BarmanServer
from bot.core.catalogue import (
    CnpgProbe,
    ExecProbe,
    HttpProbe,
    MeshProbe,
    PathProbe,
    Probe,
    ReadyProbe,
    SealProbe,
    Services,
    TargetsProbe,
)
from bot.core.templates import ExecTemplate

_LASUITE = (
    "hive",
    "people-backend",
    "people-frontend",
    "people-celery-worker",
    "people-celery-beat",
    "docs",
    "meet",
    "drive",
    "projects",
    "calendars",
    "collabora",
    "messages-backend",
    "messages-mta-in",
    "messages-mta-out",
    "postfix",
)


def _ready(*names: str) -> dict[str, Probe]:
    return {name: ReadyProbe(ready=name) for name in names}


SBBB: Services = {
    "data": {
        "postgres": CnpgProbe(cnpg="postgres"),
        "valkey": ExecProbe(exec=("valkey-cli", "ping"), selector="app=valkey", container="valkey", expect="PONG"),
        "opensearch": HttpProbe(
            http="http://opensearch.data.svc:9200/_cluster/health",
            shows="status",
            good=("green",),
            warn=("yellow",),
            number="number_of_nodes",
            unit="node",
        ),
        "openbao": SealProbe(),
    },
    "storage": {
        # Without a leader it does not answer this; without free slots nothing new can be written.
        "seaweedfs-master": HttpProbe(
            http="http://seaweedfs-master.storage.svc:9333/dir/status",
            number="Topology.Free",
            unit="free slot",
            at_least=1,
        ),
        "seaweedfs-volume": HttpProbe(
            http="http://seaweedfs-volume.storage.svc:8080/status",
            number="DiskStatuses.*.percent_free",
            unit="% free",
            at_least=10,
        ),
        # The S3 side of the filer, since that is what everybody uses; it cannot be well without the filer.
        "seaweedfs-filer": HttpProbe(http="http://seaweedfs-filer.storage.svc:8333/healthz"),
    },
    "ory": {
        "kratos": HttpProbe(http="http://kratos-public.ory.svc/health/ready"),
        "hydra": HttpProbe(http="http://hydra-public.ory.svc:4444/health/ready"),
        **_ready("login-ui"),
    },
    "devtools": {
        "gitea": HttpProbe(http="http://gitea-http.devtools.svc:3000/api/v1/version", shows="version"),
    },
    "lasuite": _ready(*_LASUITE),
    "matrix": {
        "tuwunel": HttpProbe(http="http://tuwunel.matrix.svc:8008/_matrix/client/versions"),
        "sol": ReadyProbe(ready="sol", speaks=True),
        # What Sol thinks with; who brings no key is refused, and so knows that it is there.
        "mistral": HttpProbe(http="https://api.mistral.ai/v1/models", status=401),
    },
    "media": {
        "livekit-server": HttpProbe(http="http://livekit-server.media.svc:7880/"),
    },
    "monitoring": {
        "prometheus": HttpProbe(http="http://prometheus-operated.monitoring.svc:9090/-/ready"),
        "alertmanager": HttpProbe(http="http://alertmanager-operated.monitoring.svc:9093/-/ready"),
        "loki": HttpProbe(http="http://loki.monitoring.svc:3100/ready"),
        "grafana": HttpProbe(http="http://kube-prometheus-stack-grafana.monitoring.svc/api/health", shows="version"),
        "targets": TargetsProbe(targets=True),
        "alert-path": PathProbe(alert_path=True),
    },
    "ingress": {**_ready("pingora"), "linkerd": MeshProbe(mesh="mesh")},
    "cert-manager": _ready("cert-manager", "cert-manager-webhook"),
    "vault-secrets-operator": _ready("vault-secrets-operator"),
    "vpn": _ready("headscale"),
}
"""namespace → service → probe, in the order a check tells them."""

EXECS = tuple(
    ExecTemplate(namespace="data", pod="barman-*", argv=("barman", *words))
    for words in (("backup", "postgres"), ("check", "postgres"), ("list-backups", "postgres"))
)
"""What may be run in containers, for a house that runs barman itself."""

BARMAN = (BarmanServer(namespace="data", selector="app=barman", container="barman", server="postgres"),)
"""Where such a house's barman is asked for its backups."""
