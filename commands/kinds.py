"""The kinds of objects a person may ask for, in kubectl's words, and the ones that are never shown."""

from bot.core.errors import UsageError
from bot.core.kinds import Kind
from commands.parameters import near

SHOWN = {
    Kind.PODS: ("po",),
    Kind.DEPLOYMENTS: ("deploy",),
    Kind.STATEFULSETS: ("sts",),
    Kind.DAEMONSETS: ("ds",),
    Kind.REPLICASETS: ("rs",),
    Kind.JOBS: (),
    Kind.CRONJOBS: ("cj",),
    Kind.SERVICES: ("svc",),
    Kind.INGRESSES: ("ing",),
    Kind.PERSISTENTVOLUMECLAIMS: ("pvc",),
    Kind.NODES: ("no",),
    Kind.NAMESPACES: ("ns",),
    Kind.EVENTS: ("ev",),
    Kind.CERTIFICATES: ("cert", "certs"),
    Kind.CERTIFICATEREQUESTS: ("cr", "crs"),
    Kind.ORDERS: (),
    Kind.CHALLENGES: (),
    Kind.ISSUERS: ("iss",),
    Kind.CLUSTERISSUERS: ("ciss",),
    Kind.CLUSTERS: (),
    Kind.BACKUPS: (),
    Kind.SCHEDULEDBACKUPS: (),
    Kind.OBJECTSTORES: (),
    Kind.VAULTSTATICSECRETS: ("vss",),
    Kind.VAULTDYNAMICSECRETS: ("vds",),
}
"""What may be shown, with the short names it has besides its plural and singular."""

_NEVER = {
    **dict.fromkeys(("secret", "secrets"), "I do not read Secrets: no room is a place for what they hold"),
    **dict.fromkeys(("configmap", "configmaps", "cm"), "I do not read ConfigMaps: too often they hold secrets"),
}
_BY_WORD = {word: kind for kind, short in SHOWN.items() for word in (kind.plural, kind.singular, *short)}


def kind_named(word: str) -> Kind:
    """Return the kind that kubectl would mean; raise UsageError for a kind that is unknown, or never shown."""
    plain = word.lower().partition(".")[0]
    if never := _NEVER.get(plain):
        raise UsageError(never, hint="!k8s get vaultstaticsecrets tells whether secrets are in step")
    kind = _BY_WORD.get(plain)
    if kind is None or (plain != word.lower() and word.lower().partition(".")[2] != kind.group):
        raise UsageError(
            f"I do not know the kind “{word[:40]}”", hint=f"I know {', '.join(each.plural for each in SHOWN)}",
            near=near(plain[:40], tuple(_BY_WORD)),
        )  # fmt: skip
    return kind
