"""Who is paged, who comes next, and whom a name means."""

import pytest

from bot.config.settings import Person
from bot.core.errors import UsageError
from bot.core.names import UserId
from bot.core.oncall import named, next_on_call, on_call
from bot.core.policy import Role

ANNA, BEN, CLEO, DORA = (UserId(f"@{name}:example.org") for name in ("anna", "ben", "cleo", "dora"))
GONE = UserId("@gone:example.org")
OTHER_BEN = UserId("@ben:elsewhere.org")
PEOPLE = {user: Person(role=Role.OPERATOR, on_call=user is not DORA) for user in (ANNA, BEN, CLEO, DORA)}


@pytest.mark.parametrize(
    ("roster", "paged"),
    [
        (None, (ANNA, BEN, CLEO)),
        ((), (ANNA, BEN, CLEO)),
        ((BEN,), (BEN,)),
        # Somebody whom the configuration does not put on the rota may be set.
        ((DORA, ANNA), (DORA, ANNA)),
        ((GONE, BEN), (BEN,)),
        # A page to nobody is no page.
        ((GONE,), (ANNA, BEN, CLEO)),
    ],
)
def test_who_is_paged_is_known_to_the_configuration(
    roster: tuple[UserId, ...] | None, paged: tuple[UserId, ...]
) -> None:
    assert on_call(PEOPLE, roster) == paged


@pytest.mark.parametrize(
    ("current", "following"),
    [
        ((ANNA,), (BEN,)),
        ((BEN,), (CLEO,)),
        ((CLEO,), (ANNA,)),
        ((ANNA, BEN), (CLEO,)),
        ((ANNA, CLEO), (BEN,)),
        ((DORA,), (ANNA,)),
        ((ANNA, BEN, CLEO), ()),
    ],
)
def test_the_rota_goes_round(current: tuple[UserId, ...], following: tuple[UserId, ...]) -> None:
    assert next_on_call(PEOPLE, current) == following


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("@ben:example.org",), (BEN,)),
        (("@BEN",), (BEN,)),
        (("ben,", "@anna"), (BEN, ANNA)),
        (("be",), (BEN,)),
        (("ben", "@ben"), (BEN,)),
        ((), ()),
    ],
)
def test_a_name_means_one_of_the_configuration(words: tuple[str, ...], meant: tuple[UserId, ...]) -> None:
    assert named(words, PEOPLE) == meant


@pytest.mark.parametrize(
    ("word", "people", "near"),
    [
        ("@bem", PEOPLE, (BEN,)),
        ("@ben:evil.test", PEOPLE, (BEN,)),
        ("mallory", PEOPLE, ()),
        ("@", PEOPLE, ()),
        ("ben", [BEN, OTHER_BEN], (BEN, OTHER_BEN)),
    ],
)
def test_a_name_that_means_nobody_or_several_is_refused(
    word: str, people: dict[UserId, Person] | list[UserId], near: tuple[UserId, ...]
) -> None:
    with pytest.raises(UsageError) as refused:
        named((word,), people)

    assert refused.value.near == near
