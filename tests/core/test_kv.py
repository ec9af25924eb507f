"""Paths of secrets as people type them, and the playbook's names for what the house seeds."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.core.errors import UsageError
from bot.core.kv import Version, field_of, parent, read_path

NOW = datetime(2026, 11, 25, 14, 0, tzinfo=UTC)
FIELDS = ("dkim-private-key", "django-secret-key", "salt-key", "Token")


@pytest.mark.parametrize(
    ("typed", "path"),
    [
        ("secret/messages", "messages"),
        ("messages", "messages"),
        ("/secret/messages/", "messages"),
        ("secret/messages/django-secret", "messages/django-secret"),
        ("secret/secret/x", "secret/x"),
        ("secrets/x", "secrets/x"),
        ("secret", ""),
        ("secret/", ""),
        ("", ""),
        ("secret/sol-tokens/anna@example.org", "sol-tokens/anna@example.org"),
        ("a.b/..c", "a.b/..c"),
    ],
)
def test_the_mount_is_left_out(typed: str, path: str) -> None:
    assert read_path(typed, "secret") == path


@pytest.mark.parametrize(
    "typed",
    [
        "secret/../sys/mounts",
        "..",
        "a/../b",
        "a/./b",
        "a//b",
        "a?list=true",
        "a#b",
        "a b",
        "a%2e%2e/b",
        "a\\b",
        "a\nb",
        "é",
        "x" * 600,
    ],
)
def test_no_path_leads_out_of_the_mount(typed: str) -> None:
    with pytest.raises(UsageError, match="is not a path of secrets"):
        read_path(typed, "secret")


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("django-secret-key", "django-secret-key"),
        ("django-secret", "django-secret-key"),
        ("DJANGO_SECRET_KEY", "django-secret-key"),
        ("django", "django-secret-key"),
        ("Token", "Token"),
        ("token", None),
        ("secret", None),
        ("d", None),
        ("", None),
    ],
)
def test_a_name_of_the_playbook_is_found_among_the_seeded_keys(name: str, field: str | None) -> None:
    assert field_of(name, FIELDS) == field


def test_a_name_that_could_be_several_keys_is_none_of_them() -> None:
    assert field_of("oidc", ("oidc-client-id", "oidc-client-secret")) is None


def test_the_last_name_may_be_a_key_of_the_secret_above() -> None:
    assert parent("messages/django-secret") == ("messages", "django-secret")
    assert parent("messages") == ("", "messages")


@pytest.mark.parametrize(
    ("version", "gone"),
    [
        (Version(1, NOW), False),
        (Version(1, NOW, deleted_at=NOW - timedelta(seconds=1)), True),
        (Version(1, NOW, deleted_at=NOW + timedelta(days=1)), False),
        (Version(1, NOW, destroyed=True), True),
    ],
)
def test_a_version_is_gone_when_it_is_deleted_by_now_or_destroyed(version: Version, gone: bool) -> None:
    assert version.is_gone(NOW) is gone
