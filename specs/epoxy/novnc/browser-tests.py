#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""browser-tests.py DIRECTORY: runs noVNC's own tests (DIRECTORY/tests/test.*.js) in headless Chromium.

Upstream has Karma do this, with libraries of the day from the network. Here the distribution's chai
and sinon are used, as CommonJS modules that browser-tests.js loads through this server. Prints each
test that failed, and the numbers; status 1 unless all passed and each file brought some.
"""

import http.server
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import urllib.parse

SECONDS = 300
PROGRAMS = ("chromium", "chromium-browser", "chromium-headless-shell")
ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-extensions", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-breakpad", "--mute-audio", "--window-size=1024,768",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
LIBRARIES = [pathlib.Path(root) for root in ("/usr/share/nodejs", "/usr/lib/node_modules")]
HERE = pathlib.Path(__file__).parent
# What upstream's tests import as ES modules: names of the CommonJS module that they use
SHIMS = {
    "/node_modules/chai/chai.js":
        "export const {use, expect, Assertion} = window.requireModule('chai');",
    "/node_modules/sinon/pkg/sinon-esm.js":
        "export default new (window.requireModule('sinon/lib/sinon/sandbox'))();",
    "/node_modules/sinon-chai/lib/sinon-chai.js": "export default window.requireModule('sinon-chai');",
}


def as_file(path):
    """A path without its suffix, or of a package's directory; what is made for browsers comes first."""
    candidates = [path, path.with_name(path.name + ".js"), path.with_name(path.name + ".json")]
    description = path / "package.json"
    if description.is_file():
        values = json.loads(description.read_text())
        for main in (values.get("browser"), values.get("main")):
            if not isinstance(main, str):
                continue
            candidates += [path / main, path / (main + ".js"), path / main / "index.js"]
    candidates.append(path / "index.js")
    return next((file for file in candidates if file.is_file()), None)


def find_module(name, importer):
    if name.startswith("."):
        return as_file(pathlib.Path(os.path.normpath(importer.parent / name)))
    places = [parent / "node_modules" for parent in importer.parents] + LIBRARIES
    return next(filter(None, (as_file(place / name) for place in places)), None)


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, text, kind="text/javascript", status=200):
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        if url.path == "/":
            tests = sorted(file.name for file in pathlib.Path(self.directory, "tests").glob("test.*.js"))
            self.answer(f'<!DOCTYPE html><html><body><script>window.testFiles = {json.dumps(tests)};'
                        '</script><script src="/browser-tests.js"></script></body></html>', "text/html")
        elif url.path == "/browser-tests.js":
            self.answer((HERE / "browser-tests.js").read_text())
        elif url.path in SHIMS:
            self.answer(SHIMS[url.path])
        elif url.path == "/module":
            query = dict(urllib.parse.parse_qsl(url.query))
            file = find_module(query["name"], pathlib.Path(query.get("importer", "/main.js")))
            if file:
                self.answer(json.dumps({"file": str(file), "source": file.read_text()}))
            else:
                self.answer("no module", "text/plain", 404)
        else:
            super().do_GET()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.report = json.loads(body)
        self.answer("")
        self.server.reported.set()


def run(directory):
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), lambda *words: Handler(*words, directory=directory))
    server.report, server.reported = None, threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    program = next(filter(None, map(shutil.which, PROGRAMS)))
    profile = tempfile.mkdtemp()
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": profile,
                   "TMPDIR": profile, "XDG_RUNTIME_DIR": profile}
    with open(profile + "/log", "w+", encoding="utf-8", errors="replace") as log:
        browser = subprocess.Popen(
            [program, *ARGUMENTS, f"--user-data-dir={profile}/profile",
             f"http://127.0.0.1:{server.server_port}/"],
            env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        try:
            if not server.reported.wait(SECONDS):
                log.seek(0)
                sys.exit(f"no report from the browser after {SECONDS} s\n{log.read()[-4000:]}")
        finally:
            os.killpg(browser.pid, 9)
            browser.wait()
            shutil.rmtree(profile, ignore_errors=True)
    return server.report


def main():
    report = run(sys.argv[1])
    for failure in report["failures"]:
        print("FAILED", failure)
    idle = [name for name, count in report["files"].items() if not count]
    for name in idle:
        print("NO TESTS IN", name)
    print(f"{report['passed']} tests passed, {len(report['failures'])} failed, "
          f"{report['skipped']} skipped by upstream, of {len(report['files'])} files")
    return 1 if report["failures"] or idle or not report["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
