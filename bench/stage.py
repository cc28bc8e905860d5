"""How long a frame takes while a joint of a full person is dragged, beside the same scene in fabric.js; weight, start.

Whole frames (script, layout, drawing, compositing), at no screen's rate. `python bench/stage.py [frames]`
Of several rounds the calmest counts: other work on the machine only ever adds.
fabric.js comes by npm into a temporary folder for the time of the bench; without npm its part is left out.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]

from playwright.sync_api import sync_playwright  # noqa: E402 - found by the line above, as are those below

from tests.support.chromium import ARGS, executable  # noqa: E402
from tests.support.page_server import PageServer, serving  # noqa: E402

WIDTH, HEIGHT = 512, 768
SIZE = {"width": 1280, "height": 860}
UNLIMITED = ["--disable-frame-rate-limit", "--disable-gpu-vsync"]
CROWDS = (1, 5, 10, 20)
ROUNDS = 3
STARTS = 5
L_WRIST = 7

Times = tuple[list[float], list[float]]  # ms of whole frames, ms of script in them

DRIVE = """async ([frames, move]) => {
  const step = new Function("n", move);
  const own = window.requestAnimationFrame.bind(window);
  const next = () => new Promise((done) => own(done));
  let script = 0;
  window.requestAnimationFrame = (work) => own((time) => {
    const start = performance.now(); work(time); script += performance.now() - start;
  });
  const whole = [], scripts = [];
  for (let n = 0; n < 30; n++) { step(n); await next(); }
  for (let n = 0, last = await next(); n < frames; n++) {
    script = 0;
    const start = performance.now();
    step(n);
    const stepped = performance.now() - start;
    const now = await next();
    whole.push(now - last); scripts.push(script + stepped); last = now;
  }
  window.requestAnimationFrame = own;
  return [whole, scripts];
}"""

MOVE = """const angle = n / 9, at = window.benchAt;
document.getElementById("stage").dispatchEvent(new PointerEvent("pointermove", { bubbles: true, pointerId: at.id,
  pointerType: "mouse", clientX: at.x + 40 * Math.cos(angle) - 40, clientY: at.y - 50 * Math.sin(angle) }));"""

FABRIC = """([people, objectCaching]) => {
  fabric.Object.prototype.objectCaching = objectCaching;
  document.body.innerHTML = '<canvas id="c" width="580" height="860"></canvas>';
  const canvas = window.benchCanvas = new fabric.Canvas("c", { renderOnAddRemove: false, backgroundColor: "#000" });
  const zoom = 860 / 768;
  canvas.setZoom(zoom);
  const dot = (x, y, radius, fill) => new fabric.Circle({ left: x, top: y, radius, fill, originX: "center",
    originY: "center", hasControls: false, hasBorders: false });
  const bone = (a, b, strokeWidth, stroke) => new fabric.Line([a.left, a.top, b.left, b.top],
    { strokeWidth, stroke, selectable: false, originX: "center", originY: "center" });
  window.benchMoved = null;
  for (const { body, left, right, face, limbs, edges } of people) {
    const parts = [body, left, right].map((list, n) => list.map(([x, y]) => dot(x, y, 4, n ? "#00f" : "#f80")));
    const lines = [limbs.map(([a, b]) => [a, b, bone(parts[0][a], parts[0][b], 8, "#090")]),
      ...[1, 2].map((n) => edges.map(([a, b]) => [a, b, bone(parts[n][a], parts[n][b], 2, "#f0f")]))];
    for (const list of lines) canvas.add(...list.map(([, , line]) => line));
    for (const list of parts) canvas.add(...list);
    canvas.add(...face.map(([x, y]) => dot(x, y, 3, "#fff")));
    window.benchMoved ??= { parts, lines };
  }
  const { parts, lines } = window.benchMoved;
  const moved = [parts[0][6], parts[0][7], ...parts[1]].map((one) => ({ one, x: one.left, y: one.top }));
  const pulled = [...lines[0].filter(([a, b]) => [5, 6, 7].includes(a) || [6, 7].includes(b)), ...lines[1]];
  window.benchStep = (n) => {
    const dx = 40 * Math.cos(n / 9) - 40, dy = -50 * Math.sin(n / 9);
    for (const { one, x, y } of moved) { one.set({ left: x + dx, top: y + dy }); one.setCoords(); }
    for (const [a, b, line] of pulled) {
      const from = lines[1].some((one) => one[2] === line) ? parts[1] : parts[0];
      line.set({ x1: from[a].left, y1: from[a].top, x2: from[b].left, y2: from[b].top });
    }
    canvas.renderAll();
  };
}"""


def main(frames: int) -> None:
    figures: dict[str, float] = {}
    with serving() as server, _chromium() as browser:
        print(f"{'people':>10}{'frame p50':>12}{'p95':>9}{'script p50':>12}{'p95':>9}   ms")
        for count in CROWDS:
            whole, script = _calmest(partial(_editor, browser, server, count, frames))
            figures[f"p95_{count}"] = _row(str(count), whole, script)
        with tempfile.TemporaryDirectory() as folder:
            fabric = _fabric(Path(folder))
            if fabric is None:
                print("fabric.js was not measured: npm did not give it.")
            else:
                for count in CROWDS:
                    whole, script = _calmest(partial(_rival, browser, server, fabric, count, frames))
                    figures[f"fabric_p95_{count}"] = _row(f"fabric {count}", whole, script)
                whole, script = _calmest(
                    partial(_rival, browser, server, fabric, 10, max(30, frames // 5), cached=True)
                )
                figures["fabric_cached_p95_10"] = _row("cached 10", whole, script)
                print("cached: fabric's own default. Its scene has straight lines, no lengths to keep, no history.")
                print(f"fabric.js weighs {fabric.stat().st_size / 1024:.0f} kB")
        weight, files, seconds = _start(browser, server)
        print(
            f"the page weighs {weight / 1024:.0f} kB in {files} files, its sample included; ready after {seconds:.2f} s"
        )
    shown = [*(f"p95_{count}" for count in CROWDS), "fabric_p95_10", "fabric_cached_p95_10"]
    told = " ".join(f"{name}={figures[name]:.1f}" for name in shown if name in figures)
    print(f"stage: {told} weight_kb={weight / 1024:.0f} ready_s={seconds:.2f}")


@contextmanager
def _chromium() -> Iterator[Any]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=executable(), args=[*ARGS, *UNLIMITED])
        yield browser
        browser.close()


def _calmest(measure: Callable[[], Times]) -> Times:
    return min((measure() for _ in range(ROUNDS)), key=lambda times: _p95(times[0]))


def _row(name: str, whole: list[float], script: list[float]) -> float:
    numbers = [median(whole), _p95(whole), median(script), _p95(script)]
    print(f"{name:>10}{numbers[0]:12.1f}{numbers[1]:9.1f}{numbers[2]:12.1f}{numbers[3]:9.1f}")
    return numbers[1]


def _p95(values: list[float]) -> float:
    return sorted(values)[int(0.95 * (len(values) - 1))]


def _page(browser: Any, address: str) -> Any:
    page = browser.new_context(viewport=SIZE, device_scale_factor=1).new_page()
    page.goto(address)
    page.wait_for_selector("html[data-ready]", state="attached")
    return page


CROWD = """async (count) => {
  const at = (name) => import(new URL(name, location.href));
  const [{ standing, toText }, { addPart, moveMany }, { PARTS, LIMBS, HAND_EDGES }] =
    await Promise.all(["document.mjs", "transform.mjs", "skeleton.mjs"].map(at));
  let pose = standing(512, 768, { height: 520 });
  for (const part of ["left", "right", "face"]) pose = addPart(pose, 0, part);
  const [first] = pose.people;
  pose = { ...pose, people: Array.from({ length: count }, (_, n) => ({ ...first, name: `Person ${n + 1}` })) };
  pose.people.forEach((person, index) => {
    const refs = PARTS.flatMap((part) => person[part].map((_, n) => ({ person: index, part, index: n })));
    pose = moveMany(pose, refs, ((index * 137) % 300) - 150, ((index * 71) % 160) - 80);
  });
  const pairs = (part) => part.map(({ x, y }) => [x, y]);
  const plain = pose.people.map(({ body, left, right, face }) => ({ body: pairs(body), left: pairs(left),
    right: pairs(right), face: pairs(face), limbs: LIMBS, edges: HAND_EDGES }));
  return [toText(pose), plain];
}"""


def _editor(browser: Any, server: PageServer, count: int, frames: int) -> Times:
    page = _page(browser, server.page("pose-editor"))
    page.evaluate("text => atelierEditor.open(text)", page.evaluate(CROWD, count)[0])
    page.evaluate(f"atelierEditor.select({{person: 0, part: 'body', index: {L_WRIST}}})")
    at = page.evaluate(f"atelierEditor.joint({{person: 0, part: 'body', index: {L_WRIST}}})")
    page.evaluate(
        """at => document.addEventListener("pointerdown",
        (event) => (window.benchAt = { ...at, id: event.pointerId }), true)""",
        at,
    )
    page.mouse.move(at["x"], at["y"])
    page.mouse.down()
    measured = page.evaluate(DRIVE, [frames, MOVE])
    page.mouse.up()
    assert page.evaluate("atelierEditor.history.canUndo"), "nothing was dragged"
    page.context.close()
    return tuple(measured)


def _rival(browser: Any, server: PageServer, fabric: Path, count: int, frames: int, *, cached: bool = False) -> Times:
    page = _page(browser, server.page("pose-editor"))
    people = page.evaluate(CROWD, count)[1]
    server.documents["/bench"] = "<!doctype html><html data-ready><link rel='icon' href='data:,'><body></body></html>"
    page.goto(f"{server.origin}/some/path/bench")
    page.add_script_tag(path=fabric)
    page.evaluate(FABRIC, [people, cached])
    measured = page.evaluate(DRIVE, [frames, "window.benchStep(n)"])
    page.context.close()
    return tuple(measured)


def _fabric(folder: Path) -> Path | None:
    npm = shutil.which("npm")
    if npm is None:
        return None
    ran = subprocess.run([npm, "pack", "--silent", "fabric@5"], cwd=folder, capture_output=True, timeout=120)
    packed = next(folder.glob("fabric-*.tgz"), None)
    if ran.returncode or packed is None:
        return None
    with tarfile.open(packed) as archive:
        member = archive.extractfile("package/dist/fabric.min.js")
        assert member is not None
        (folder / "fabric.min.js").write_bytes(member.read())
    return folder / "fabric.min.js"


def _start(browser: Any, server: PageServer) -> tuple[int, int, float]:
    """Bytes and files of a first visit, and seconds until the page can be used."""
    seconds: list[float] = []
    for _ in range(STARTS):
        server.asked.clear()
        page = _page(browser, server.page("pose-editor"))
        seconds.append(page.evaluate("performance.now()") / 1000)
        page.context.close()
    asked = {urlsplit(target).path for target in server.asked}
    return sum(len(server.answer(path)[2]) for path in asked), len(asked), median(seconds)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 240)
