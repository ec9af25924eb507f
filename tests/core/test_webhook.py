"""The webhook's body: Alertmanager's and Grafana's become one value, everything else one short sentence."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.errors import UsageError
from bot.core.webhook import MOST_ALERTS, Alert, Status, TooMany, Webhook, fingerprint, parse


def alert(**changed: Any) -> dict[str, Any]:
    return {
        "status": "firing",
        "labels": {"severity": "critical", "alertname": "DiskFull", "namespace": "data"},
        "annotations": {"summary": "No room left"},
        "startsAt": "2026-10-01T10:00:00.123456789Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus/graph?g0.expr=up",
        "fingerprint": "0123456789abcdef",
    } | changed


def group(*alerts: Any, **changed: Any) -> dict[str, Any]:
    return {
        "receiver": "ops",
        "status": "firing",
        "alerts": list(alerts or (alert(),)),
        "groupLabels": {"alertname": "DiskFull"},
        "commonLabels": {"alertname": "DiskFull", "severity": "critical"},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager:9093",
        "version": "4",
        "groupKey": '{}:{alertname="DiskFull"}',
        "truncatedAlerts": 7,
    } | changed


def read(body: object) -> Webhook:
    return parse(json.dumps(body).encode())


def problem(body: bytes) -> str:
    with pytest.raises(UsageError) as raised:
        parse(body)
    return raised.value.problem


def test_alertmanagers_webhook_is_read_whole() -> None:
    webhook = read(group(notification_reason="new alerts"))

    assert webhook == Webhook(
        receiver="ops",
        status=Status.FIRING,
        alerts=(
            Alert(
                status=Status.FIRING,
                labels={"alertname": "DiskFull", "namespace": "data", "severity": "critical"},
                annotations={"summary": "No room left"},
                starts_at=datetime(2026, 10, 1, 10, 0, 0, 123000, tzinfo=UTC),
                ends_at=None,
                generator_url="http://prometheus/graph?g0.expr=up",
                fingerprint="0123456789abcdef",
            ),
        ),
        group_key='{}:{alertname="DiskFull"}',
        group_labels={"alertname": "DiskFull"},
        common_labels={"alertname": "DiskFull", "severity": "critical"},
        common_annotations={},
        external_url="http://alertmanager:9093",
        version="4",
        truncated=7,
        reason="new alerts",
    )


def test_grafanas_further_fields_change_nothing() -> None:
    plain = group()
    further = {
        "silenceURL": "http://g/s",
        "dashboardURL": "",
        "panelURL": "",
        "values": {"B": 44.2},
        "valueString": "[]",
    }
    grafana = group(alert(**further), orgId=1, title="[FIRING:1]", state="alerting", message="**Firing**")

    webhook = read(grafana)

    assert webhook == read(plain)


@pytest.mark.parametrize(
    ("further", "annotated", "graph"),
    [
        ({"dashboardURL": "https://g/d/1"}, {}, "https://g/d/1"),
        ({"dashboardURL": "https://g/d/1", "panelURL": "https://g/d/1?viewPanel=4"}, {}, "https://g/d/1?viewPanel=4"),
        ({"panelURL": "https://g/d/1"}, {"dashboard_url": "https://g/own"}, "https://g/own"),
    ],
)
def test_grafanas_graph_is_where_a_rule_of_prometheus_names_it(
    further: dict[str, str], annotated: dict[str, str], graph: str
) -> None:
    webhook = read(group(alert(annotations=annotated, **further)))

    assert webhook.alerts[0].annotations["dashboard_url"] == graph


def test_labels_come_sorted_whatever_the_order_on_the_wire() -> None:
    webhook = read(group())

    assert list(webhook.alerts[0].labels) == ["alertname", "namespace", "severity"]


def test_a_resolved_alert_has_its_end_in_utc() -> None:
    webhook = read(group(alert(status="resolved", endsAt="2026-10-01T12:30:00.5+02:00")))

    assert webhook.alerts[0].ends_at == datetime(2026, 10, 1, 10, 30, 0, 500000, tzinfo=UTC)


def test_a_resolved_alert_whose_end_is_gos_zero_time_has_none() -> None:
    webhook = read(group(alert(status="resolved", endsAt="0001-01-01T00:00:00Z")))

    assert webhook.alerts[0].ends_at is None


def test_a_missing_fingerprint_becomes_the_one_alertmanager_would_give() -> None:
    # Grafana's test notification carries these labels and this fingerprint.
    sent = alert(labels={"instance": "Grafana", "alertname": "TestAlert"})
    del sent["fingerprint"]

    webhook = read(group(sent))

    assert webhook.alerts[0].fingerprint == "57c6d9296de2ad39"


def test_a_missing_group_key_differs_by_group() -> None:
    first, second = (read(group(groupKey=None, groupLabels={"alertname": name})) for name in ("A", "B"))

    assert first.group_key
    assert first.group_key != second.group_key


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "the body must be a JSON object"),
        (b"[]", "the body must be a JSON object"),
        (b"{'a': 1}", "the body must be a JSON object"),
        (b"[" * 100_000, "the body must be a JSON object"),
        (b'{"a":' * 100_000, "the body must be a JSON object"),
        (b"{}", "alerts must be a list"),
        (b'{"alerts": null}', "alerts must be a list"),
        (b'{"alerts": [3]}', "alerts[0] must be an object"),
        (json.dumps(group(alert(), alert(status="burning"))).encode(), "alerts[1].status must be firing or resolved"),
        (json.dumps(group(alert(labels=["a"]))).encode(), "alerts[0].labels must be an object of texts"),
        (json.dumps(group(alert(labels={"a": {}}))).encode(), "alerts[0].labels must be an object of texts"),
        (json.dumps(group(alert(startsAt="noon"))).encode(), "alerts[0].startsAt must be an RFC 3339 time"),
        (json.dumps(group(alert(startsAt=3))).encode(), "alerts[0].startsAt must be an RFC 3339 time"),
        (json.dumps(group(receiver={})).encode(), "receiver must be text"),
        (json.dumps(group(truncatedAlerts="x")).encode(), "truncatedAlerts must be a whole number"),
        (b"[{}]" * 600_000, "the body holds too many objects and lists"),
    ],
)
def test_what_is_no_webhook_is_told_in_one_sentence(body: bytes, says: str) -> None:
    assert problem(body) == says


def test_too_many_alerts_are_told_apart_from_nonsense() -> None:
    with pytest.raises(TooMany):
        read(group(*[alert()] * (MOST_ALERTS + 1)))


def test_values_too_long_are_clipped_and_not_refused() -> None:
    sent = alert(annotations={"summary": "ä" * 10_000}, labels={"alertname": "x" * 10_000})

    webhook = read(group(sent, groupKey="k" * 10_000))

    assert webhook.alerts[0].annotations["summary"] == "ä" * 4095 + "…"
    assert len(webhook.alerts[0].labels["alertname"]) == 4096
    assert len(webhook.group_key) <= 1024


def test_two_long_group_keys_that_begin_alike_stay_two() -> None:
    first, second = (read(group(groupKey="k" * 10_000 + end)) for end in "ab")

    assert first.group_key != second.group_key


def test_a_flood_of_labels_cannot_push_out_who_is_to_be_told() -> None:
    flood = {f"a{number:04}": "x" for number in range(1000)}

    webhook = read(group(alert(labels=flood | {"severity": "critical", "alertname": "A", "namespace": "data"})))

    labels = webhook.alerts[0].labels
    assert len(labels) == 128
    assert (labels["severity"], labels["alertname"], labels["namespace"]) == ("critical", "A", "data")


def test_a_link_too_long_to_keep_whole_is_left_out() -> None:
    webhook = read(group(alert(generatorURL="http://p/" + "x" * 9000)))

    assert webhook.alerts[0].generator_url == ""


@pytest.mark.parametrize(
    "moment",
    ["0001-01-01T00:00:00+14:00", "0002-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "1969-01-01T00:00:00"],
)
def test_times_at_the_end_of_the_world_can_still_be_moved_to_any_zone(moment: str) -> None:
    webhook = read(group(alert(startsAt=moment)))

    assert 1970 <= webhook.alerts[0].starts_at.year <= 9000
    assert webhook.alerts[0].starts_at.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        b'{"alerts":[],"receiver":"\\ud800 and \\udfff\\u0000","receiver2":1}',
        b'{"alerts":[],"receiver":"first","receiver":"last"}',
        b'{"alerts":[],"x":NaN,"y":-Infinity,"z":' + b"9" * 5000 + b"}",
        b'\xef\xbb\xbf{"alerts":[],"receiver":"\xff\xfe"}',
        b'{"alerts":[],"groupLabels":null,"commonLabels":{"a":1,"b":true,"c":null}}',
    ],
)
def test_strange_but_readable_json_is_read(text: bytes) -> None:
    webhook = parse(text)

    sound(webhook)


def test_a_lone_surrogate_and_a_nul_become_replacement_characters() -> None:
    webhook = parse(b'{"alerts":[],"receiver":"a\\ud800b\\u0000c\\ud83d\\ude00"}')

    assert webhook.receiver == "a\ufffdb\ufffdc😀"


def sound(webhook: Webhook) -> None:
    """Check what every consumer may rely on."""
    pairs = [webhook.group_labels, webhook.common_labels, webhook.common_annotations]
    texts = [webhook.receiver, webhook.group_key, webhook.external_url, webhook.version, webhook.reason]
    for one in webhook.alerts:
        pairs += [one.labels, one.annotations]
        texts += [one.fingerprint, one.generator_url]
        assert one.fingerprint
        assert one.starts_at.utcoffset() is not None
        assert one.ends_at is None or one.status is Status.RESOLVED
    texts += [text for mapping in pairs for pair in mapping.items() for text in pair]
    for text in texts:
        assert "\x00" not in text
        text.encode()


def tried(body: bytes, secret: str = "") -> None:
    """Parse, and let nothing out but a sound value or one line without the payload's text."""
    try:
        sound(parse(body))
    except UsageError as error:
        refusal = error
    else:
        return
    assert refusal.__context__ is None
    assert "\n" not in refusal.problem
    assert not secret or secret not in refusal.problem + refusal.hint


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None))
    | st.just("2026-01-01T00:00:00Z"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(st.binary(max_size=400))
@settings(max_examples=300, deadline=None)
def test_no_bytes_break_it(body: bytes) -> None:
    tried(body)


@given(JSON)
@settings(max_examples=300, deadline=None)
def test_no_json_breaks_it(body: Any) -> None:
    tried(json.dumps(body).encode())


@given(st.data())
@settings(max_examples=400, deadline=None)
def test_no_mutation_of_a_good_body_breaks_it(data: st.DataObject) -> None:
    body = group(alert())
    for part in (body, body["alerts"][0]):
        for name in data.draw(st.lists(st.sampled_from(sorted(part)), max_size=3)):
            part[name] = data.draw(JSON)

    tried(json.dumps(body).encode())


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_no_damage_to_the_bytes_of_a_good_body_breaks_it(data: st.DataObject) -> None:
    body = bytearray(json.dumps(group(alert())).encode())
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, len(body) - 1))
        body[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))

    tried(bytes(body))


@given(
    st.sampled_from(sorted(alert())),
    st.sampled_from([["s3cret"], {"s3cret": {"s3cret": []}}, "s3cret", [{"s3cret": 1}]]),
)
def test_an_error_never_repeats_the_payload(field: str, value: Any) -> None:
    tried(json.dumps(group(alert(**{field: value}))).encode(), secret="s3cret")


def test_a_fingerprint_depends_on_names_and_values_and_not_on_order() -> None:
    labels = {"a": "1", "b": "2"}

    assert fingerprint(labels) == fingerprint(dict(reversed(labels.items())))
    assert fingerprint({"a": "12"}) != fingerprint({"a": "1", "2": ""})
    assert fingerprint({}) == "cbf29ce484222325"


def test_what_is_kept_of_an_alert_holds_no_secret_and_its_labels_stay_what_groups_go_by() -> None:
    token, pod = "ghp_aZ7aZ7aZ7aZ7aZ7aZ7aZ7aZ7aZ7aZ7aZ7aZ7aZ", "hydra-7d9f8c6b5d-x2k9p"
    labels = {"alertname": "Leaky", "pod": pod, "token": token}
    told = alert(
        labels=labels,
        annotations={"summary": "dial postgres://app:hunter2aZ7@db: refused", "description": f"used {token}"},
        generatorURL=f"http://prometheus/graph?g0.expr={token}",
    )
    sent = group(told, groupLabels=labels, commonLabels=labels, groupKey=f'{{}}:{{token="{token}"}}')

    hook = parse(json.dumps(sent).encode())

    assert token not in repr(hook)
    assert "hunter2aZ7" not in repr(hook)
    assert hook.alerts[0].labels == {"alertname": "Leaky", "pod": pod, "token": "[secret]"}
    assert hook.alerts[0].fingerprint == "0123456789abcdef"
    assert hook.alerts[0].annotations["summary"] == "dial postgres://app:[secret]@db: refused"
