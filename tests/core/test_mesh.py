"""How Linkerd, the targets of Prometheus, and who talks in the room are judged."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.facts import Unknown, Verdict
from bot.core.findings import MeshFinding, ReadyFinding, SpeakerFinding, TargetsFinding

NOW = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
LONG = NOW + timedelta(days=200)
WELL = ReadyFinding(1, 1)
SILENT = Unknown("no answer in 4 s")


@pytest.mark.parametrize(
    ("control", "ends", "meshed", "bare", "verdict"),
    [
        ({"a": WELL}, {"anchor": LONG}, 9, (), Verdict.OK),
        ({"a": WELL}, {}, 9, (), Verdict.OK),
        ({"a": WELL, "b": ReadyFinding(0, 1)}, {"anchor": LONG}, 9, (), Verdict.BAD),
        ({"a": WELL, "b": SILENT}, {"anchor": LONG}, 9, (), Verdict.UNKNOWN),
        ({}, {"anchor": LONG}, 9, (), Verdict.UNKNOWN),
        ({"a": WELL}, {"anchor": NOW + timedelta(days=60)}, 9, (), Verdict.OK),
        ({"a": WELL}, {"anchor": LONG, "issuer": NOW + timedelta(days=59)}, 9, (), Verdict.WARN),
        ({"a": WELL}, {"anchor": NOW}, 9, (), Verdict.BAD),
        ({"a": WELL}, {"anchor": SILENT}, 9, (), Verdict.UNKNOWN),
        ({"a": WELL}, {"anchor": LONG}, 9, ("ory/hydra-0",), Verdict.WARN),
        ({"a": WELL}, {"anchor": LONG}, SILENT, (), Verdict.UNKNOWN),
    ],
)
def test_the_mesh_is_as_well_as_its_worst_part(
    control: Mapping[str, ReadyFinding | Unknown],
    ends: Mapping[str, datetime | Unknown],
    meshed: int | Unknown,
    bare: tuple[str, ...],
    verdict: Verdict,
) -> None:
    assert MeshFinding(control, ends, meshed, bare, NOW).verdict is verdict


@pytest.mark.parametrize(
    ("up", "down", "verdict"), [(9, (), Verdict.OK), (9, ("data/x",), Verdict.WARN), (0, (), Verdict.UNKNOWN)]
)
def test_a_prometheus_that_scrapes_nothing_is_not_well(up: int, down: tuple[str, ...], verdict: Verdict) -> None:
    assert TargetsFinding(up, down).verdict is verdict


def test_who_is_silent_is_no_fault_as_long_as_they_are_there() -> None:
    assert SpeakerFinding(WELL, None, None, NOW).verdict is Verdict.OK
    assert SpeakerFinding(ReadyFinding(0, 1), None, NOW, NOW).verdict is Verdict.BAD
