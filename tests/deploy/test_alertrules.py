"""The bot's alerts about itself: on metrics that it has, in a language that Prometheus reads."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.clients.metrics import Metrics
from tests.tools.kustomize import Json, build

ROOT = Path(__file__).parents[2]
(RULES,) = [obj["spec"] for obj in build(ROOT / "deploy") if obj["kind"] == "PrometheusRule"]
ALERTS: dict[str, Json] = {rule["alert"]: rule for group in RULES["groups"] for rule in group["rules"]}
EXPRESSIONS = "\n".join(rule["expr"] for rule in ALERTS.values())


@pytest.fixture(scope="module")
def promtool() -> str:
    unpacked = ROOT / ".ci" / "monitoring" / "usr" / "bin"
    found = shutil.which("promtool") or shutil.which("promtool", path=unpacked)
    if not found:
        pytest.skip("promtool is not here; .ci/fetch-monitoring unpacks it where apt-get can be used")
    return found


def test_every_metric_of_the_rules_is_one_that_the_bot_has_from_its_start() -> None:
    families = text_string_to_metric_families(Metrics("1").render().decode())
    samples = {sample.name for family in families for sample in family.samples}

    used = set(re.findall(r"\bopsbot_\w+", EXPRESSIONS))

    # Before anything went wrong, too: of a counter that is not there yet no increase is told. Webhooks are the door's.
    assert used - {"opsbot_webhooks_total"} <= samples
    assert len(used) >= 6


def test_the_labels_of_the_rules_are_those_of_the_metrics() -> None:
    metrics = Metrics("1")
    counters = (metrics.webhooks, metrics.auditor_breaches, metrics.second_channel)
    labels = {f"{counter._name}_total": set(counter._labelnames) for counter in counters}

    for metric, matcher in re.findall(r"\b(opsbot_\w+_total)\{(\w+)", EXPRESSIONS):
        assert matcher in labels[metric]
    for label, metric in re.findall(r"sum by \((\w+)\) \(increase\((opsbot_\w+_total)", EXPRESSIONS):
        assert label in labels[metric]


def test_every_alert_says_how_bad_it_is_and_what_to_do() -> None:
    for rule in ALERTS.values():
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert rule["labels"]["namespace"] == "monitoring"
        assert {"summary", "description"} <= rule["annotations"].keys()


def test_prometheus_reads_the_rules(promtool: str, tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(json.dumps(RULES))

    checked = subprocess.run([promtool, "check", "rules", file], capture_output=True, timeout=30, check=False)

    assert checked.returncode == 0, checked.stderr.decode()
    assert f"{len(ALERTS)} rules found" in checked.stdout.decode()


HEALTHY = {'up{namespace="monitoring", job="opsbot"}': "1x30"}


@pytest.mark.parametrize(
    ("series", "fires"),
    [
        (HEALTHY, set()),
        ({}, {"OpsbotDown"}),
        ({'up{namespace="monitoring", job="opsbot"}': "0x30"}, {"OpsbotDown"}),
        (HEALTHY | {"opsbot_outbox_oldest_seconds": "130x30"}, {"OpsbotOutboxStuck"}),
        (HEALTHY | {"opsbot_outbox_oldest_seconds": "90x30"}, set()),
        (HEALTHY | {"opsbot_sync_age_seconds": "0+60x30"}, {"OpsbotDeaf"}),
        (HEALTHY | {'opsbot_webhooks_total{result="ok"}': "0+5x30"}, set()),
        (HEALTHY | {'opsbot_webhooks_total{result="unauthorized"}': "0+1x30"}, {"OpsbotWebhooksRefused"}),
        (HEALTHY | {'opsbot_auditor_breaches_total{what="lost"}': "0x25 1x5"}, {"OpsbotBrokenPromise"}),
        (HEALTHY | {'opsbot_second_channel_total{result="failed"}': "0x25 1x5"}, {"OpsbotSecondChannelFailed"}),
        (HEALTHY | {"opsbot_watchdog_silent": "1x30"}, {"OpsbotWatchdogSilent"}),
        (HEALTHY | {'alertmanager_notifications_failed_total{integration="webhook"}': "0+1x30"}, {"OpsbotNotTold"}),
        (HEALTHY | {'alertmanager_notifications_failed_total{integration="email"}': "0+1x30"}, set()),
    ],
)
def test_each_rule_fires_for_its_own_trouble_and_no_other(
    promtool: str, tmp_path: Path, series: dict[str, str], fires: set[str]
) -> None:
    (tmp_path / "rules.yaml").write_text(json.dumps(RULES))
    # With no expectation of what the alerts say: promtool prints those that fire.
    asked = [{"eval_time": "30m", "alertname": name, "exp_alerts": []} for name in ALERTS]
    trial = {
        "interval": "1m",
        "input_series": [{"series": name, "values": _every(values)} for name, values in series.items()],
        "alert_rule_test": asked,
    }
    plan = {"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": [trial]}
    (tmp_path / "trial.yaml").write_text(json.dumps(plan))

    told = subprocess.run(
        [promtool, "test", "rules", tmp_path / "trial.yaml"], capture_output=True, timeout=30, check=False
    )

    assert set(re.findall(r"alertname:\s*(\w+), time: 30m", told.stdout.decode() + told.stderr.decode())) == fires


def _every(values: str) -> str:
    """Write `1x30` as promtool's own shorthand has it: a value, its step, how often."""
    return " ".join(part if "+" in part else part.replace("x", "+0x") for part in values.split())
