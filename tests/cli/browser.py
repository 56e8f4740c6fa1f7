"""A headless Chromium for tests, led through the pipe of its DevTools protocol: no port, no package."""

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import time

PATH = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"))), None)
_START = "import os, sys; a, b = map(int, sys.argv[1:3]); os.dup2(a, 3); os.dup2(b, 4); os.execv(sys.argv[3], sys.argv[3:])"
_FLAGS = ("--headless=new", "--no-sandbox", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu", "--disable-dev-shm-usage", "--no-default-browser-check")


class Browser:
    """One page in a browser of its own; a context manager."""

    def __init__(self, folder, size=(1000, 800)):
        self._folder, self._size, self._number, self._in, self._page = folder, size, 0, b"", None

    def __enter__(self):
        hears, self._to = os.pipe()
        self._from, says = os.pipe()
        arguments = [*_FLAGS, f"--user-data-dir={self._folder}", f"--window-size={self._size[0]},{self._size[1]}", "about:blank"]
        command = [sys.executable, "-c", _START, str(hears), str(says), PATH, *arguments]
        # Debian's starter gives the descriptors on to the browser.
        self._process = subprocess.Popen(command, pass_fds=(hears, says), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        os.close(hears)
        os.close(says)
        self._session = None
        self.attach(next(each for each in self.call("Target.getTargets")["targetInfos"] if each["type"] == "page")["targetId"])
        return self

    def attach(self, page):
        """Turns to a page."""
        self._session, self._page = None, page
        self._session = self.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        self.call("Page.enable")
        self.call("Page.bringToFront")
        self.call("Emulation.setDeviceMetricsOverride", width=self._size[0], height=self._size[1], deviceScaleFactor=1, mobile=False)

    def new_page(self):
        """Opens another page and turns to it; returns the one before."""
        before, self._session = self._page, None
        self.attach(self.call("Target.createTarget", url="about:blank")["targetId"])
        return before

    def close_page(self):
        """Closes the page, and asks nobody."""
        self._session = None
        self.call("Target.closeTarget", targetId=self._page)

    def __exit__(self, *error):
        try:
            self._session = None
            self.call("Browser.close")
            self._process.wait(10)
        finally:
            if self._process.poll() is None:
                self._process.kill()
                self._process.wait()
            os.close(self._to)
            os.close(self._from)

    def call(self, method, **params):
        """Asks for something, and waits for the answer."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params, **({"sessionId": self._session} if self._session else {})}
        os.write(self._to, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + 30
        while True:
            while b"\0" not in self._in:
                if not select.select([self._from], [], [], max(0.0, until - time.monotonic()))[0]:
                    raise TimeoutError(method)
                some = os.read(self._from, 2**20)
                if not some:
                    raise ConnectionError(f"the browser has ended with {self._process.poll()}")
                self._in += some
            one, self._in = self._in.split(b"\0", 1)
            answer = json.loads(one)
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(answer["error"])
                return answer["result"]

    def open(self, url):
        self.call("Page.navigate", url=url)

    def ask(self, expression):
        """The value of an expression in the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def until(self, expression, seconds=20):
        """Waits until an expression is true."""
        end = time.monotonic() + seconds
        while not self.ask(f"(() => {{ try {{ return {expression}; }} catch {{ return false; }} }})()"):  # it may not be loaded yet
            if time.monotonic() > end:
                raise TimeoutError(f"{expression}; the page says {self.text()!r}")
            time.sleep(0.02)

    def text(self):
        return self.ask("document.body.innerText")

    def move(self, x, y):
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def click(self, x, y):
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def key(self, key, code=None):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=code or key, windowsVirtualKeyCode={" ": 32, "Escape": 27}.get(key, 0))

    def picture(self, path):
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))
