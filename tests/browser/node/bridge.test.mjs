import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { stage } from "./pages.mjs";

const { checked, connect, isPictureId } = await stage("bridge.mjs");

const ORIGIN = "http://webui.test";
const show = { atelier: 1, type: "show", before: "a-1", after: "b_2" };

/** A page's window inside a host's, as far as the bridge needs it. */
function framed() {
  const posted = [];
  const listeners = [];
  const host = { postMessage: (message, origin) => posted.push([message, origin]) };
  const self = {
    parent: host,
    location: { origin: ORIGIN },
    addEventListener: (_, listener) => listeners.push(listener),
    removeEventListener: (_, listener) => listeners.splice(listeners.indexOf(listener), 1),
    setTimeout,
    clearTimeout,
  };
  const receive = (data, from = {}) =>
    listeners.forEach((hear) => hear({ data, origin: ORIGIN, source: host, ...from }));
  return { self, posted, receive, listeners };
}

test("whole messages of ours pass", () => {
  assert.equal(checked(show), show);
  assert.ok(checked({ atelier: 1, type: "show", before: null, after: "x" }));
  assert.ok(checked({ atelier: 1, type: "host", lang: "ko_KR", theme: "dark" }));
  assert.ok(checked({ atelier: 1, type: "answer", id: 3, ok: true }));
  const whole = "x".repeat(2_000_000);
  assert.ok(checked({ atelier: 1, type: "open", document: whole, picture: "a", options: null, stamp: 3 }));
  assert.ok(checked({ atelier: 1, type: "open" }));
  assert.ok(checked({ atelier: 1, type: "send", field: "a", value: whole }));
  assert.ok(checked({ atelier: 1, type: "flush", id: 1 }));
  assert.ok(checked({ atelier: 1, type: "flushed", id: 1, ok: true }));
  assert.ok(checked({ atelier: 1, type: "say", sentence: "There is no picture to send yet.", values: {} }));
});

test("everything else does not", () => {
  const refused = [
    null,
    undefined,
    1,
    "show",
    [],
    {},
    { type: "show" },
    { atelier: 2, type: "show" },
    { atelier: 1 },
    { atelier: 1, type: "toString" },
    { atelier: 1, type: "__proto__" },
    { atelier: 1, type: "delete" },
    { ...show, after: 7 },
    { ...show, after: "../../secret" },
    { ...show, after: "..", before: null },
    { ...show, after: "a/b" },
    { ...show, id: "1" },
    { ...show, after: "x".repeat(200) },
    { atelier: 1, type: "host", theme: "pink" },
    { atelier: 1, type: "answer", id: 1.5, ok: true },
    { atelier: 1, type: "answer", ok: true },
    { atelier: 1, type: "send", field: "a" },
    { atelier: 1, type: "say", sentence: 3 },
    { atelier: 1, type: "send", field: "a", value: "x".repeat(2_000_001) },
    { atelier: 1, type: "open", document: "x".repeat(2_000_001) },
    { atelier: 1, type: "open", document: {} },
    { atelier: 1, type: "open", picture: "../x" },
    { atelier: 1, type: "open", stamp: "1" },
    { atelier: 1, type: "flush" },
    { atelier: 1, type: "flushed", id: 1 },
  ];
  for (const message of refused) assert.equal(checked(message), null, JSON.stringify(message)?.slice(0, 99));
});

test("picture ids name no path", () => {
  for (const id of ["abc", "A_b-9", "-x", "a.png"]) assert.ok(isPictureId(id), id);
  for (const id of ["", ".", "..", ".x", "a/b", "a\\b", "a?b", "a b", "%2e", 5, null])
    assert.ok(!isPictureId(id), String(id));
});

test("ready comes first, and to our own origin only", () => {
  const { self, posted } = framed();
  const bridge = connect("upscaler", {}, self);
  assert.deepEqual(posted, [[{ atelier: 1, type: "ready", page: "upscaler" }, ORIGIN]]);
  assert.equal(bridge.alone, false);
});

test("only the parent, on our origin, is heard", () => {
  const { self, receive, listeners } = framed();
  const seen = mock.fn();
  const bridge = connect("upscaler", { show: seen }, self);
  receive(show, { origin: "http://elsewhere.test" });
  receive(show, { origin: "null" });
  receive(show, { source: {} });
  receive(show, { source: self });
  receive({ ...show, after: "../x" });
  assert.equal(seen.mock.callCount(), 0);
  receive(show);
  assert.deepEqual(seen.mock.calls[0].arguments, [show]);
  receive({ atelier: 1, type: "host", lang: "ko" }); // nobody asked for it: no fault
  bridge.close();
  assert.equal(listeners.length, 0);
});

test("an answer goes to the one who asked", async () => {
  const { self, posted, receive } = framed();
  const bridge = connect("upscaler", {}, self);
  const first = bridge.ask({ type: "send", field: "atelier_upscaler_x", value: "1" });
  const second = bridge.ask({ type: "send", field: "atelier_upscaler_x", value: "2" });
  const [one, two] = posted.slice(1).map(([message]) => message.id);
  assert.notEqual(one, two);
  receive({ atelier: 1, type: "answer", id: two, ok: false });
  receive({ atelier: 1, type: "answer", id: one, ok: true });
  receive({ atelier: 1, type: "answer", id: 99, ok: true });
  assert.equal((await first).ok, true);
  assert.equal((await second).ok, false);
});

test("a silent host answers null", async () => {
  const { self } = framed();
  assert.equal(await connect("upscaler", {}, self).ask({ type: "send", field: "x", value: "" }, 5), null);
});

test("alone, nothing is sent and nobody is waited for", async () => {
  const { self, posted, receive } = framed();
  self.parent = self;
  const seen = mock.fn();
  const bridge = connect("upscaler", { show: seen }, self);
  receive(show, { source: self });
  assert.equal(bridge.alone, true);
  assert.equal(await bridge.ask({ type: "send", field: "x", value: "" }), null);
  assert.deepEqual([posted, seen.mock.callCount()], [[], 0]);
});

test("a flush is answered when the page has sent everything", async () => {
  const { self, posted, receive } = framed();
  let sent;
  connect("pose", { flush: () => new Promise((resolve) => (sent = resolve)) }, self);
  receive({ atelier: 1, type: "flush", id: 7 });
  await new Promise(setImmediate);
  assert.equal(posted.length, 1);
  sent();
  await new Promise(setImmediate);
  assert.deepEqual(posted.slice(1), [[{ atelier: 1, type: "flushed", id: 7, ok: true }, ORIGIN]]);
});

test("a page that keeps nothing back is flushed at once, and only for its host", async () => {
  const { self, posted, receive } = framed();
  connect("upscaler", {}, self);
  receive({ atelier: 1, type: "flush", id: 1 }, { source: {} });
  receive({ atelier: 1, type: "flush", id: 2 });
  await new Promise(setImmediate);
  assert.deepEqual(
    posted.slice(1).map(([message]) => message),
    [{ atelier: 1, type: "flushed", id: 2, ok: true }],
  );
});

test("a flush that fails is said to have failed, and is a fault of the page", async () => {
  const { self, posted, listeners } = framed();
  connect("pose", { flush: () => Promise.reject(new Error("no line")) }, self);
  const data = { atelier: 1, type: "flush", id: 9 };
  await assert.rejects(listeners[0]({ data, origin: ORIGIN, source: self.parent }), /no line/);
  assert.deepEqual(posted[1][0], { atelier: 1, type: "flushed", id: 9, ok: false });
});

test("a flush that gives false has failed, and the page has said why", async () => {
  const { self, posted, receive } = framed();
  connect("pose", { flush: async () => false }, self);
  receive({ atelier: 1, type: "flush", id: 3 });
  await new Promise(setImmediate);
  assert.deepEqual(posted[1][0], { atelier: 1, type: "flushed", id: 3, ok: false });
});
