"""Default deny: every role, class and reason stands in a table, and what is not in it is refused."""

from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from bot.core.policy import Allow, Ask, Attempt, Reason, Refuse, Risk, Role, Ruling, decide, may

V, O, A = Role.VIEWER, Role.OPERATOR, Role.ADMIN  # noqa: E741 - the letters of the table

FINE = Attempt(
    risk=Risk.READ,
    role=A,
    is_bot=False,
    age=timedelta(seconds=1),
    room_is_open=False,
    plaintext_in_encrypted_room=False,
    recent=0,
    per_minute=20,
    skip_prompt=False,
)
NEEDS_OPERATOR = Refuse(Reason.ROLE, O)
RULINGS: dict[tuple[Role | None, Risk], tuple[Ruling, Ruling]] = {
    # Role and class: the ruling, and the ruling with --yes.
    (None, Risk.READ): (Refuse(Reason.STRANGER), Refuse(Reason.STRANGER)),
    (None, Risk.REVERSIBLE): (Refuse(Reason.STRANGER), Refuse(Reason.STRANGER)),
    (None, Risk.AFFECTING): (Refuse(Reason.STRANGER), Refuse(Reason.STRANGER)),
    (None, Risk.DANGEROUS): (Refuse(Reason.STRANGER), Refuse(Reason.STRANGER)),
    (V, Risk.READ): (Allow(), Allow()),
    (V, Risk.REVERSIBLE): (NEEDS_OPERATOR, NEEDS_OPERATOR),
    (V, Risk.AFFECTING): (NEEDS_OPERATOR, NEEDS_OPERATOR),
    (V, Risk.DANGEROUS): (NEEDS_OPERATOR, NEEDS_OPERATOR),
    (O, Risk.READ): (Allow(), Allow()),
    (O, Risk.REVERSIBLE): (Ask(), Allow()),
    (O, Risk.AFFECTING): (Ask(), Ask()),
    (O, Risk.DANGEROUS): (Ask(), Ask()),
    (A, Risk.READ): (Allow(), Allow()),
    (A, Risk.REVERSIBLE): (Ask(), Allow()),
    (A, Risk.AFFECTING): (Ask(), Ask()),
    (A, Risk.DANGEROUS): (Ask(), Ask()),
}
ROLES = (None, V, O, A)


def test_the_table_is_whole() -> None:
    assert RULINGS.keys() == set(product(ROLES, Risk))


@pytest.mark.parametrize(("role", "risk", "skip"), list(product(ROLES, Risk, (False, True))))
def test_each_role_may_what_the_table_says(role: Role | None, risk: Risk, skip: bool) -> None:
    ruling = decide(replace(FINE, role=role, risk=risk, skip_prompt=skip))

    assert ruling == RULINGS[role, risk][skip]


@pytest.mark.parametrize(("role", "risk"), list(product((V, O, A), Risk)))
def test_help_says_of_a_command_what_the_gate_will_say(role: Role, risk: Risk) -> None:
    assert may(role, risk) is not isinstance(RULINGS[role, risk][0], Refuse)


@pytest.mark.parametrize("risk", list(Risk))
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"is_bot": True}, Reason.BOT),
        ({"is_bot": True, "role": None}, Reason.BOT),
        ({"plaintext_in_encrypted_room": True}, Reason.PLAINTEXT),
        ({"age": timedelta(minutes=5, seconds=1)}, Reason.STALE),
        ({"age": timedelta(days=400)}, Reason.STALE),
        ({"age": -timedelta(minutes=5, seconds=1)}, Reason.STALE),
        ({"recent": 20}, Reason.TOO_FAST),
        ({"recent": 500}, Reason.TOO_FAST),
    ],
)
def test_even_an_admin_is_refused(risk: Risk, change: dict[str, Any], reason: Reason) -> None:
    ruling = decide(replace(FINE, risk=risk, skip_prompt=True, **change))

    assert ruling == Refuse(reason)


@pytest.mark.parametrize(
    "change", [{"age": timedelta(minutes=5)}, {"age": -timedelta(minutes=5)}, {"recent": 19}, {"age": timedelta(0)}]
)
def test_what_is_just_within_the_limits_passes(change: dict[str, Any]) -> None:
    assert decide(replace(FINE, **change)) == Allow()


@pytest.mark.parametrize(
    ("risk", "ruling"),
    [
        (Risk.READ, Allow()),
        (Risk.REVERSIBLE, Ask()),
        (Risk.AFFECTING, Refuse(Reason.PUBLIC_ROOM)),
        (Risk.DANGEROUS, Refuse(Reason.PUBLIC_ROOM)),
    ],
)
def test_a_room_that_anybody_may_join_is_no_place_for_danger(risk: Risk, ruling: Ruling) -> None:
    assert decide(replace(FINE, risk=risk, room_is_open=True)) == ruling


def test_a_stranger_learns_nothing_of_the_other_reasons() -> None:
    worst = replace(
        FINE, role=None, age=timedelta(days=1), room_is_open=True, plaintext_in_encrypted_room=True, recent=99
    )

    assert decide(worst) == Refuse(Reason.STRANGER)


@pytest.mark.parametrize(
    ("role", "least", "ruling"),
    [
        (A, A, Ask()),
        (O, A, Refuse(Reason.ROLE, A)),
        (V, A, Refuse(Reason.ROLE, A)),
        # What a command asks for never lowers what its class does.
        (V, V, NEEDS_OPERATOR),
        (O, V, Ask()),
    ],
)
def test_a_command_may_ask_for_more_than_its_class_does(role: Role, least: Role, ruling: Ruling) -> None:
    assert decide(replace(FINE, role=role, risk=Risk.DANGEROUS, least=least)) == ruling
