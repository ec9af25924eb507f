"""The catalogue behind `!check`: which probe tells whether a service is well."""

from collections.abc import Callable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints


class _Probe(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class HttpProbe(_Probe):
    """Ask an address; well when it answers with `status`."""

    http: Annotated[str, StringConstraints(pattern=r"^https?://[^\s/?#@]+(/\S*)?$")]
    """The address, best one inside the cluster."""
    status: int = 200
    """The status that means well."""
    shows: str | None = None
    """A field of the JSON answer, dots between levels, told in the line: `version`, `disks.0.free`."""
    good: tuple[str, ...] = ()
    """Values of that field that mean well; empty: any."""
    warn: tuple[str, ...] = ()
    """Values of that field that mean a warning; any other value then means trouble."""
    number: str | None = None
    """A field of the JSON answer that holds a number, told with `unit`; of several (`disks.*.free`), the smallest."""
    unit: str = ""
    """What the number counts: `node`, `% free`."""
    at_least: float | None = None
    """A number below this is a warning."""


class ReadyProbe(_Probe):
    """Look whether a workload has all its pods ready."""

    ready: str
    """The Deployment's, StatefulSet's or DaemonSet's name."""
    speaks: bool = False
    """Whether it talks in the room, as `sol.user`: its last word is told too."""


class CnpgProbe(_Probe):
    """Look at a CloudNativePG cluster: phase, instances, WAL archiving, last backup, connections."""

    cnpg: str
    """The Cluster's name."""


class ExecProbe(_Probe):
    """Run a fixed command in the first ready pod; well when it exits with 0 and says `expect`."""

    exec: Annotated[tuple[str, ...], Field(min_length=1)]
    """The argument vector. There is no shell."""
    selector: str
    """Label selector of the pods."""
    container: str
    """The container, named because meshed pods have several."""
    expect: str
    """What the trimmed output must be."""


class SealProbe(_Probe):
    """Ask every OpenBao pod whether it is sealed."""

    seal_status: bool = True
    """Always true; the pods stand under `openbao.pods`."""


class TargetsProbe(_Probe):
    """Ask Prometheus whether it reaches all that it should scrape."""

    targets: bool
    """Always true; Prometheus stands under `prometheus`."""


class MeshProbe(_Probe):
    """Look at Linkerd: its control plane, how long its certificates last, and pods that should have a proxy."""

    mesh: str
    """The namespace of the control plane."""
    control: tuple[str, ...] = ("linkerd-destination", "linkerd-identity", "linkerd-proxy-injector")
    """Its Deployments."""
    certificates: tuple[str, ...] = ("linkerd-trust-anchor", "linkerd-identity-issuer")
    """The Certificates of cert-manager behind it, in the same namespace; none: nobody is asked how long they last."""


class PathProbe(_Probe):
    """Send an alert of our own through Alertmanager, and see that it comes back; asked of its namespace alone."""

    alert_path: bool
    """Always true; Alertmanager stands under `alertmanager`."""


Probe = HttpProbe | ReadyProbe | CnpgProbe | ExecProbe | SealProbe | TargetsProbe | MeshProbe | PathProbe
Services = dict[str, dict[str, Probe]]
"""namespace → service → probe."""

Move = Callable[[str, str, str], str]
"""Namespace, service (as the catalogue calls it) and address to the address to ask instead."""


def relocate(services: Services, move: Move) -> Services:
    """Return the catalogue with every HTTP probe's address moved, for a world that stands somewhere else."""
    return {
        namespace: {name: _moved(probe, namespace, name, move) for name, probe in probes.items()}
        for namespace, probes in services.items()
    }


def _moved(probe: Probe, namespace: str, name: str, move: Move) -> Probe:
    if isinstance(probe, HttpProbe):
        return probe.model_copy(update={"http": move(namespace, name, probe.http)})
    return probe
