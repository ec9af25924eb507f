"""What is known of keys before they get another value."""

import pytest

from bot.core.rotations import FELT, NEVER, told


@pytest.mark.parametrize(
    ("path", "key", "felt", "never"),
    [
        ("messages", "django-secret-key", True, False),
        ("docs", "django-secret-key", True, False),
        ("kratos", "secrets-cookie", True, False),
        ("kratos", "secrets-cipher", False, True),
        ("hydra", "system-secret", False, True),
        ("messages", "salt-key", False, True),
        ("messages", "dkim-private-key", False, True),
        ("hive", "oidc-client-secret", False, True),
        ("gitea", "admin-username", False, True),
        ("gitea", "admin-password", False, False),
        ("sol", "mistral-api-key", False, True),
        ("sol-tokens/anna", "token", False, True),
        ("messages", "mda-api-secret", False, False),
    ],
)
def test_the_house_s_keys_are_known(path: str, key: str, felt: bool, never: bool) -> None:
    assert (bool(told(FELT, path, key)), bool(told(NEVER, path, key))) == (felt, never)


def test_the_first_pattern_that_fits_counts() -> None:
    assert told({"a/*": "first", "*/b": "second"}, "a", "b") == "first"
    assert told({"a/*": "first"}, "b", "a") == ""
