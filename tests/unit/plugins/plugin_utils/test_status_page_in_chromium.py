"""The page in Debian's Chromium: it fits, is light or dark, asks nobody for anything, and begins with the way past its head for who has no mouse.

Screenshots are left in .build/logs, to be looked at.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.dcos.calico.plugins.plugin_utils import _status_page

from ...support import status_facts as facts
from .test_status_page import HOSTILE, broken

PROGRAM = shutil.which("chromium")
LOGS = Path(__file__).parents[4] / ".build" / "logs"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PROGRAM is None, reason="no chromium here: apt-get install chromium"),
]


class Browser:
    """A tab of a Chromium, spoken to by its pipe, with what it told of meanwhile."""

    def __init__(self, directory: Path) -> None:
        (reads, self._commands), (self._answers, writes) = os.pipe(), os.pipe()
        # The pipe is to be its descriptors 3 and 4.
        argv = [
            "bash",
            "-c",
            f'exec "$@" 3<&{reads} 4>&{writes}',
            "bash",
            str(PROGRAM),
            "--headless=new",
            "--disable-gpu",
        ]
        argv += ["--no-sandbox", "--remote-debugging-pipe", "--hide-scrollbars", f"--user-data-dir={directory}"]
        self.process = subprocess.Popen(
            [*argv, "about:blank"], pass_fds=(reads, writes), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(reads)
        os.close(writes)
        self.told: list[dict[str, Any]] = []
        self._number, self._left, self._session = 0, b"", None
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.ask(f"{domain}.enable")

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._left:
            piece = os.read(self._answers, 1 << 16)
            assert piece, "Chromium has ended"
            self._left += piece
        message, _zero, self._left = self._left.partition(b"\0")
        answer: dict[str, Any] = json.loads(message)
        return answer

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        message.update({"sessionId": self._session} if self._session else {})
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result
            self.told.append(answer)

    def open(self, path: Path, width: int, scheme: str) -> None:
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 500)
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.told.clear()
        self.ask("Page.navigate", url=path.as_uri())
        while not self.saw("Page.loadEventFired"):
            self.told.append(self._next())

    def saw(self, method: str) -> list[dict[str, Any]]:
        return [each["params"] for each in self.told if each.get("method") == method]

    def value(self, expression: str) -> Any:
        return self.ask("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def picture(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        shot = self.ask("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        path.write_bytes(base64.b64decode(shot))


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    found = Browser(tmp_path_factory.mktemp("chromium"))
    yield found
    found.process.kill()
    found.process.wait()


def hostile() -> dict[str, Any]:
    results = facts.cluster(3)
    for result in results:
        result["dcos"]["version"] = result["docker"]["version"] = HOSTILE
        result["docker"].update(running=False, error=HOSTILE)
    return facts.document(results)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1400])
@pytest.mark.parametrize("name", ["4", "200", "hostile"])
def test_the_page_fits_and_asks_nobody(browser: Browser, tmp_path: Path, name: str, width: int, scheme: str) -> None:
    path = tmp_path / "status.html"
    path.write_text(_status_page.page(hostile() if name == "hostile" else broken(int(name))), encoding="utf-8")
    browser.open(path, width, scheme)
    browser.picture(LOGS / f"status-{name}-{scheme}-{width}.png")
    assert browser.value("document.documentElement.scrollWidth") == width, "tables scroll, and the page does not"
    red = int(browser.value("getComputedStyle(document.body).backgroundColor.match(/[0-9]+/)[0]"))
    assert red < 64 if scheme == "dark" else red > 192
    assert [each["request"]["url"] for each in browser.saw("Network.requestWillBeSent")] == [path.as_uri()]
    for method in ("Log.entryAdded", "Runtime.exceptionThrown", "Page.javascriptDialogOpening"):
        assert browser.saw(method) == []


def test_the_first_stop_of_the_keyboard_leads_to_what_is_to_be_done(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "status.html"
    path.write_text(_status_page.page(broken(4)), encoding="utf-8")
    browser.open(path, 1400, "light")
    for kind in ("rawKeyDown", "keyUp"):
        browser.ask("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
    where = (
        "document.activeElement.getAttribute('href') + ' ' + (document.activeElement.getBoundingClientRect().left >= 0)"
    )
    assert browser.value(where) == "#next true"
