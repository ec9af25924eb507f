"""No secret passes the redactor, wherever in a document it stands; what is entrusted to its reader does."""

from collections.abc import Callable

import pytest

from bot.core.facts import Verdict
from bot.core.message import File
from bot.core.names import UserId
from bot.core.scrub import MASK
from formatters.document import (
    Block,
    Bold,
    Bullets,
    Code,
    Document,
    Entrusted,
    Inline,
    Italic,
    Item,
    Link,
    Numbered,
    Paragraph,
    Person,
    Pre,
    Quote,
    line,
)
from formatters.render import write

SHARE = "3fa9" * 16 + "c1"
TOKEN = "hvs.CAESIJ3kqpZ8wXv0aR1kqpZ8wXv0aR"
PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----"
PAGE = "https://ops.example.org/once/8n4q7k2m9x1c5v3b6w0z8n4q7k2m9x1c5v3b6w0z8n4q7k2m9x1c"

NODES: list[Callable[[str], Inline]] = [str, Code, Bold, Italic, lambda text: Link(text, "https://a.example.org/")]
BLOCKS: list[Callable[[Inline], Block]] = [
    lambda node: Paragraph(line(node)),
    lambda node: Bullets((Item(line(node)),)),
    lambda node: Bullets((Item(line("well"), (line(node),)),)),
    lambda node: Numbered((Item(line(node)),)),
    lambda node: Quote((line(node),)),
]


def shown(document: Document) -> str:
    said = write("test", document)
    return "\n".join((said.body, said.html, said.file.text if said.file else ""))


@pytest.mark.parametrize("secret", [SHARE, TOKEN, "password=hunter2-canary", "postgres://a:hunter2-canary@db/x"])
@pytest.mark.parametrize("node", NODES)
@pytest.mark.parametrize("block", BLOCKS)
def test_a_secret_is_masked_in_every_place(
    secret: str, node: Callable[[str], Inline], block: Callable[[Inline], Block]
) -> None:
    text = shown(Document(Verdict.NONE, line("title ", node(secret)), (block(node(f"before {secret} after")),)))

    assert MASK in text
    assert not [piece for piece in (SHARE, TOKEN, "hunter2-canary") if piece in text]


def test_a_key_over_several_lines_is_masked_and_the_lines_around_it_stay() -> None:
    text = shown(Document(Verdict.NONE, line("title"), (Pre(f"one\n{PEM}\nlast"), Paragraph(line("below")))))

    assert "MIIE" not in text
    body = text.split("\n<", 1)[0].splitlines()
    assert (body[:2], body[5:7]) == (["title", "one"], ["last", "below"])


def test_a_file_and_what_is_cut_into_one_are_scrubbed() -> None:
    given = shown(Document(Verdict.NONE, line("title"), (), File("x.txt", f"token {SHARE}")))
    cut = shown(Document(Verdict.NONE, line("title"), (Pre("\n".join([f"{n} token={SHARE}" for n in range(2000)])),)))

    assert MASK in given
    assert SHARE not in given
    assert cut.count(MASK) > 2000
    assert SHARE not in cut


@pytest.mark.parametrize(
    "url", ["https://a.example.org/?token=8n4q7k2m9x1c5v3b", "https://u:hunter2-canary@a.example.org/"]
)
def test_an_address_that_holds_a_secret_leads_nowhere(url: str) -> None:
    text = shown(Document(Verdict.NONE, line(Link("Graph", url))))

    assert "href" not in text
    assert "8n4q7k2m9x1c5v3b" not in text
    assert "hunter2-canary" not in text


@pytest.mark.parametrize("node", [Link("open your page", PAGE), Code(PAGE)])
def test_what_is_entrusted_to_its_reader_is_left(node: Link | Code) -> None:
    assert PAGE in shown(Document(Verdict.NONE, line(Entrusted(node))))
    assert PAGE not in shown(Document(Verdict.NONE, line(node)))


def test_names_numbers_and_people_are_left() -> None:
    words = line(
        "🔥 openbao-0 ●○○ 1/3 · yes 4821 · id 5c1e · sha256:" + "3f" * 32,
        Person(UserId("@anna:example.org")),
        Code("a/b"),
    )

    assert MASK not in shown(Document(Verdict.NONE, words))
