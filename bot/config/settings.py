"""What can be set, each with the reason under it; `opsbot config-example` writes these words into the example."""

from datetime import timedelta
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from bot.config.alerts import Alerts
from bot.config.values import ClusterName, Listen, MatrixId, ObjectName, RoomName, Section, TimeZone, Url, wrong_at
from bot.core.barman import BarmanServer
from bot.core.catalogue import Services
from bot.core.policy import Role
from bot.core.rotations import FELT, NEVER
from bot.core.sbbb import BARMAN, EXECS, SBBB
from bot.core.templates import ExecTemplate


class Matrix(Section):
    """The bot's account. It needs an account of its own, made by its own login: a borrowed token breaks decryption."""

    homeserver: Url = Field(examples=["https://messages.example.org"])
    """Base URL of the client-server API."""
    user: MatrixId = Field(examples=["@opsbot:example.org"])
    """The bot's own Matrix ID."""
    access_token: SecretStr | None = None
    """A long-lived access token (better: access_token_file)."""
    access_token_file: Path | None = Field(default=None, examples=["/run/secrets/matrix/access-token"])
    """A file that holds the access token, read again when the homeserver asks for a new login."""
    password: SecretStr | None = None
    """Instead of a token: the account's password (better: password_file)."""
    password_file: Path | None = None
    """A file that holds the password."""
    device_id: str = "OPSBOT"
    """Kept for ever: transaction ids, and so the promise that nothing doubles, are bound to it."""
    encryption: bool = False
    """Take part in encrypted rooms; keys live under `state`."""

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if not any((self.access_token, self.access_token_file, self.password, self.password_file)):
            raise ValueError("needs access_token_file, access_token, password_file or password")
        return self


class Web(Section):
    """The HTTP door: Alertmanager's webhooks, health, metrics and one-time pages."""

    listen: Listen = "0.0.0.0:8080"
    """Address and port to listen on."""
    public_url: Url | None = Field(default=None, examples=["https://ops.example.org"])
    """Where people's phones reach this door, for one-time pages."""
    webhook_token: SecretStr | None = None
    """What Alertmanager must present (better: webhook_token_file)."""
    webhook_token_file: Path | None = Field(default=None, examples=["/run/secrets/webhook/token"])
    """A file with that token; several lines are several valid tokens, for rotation."""

    @model_validator(mode="after")
    def _has_token(self) -> Self:
        if not (self.webhook_token or self.webhook_token_file):
            raise ValueError("needs webhook_token_file or webhook_token")
        return self


class Person(Section):
    """Somebody the bot obeys."""

    role: Role
    """viewer: look. operator: also act. admin: also the dangerous and the bot itself."""
    key_holder: bool = False
    """Holds a share of OpenBao's unseal key."""
    on_call: bool = False
    """Is mentioned, and so rung, by a new critical alert."""


class Access(Section):
    """How strict the second pair of eyes is."""

    solo: bool = False
    """A team of one: dangerous actions wait 60 s instead of asking a second person."""


class Cluster(Section):
    """How to reach a cluster; nothing set: the pod's own service account."""

    kubeconfig: Path | None = None
    """A kubeconfig file; null: in-cluster."""
    context: str | None = None
    """The kubeconfig's context; null: its current one."""


class Kubernetes(Cluster):
    """The cluster at hand."""

    exec: tuple[ExecTemplate, ...] = Field(
        default=EXECS, examples=[[each.model_dump(mode="json", exclude_defaults=True) for each in EXECS]]
    )
    """What `!k8s exec` may run, word for word, in any cluster; there is no shell. A word like {server} stands for one
    name; container, risk (2 or 3) and limit (seconds) may be added. What is added here, deploy/admission.yaml must
    allow as well."""


class OpenBaoAuth(Section):
    """How the bot logs in to OpenBao."""

    method: Literal["kubernetes", "token"] = "kubernetes"
    """kubernetes: with the pod's service account. token: a static one, for development."""
    role: str = "opsbot"
    """The role of the kubernetes auth method."""
    jwt_file: Path = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")
    """The service account's token, read again at each login; best a projected one with an audience of its own."""
    token_file: Path | None = None
    """A file with the static token."""

    @model_validator(mode="after")
    def _static_needs_its_token(self) -> Self:
        if self.method == "token" and self.token_file is None:
            raise ValueError("needs token_file")
        return self


class OpenBao(Section):
    """OpenBao, asked pod by pod: shares and seal live in one pod's memory, never behind a Service."""

    pods: tuple[Url, ...] = Field(default=("http://openbao-0.openbao-internal.data.svc:8200",), min_length=1)
    """Every pod's own address."""
    auth: OpenBaoAuth = OpenBaoAuth()
    """The bot's own login."""
    mount: str = "secret"
    """The KV version 2 mount."""
    keys_report: ObjectName | None = "data/openbao-keys-check"
    """The ConfigMap in which `opsbot keys-check` writes whether the Secret with the unseal keys holds any, as
    namespace/name; null: nobody checks that."""
    shares_by_dm: bool = False
    """Whether a key holder may also type `!unseal SHARE` to the bot in their encrypted direct chat, where it is removed
    at once: for phones that reach no page. The homeserver keeps the encrypted event. Needs matrix.encryption."""


class Alertmanager(Section):
    """Alertmanager's API, for what fires now and for silences."""

    url: Url = "http://alertmanager-operated.monitoring.svc:9093"
    """Base URL of its API."""


class Prometheus(Section):
    """Prometheus, for the numbers behind a check."""

    url: Url = "http://prometheus-operated.monitoring.svc:9090"
    """Base URL of its API."""


class Loki(Section):
    """Loki, for logs across everything."""

    url: Url = "http://loki.monitoring.svc:3100"
    """Base URL of its API."""


class Grafana(Section):
    """Grafana, for its rules and dashboards."""

    url: Url = "http://kube-prometheus-stack-grafana.monitoring.svc"
    """Base URL."""
    token_file: Path | None = None
    """A file with a service account's token (Viewer)."""


class Ingress(Section):
    """The front door, asked from inside."""

    url: Url = "http://pingora.ingress.svc"
    """Base URL of its port 80, where challenges of an ACME server (Let's Encrypt) are asked for."""


class Workloads(Section):
    """What a restart treats with care, as namespace/name; null where there is none."""

    homeserver: str | None = "matrix/tuwunel"
    """While it restarts, the bot cannot say a word: that is announced first."""
    openbao: str | None = "data/openbao"
    """It comes back sealed."""
    myself: str | None = "monitoring/opsbot"
    """The bot's own."""


class Backups(Section):
    """What `!backup` measures by."""

    needed_years: int | None = Field(default=7, ge=1)
    """How many years backups must be kept, by law or promise; what is kept for less is said. null: nobody says."""
    barman: tuple[BarmanServer, ...] = Field(
        default=BARMAN, examples=[[each.model_dump(mode="json") for each in BARMAN]]
    )
    """Barman of the house's own, asked in its pod with `barman -f json`, which deploy/admission.yaml must allow. Where
    it has no pod, CloudNativePG's backups are all there are."""


class Rotation(Section):
    """What `!rotate` knows of keys, by patterns of path and key without the mount; the first that fits counts."""

    felt: dict[str, str] = Field(default=FELT, examples=[FELT])
    """What people feel when such a key changes: the prompt says it."""
    never: dict[str, str] = Field(default=NEVER, examples=[NEVER])
    """Why no random value fits such a key: it is not rotated."""


class Sol(Section):
    """The house's other bot, whose words tell that it is back after a restart."""

    workload: str = "matrix/sol"
    """What is restarted."""
    user: MatrixId | None = None
    """Its account, like "@sol:example.org", one of `bots`; null: its words are not waited for."""
    says: str = "*sneezes*"
    """What it says then."""
    patience: timedelta = timedelta(minutes=2)
    """How long that is waited for."""


class Limits(Section):
    """Time limits and rates; the defaults suit a small team."""

    command: timedelta = timedelta(seconds=30)
    """The longest a command may take before it is answered with what could not be asked."""
    probe: timedelta = timedelta(seconds=5)
    """The longest one question to a neighbour may take within a check."""
    reconcile: timedelta = Field(default=timedelta(seconds=60), ge=timedelta(milliseconds=100))
    """How often the cards are compared with what Alertmanager says burns."""
    gone: timedelta = Field(default=timedelta(minutes=2), ge=timedelta(milliseconds=100))
    """How long Alertmanager must not know an alert before its card is closed. Prometheus repeats alerts every minute:
    anything shorter closes cards wrongly when Alertmanager loses its memory."""
    storm: timedelta = Field(default=timedelta(seconds=60), ge=timedelta(0))
    """More than eight new groups in a room within this time are a storm, told by one card that counts them, until it
    has been calm for twice as long; zero: every group has a card of its own, always."""
    stuck: timedelta = timedelta(seconds=40)
    """How long a pod of a rollout must be in the same trouble before the rollout is called stuck."""
    seal: timedelta = Field(default=timedelta(seconds=30), ge=timedelta(milliseconds=100))
    """How often every pod of OpenBao is asked whether it is sealed."""
    per_person: int = Field(default=20, ge=1)
    """Commands a person may send per minute."""
    outbox_window: int = Field(default=16, ge=1, le=64)
    """How many messages of one room may be on their way at once; never two of the same card."""


class Settings(Section):
    """Everything that can be set."""

    state: Path = Field(default=Path("/var/lib/opsbot"))
    """Directory for the database, the crypto store and the lock file. One bot, one directory."""
    timezone: TimeZone = "UTC"
    """Times in the room are told in this zone."""
    plain: bool = False
    """Leave out the sparkle in openings and closings."""
    log: Literal["json", "pretty", "auto"] = "auto"
    """json for machines, pretty for a terminal; auto looks whether there is one."""
    matrix: Matrix
    rooms: dict[str, RoomName] = Field(min_length=1, examples=[{"ops": "!abc:example.org"}])
    """Short name: room id or alias; the short names are used everywhere else. Nothing is heard or posted elsewhere."""
    web: Web
    people: dict[MatrixId, Person] = Field(
        min_length=1,
        examples=[
            {
                "@anna:example.org": {"role": "admin", "key_holder": True, "on_call": True},
                "@ben:example.org": {"role": "operator", "key_holder": True},
                "@cleo:example.org": {"role": "viewer"},
            }
        ],
    )
    """Exact Matrix IDs; nobody else is heard."""
    bots: tuple[MatrixId, ...] = Field(default=(), examples=[["@sol:example.org"]])
    """Known, never obeyed, never answered (their words may confirm a restart)."""
    access: Access = Access()
    kubernetes: Kubernetes = Kubernetes()
    clusters: dict[ClusterName, Cluster] = Field(default_factory=dict)
    """Further clusters, like {staging: {kubeconfig: /run/secrets/clusters/staging}}: what asks Kubernetes asks one of
    them with --cluster NAME, and the one above without."""
    openbao: OpenBao = OpenBao()
    alertmanager: Alertmanager = Alertmanager()
    prometheus: Prometheus = Prometheus()
    loki: Loki = Loki()
    grafana: Grafana = Grafana()
    ingress: Ingress = Ingress()
    alerts: Alerts = Alerts()
    limits: Limits = Limits()
    workloads: Workloads = Workloads()
    sol: Sol = Sol()
    backups: Backups = Backups()
    rotation: Rotation = Rotation()
    namespaces: tuple[str, ...] = tuple(SBBB)
    """The namespaces that `!status` tells of, and the only ones whose logs `!logs` shows."""
    services: Services = Field(default_factory=lambda: SBBB)
    """What `!check` asks: namespace → service → probe. The default is the SBBB's; what is set here replaces it."""

    @model_validator(mode="after")
    def _alerts_rooms_are_known(self) -> Self:
        named: list[tuple[tuple[str | int, ...], str]] = [(("alerts", "room"), self.alerts.room)]
        named += [(("alerts", "routes", number, "room"), each.room) for number, each in enumerate(self.alerts.routes)]
        for place, room in named:
            if room not in self.rooms:
                raise wrong_at(place, f"is not one of rooms; write one of: {', '.join(self.rooms)}")
        return self

    @model_validator(mode="after")
    def _shares_travel_encrypted(self) -> Self:
        if self.openbao.shares_by_dm and not self.matrix.encryption:
            raise wrong_at(("openbao", "shares_by_dm"), "has shares travel in clear; set matrix.encryption: true")
        return self

    @model_validator(mode="after")
    def _sol_is_a_known_bot(self) -> Self:
        if self.sol.user is not None and self.sol.user not in self.bots:
            raise wrong_at(("sol", "user"), "is not one of bots; add it there")
        return self

    @model_validator(mode="after")
    def _bots_are_not_people(self) -> Self:
        for number, bot in enumerate(self.bots):
            if bot in self.people:
                raise wrong_at(("bots", number), "stands in people too, and a bot is never obeyed; keep one")
        return self
