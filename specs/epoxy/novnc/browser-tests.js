// SPDX-License-Identifier: GPL-2.0-or-later
//
// The browser's side of browser-tests.py: CommonJS modules for the libraries that tests use, and as
// much of mocha as noVNC's tests use: describe, it, it.skip, the four hooks, this.skip(), done.
"use strict";

(function () {
    // ---- modules ----------------------------------------------------------------------------

    const modules = new Map();

    function fetchModule(name, importer) {
        const request = new XMLHttpRequest();
        // synchronous: require() returns what it loads
        request.open("GET", `/module?${new URLSearchParams({ name, importer })}`, false);
        request.send();
        if (request.status !== 200) {
            throw new Error(`no module ${name}, for ${importer}`);
        }
        return JSON.parse(request.responseText);
    }

    // Node's own, of which words for messages are used; sinon's fake HTTP servers, of which nothing is
    const substitutes = { util: { inspect: value => String(value) }, nise: {} };

    function requireModule(name, importer = "/main.js") {
        if (name in substitutes) {
            return substitutes[name];
        }
        const { file, source } = fetchModule(name, importer);
        if (!modules.has(file)) {
            const module = { exports: {} };
            modules.set(file, module);
            if (file.endsWith(".json")) {
                module.exports = JSON.parse(source);
            } else {
                const body = new Function("module", "exports", "require", "global", "process",
                                          source + "\n//# sourceURL=" + file);
                body(module, module.exports, wanted => requireModule(wanted, file), window,
                     { env: {}, argv: [], versions: {} });
            }
        }
        return modules.get(file).exports;
    }

    // ---- tests ------------------------------------------------------------------------------

    const SKIP = Symbol("skip");
    const TIMEOUT_MS = 10000;
    const context = { skip() { throw SKIP; } };
    const report = { passed: 0, skipped: 0, failures: [], files: {} };
    // fake clocks of tests must not reach the runner
    const setTimer = window.setTimeout.bind(window);
    const clearTimer = window.clearTimeout.bind(window);

    function makeSuite(title, parent) {
        return { title, parent, parts: [], before: [], after: [], beforeEach: [], afterEach: [] };
    }

    let suite = makeSuite("", null);

    function describe(title, body) {
        const outer = suite;
        suite = makeSuite(`${outer.title} ${title}`.trim(), outer);
        outer.parts.push(suite);
        body.call(context);
        suite = outer;
    }

    function it(title, body) {
        suite.parts.push({ test: `${suite.title} ${title}`, body });
    }
    it.skip = (title) => it(title, () => context.skip());

    // Runs a test or hook: its end is its return, its promise's end, or the call of done.
    function call(body) {
        return new Promise((resolve, reject) => {
            const timer = setTimer(() => reject(new Error(`not done after ${TIMEOUT_MS} ms`)),
                                   TIMEOUT_MS);
            const finish = (error) => {
                clearTimer(timer);
                return error === undefined ? resolve() : reject(error);
            };
            try {
                if (body.length) {
                    body.call(context, finish);
                } else {
                    Promise.resolve(body.call(context)).then(() => finish(), finish);
                }
            } catch (error) {
                finish(error);
            }
        });
    }

    async function callAll(bodies) {
        for (const body of bodies) {
            await call(body);
        }
    }

    function hooks(from, kind) {
        return from ? [...hooks(from.parent, kind), ...from[kind]] : [];
    }

    function count(title, error) {
        if (error === SKIP) {
            report.skipped++;
        } else if (error === undefined) {
            report.passed++;
        } else {
            report.failures.push(`${title}: ${error && error.stack || error}`);
        }
    }

    async function attempt(work) {
        try {
            return await work();
        } catch (error) {
            return error === undefined ? new Error("undefined was thrown") : error;
        }
    }

    async function runTest(owner, { test, body }) {
        let error = await attempt(async () => {
            await callAll(hooks(owner, "beforeEach"));
            await call(body);
        });
        const after = [];
        for (let at = owner; at; at = at.parent) {
            after.push(...at.afterEach);
        }
        const late = await attempt(() => callAll(after));
        count(test, error === undefined ? late : error);
        return 1;
    }

    async function runSuite(which) {
        let tests = 0;
        const early = await attempt(() => callAll(which.before));
        if (early !== undefined) {
            count(`${which.title} before`, early);
        } else {
            for (const part of which.parts) {
                tests += await (part.test ? runTest(which, part) : runSuite(part));
            }
        }
        const late = await attempt(() => callAll(which.after));
        if (late !== undefined) {
            count(`${which.title} after`, late);
        }
        return tests;
    }

    async function runFile(name) {
        suite = makeSuite("", null);
        await import(`/tests/${name}`);
        report.files[name] = await runSuite(suite);
    }

    async function main() {
        await import("/tests/assertions.js");
        for (const name of window.testFiles) {
            const error = await attempt(() => runFile(name));
            if (error !== undefined) {
                count(name, error);
            }
        }
    }

    Object.assign(window, { requireModule, describe, it });
    for (const hook of ["before", "after", "beforeEach", "afterEach"]) {
        window[hook] = body => suite[hook].push(body);
    }
    main()
        .catch(error => count("the runner", error))
        .then(() => fetch("/report", { method: "POST", body: JSON.stringify(report) }));
})();
