"""What is taken out of a room, and what is left to those who said it."""

import base64
import random
import time

import pytest

from bot.core.leaks import Leak, leaks

HEX_32, HEX_33 = "3fa9" * 16, "3fa9" * 16 + "c1"
BASE64_32, BASE64_33 = "kq2TtIaPCfJXzE7Lw9sYm4Vb0uHnG5dR1oKpQxA6e8w=", "3q2+78r+ur4AESIzRFVmd4iZqrvM3e7/ABEiM0RVZneI"
TOKEN = "s.8kXw2ZtPq9RmVb4NcY7LdJ3h"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (HEX_33, Leak.SHARE),
        (HEX_32, Leak.SHARE),
        (HEX_33.upper(), Leak.SHARE),
        (BASE64_33, Leak.SHARE),
        (BASE64_32, Leak.SHARE),
        (BASE64_33.replace("+", "-").replace("/", "_"), Leak.SHARE),
        (f"my share: {HEX_33}, is that right?", Leak.SHARE),
        (f"it goes to {HEX_33}", Leak.SHARE),
        (f"!unseal {HEX_33}", Leak.SHARE),
        (f"sunbeam vault unseal -k {BASE64_33}", Leak.SHARE),
        (f"<code>{HEX_33}</code>", Leak.SHARE),
        (f"> <@anna:example.org> {HEX_33}\n\nremove that", Leak.SHARE),
        ("!vault unseal 3fa93fa93fa93fa9", Leak.SHARE),
        ("!unseal 3q2+78r+ur4AESIz", Leak.SHARE),
        ("bao operator unseal -tls-skip-verify 3fa93fa93fa93fa9", Leak.SHARE),
        ("!unseal --key=3fa93fa93fa93fa9", Leak.SHARE),
        (TOKEN, Leak.TOKEN),
        ("hvs.CAESIJ3kqpZ8wXv0aR1kqpZ8wXv0aR", Leak.TOKEN),
        (f"export VAULT_TOKEN={TOKEN}", Leak.TOKEN),
        ("syt_YW5uYQ_qwertyuiop_1a2b3c", Leak.TOKEN),
        ("ghp_16C7e42F292c6912E7710c838347Ae178B4a", Leak.TOKEN),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE", Leak.KEY),
        ("-----BEGIN PRIVATE KEY-----", Leak.KEY),
        ("-----BEGIN OPENSSH PRIVATE KEY-----", Leak.KEY),
        ("postgres://app:hunter2@postgres-rw.data:5432/app", Leak.PASSWORD),
        ("https://anna:s3cret@grafana.example.org/", Leak.PASSWORD),
        ("redis://:hunter2@valkey:6379", Leak.PASSWORD),
        ("!vault kv put secret/messages/django-secret DJANGO_SECRET_KEY=hunter2", Leak.VALUE),
        ("sunbeam vault kv put secret/x value=abc", Leak.VALUE),
        ("!vault kv patch secret/x a=1", Leak.VALUE),
        ("!rotate secret/messages DJANGO_SECRET_KEY=hunter2", Leak.VALUE),
        ("!vault kv put secret/x --cas 3 key='two words'", Leak.VALUE),
        ('vault kv put -p x -d {"key":"hunter2"}', Leak.VALUE),
        ("vault kv put -p x -d a=1,b=2", Leak.VALUE),
    ],
)
def test_what_others_must_not_read_is_found_by_its_shape(text: str, found: Leak) -> None:
    assert leaks([text]) == (found,)


@pytest.mark.parametrize(
    "text",
    [
        "!unseal",
        "!unseal cancel",
        "!vault unseal please",
        "!vault unseal openbao-internal-0 as soon as possible",
        "bao operator rotate-keys -init -key-shares=5 -key-threshold=3",
        "unseal ceremony tomorrow at nine, all three of you",
        "!vault status",
        "!vault kv get secret/messages/django-secret",
        "!vault kv put secret/messages/django-secret DJANGO_SECRET_KEY --random 32 --encoding hex",
        "!vault kv patch secret/messages salt-key --random=32",
        "!vault kv put secret/x value=…",
        "!vault kv put secret/x value=<new one>",
        "!vault kv put secret/x value=$NEW key=@file.json",
        "!vault kv put -mount=secret messages KEY --ask",
        "kv put replaces the whole secret, kv patch does not",
        f"image: ghcr.io/openbao/openbao:2.5.1@sha256:{HEX_32}",
        f"sha256 {HEX_32}",
        f"digest: {HEX_32}",
        f"containerd://{HEX_32}",
        f"commit {HEX_33[:40]}",
        "SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDdSMe1hdeuHUKYhk4 is the host's fingerprint",
        "$kq2TtIaPCfJXzE7Lw9sYm4Vb0uHnG5dR1oKpQxA6e8w",
        "https://matrix.to/#/!abc:example.org/$kq2TtIaPCfJXzE7Lw9sYm4Vb0uHnG5dR1oKpQxA6e8w?via=example.org",
        "https://matrix.to/#/!abc:example.org/%24kq2TtIaPCfJXzE7Lw9sYm4Vb0uHnG5dR1oKpQxA6e8w",
        "kube-prometheus-stack-Alertmanager-v2-config",
        "docs/ops/COE-2026-001-vault-root-token-loss1",
        "/var/lib/kubelet/pods/monitoring/Prometheus2",
        "0" * 44,
        "the password is hunter2",
        "the root token is gone, and the password with it",
        "-----BEGIN CERTIFICATE-----\nMIIE",
        "postgres://app:password@host/db",
        "postgres://app:$PASSWORD@host/db and https://user:***@host and amqp://u:<secret>@h",
        "http://host:8080/@anna",
        "see http://a.example.org:8200/ or mail anna@example.org",
        "4d0c1a9e-5d0b-4d0e-8b6e-0b4c2d1f3a77",
        "!silence 2h alertname=PostgresDown namespace=data",
        "",
    ],
)
def test_what_is_no_secret_is_left_to_its_sender(text: str) -> None:
    assert leaks([text]) == ()


def test_one_message_may_hold_several_and_is_told_once_of_each() -> None:
    assert leaks([f"{HEX_33} {HEX_33}", TOKEN, "postgres://a:b1@c"]) == (Leak.SHARE, Leak.TOKEN, Leak.PASSWORD)


def test_of_a_thousand_shares_hardly_any_passes_for_a_name() -> None:
    chance = random.Random(7)
    shares = [chance.randbytes(33) for _ in range(1000)]

    missed = [raw for raw in shares if not leaks([raw.hex()]) or not leaks([base64.b64encode(raw).decode()])]

    assert len(missed) <= 2


@pytest.mark.parametrize(
    "piece", ["a", "/", "-", "://a:", "kv put ", "unseal --", "=,", "x=", "-----BEGIN ", "s.", " ", "\n", "aB1+"]
)
def test_a_long_message_made_to_be_slow_is_read_at_once(piece: str) -> None:
    text = piece * (60_000 // len(piece))

    began = time.process_time()
    leaks([text])

    assert time.process_time() - began < 1
