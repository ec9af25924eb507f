"""Generated values, and which keys of a secret stay and vanish."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.errors import UsageError
from bot.core.values import Change, Encoding, change, check_keys, encoded, meant_key

FIELDS = ("dkim-private-key", "django-secret-key", "salt-key")


@pytest.mark.parametrize(
    ("encoding", "shape"),
    [(Encoding.HEX, r"[0-9a-f]{64}"), (Encoding.BASE64, r"[A-Za-z0-9+/]{43}="), (Encoding.ALNUM, r"[A-Za-z0-9]{43}")],
)
@given(raw=st.binary(min_size=32, max_size=32))
def test_a_value_is_always_as_long_and_of_the_same_characters(encoding: Encoding, shape: str, raw: bytes) -> None:
    assert re.fullmatch(shape, encoded(raw, encoding))


@pytest.mark.parametrize("encoding", Encoding)
@given(one=st.binary(min_size=16, max_size=16), other=st.binary(min_size=16, max_size=16))
def test_nothing_of_the_chance_is_lost(encoding: Encoding, one: bytes, other: bytes) -> None:
    assert (encoded(one, encoding) == encoded(other, encoding)) == (one == other)


@pytest.mark.parametrize(
    ("name", "meant", "key"),
    [
        ("DJANGO_SECRET_KEY", None, "django-secret-key"),
        ("DJANGO_SECRET_KEY", "django-secret-key", "django-secret-key"),
        ("value", "django-secret-key", "django-secret-key"),
        ("salt", None, "salt-key"),
        ("BRAND_NEW", None, "BRAND_NEW"),
    ],
)
def test_the_playbook_s_name_is_the_seeded_key(name: str, meant: str | None, key: str) -> None:
    assert meant_key(name, FIELDS, meant) == key


def test_a_path_and_a_name_that_mean_two_keys_are_asked_about() -> None:
    with pytest.raises(UsageError, match="the path means django-secret-key, and “SALT_KEY” is salt-key"):
        meant_key("SALT_KEY", FIELDS, "django-secret-key")


@pytest.mark.parametrize(
    ("sets", "whole", "expected"),
    [
        (("b",), False, Change(("b",), (), ("a", "c"), ())),
        (("b",), True, Change(("b",), (), (), ("a", "c"))),
        (("d", "d"), False, Change(("d",), ("d",), ("a", "b", "c"), ())),
        (("a", "b", "c"), True, Change(("a", "b", "c"), (), (), ())),
    ],
)
def test_what_stays_and_what_vanishes_is_known(sets: tuple[str, ...], whole: bool, expected: Change) -> None:
    assert change(sets, ("a", "b", "c"), whole=whole) == expected


@pytest.mark.parametrize("name", ["KEY=hunter2", "", "a b", "é", "x" * 201])
def test_what_is_no_key_is_refused_and_not_repeated(name: str) -> None:
    with pytest.raises(UsageError) as refused:
        check_keys([name])

    assert "hunter2" not in f"{refused.value.problem}{refused.value.hint}"
