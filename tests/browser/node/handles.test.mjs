import assert from "node:assert/strict";
import { test } from "node:test";
import { drawing } from "./elements.mjs";
import { stage } from "./pages.mjs";

const { keyed, looks, openHandles } = await stage("handles.mjs");

const view = { scale: 2, x: 10, y: 20 };
const joint = (id, x = 1, y = 2, more = {}) => ({ id, name: `joint ${id}`, x, y, shape: "dot", state: "on", ...more });
const three = [joint("a"), joint("b"), joint("c")];

function opened(list = three) {
  const acts = [];
  const made = drawing();
  const handles = openHandles(made.svg, { act: (act) => acts.push(act), name: "Joints" });
  handles.show(list, view, { width: 100, height: 100 });
  const [group] = made.svg.children;
  const nodes = () => group.children;
  const tabbable = () =>
    nodes()
      .filter(({ attributes }) => attributes.tabindex === "0")
      .map(({ dataset }) => dataset.handle);
  return { ...made, handles, acts, nodes, group, tabbable };
}

test("a handle is a named button at its place on the screen", () => {
  const { nodes, group } = opened([joint("a", 5, 7, { state: "chosen", colour: "#ff0000" })]);
  assert.deepEqual([group.attributes.role, group.attributes["aria-label"]], ["group", "Joints"]);
  const [{ tag, attributes }] = nodes();
  assert.deepEqual([tag, attributes.role, attributes["aria-label"]], ["g", "button", "joint a"]);
  assert.deepEqual([attributes["aria-pressed"], attributes["data-state"]], ["true", "chosen"]);
  assert.deepEqual([attributes.transform, attributes.style], ["translate(20 34)", "--colour: #ff0000"]);
});

test("a square leans with a turned view, a dot does not", () => {
  const turned = { ...view, turn: Math.PI / 2 };
  assert.equal(looks(joint("a", 1, 2, { shape: "square" }), turned).transform, "translate(6 22) rotate(90)");
  assert.equal(looks(joint("a"), turned).transform, "translate(6 22)");
});

test("a drag makes nothing and writes one attribute of one handle", () => {
  const { document, handles, nodes } = opened();
  const [made, before] = [document.made, nodes().map(({ writes }) => writes)];
  for (let n = 0; n < 50; n++) handles.show([three[0], joint("b", n + 9, 0), three[2]], view);
  assert.equal(document.made, made);
  assert.deepEqual(
    nodes().map(({ writes }, n) => writes - before[n]),
    [0, 50, 0],
  );
});

test("handles come, go and change places in the order of the list", () => {
  const { handles, nodes } = opened();
  const order = () => nodes().map(({ dataset }) => dataset.handle);
  const [, b] = nodes();
  handles.show([joint("d"), three[2], three[1]], view);
  assert.deepEqual(order(), ["d", "c", "b"]);
  assert.equal(nodes()[2], b);
  handles.show([], view);
  assert.deepEqual(order(), []);
  handles.show([joint("b", 0, 0, { shape: "ring" })], view);
  handles.show([joint("b", 0, 0, { shape: "turn" })], view);
  assert.equal(nodes()[0].children.length, 3);
  assert.deepEqual([nodes()[0].lastChild.tag, nodes()[0].dataset.shape], ["path", "turn"]);
});

test("Tab goes through the handles in their order and then leaves them", () => {
  const { handles, acts, key, tabbable, document } = opened();
  assert.deepEqual(tabbable(), ["a"]);
  assert.equal(handles.focus("b"), true);
  assert.equal(key("Tab"), true);
  assert.equal(document.activeElement.dataset.handle, "c");
  assert.deepEqual(tabbable(), ["c"]);
  assert.equal(key("Tab"), false);
  assert.equal(key("Tab", { shiftKey: true }), true);
  assert.equal(key("Tab", { shiftKey: true }), true);
  assert.equal(key("Tab", { shiftKey: true }), false);
  assert.deepEqual(
    acts.map(({ act, id }) => `${act} ${id}`),
    ["focus c", "focus b", "focus a"],
  );
  assert.equal(handles.focus("nobody"), false);
});

test("the focus stays on a handle that is drawn elsewhere in the list", () => {
  const { handles, document } = opened();
  handles.focus("a");
  handles.show([three[1], three[2], three[0]], view);
  assert.equal(document.activeElement?.dataset.handle, "a");
});

test("when the focused handle goes its neighbour has the focus; when all go, nobody", () => {
  const { handles, document, acts, tabbable } = opened();
  handles.focus("b");
  handles.show([three[0], three[2]], view);
  assert.equal(document.activeElement.dataset.handle, "c");
  assert.deepEqual(tabbable(), ["c"]);
  handles.show([three[0]], view);
  assert.equal(document.activeElement.dataset.handle, "a");
  assert.deepEqual(acts, []);
  handles.show([], view);
  assert.deepEqual(acts, [{ act: "leave" }]);
});

test("keys on a focused handle", () => {
  const { handles, acts, key } = opened();
  handles.focus("b");
  for (const name of ["ArrowLeft", "Delete", "Enter", "ContextMenu", "Escape"]) assert.equal(key(name), true, name);
  assert.equal(key("ArrowDown", { shiftKey: true }), true);
  assert.equal(key("ArrowDown", { ctrlKey: true }), false);
  assert.equal(key("q"), false);
  assert.equal(key(" "), false);
  key(" ", { shiftKey: true }, "keyup");
  assert.deepEqual(acts, [
    { act: "nudge", id: "b", dx: -1, dy: 0 },
    { act: "delete", key: "Delete", shift: false, id: "b" },
    { act: "choose", key: "Enter", shift: false, id: "b" },
    { act: "menu", key: "ContextMenu", shift: false, id: "b" },
    { act: "leave" },
    { act: "nudge", id: "b", dx: 0, dy: 10 },
    { act: "choose", id: "b", key: " ", shift: true },
  ]);
});

test("arrows move along the screen, however the picture is turned", () => {
  const along = (turn, key) => keyed({ key }, { ...view, turn });
  assert.deepEqual(along(Math.PI / 2, "ArrowRight"), { act: "nudge", dx: 0, dy: -1 });
  assert.deepEqual(along(Math.PI, "ArrowUp"), { act: "nudge", dx: 0, dy: 1 });
  const { dx, dy } = along(Math.PI / 6, "ArrowRight");
  assert.ok(Math.abs(dx - Math.sqrt(0.75)) < 1e-12 && Math.abs(dy + 0.5) < 1e-12);
});

test("closed, nothing is left", () => {
  const { handles, svg, key, acts } = opened();
  handles.focus("a");
  handles.close();
  assert.deepEqual([svg.children.length, key("Enter"), acts], [0, false, []]);
});
