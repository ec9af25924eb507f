"""What the room reads, in both forms: documents like those of an ordinary day."""

from collections.abc import Callable
from typing import Any

import pytest

from bot.core.facts import Verdict
from bot.core.names import UserId
from formatters.document import (
    Bold,
    Bullets,
    Code,
    Document,
    Glyph,
    Italic,
    Item,
    Link,
    Mark,
    Numbered,
    Paragraph,
    Person,
    Pre,
    Quote,
    glyph_of,
    line,
)
from formatters.html import formatted_body
from formatters.text import body

ALERT = Document(
    Verdict.BAD,
    line(Mark(Glyph.CRITICAL), " CRITICAL PostgresDown — ", Code("data/postgres"), " #k7"),
    (
        Paragraph(line("Primary has not answered for 2 min.")),
        Bullets((Item(line(Code("postgres-1"), " · since 14:02 (6 min)")),)),
        Paragraph(line("4th this week · usually over after 6 min")),
        Paragraph(
            line(
                Link("Runbook", "https://runbooks.example.org/PostgresDown"),
                " · ",
                Link("Graph", "https://grafana.example.org/d/x?var-ns=data&from=now-1h"),
            )
        ),
        Paragraph(line(Mark(Glyph.ACKED), " take · ", Mark(Glyph.SILENCED), " 2h · reply: logs, restart, why")),
    ),
)
ALERT_BODY = """\
🔥 CRITICAL PostgresDown — data/postgres #k7
Primary has not answered for 2 min.
• postgres-1 · since 14:02 (6 min)
4th this week · usually over after 6 min
Runbook <https://runbooks.example.org/PostgresDown> · Graph <https://grafana.example.org/d/x?var-ns=data&from=now-1h>
👀 take · 🔕 2h · reply: logs, restart, why"""
ALERT_HTML = (
    "<p><b>🔥 CRITICAL PostgresDown — <code>data/postgres</code> #k7</b><br>Primary has not answered for 2 min.</p>"
    "<ul><li><code>postgres-1</code> · since 14:02 (6 min)</li></ul>"
    "<p>4th this week · usually over after 6 min<br>"
    '<a href="https://runbooks.example.org/PostgresDown">Runbook</a> · '
    '<a href="https://grafana.example.org/d/x?var-ns=data&amp;from=now-1h">Graph</a><br>'
    "👀 take · 🔕 2h · reply: logs, restart, why</p>"
)

STATUS = Document(
    Verdict.WARN,
    line(Mark(Glyph.WARN), " 2 of 14 services need a look"),
    (
        Bullets(
            (
                Item(
                    line(Code("lasuite/messages-mta-out"), " ", Mark(Glyph.FAILED), " CrashLoopBackOff"),
                    (line("9 restarts, last 3 min ago: exit 1"),),
                ),
                Item(line(Code("ory/hydra"), " ", Mark(Glyph.WARN), " 1/2 ready for 40 s")),
            )
        ),
        Paragraph(line("data 5/5 · matrix 2/2 · storage 3/3 · 5 more fine")),
        Paragraph(line("Me: outbox 0 · sync 1 s · OpenBao ", Mark(Glyph.OK), " Loki ", Mark(Glyph.UNKNOWN))),
    ),
)
STATUS_BODY = """\
⚠️ 2 of 14 services need a look
• lasuite/messages-mta-out ❌ CrashLoopBackOff
  9 restarts, last 3 min ago: exit 1
• ory/hydra ⚠️ 1/2 ready for 40 s
data 5/5 · matrix 2/2 · storage 3/3 · 5 more fine
Me: outbox 0 · sync 1 s · OpenBao ✅ Loki ❔"""
STATUS_HTML = (
    "<p><b>⚠️ 2 of 14 services need a look</b></p>"
    "<ul><li><code>lasuite/messages-mta-out</code> ❌ CrashLoopBackOff<br>9 restarts, last 3 min ago: exit 1</li>"
    "<li><code>ory/hydra</code> ⚠️ 1/2 ready for 40 s</li></ul>"
    "<p>data 5/5 · matrix 2/2 · storage 3/3 · 5 more fine<br>Me: outbox 0 · sync 1 s · OpenBao ✅ Loki ❔</p>"
)

CHECK = Document(
    Verdict.UNKNOWN,
    line(Mark(Glyph.UNKNOWN), " data: 3 fine, 1 not answered"),
    (
        Bullets(
            (
                Item(
                    line(Code("openbao"), " ", Mark(Glyph.UNKNOWN), " no answer in 5 s (connection refused)"),
                    (line("next: ", Code("!vault status"), ", ", Code("!logs data/openbao")),),
                ),
            )
        ),
    ),
)
CHECK_BODY = """\
❔ data: 3 fine, 1 not answered
• openbao ❔ no answer in 5 s (connection refused)
  next: !vault status, !logs data/openbao"""
CHECK_HTML = (
    "<p><b>❔ data: 3 fine, 1 not answered</b></p>"
    "<ul><li><code>openbao</code> ❔ no answer in 5 s (connection refused)<br>"
    "next: <code>!vault status</code>, <code>!logs data/openbao</code></li></ul>"
)

REFUSAL = Document(
    Verdict.NONE, line(Mark(Glyph.REFUSED), " ", Code("!restart"), " needs role operator, you are viewer")
)
REFUSAL_BODY = "🔒 !restart needs role operator, you are viewer"
REFUSAL_HTML = "🔒 <code>!restart</code> needs role operator, you are viewer"

CANDIDATES = Document(
    Verdict.NONE,
    line(Mark(Glyph.UNKNOWN), " Which one, ", Person(UserId("@anna:example.org")), "?"),
    (
        Numbered((Item(line(Code("data/postgres"))), Item(line(Code("lasuite/postgres"))))),
        Quote((line(Italic("logs postgres")), line(Bold("please")))),
        Pre("NAME      READY\npostgres  1/1 <ok>"),
        Pre("✅ looks like ours"),
    ),
)
CANDIDATES_BODY = """\
❔ Which one, @anna:example.org?
1. data/postgres
2. lasuite/postgres
> logs postgres
> please
NAME      READY
postgres  1/1 <ok>
›✅ looks like ours"""
CANDIDATES_HTML = (
    '<p><b>❔ Which one, <a href="https://matrix.to/#/@anna:example.org">@anna:example.org</a>?</b></p>'
    "<ol><li><code>data/postgres</code></li><li><code>lasuite/postgres</code></li></ol>"
    "<blockquote><p><i>logs postgres</i><br><b>please</b></p></blockquote>"
    "<pre><code>NAME      READY\npostgres  1/1 &lt;ok&gt;\n</code></pre>"
    "<pre><code>›✅ looks like ours\n</code></pre>"
)

EXAMPLES = [
    pytest.param(ALERT, ALERT_BODY, ALERT_HTML, id="alert"),
    pytest.param(STATUS, STATUS_BODY, STATUS_HTML, id="status"),
    pytest.param(CHECK, CHECK_BODY, CHECK_HTML, id="check"),
    pytest.param(REFUSAL, REFUSAL_BODY, REFUSAL_HTML, id="refusal"),
    pytest.param(CANDIDATES, CANDIDATES_BODY, CANDIDATES_HTML, id="candidates"),
]


@pytest.mark.parametrize(("document", "plain", "rich"), EXAMPLES)
def test_a_document_reads_as_written_in_both_forms(document: Document, plain: str, rich: str) -> None:
    assert body(document) == plain
    assert formatted_body(document) == rich


@pytest.mark.parametrize(("document", "plain", "rich"), EXAMPLES)
def test_a_phone_shows_the_same_lines_as_the_plain_text(
    phone: Callable[[str], Any], document: Document, plain: str, rich: str
) -> None:
    drawn = phone(rich)

    assert drawn.screen == plain
    assert drawn.faults == []
    assert drawn.unknown == set()


def test_every_verdict_has_a_sign_and_only_ok_is_green() -> None:
    signs = {verdict: glyph_of(verdict) for verdict in Verdict}

    assert [verdict for verdict, sign in signs.items() if sign is Glyph.OK] == [Verdict.OK]
    assert len(set(signs.values())) == len(Verdict)
