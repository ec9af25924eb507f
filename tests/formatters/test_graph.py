"""What a graph says for those who do not see it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.alerts import Card, Member
from bot.core.facts import Unknown
from bot.core.graphs import Curve, Picture, window
from bot.core.message import Image
from bot.core.names import Key, RoomId
from bot.core.promql import Threshold
from bot.core.webhook import Status
from commands.graph import CardGraph, Lacking, NoGraph
from formatters import FORMATTERS
from formatters.render import render

NOW = datetime(2026, 11, 23, 14, 2, tzinfo=UTC)
MEMBER = Member("f1", Status.FIRING, {"alertname": "VolumeFull"}, {}, NOW, None, "", NOW)
CARD = Card(Key("alert:1"), RoomId("!ops:demo.test"), "ops", "{}", 1, {}, (MEMBER,), "", 0, NOW, handle="k7")
OVER = window(NOW, timedelta(hours=1))
ONE = CardGraph(
    CARD,
    "volume_used_ratio",
    Threshold(">", 0.95),
    whole=True,
    curves=(Curve("", (0.91, 0.985, 0.97)),),
    more=0,
    crossed=1,
    own=True,
    over=OVER,
    picture=Picture(b"\x89PNG", 800, 500),
)
TWO = replace(ONE, curves=(Curve("postgres-1", (1500, 3e9)), Curve("postgres-2", (0.2, None))), more=4, crossed=3)


def body(result: CardGraph | NoGraph) -> str:
    return render(result, formatters=FORMATTERS).body


def test_one_curve_is_told_by_its_numbers() -> None:
    assert body(ONE) == (
        "ℹ️ Now 0.97, threshold > 0.95 — VolumeFull #k7, last 1 h\nLowest 0.91 · highest 0.985\nvolume_used_ratio"
    )


def test_the_picture_goes_with_it() -> None:
    assert render(ONE, formatters=FORMATTERS).image == Image("graph-k7.png", b"\x89PNG", 800, 500)


def test_without_a_picture_the_numbers_stand_and_the_reason_is_said() -> None:
    rendered = render(replace(ONE, picture=Unknown("not drawn in 15 s")), formatters=FORMATTERS)

    assert rendered.body.endswith("❔ No picture: not drawn in 15 s")
    assert "Now 0.97" in rendered.body
    assert rendered.image is None


def test_several_curves_are_told_one_by_one() -> None:
    assert body(TWO) == (
        "ℹ️ 3 of 6 series now > 0.95 — VolumeFull #k7, last 1 h\n"
        "• postgres-1 3G (1.5k to 3G)\n"
        "• postgres-2 was 0.2 (0.2 to 0.2)\n"
        "…and 4 more\n"
        "Where it is empty, nothing was measured\n"
        "volume_used_ratio"
    )


def test_without_a_threshold_the_range_is_told() -> None:
    assert body(replace(TWO, threshold=None, more=0)).startswith("ℹ️ 2 series, 0.2 to 3G — VolumeFull #k7, last 1 h\n")


def test_what_has_ended_is_not_called_now() -> None:
    ended = replace(ONE, curves=(Curve("", (0.91, None)),), whole=False, own=False)

    assert body(ended).startswith("ℹ️ Was 0.91, threshold > 0.95 —")
    assert "\nOf the whole rule: which are this alert's could not be told\n" in body(ended)
    assert "\nWhere it is empty, the rule's other condition did not hold\n" in body(ended)


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (
            NoGraph(CARD, Lacking.RULE, timedelta(hours=1)),
            "❔ No expression known — VolumeFull #k7\nPrometheus has no rule of that name, and the alert names none",
        ),
        (
            NoGraph(CARD, Lacking.VALUES, timedelta(hours=6), "up"),
            "❔ No values in the last 6 h — VolumeFull #k7\nup\nFurther back: !graph #k7 2d",
        ),
    ],
)
def test_no_graph_is_said_and_why(result: NoGraph, words: str) -> None:
    rendered = render(result, formatters=FORMATTERS)

    assert (rendered.body, rendered.verdict, rendered.image) == (words, "unknown", None)


def test_eight_curves_with_the_longest_names_are_one_message() -> None:
    many = tuple(Curve("x" * 4000 + str(number), (1.0,)) for number in range(8))

    rendered = render(replace(ONE, curves=many, expr="y" * 9000), formatters=FORMATTERS)

    assert rendered.file is None
    assert len(rendered.body) < 2000
