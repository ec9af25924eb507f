"""What has to be changed comes first and says how; what is fine takes one line."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml

from bot.core.facts import Unknown, Verdict
from bot.core.grants import Grant
from bot.core.identity import Identity
from bot.core.permissions import Refused
from bot.core.powers import Lack, Power
from commands.doctor import AlertPath, DoctorReport, LoginCheck, Pointing, RoomCheck, SecondChannelCheck, Unfit
from commands.neighbours import NeighbourStatus
from formatters.doctor import doctor_report, rules
from formatters.text import body

NOW = datetime(2026, 4, 1, 14, 0, tzinfo=UTC)
ME = Identity("opsbot", ("opsbot",), timedelta(hours=1), NOW)
WELL = DoctorReport(
    as_of=NOW,
    cluster="v1.36.2",
    commands=9,
    refused=(),
    rooms=(RoomCheck("ops", joined=True),),
    neighbours=(NeighbourStatus("OpenBao", Verdict.OK), NeighbourStatus("Loki", Verdict.OK)),
    login=LoginCheck(ME, ()),
    alerts=AlertPath(Pointing.HERE, 12),
    second=SecondChannelCheck(1, 1),
    pages=True,
    plain=False,
)
PATCH = Refused(("restart", "rollout undo"), "patch", "apps", "deployments", "ory", ("hydra", "kratos"), partly=False)
LOGS = Refused(("logs",), "get", "", "pods/log", "", (), partly=False)
LEFT_OUT = Refused(("scale",), "patch", "apps", "statefulsets/scale", "data", ("openbao",), partly=True)


def said(**changed: Any) -> str:
    return body(doctor_report(replace(WELL, **changed)))


def test_when_nothing_has_to_be_changed_two_lines_say_so() -> None:
    assert said() == (
        "✅ Nothing to change, 9 commands may ask Kubernetes ✨\n"
        "Fine: Kubernetes v1.36.2 · Room ops · OpenBao · Loki · OpenBao login · Alerts · Second channel"
    )


def test_a_refused_command_is_named_with_the_right_that_it_lacks() -> None:
    told = doctor_report(replace(WELL, refused=(PATCH, LOGS)))

    assert body(told).splitlines()[:3] == [
        "⚠️ 2 things to change",
        "• !restart !rollout undo ⚠️ may not patch deployments in ory/hydra, ory/kratos",
        "• !logs ⚠️ may not get pods/log in all namespaces",
    ]
    assert told.file
    assert "The rules to add are in the file" in body(told)


def test_the_rules_are_those_to_add_each_in_its_role() -> None:
    also = replace(PATCH, verb="get")
    text = rules((PATCH, LOGS, LEFT_OUT, also))

    assert text == (
        "# ClusterRole opsbot-look\n"
        '- apiGroups: [""]\n'
        "  resources: [pods/log]\n"
        "  verbs: [get]\n"
        "# Role opsbot in data\n"
        '- apiGroups: ["apps"]\n'
        "  resources: [statefulsets/scale]\n"
        "  resourceNames: [openbao]\n"
        "  verbs: [patch]\n"
        "# Role opsbot in ory\n"
        '- apiGroups: ["apps"]\n'
        "  resources: [deployments]\n"
        "  resourceNames: [hydra, kratos]\n"
        "  verbs: [patch, get]\n"
    )
    assert len(yaml.safe_load(text)) == 3


def test_what_rules_leave_out_by_name_is_noted_and_no_fault() -> None:
    told = doctor_report(replace(WELL, refused=(LEFT_OUT,)))

    assert told.verdict is Verdict.OK
    assert "Not by name: !scale for data/openbao" in body(told)


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"refused": Unknown("no answer in 5 s")}, "• Kubernetes ❔ no answer in 5 s"),
        ({"refused": Unfit("does not know our token (401)")}, "• Kubernetes ❌ does not know our token (401)"),
        (
            {"rooms": Unfit("the access token is not known any more")},
            "• Homeserver ❌ the access token is not known any more",
        ),
        ({"rooms": (RoomCheck("ops", joined=False),)}, "• Room ops ❌ I am not in it: invite me, as one of people"),
        (
            {"rooms": (RoomCheck("ops", joined=True, lacks=(Lack(Power.REDACT, 50, 0),)),)},
            "• Room ops ⚠️ I may not take back what others wrote: power 0, needs 50",
        ),
        (
            {"rooms": (RoomCheck("ops", joined=True, is_open=True),)},
            "• Room ops ⚠️ anybody may come in: classes 2 and 3 are refused there",
        ),
        ({"neighbours": (NeighbourStatus("OpenBao", Verdict.BAD),)}, "• OpenBao ❌ sealed"),
        ({"neighbours": (NeighbourStatus("Loki", Unknown("cut")),)}, "• Loki ❔ cut"),
        (
            {"login": Unfit("may not log in with the role opsbot")},
            "• OpenBao login ❌ may not log in with the role opsbot",
        ),
        (
            {"login": LoginCheck(ME, (Grant("secret/data/*", ("create", "patch"), ""),))},
            "• OpenBao login ⚠️ may not create, patch secret/data/*: write deploy/openbao-policy.hcl again",
        ),
        (
            {"login": LoginCheck(Identity(None, ("root",), timedelta(0), None), ())},
            "• OpenBao login ⚠️ its token is root's: configure a role instead",
        ),
        (
            {"login": LoginCheck(Identity(None, ("ops",), timedelta(days=1), NOW), ())},
            "• OpenBao login ⚠️ its token is good for more than an hour: shorten the role's token_ttl",
        ),
        (
            {"alerts": AlertPath(Pointing.ELSEWHERE, 0)},
            "• Alerts ⚠️ no receiver of Alertmanager's leads to /alerts/ of mine",
        ),
        (
            {"alerts": AlertPath(Pointing.HIDDEN, 0)},
            "• Alerts ❔ Alertmanager hides where it posts; no webhook came yet",
        ),
        (
            {"alerts": AlertPath(Unknown("cut"), Unknown("it does not scrape me"))},
            "• Alerts ❔ cut; Prometheus: it does not scrape me",
        ),
        ({"second": SecondChannelCheck(1, 3)}, "• Second channel ⚠️ 2 of 3 addresses make no sense"),
        ({"second": SecondChannelCheck(0, 0)}, "No second channel: set alerts.second_channel_file"),
        ({"pages": False}, "No one-time pages: set web.public_url"),
    ],
)
def test_each_trouble_says_what_to_do(changed: dict[str, Any], line: str) -> None:
    assert line in said(**changed).splitlines()


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({}, 0),
        ({"second": SecondChannelCheck(0, 0), "pages": False, "refused": (LEFT_OUT,)}, 0),
        ({"refused": (PATCH,)}, 1),
        ({"refused": Unfit("no")}, 1),
        ({"alerts": AlertPath(Pointing.HIDDEN, 3)}, 0),
        ({"alerts": AlertPath(Pointing.ELSEWHERE, 3)}, 0),
        ({"alerts": AlertPath(Pointing.ELSEWHERE, Unknown("x"))}, 1),
        ({"alerts": AlertPath(Pointing.HIDDEN, 0)}, 2),
        ({"refused": Unknown("no answer")}, 2),
        ({"refused": Unknown("no answer"), "rooms": (RoomCheck("ops", joined=False),)}, 1),
    ],
)
def test_scripts_learn_whether_to_change_something_or_to_ask_again(changed: dict[str, Any], code: int) -> None:
    assert replace(WELL, **changed).exit_code == code
