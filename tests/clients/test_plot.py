"""Pictures are drawn in a process that ends with them, takes little, and whose failure is a sentence."""

import asyncio
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from math import sin
from pathlib import Path

import pytest

from bot.clients.plot import Plotter
from bot.core.errors import Unreachable
from bot.core.graphs import Chart, Curve, window
from bot.core.promql import Threshold

END = datetime(2026, 11, 23, 14, 2, tzinfo=UTC)
FLAT = (0.0,) * 121
GAPS = tuple(None if number % 7 < 2 or number > 100 else sin(number / 9) for number in range(121))
LONG = "10.0.0.1:9100 /var/lib/kubelet/pods/ab12cd34/volumes/kubernetes.io~csi/pvc-9f8e/mount"


def chart(
    *curves: Curve, threshold: Threshold | None = None, span: timedelta = timedelta(hours=1), title: str = "Full #k7"
) -> Chart:
    return Chart(title, curves or (Curve("", FLAT),), threshold, window(END, span), "Europe/Lisbon")


@pytest.fixture
def plotter(tmp_path: Path) -> Plotter:
    return Plotter(tmp_path)


@pytest.mark.parametrize(
    ("drawn", "height"),
    [
        pytest.param(chart(), 500, id="flat zero"),
        pytest.param(chart(Curve("", GAPS), threshold=Threshold("<", -2e9)), 500, id="gaps, far threshold"),
        pytest.param(chart(Curve("", (None,) * 120 + (1e300,)), span=timedelta(days=31)), 500, id="one point"),
        pytest.param(chart(*(Curve(f"{LONG}-{n}", GAPS) for n in range(8))), 650, id="eight long names"),
        pytest.param(chart(*(Curve(f"pod-{n}", FLAT) for n in range(8))), 550, id="eight short names"),
        pytest.param(chart(Curve("$x^{2}$ \ud800 \x1b[31m 日本 🔥", FLAT), title="$\\frac{"), 500, id="hostile"),
    ],
)
async def test_a_chart_becomes_a_picture_for_a_phone(plotter: Plotter, drawn: Chart, height: int) -> None:
    picture = await plotter.draw(drawn)

    assert picture.png.startswith(b"\x89PNG\r\n\x1a\n")
    assert picture.png.endswith(b"IEND\xaeB`\x82")
    assert (picture.width, picture.height) == (800, height)
    assert 5_000 < len(picture.png) < 300_000


async def test_no_plotting_library_is_loaded_into_the_bot(plotter: Plotter) -> None:
    await plotter.draw(chart())

    assert not {"matplotlib", "numpy", "PIL"} & {name.partition(".")[0] for name in sys.modules}


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("import sys; sys.exit(69)", "matplotlib is not installed"),
        ("import sys; sys.exit(1)", "drawing failed"),
        ("print('an empty picture')", "drawing failed"),
        ("import sys; sys.stdin.read()", "drawing failed"),
        ("import time; time.sleep(60)", "not drawn in 0.5 s"),
    ],
)
async def test_a_picture_that_does_not_come_is_a_reason(tmp_path: Path, program: str, reason: str) -> None:
    limit = timedelta(seconds=0.5 if "sleep" in program else 20)
    plotter = Plotter(tmp_path, program=(sys.executable, "-c", program), limit=limit)

    with pytest.raises(Unreachable) as caught:
        await plotter.draw(chart())

    assert caught.value.reason == reason


async def test_without_a_program_there_is_a_reason_too(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="no process to draw with"):
        await Plotter(tmp_path, program=(str(tmp_path / "missing"),)).draw(chart())


async def test_a_drawing_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    program = f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    plotter = Plotter(tmp_path, program=(sys.executable, "-S", "-c", program), limit=timedelta(seconds=3))

    with pytest.raises(Unreachable):
        async with asyncio.timeout(30):
            await plotter.draw(chart())

    assert not is_running(pid)


def is_running(pid: Path) -> bool:
    return Path(f"/proc/{pid.read_text()}").exists()


def test_a_missing_library_is_told_by_the_exit_code() -> None:
    program = "sys.modules['matplotlib'] = None; runpy.run_module('bot.clients.drawing', run_name='__main__')"
    argv = [sys.executable, "-c", f"import runpy, sys; {program}"]

    ended = subprocess.run(argv, input=b"{}", capture_output=True, timeout=60, check=False)

    assert ended.returncode == os.EX_UNAVAILABLE


def test_it_can_take_neither_all_memory_nor_all_time() -> None:
    """And is the first to be ended where memory runs out, before the bot."""
    confined = (
        "import resource; from bot.clients.drawing import _confine; _confine();"
        "print([resource.getrlimit(each)[1] for each in (resource.RLIMIT_AS, resource.RLIMIT_CPU)],"
        " open('/proc/self/oom_score_adj').read())"
    )

    told = subprocess.run([sys.executable, "-c", confined], capture_output=True, text=True, timeout=60, check=True)

    assert told.stdout.split() == ["[536870912,", "20]", "1000"]
