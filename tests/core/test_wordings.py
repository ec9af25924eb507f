"""Lines that say the same, whatever the numbers in them."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.core.wordings import Line, wordings

NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)


def lines(*texts: str, source: str = "data/postgres") -> list[Line]:
    return [Line(NOW + timedelta(seconds=number), source, text) for number, text in enumerate(texts)]


@pytest.mark.parametrize(
    ("texts", "wanted"),
    [
        (("took 12ms", "took 7ms", "took 1.5s"), ["took …"]),
        (("2026-10-01T12:00:00Z done", "2026-10-01T12:00:01Z done"), ["… done"]),
        (("from 10.0.0.1:5432 to pod-7d9f", "from 10.0.0.2:80 to pod-8c1d"), ["from … to …"]),
        (("ids 1, 2, 3", "ids 4, 5"), ["ids …"]),
        (("id=9f3c2a user=anna", "id=1a2b3c user=anna"), ["…=… user=anna", "id=… user=anna"]),
        (("alone 1", "other 2"), []),
        (("same", "same"), ["same"]),
        (("", ""), [""]),
    ],
)
def test_numbers_and_what_holds_them_do_not_count(texts: tuple[str, ...], wanted: list[str]) -> None:
    found = [each.text for each in wordings(lines(*texts))]

    assert found == wanted or found == wanted[1:]


def test_the_most_frequent_comes_first_with_who_said_it_and_when_last() -> None:
    both = lines("a 1", "b 1", "b 2", "b 3", "a 2") + lines("b 4", "b 5", source="ory/hydra")

    found = [(each.number, each.text, each.source, (each.last - NOW).seconds) for each in wordings(both)]

    assert found == [(3, "b …", "data/postgres", 3), (2, "a …", "data/postgres", 4), (2, "b …", "ory/hydra", 1)]


def test_long_lines_are_told_apart_by_their_beginning() -> None:
    (found,) = wordings(lines("x" * 10_000 + "a", "x" * 10_000 + "b"))

    assert len(found.text) == 300
