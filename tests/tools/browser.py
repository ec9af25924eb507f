"""A phone's browser: Chromium without a window, steered over its DevTools protocol; nothing here runs in the page."""

import asyncio
import base64
import itertools
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_SIZE = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
_SECONDS = 60.0
_THERE = {"load", "firstContentfulPaint"}
"""What is over once a page takes typing: before it is painted, no field has the focus and taps are lost."""


class Browser:
    """One page, 390 px wide, and everything that it complained about."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._passed: set[str] = set()
        self._there = asyncio.Event()
        self.complaints: list[str] = []
        """Errors, and whatever its policy kept from running."""
        self.requested: list[str] = []
        """Every address that was asked for."""

    async def listen(self) -> None:
        """Take in what the browser says, until it ends."""
        async for message in self._socket:
            said = json.loads(message.data)
            if "id" in said:
                self._answers.pop(said["id"]).set_result(said)
            elif said["method"] == "Page.lifecycleEvent":
                self._passes(said["params"]["name"])
            elif said["method"] == "Network.requestWillBeSent":
                self.requested.append(said["params"]["request"]["url"])
            elif said["method"] in {"Log.entryAdded", "Runtime.exceptionThrown"}:
                self.complaints.append(json.dumps(said["params"]))

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Return what a method of the protocol answers."""
        number = next(self._ids)
        self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": params})
        async with asyncio.timeout(_SECONDS):
            answer = await self._answers[number]
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        found: dict[str, Any] = answer["result"]
        return found

    async def open(self, url: str, *, scripts: bool = True, dark: bool = False) -> None:
        """Go to a page."""
        for domain in ("Page", "DOM", "Log", "Runtime", "Network"):
            await self.call(f"{domain}.enable")
        await self.call("Page.setLifecycleEventsEnabled", enabled=True)
        await self.call("Emulation.setDeviceMetricsOverride", **_SIZE)
        await self.call("Emulation.setScriptExecutionDisabled", value=not scripts)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.call("Emulation.setEmulatedMedia", features=[scheme])
        await self._going(self.call("Page.navigate", url=url))

    async def type(self, words: str) -> None:
        """Type where the cursor stands."""
        await self.call("Input.insertText", text=words)

    async def press(self, selector: str) -> None:
        """Press a button that leads on, and wait for where it leads."""
        left, top, width, height = await self.box(selector)
        at = {"x": left + width / 2, "y": top + height / 2, "button": "left", "clickCount": 1}
        await self.call("Input.dispatchMouseEvent", type="mousePressed", **at)
        await self._going(self.call("Input.dispatchMouseEvent", type="mouseReleased", **at))

    async def box(self, selector: str) -> tuple[float, float, float, float]:
        """Return where an element stands: left, top, width, height, in pixels of the page."""
        model = (await self.call("DOM.getBoxModel", nodeId=await self._node(selector)))["model"]
        return model["border"][0], model["border"][1], model["width"], model["height"]

    async def has(self, selector: str) -> bool:
        """Tell whether there is such an element."""
        return bool(await self._node(selector))

    async def html(self) -> str:
        """Return the page as it is now."""
        return str((await self.call("DOM.getOuterHTML", nodeId=await self._node("html")))["outerHTML"])

    async def width(self) -> float:
        """Return how wide all that the page shows is."""
        return float((await self.call("Page.getLayoutMetrics"))["cssContentSize"]["width"])

    async def read_out(self) -> list[tuple[str, str]]:
        """Return role and name of everything that is read to those who do not see it."""
        nodes = (await self.call("Accessibility.getFullAXTree"))["nodes"]
        shown = (node for node in nodes if not node["ignored"])
        return [(node["role"]["value"], str(node.get("name", {}).get("value", ""))) for node in shown]

    async def picture(self, file: Path) -> None:
        """Keep what a person sees."""
        shot = await self.call("Page.captureScreenshot", format="png")
        await asyncio.to_thread(file.write_bytes, base64.b64decode(shot["data"]))

    async def _node(self, selector: str) -> int:
        root = (await self.call("DOM.getDocument"))["root"]["nodeId"]
        return int((await self.call("DOM.querySelector", nodeId=root, selector=selector))["nodeId"])

    async def _going(self, leads: Any) -> None:
        self._there.clear()
        await leads
        async with asyncio.timeout(_SECONDS):
            await self._there.wait()

    def _passes(self, stage: str) -> None:
        self._passed = set() if stage == "init" else self._passed | {stage}
        if stage in _THERE and self._passed >= _THERE:
            self._there.set()


@asynccontextmanager
async def browsing(directory: Path) -> AsyncIterator[Browser]:
    """Start a browser with nothing in it, and end it."""
    assert CHROMIUM
    flags = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-port=0")
    quiet = ("--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync")
    process = await asyncio.create_subprocess_exec(
        CHROMIUM, *flags, *quiet, f"--user-data-dir={directory}", "about:blank",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{await _port(directory)}/json/list") as answer:
                page = next(each for each in await answer.json() if each["type"] == "page")
            async with session.ws_connect(page["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                browser = Browser(socket)
                listening = asyncio.create_task(browser.listen())
                yield browser
            await listening
    finally:
        process.terminate()
        await process.wait()


async def _port(directory: Path) -> int:
    """Return the port that the browser chose, once it says so."""
    async with asyncio.timeout(_SECONDS):
        while not (told := _read(directory / "DevToolsActivePort")):  # noqa: ASYNC110 - a file of another process
            await asyncio.sleep(0.05)
    return int(told.splitlines()[0])


def _read(file: Path) -> str:
    return file.read_text() if file.exists() else ""
