"""Which commands may be run in containers: what is not on the list is refused, and what runs is made of the list."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.core.errors import UsageError
from bot.core.templates import ExecTemplate, choose


def template(*argv: str, **more: Any) -> ExecTemplate:
    return ExecTemplate.model_validate({"namespace": "data", "pod": "barman-*", "argv": argv} | more)


BACKUP = template("barman", "backup", "{server}")
CHECK = template("barman", "check", "postgres", container="barman")


@pytest.mark.parametrize(
    ("words", "argv"),
    [
        ("barman backup postgres", ("barman", "backup", "postgres")),
        ("barman backup main-2.old", ("barman", "backup", "main-2.old")),
        ("barman check postgres", ("barman", "check", "postgres")),
    ],
)
def test_what_is_on_the_list_runs_word_for_word(words: str, argv: tuple[str, ...]) -> None:
    assert choose((BACKUP, CHECK), "data", "barman-0", "", words)[1] == argv


@pytest.mark.parametrize(
    "words",
    [
        "",
        "barman",
        "barman backup",
        "barman backup postgres --immediate-checkpoint",
        "barman backup --help",
        "barman backup -h",
        "barman backup postgres; rm -rf /",
        "barman backup $(id)",
        "barman backup `id`",
        "barman backup a/b",
        "barman backup ../x",
        "barman backup *",
        "barman backup a\tb",
        "barman backup a\nb",
        "barman backup postgres\n",
        "barman  backup postgres",
        "barman backup pöstgres",
        f"barman backup {'a' * 64}",
        "barman check other",
        "sh -c barman",
    ],
)
def test_what_is_not_on_the_list_is_refused_with_what_is(words: str) -> None:
    with pytest.raises(UsageError) as caught:
        choose((BACKUP, CHECK), "data", "barman-0", "", words)

    assert caught.value.hint == "allowed: barman backup {server} · barman check postgres"


@given(st.text(max_size=60))
def test_whatever_is_typed_only_what_the_list_has_runs(words: str) -> None:
    try:
        _, argv = choose((BACKUP, CHECK), "data", "barman-0", "", words)
    except UsageError:
        return
    assert argv[:2] in {("barman", "backup"), ("barman", "check")}
    assert len(argv) == 3
    assert not argv[2].startswith("-")


@pytest.mark.parametrize(
    ("namespace", "pod", "container"),
    [("ory", "barman-0", ""), ("data", "postgres-1", ""), ("data", "my-barman-0", ""), ("data", "barman-0", "proxy")],
)
def test_a_template_holds_for_its_own_pods_and_container(namespace: str, pod: str, container: str) -> None:
    with pytest.raises(UsageError) as caught:
        choose((CHECK,), namespace, pod, container, "barman check postgres")

    assert caught.value.hint == "allowed: data/barman-*: barman check postgres"


def test_an_empty_list_says_where_to_fill_it() -> None:
    with pytest.raises(UsageError) as caught:
        choose((), "data", "barman-0", "", "barman check postgres")

    assert caught.value.hint == "the list is empty: kubernetes.exec"


@pytest.mark.parametrize(
    "wrong",
    [
        {"argv": []},
        {"argv": ["{program}", "backup"]},
        {"argv": ["barman", "--server={server}"]},
        {"argv": ["barman", "two words"]},
        {"argv": ["barman", ""]},
        {"argv": ["barman", "{Server}"]},
        {"risk": 0},
        {"risk": 1},
        {"limit": 0},
        {"limit": 7200},
        {"shell": True},
    ],
)
def test_a_template_that_would_let_too_much_through_is_no_configuration(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ExecTemplate.model_validate({"namespace": "data", "pod": "barman-*", "argv": ["barman", "check"]} | wrong)
