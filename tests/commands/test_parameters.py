"""The words that many commands take, and the questions they ask at the same time."""

import asyncio
import subprocess
import sys
import time
from datetime import timedelta

import pytest

from bot.core.catalogue import HttpProbe, relocate
from bot.core.errors import Denied, UsageError
from bot.core.facts import Unknown
from bot.core.sbbb import SBBB
from commands.asking import ask, ask_all
from commands.parameters import meant, near, place

LIMIT = timedelta(seconds=0.2)


@pytest.mark.parametrize(
    ("where", "namespace", "target"),
    [
        (None, None, "None"),
        ("data", None, "data"),
        ("data/postgres", None, "data/postgres"),
        (None, "data", "data"),
        ("postgres", "data", "data/postgres"),
        ("deploy/valkey", "data", "data/valkey"),
        ("pods/valkey-0", "data", "data/valkey-0"),
        ("data/postgres", "data", "data/postgres"),
    ],
)
def test_a_place_can_be_written_in_every_usual_way(where: str | None, namespace: str | None, target: str) -> None:
    assert str(place(where, namespace)) == target


@pytest.mark.parametrize(("where", "namespace"), [("ory/hydra", "data"), ("x", "data/y"), ("x", ""), ("; rm", "data")])
def test_a_place_that_contradicts_itself_is_a_usage_error(where: str, namespace: str) -> None:
    with pytest.raises(UsageError):
        place(where, namespace)


@pytest.mark.parametrize(
    ("typed", "target"),
    [
        ("data", "data"),
        ("lasuit", "lasuite"),
        ("lasuit/hive", "lasuite/hive"),
        ("valkey", "data/valkey"),
        ("m", "m"),
        ("twins", "twins"),
        ("nothing", "nothing"),
    ],
)
def test_a_unique_name_or_beginning_is_enough(typed: str, target: str) -> None:
    services = {"data": ("valkey", "twins"), "lasuite": ("hive",), "matrix": ("sol", "twins"), "media": ()}

    assert str(meant(place(typed, None), services)) == target


def test_near_words_are_few_and_likely() -> None:
    known = ("data", "devtools", "lasuite", "matrix", "media", "data/postgres")

    assert near("lasuit", known) == ("lasuite",)
    assert near("postgres", known) == ("data/postgres",)
    assert near("zzzzzz", known) == ()


async def answer(value: str) -> str:
    await asyncio.sleep(0.1)
    return value


async def refuse() -> str:
    raise Denied("kubernetes", "may not list pods (403)")


async def hang() -> str:
    await asyncio.sleep(30)
    return "never"


async def test_each_question_fails_by_itself_and_says_why() -> None:
    began = time.monotonic()

    told = await ask_all({"well": answer("yes"), "denied": refuse(), "hangs": hang()}, LIMIT)

    assert time.monotonic() - began < 1
    assert told == {
        "well": "yes",
        "denied": Unknown("may not list pods (403)"),
        "hangs": Unknown("no answer in 0.2 s"),
    }


async def test_a_mistake_of_ours_is_not_taken_for_silence() -> None:
    async def broken() -> str:
        raise KeyError("a bug")

    with pytest.raises(KeyError):
        await ask(broken(), LIMIT)


def test_a_catalogue_moves_every_address_and_nothing_else() -> None:
    moved = relocate(SBBB, lambda namespace, service, url: f"http://there/{namespace}/{service}?was={url[:4]}")

    for namespace, probes in SBBB.items():
        for service, probe in probes.items():
            found = moved[namespace][service]
            if isinstance(probe, HttpProbe):
                wanted = f"http://there/{namespace}/{service}?was=http"
                assert found == probe.model_copy(update={"http": wanted})
            else:
                assert found == probe


def test_commands_and_formatters_load_no_vendor_package() -> None:
    vendors = ("nio", "aiohttp", "kubernetes_asyncio", "hvac", "aiosqlite")
    code = "import sys, commands.status, commands.check, formatters.status, formatters.check;"

    done = subprocess.run(
        [sys.executable, "-c", f"{code} print([v for v in {vendors} if v in sys.modules])"],
        check=True,
        timeout=60,
        capture_output=True,
        text=True,
    )

    assert done.stdout.strip() == "[]"
