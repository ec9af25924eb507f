"""Who uses a database's connections, and who is suspected to lose them."""

from datetime import timedelta

import pytest

from bot.core.connections import Count, Leak, applications, name_of

IDLE, WAITS = "idle", "idle in transaction"


def of(*rows: tuple[str, str, int]) -> list[Count]:
    return [Count(user, state, number) for user, state, number in rows]


def test_who_has_most_comes_first_with_states_together() -> None:
    found = applications(of(("a", IDLE, 2), ("b", "active", 1), ("b", IDLE, 5), ("b", IDLE, 1)), {}, {}, 100)

    assert [(each.name, each.used, dict(each.states)) for each in found] == [
        ("b", 7, {IDLE: 6, "active": 1}),
        ("a", 2, {IDLE: 2}),
    ]


def test_states_that_nobody_is_in_are_nobodys() -> None:
    assert applications([Count("", "active", 0), Count("a", "disabled", 0)], {}, {}, 100) == ()


@pytest.mark.parametrize(
    ("user", "application", "name"), [("docs", "psycopg", "docs"), ("", "psql", "psql"), ("", "", "unnamed")]
)
def test_an_application_is_called_after_its_user_and_after_itself_without_one(
    user: str, application: str, name: str
) -> None:
    assert name_of(user, application) == name


HOLDS = timedelta(seconds=94)


@pytest.mark.parametrize(
    ("rows", "longest", "before", "most", "leaks"),
    [
        ([("a", WAITS, 1)], {"a": HOLDS}, {"a": 1}, 100, (Leak.HOLDS,)),
        ([("a", "idle in transaction (aborted)", 1)], {"a": HOLDS}, {"a": 1}, 100, (Leak.HOLDS,)),
        ([("a", WAITS, 1)], {"a": timedelta(seconds=5)}, {"a": 1}, 100, ()),
        ([("a", WAITS, 1)], {}, {"a": 1}, 100, ()),
        ([("a", "active", 1)], {"a": HOLDS}, {"a": 1}, 100, ()),
        ([("a", IDLE, 15)], {}, {"a": 10}, 100, (Leak.GROWS,)),
        ([("a", IDLE, 14)], {}, {"a": 10}, 100, ()),
        ([("a", IDLE, 45)], {}, {"a": 38}, 100, ()),
        ([("a", IDLE, 6)], {}, {"b": 10}, 100, (Leak.GROWS,)),
        ([("a", IDLE, 15)], {}, None, 100, ()),
        ([("a", IDLE, 51)], {}, {"a": 51}, 100, (Leak.HOGS,)),
        ([("a", IDLE, 50)], {}, {"a": 50}, 100, ()),
        ([("a", IDLE, 51)], {}, {"a": 51}, None, ()),
    ],
)
def test_who_holds_grows_or_hogs_is_suspected_and_what_is_not_known_accuses_nobody(
    rows: list[tuple[str, str, int]],
    longest: dict[str, timedelta],
    before: dict[str, int] | None,
    most: int | None,
    leaks: tuple[Leak, ...],
) -> None:
    (found,) = applications(of(*rows), longest, before, most)

    assert found.leaks == leaks
