// The tools of the pose editor on a stage that only has a view: what a drag, a pin and a marquee come to.

import assert from "node:assert/strict";
import { test } from "node:test";
import { page, stage } from "./pages.mjs";

const { toPicture, toScreen } = await stage("view.mjs");
const { standing } = await page("pose-editor", "document.mjs");
const { drawTools } = await page("pose-editor", "drawtool.mjs");
const { setLocked } = await page("pose-editor", "edit.mjs");
const { drawOverlay } = await page("pose-editor", "overlay.mjs");
const { poseTools } = await page("pose-editor", "posetool.mjs");
const { beginning, openSession } = await page("pose-editor", "session.mjs");

const NECK = { person: 0, part: "body", index: 1 };
const WRIST = { person: 0, part: "body", index: 7 };

function opened(pose, view = { scale: 1, x: 0, y: 0 }) {
  const session = openSession(beginning(pose));
  const marks = { marquee: null, snap: [] };
  const tools = poseTools(session, () => {}, marks);
  const above = {
    ...{ view, tool: "marquee", redraw: () => {}, handleAt: () => null },
    ...{ toPicture: (point) => toPicture(view, point), toScreen: (point) => toScreen(view, point) },
  };
  for (const tool of [tools.pose, tools.marquee]) tool.create(above);
  return { session, marks, ...tools };
}

function drag(tool, grip, from, at, view, more = {}) {
  const place = (screen) => (view ? toPicture(view, screen) : screen);
  tool.grab({ grip, from, at: from, point: place(from) });
  tool.drag({ grip, from, at, start: place(from), point: place(at) });
  tool.drop({ grip, from, at, start: place(from), point: place(at), ...more });
}

test("a pinned joint that is pulled is no step to take back", () => {
  const { session, pose } = opened(setLocked(standing(400, 600), WRIST, true));
  drag(pose, { kind: "joint", ref: WRIST }, { x: 0, y: 0 }, { x: 20, y: -30 });
  assert.equal(session.history.canUndo, false);
});

test("a drag that is given up leaves no step and takes none away", () => {
  const { session, pose } = opened(standing(400, 600));
  drag(pose, { kind: "joint", ref: WRIST }, { x: 0, y: 0 }, { x: 20, y: -30 });
  session.history.undo();
  drag(pose, { kind: "joint", ref: NECK }, { x: 0, y: 0 }, { x: 20, y: 0 }, null, { cancelled: true });
  assert.deepEqual([session.history.canUndo, session.history.redoLabel], [false, "Move left wrist"]);
});

test("a vanishing point that is only touched takes nothing back", () => {
  const session = openSession(beginning(standing(400, 600)));
  const { vanishing } = drawTools(session, () => ({}), {}).tools;
  vanishing.tap({ point: { x: 100, y: 50 } });
  vanishing.grab({ grip: "vanishing-0" });
  vanishing.drop({ grip: "vanishing-0", cancelled: true });
  assert.deepEqual(session.state.guides.vanishing, [{ x: 100, y: 50 }]);
  vanishing.grab({ grip: "vanishing-0" });
  vanishing.drag({ grip: "vanishing-0", point: { x: 130, y: 90 } });
  vanishing.drop({ grip: "vanishing-0", cancelled: true });
  assert.deepEqual(session.state.guides.vanishing, [{ x: 100, y: 50 }]);
});

test("a marquee chooses what it is drawn around, also in a turned view", () => {
  const view = { scale: 2, x: 500, y: 30, turn: 0.8 };
  const { session, marquee } = opened(standing(400, 600), view);
  const seen = session.pose.people[0].body.map((joint) => toScreen(view, joint));
  const [from, at] = [{ x: seen[1].x - 90, y: seen[1].y - 150 }, { x: seen[1].x + 60, y: seen[1].y + 240 }];
  const within = ({ x, y }) => x > from.x && x < at.x && y > from.y && y < at.y;
  drag(marquee, { kind: "marquee" }, from, at, view);
  const wanted = seen.flatMap((one, n) => (within(one) ? [n] : []));
  const found = session.chosen.refs.filter(({ part }) => part === "body").map(({ index }) => index);
  assert.ok(wanted.length > 2 && wanted.length < 18);
  assert.deepEqual(found, wanted);
});

test("a horizon and what a joint snapped to lie as the picture lies", () => {
  const view = { scale: 2, x: 300, y: 40, turn: 0.5 };
  const lines = [];
  const context = new Proxy(
    { moveTo: (x, y) => lines.push([{ x, y }]), lineTo: (x, y) => lines.at(-1).push({ x, y }) },
    { get: (own, name) => own[name] ?? (() => {}), set: () => true },
  );
  const marks = { ghosts: [], snap: [{ x: 25 }], guides: { vanishing: [], horizon: 70 }, guided: true };
  drawOverlay(context, { ratio: 1, room: { width: 400, height: 300 } }, view, marks);
  const [upright, level] = lines.map((ends) => ends.map((end) => toPicture(view, end)));
  for (const { x } of upright) assert.ok(Math.abs(x - 25) < 1e-6);
  for (const { y } of level) assert.ok(Math.abs(y - 70) < 1e-6);
  for (const [a, b] of lines) assert.equal(Math.round(Math.hypot(a.x - b.x, a.y - b.y)), 1400);
});
