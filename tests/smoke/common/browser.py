#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Drives a headless Chromium for smoke tests, over the DevTools protocol.

    browser.py [--timeout SECONDS] [--size WIDTHxHEIGHT] [--log FILE] STEP...

One browser with a new, empty profile and one page; the steps happen in order; the first that fails
ends the run with status 1 and one line on standard error. Then the browser is gone, with all its
processes and its profile. What it wrote itself, each request and each console message are in FILE
(a screenshot of the moment of failure in FILE.png). Each step has SECONDS (20) to succeed.

    open URL              load a page; it is an error if the server does not answer
    wait EXPRESSION       until this JavaScript is true; exceptions count as "not yet"
    eval EXPRESSION       print its value: text as it is, everything else as JSON; promises are awaited
    pixel SELECTOR X Y    print the colour of a canvas at X Y as #rrggbb
    colour SELECTOR X Y #RRGGBB   wait until the canvas has that colour at X Y
    seen X Y              print the colour that a person sees at X Y of the window
    sees X Y #RRGGBB      wait until a person sees that colour there
    shot FILE             write what a person sees as PNG
    click X Y             press and release the left button at X Y of the window
    type TEXT             press and release the keys of TEXT, one after the other
    key NAME              press and release a key by its DOM name: Enter, F1, Shift
    requests              print each request so far: "STATUS URL"; STATUS is a number or the error
    sockets               print each WebSocket so far: "open URL", "closed URL", "failed URL"
    console               print console messages and uncaught exceptions so far, one a line

    browser.py --log "$KILN_SMOKE_LOGS/page.log" open http://127.0.0.1:6080/vnc_lite.html \
        wait 'document.body.innerText.includes("Connected")' \
        colour '#screen canvas' 100 100 '#2e8b57' shot "$KILN_SMOKE_LOGS/page.png" requests

From Python, with $KILN_SMOKE_COMMON in sys.path: the steps are methods of the same names that return
what would be printed, or None; Failure is raised by all of them.

    with browser.Browser(log="page.log") as page:
        page.open(url)
        page.wait("document.title === 'Desktop'")

It speaks with the browser through a pair of pipes: there is no debugging port that others could use.
Names other than localhost do not resolve in it: nothing leaves this machine. Chromium's own sandbox
is off, because root cannot have it: show it pages of the test only. Packages: python3, chromium and
a font, fonts-dejavu-core.
"""

import argparse
import base64
import fcntl
import json
import os
import select
import shutil
import signal
import struct
import sys
import tempfile
import time
import zlib

PROGRAMS = ("chromium", "chromium-browser", "chromium-headless-shell")
ARGUMENTS = (
    "--headless", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu",
    "--disable-dev-shm-usage", "--no-first-run", "--no-default-browser-check", "--disable-extensions",
    "--disable-background-networking", "--disable-component-update", "--disable-default-apps",
    "--disable-sync", "--disable-breakpad", "--disable-crash-reporter", "--disable-field-trial-config",
    "--disable-features=Translate,OptimizationHints,MediaRouter,DialMediaRouteProvider",
    "--password-store=basic", "--hide-scrollbars", "--mute-audio", "--force-device-scale-factor=1",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1, EXCLUDE ::1",
)


class Failure(Exception):
    """What did not happen, in words for the person who reads the test's log."""


class Pipe:
    """The two ends of Chromium's --remote-debugging-pipe: JSON documents, each followed by a NUL."""

    def __init__(self, reader, writer):
        self.reader, self.writer, self.rest = reader, writer, b""

    def send(self, message):
        data = json.dumps(message).encode() + b"\0"
        try:
            while data:
                data = data[os.write(self.writer, data):]
        except OSError as error:
            raise Failure("the browser has gone") from error

    def receive(self, deadline):
        """The next document, or None when there is none until the deadline."""
        while b"\0" not in self.rest:
            left = max(0, deadline - time.monotonic())
            if not select.select([self.reader], [], [], left)[0]:
                return None
            data = os.read(self.reader, 1 << 16)
            if not data:
                raise Failure("the browser has gone")
            self.rest += data
        document, self.rest = self.rest.split(b"\0", 1)
        return json.loads(document)


def _spawn(command, environment, log):
    """Starts command in a session of its own with the pipes as descriptors 3 and 4."""
    to_child, from_child = os.pipe(), os.pipe()
    # out of the way of the numbers that the child needs
    child_ends = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10) for fd in (to_child[0], from_child[1])]
    os.close(to_child[0])
    os.close(from_child[1])
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, log, 1), (os.POSIX_SPAWN_DUP2, log, 2),
        (os.POSIX_SPAWN_DUP2, child_ends[0], 3), (os.POSIX_SPAWN_DUP2, child_ends[1], 4),
    ]
    process = os.posix_spawn(command[0], command, environment, file_actions=actions, setsid=True)
    for fd in child_ends:
        os.close(fd)
    return process, Pipe(from_child[0], to_child[1])


def _first_pixel(png):
    """The colour of the upper left pixel of an 8-bit RGB or RGBA PNG image."""
    position, data = 8, b""
    while position < len(png):
        length, kind = struct.unpack(">I4s", png[position:position + 8])
        if kind == b"IDAT":
            data += png[position + 8:position + 8 + length]
        position += 12 + length
    # the row begins with a filter byte; no filter changes the first pixel of the first row
    return "#" + zlib.decompress(data)[1:4].hex()


class Browser:
    """One browser with one page. Use it in a `with` statement."""

    def __init__(self, timeout=20, size=(1024, 768), log=None):
        self.timeout, self.log_path = timeout, log
        self._log = os.open(log or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._number, self._session, self._loads = 0, None, 0
        self._requests, self._sockets, self._console = {}, {}, []
        self._profile = tempfile.mkdtemp(prefix="browser.", dir="/var/tmp")
        self._process, self._pipe = None, None
        try:
            self._start(size)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if isinstance(error, Failure):
            self._picture_of_failure()
        self.close()

    # ---- the steps --------------------------------------------------------------------------

    def open(self, url):
        loads, deadline = self._loads, time.monotonic() + self.timeout
        answer = self._command("Page.navigate", {"url": url})
        if answer.get("errorText"):
            raise Failure(f"{url}: {answer['errorText']}")
        while self._loads == loads:
            if not self._handle_next(deadline):
                raise Failure(f"{url}: not loaded after {self.timeout} s")

    def wait(self, expression):
        deadline, last = time.monotonic() + self.timeout, None
        while time.monotonic() < deadline:
            try:
                last = self._evaluate(expression)
                if last:
                    return
            except Failure as failure:
                last = failure
            self._handle_next(time.monotonic() + 0.1)
        raise Failure(f"not true after {self.timeout} s, but {last!s}")

    def eval(self, expression):
        value = self._evaluate(expression)
        return value if isinstance(value, str) else json.dumps(value)

    def pixel(self, selector, x, y):
        return self._evaluate(self._pixel_expression(selector, x, y))

    def colour(self, selector, x, y, colour):
        expression = self._pixel_expression(selector, x, y)
        try:
            self.wait(f"{expression} === {json.dumps(colour.lower())}")
        except Failure as failure:
            raise Failure(f"not {colour}, but {self._evaluate(expression)}") from failure

    def seen(self, x, y):
        clip = {"x": int(x), "y": int(y), "width": 1, "height": 1, "scale": 1}
        return _first_pixel(self._screenshot(clip=clip))

    def sees(self, x, y, colour):
        deadline, last = time.monotonic() + self.timeout, None
        while time.monotonic() < deadline:
            last = self.seen(x, y)
            if last == colour.lower():
                return
            self._handle_next(time.monotonic() + 0.1)
        raise Failure(f"not {colour} after {self.timeout} s, but {last}")

    def shot(self, file):
        with open(file, "wb") as output:
            output.write(self._screenshot())

    def click(self, x, y):
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self._command("Input.dispatchMouseEvent", {
                "type": kind, "x": int(x), "y": int(y), "clickCount": 1,
                "button": "none" if kind == "mouseMoved" else "left"})

    def type(self, text):
        for letter in text:
            code = ("Key" + letter.upper() if letter.isascii() and letter.isalpha() else
                    "Digit" + letter if letter.isascii() and letter.isdigit() else "")
            self._press({"key": letter, "code": code, "text": letter})

    def key(self, name):
        self._press({"key": name, "code": name})

    def requests(self):
        return "\n".join(f"{status} {url}" for url, status in self._requests.values()) or None

    def sockets(self):
        return "\n".join(f"{state} {url}" for url, state in self._sockets.values()) or None

    def console(self):
        return "\n".join(self._console) or None

    def close(self):
        """Ends the browser and all its processes, and removes its profile."""
        if self._process:
            try:
                self._pipe.send({"id": 0, "method": "Browser.close"})
                self._reap(5)
            except Failure:
                pass
            try:
                os.killpg(self._process, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self._reap(5)
            os.close(self._pipe.reader)
            os.close(self._pipe.writer)
            self._process = None
        shutil.rmtree(self._profile, ignore_errors=True)
        if self._log is not None:
            os.close(self._log)
            self._log = None

    # ---- underneath -------------------------------------------------------------------------

    def _start(self, size):
        program = next(filter(None, map(shutil.which, PROGRAMS)), None)
        if not program:
            raise Failure("no browser: none of " + ", ".join(PROGRAMS))
        command = [program, *ARGUMENTS, f"--user-data-dir={self._profile}/profile",
                   f"--window-size={size[0]},{size[1]}", "about:blank"]
        environment = {
            "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": self._profile,
            "TMPDIR": self._profile, "XDG_RUNTIME_DIR": self._profile}
        self._process, self._pipe = _spawn(command, environment, self._log)
        target = self._command("Target.createTarget", {"url": "about:blank"})["targetId"]
        self._session = self._command(
            "Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self._command(domain + ".enable")
        self._command("Emulation.setDeviceMetricsOverride", {
            "width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False})

    def _reap(self, seconds):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if os.waitpid(self._process, os.WNOHANG)[0]:
                    return
            except ChildProcessError:
                return
            time.sleep(0.05)

    def _note(self, text):
        os.write(self._log, f"browser.py: {text}\n".encode())

    def _command(self, method, parameters=None):
        self._number += 1
        number, deadline = self._number, time.monotonic() + self.timeout
        message = {"id": number, "method": method, "params": parameters or {}}
        if self._session:
            message["sessionId"] = self._session
        self._pipe.send(message)
        while True:
            document = self._pipe.receive(deadline)
            if document is None:
                raise Failure(f"{method}: no answer after {self.timeout} s")
            if document.get("id") == number:
                break
            self._handle(document)
        if "error" in document:
            raise Failure(f"{method}: {document['error'].get('message')}")
        return document["result"]

    def _handle_next(self, deadline):
        document = self._pipe.receive(deadline)
        if document is not None:
            self._handle(document)
        return document is not None

    def _handle(self, document):
        event, values = document.get("method"), document.get("params", {})
        identity = values.get("requestId")
        if event == "Page.loadEventFired":
            self._loads += 1
        elif event == "Network.requestWillBeSent":
            self._set_request(identity, values["request"]["url"], "pending")
        elif event == "Network.responseReceived":
            self._set_request(identity, values["response"]["url"], values["response"]["status"])
        elif event == "Network.loadingFailed" and identity in self._requests:
            self._set_request(identity, self._requests[identity][0], values["errorText"])
        elif event == "Network.webSocketCreated":
            self._set_socket(identity, values["url"], "pending")
        elif event and event.startswith("Network.webSocket") and identity in self._sockets:
            state = {"HandshakeResponseReceived": "open", "FrameError": "failed",
                     "Closed": "closed"}.get(event.removeprefix("Network.webSocket"))
            url, before = self._sockets[identity]
            if state and before != "failed":
                self._set_socket(identity, url, state)
        elif event == "Runtime.consoleAPICalled":
            words = [str(part.get("value", part.get("description", ""))) for part in values["args"]]
            self._add_console(f"{values['type']}: {' '.join(words)}")
        elif event == "Runtime.exceptionThrown":
            self._add_console("exception: " + _exception(values["exceptionDetails"]))
        elif event == "Log.entryAdded":
            entry = values["entry"]
            self._add_console(f"{entry['level']}: {entry['text']} {entry.get('url', '')}".rstrip())
        elif event == "Inspector.targetCrashed":
            raise Failure("the page's process has crashed")

    def _set_request(self, identity, url, status):
        if not url.startswith("data:"):
            self._requests[identity] = (url, status)
            self._note(f"request {status} {url}")

    def _set_socket(self, identity, url, state):
        self._sockets[identity] = (url, state)
        self._note(f"socket {state} {url}")

    def _add_console(self, text):
        self._console.append(text.replace("\n", " | "))
        self._note(f"console {text}")

    def _evaluate(self, expression):
        answer = self._command("Runtime.evaluate", {
            "expression": expression, "returnByValue": True, "awaitPromise": True,
            "userGesture": True})
        if "exceptionDetails" in answer:
            raise Failure(_exception(answer["exceptionDetails"]))
        return answer["result"].get("value")

    @staticmethod
    def _pixel_expression(selector, x, y):
        return ("'#' + Array.from(document.querySelector(%s).getContext('2d')"
                ".getImageData(%d, %d, 1, 1).data.slice(0, 3), "
                "part => part.toString(16).padStart(2, '0')).join('')"
                % (json.dumps(selector), int(x), int(y)))

    def _press(self, values):
        down = "keyDown" if "text" in values else "rawKeyDown"
        self._command("Input.dispatchKeyEvent", {"type": down, **values})
        self._command("Input.dispatchKeyEvent", {
            "type": "keyUp", "key": values["key"], "code": values["code"]})

    def _screenshot(self, **parameters):
        answer = self._command("Page.captureScreenshot", {"format": "png", **parameters})
        return base64.b64decode(answer["data"])

    def _picture_of_failure(self):
        if not self.log_path:
            return
        self.timeout = min(self.timeout, 5)
        try:
            self.shot(self.log_path + ".png")
        except (Failure, OSError) as error:
            self._note(f"no picture: {error}")


def _exception(details):
    description = details.get("exception", {}).get("description") or details.get("text", "exception")
    return description.split("\n", 1)[0]


# A step's name and how many words follow it
STEPS = {"open": 1, "wait": 1, "eval": 1, "pixel": 3, "colour": 4, "seen": 2, "sees": 3, "shot": 1,
         "click": 2, "type": 1, "key": 1, "requests": 0, "sockets": 0, "console": 0}


def _parse_steps(words):
    steps, words = [], list(words)
    while words:
        name = words.pop(0)
        if name not in STEPS:
            raise SystemExit(f"browser.py: no step {name!r}; see the beginning of the file")
        if len(words) < STEPS[name]:
            raise SystemExit(f"browser.py: {name} needs {STEPS[name]} words")
        steps.append((name, words[:STEPS[name]]))
        del words[:STEPS[name]]
    return steps


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1].strip())
    parser.add_argument("--timeout", type=float, default=20)
    parser.add_argument("--size", default="1024x768")
    parser.add_argument("--log")
    parser.add_argument("steps", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    steps = _parse_steps(options.steps)
    size = tuple(int(part) for part in options.size.split("x"))
    doing = "start"
    # told to stop: end the browser, too
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("browser.py: told to stop"))
    try:
        with Browser(options.timeout, size, options.log) as page:
            for name, words in steps:
                doing = " ".join([name, *words])
                answer = getattr(page, name)(*words)
                if answer is not None:
                    print(answer, flush=True)
    except (Failure, OSError) as failure:
        sys.exit(f"browser.py: {doing}: {failure}")


if __name__ == "__main__":
    main()
