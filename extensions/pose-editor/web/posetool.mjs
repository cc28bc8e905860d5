// The tools that move people: one joint at a time with the bones following, a limb to move its person, a frame to turn and
// scale what is chosen, and a marquee to choose.

import { t } from "../stage/i18n.mjs";
import { byId } from "../stage/layers.mjs";
import { boxBetween, framePull } from "../stage/select.mjs";
import { snapped } from "../stage/snap.mjs";
import * as edit from "./edit.mjs";
import * as transform from "./transform.mjs";
import { frameOf, handlesOf, jointName, jointNear, limbNear, linesBeside, refsInside, refsOf } from "./grips.mjs";
import { jointAt, refOf, sameRef } from "./session.mjs";

const NEAR = { mouse: 9, pen: 12, touch: 18 }; // CSS pixels
const SNAP = 6;
const STILL = 3; // CSS pixels a press on a joint may wander and still only choose it
const TURN_STEP = Math.PI / 12;

/** `openMenu(ref | null, person | null, at, point)`; `marks` gets what the tool wants drawn: {marquee, snap}. */
export function poseTools(session, openMenu, marks) {
  let stage = null;
  let held = null;

  const scale = () => stage.view.scale;
  const options = (act) => ({ ...session.options, depth: act.alt }); // Alt: a limb may turn towards the eye

  const isFree = () => {
    const layer = byId(session.state.layers, "pose");
    return layer.on && !layer.locked;
  };

  function gripAt(marquee, at, device) {
    if (!isFree()) return null;
    const own = stage.handleAt(at, device);
    if (own) return own.id.includes(":") ? { kind: "joint", ref: refOf(own.id) } : { kind: "frame", id: own.id };
    const point = stage.toPicture(at);
    const reach = (NEAR[device] ?? NEAR.touch) / scale();
    const ref = jointNear(session.pose, point, reach);
    if (ref) return { kind: "joint", ref };
    const limb = limbNear(session.pose, point, Math.max(reach * 0.7, 5));
    if (limb) return { kind: "limb", ...limb };
    if (!marquee) return null;
    return inFrame(point) ? { kind: "group" } : { kind: "marquee" };
  }

  function inFrame(point) {
    if (session.chosen.refs.length < 2) return false;
    const { box } = frameOf(session.pose, session.chosen.refs, scale());
    return point.x > box.x && point.x < box.x + box.width && point.y > box.y && point.y < box.y + box.height;
  }

  // ---- a drag

  function grab({ grip, point, shift }) {
    const { refs } = session.chosen;
    held = { base: session.state, token: {}, from: point, shift, moved: false };
    if (grip.kind === "limb" && !refs.some(({ person }) => person === grip.person)) session.choose(grip.person);
    if (grip.kind === "joint" && grip.ref.person !== session.chosen.person && refs.length < 2)
      session.choose(grip.ref.person);
    held.group = groupOf(grip);
    if (grip.kind === "frame") held.frame = frameOf(held.base.pose, refs, scale());
  }

  /** What moves together: the chosen joints when one of them is pulled by the marquee's tool, a person by its limb. */
  function groupOf(grip) {
    const { refs } = session.chosen;
    if (grip.kind === "group") return refs;
    if (grip.kind === "limb") {
      const among = refs.length > 1 && refs.some(({ person }) => person === grip.person);
      return among ? refs : refsOf(session.pose, grip.person);
    }
    const several = stage.tool === "marquee" && grip.kind === "joint" && refs.length > 1;
    return several && refs.some((ref) => sameRef(ref, grip.ref)) ? refs : null;
  }

  const drags = {
    joint(grip, act) {
      const { pose } = held.base;
      const start = jointAt(pose, grip.ref);
      const wanted = { x: start.x + act.point.x - held.from.x, y: start.y + act.point.y - held.from.y };
      const to = pulled(wanted, grip.ref, pose);
      put("Move {joint}", edit.moveJoint(pose, grip.ref, to, options(act)), grip.ref);
    },
    limb: (grip, act) => moved(act),
    group: (grip, act) => moved(act),
    frame(grip, act) {
      const { tight, box } = held.frame;
      const gap = tight.x - box.x;
      const to = grip.id === "turn" ? act.point : inwards(act.point, grip.id, gap);
      const pull = framePull(tight, grip.id, to, { even: isCorner(grip.id) && !act.shift, centred: act.alt, step: act.shift ? TURN_STEP : 0 });
      put("Turn or scale", transform.boxTransform(held.base.pose, session.chosen.refs, pull));
    },
    marquee(grip, act) {
      marks.marquee = boxBetween(act.from, act.at);
      stage.redraw();
    },
  };

  function moved(act) {
    const [dx, dy] = [act.point.x - held.from.x, act.point.y - held.from.y];
    const [x, y] = act.shift ? (Math.abs(dx) > Math.abs(dy) ? [dx, 0] : [0, dy]) : [dx, dy];
    put("Move", transform.moveMany(held.base.pose, held.group, x, y));
  }

  function pulled(to, ref, pose) {
    marks.snap = [];
    if (!session.options.snap) return to;
    const found = snapped(to, { lines: linesBeside(pose, ref) }, SNAP / scale());
    marks.snap = found.to?.lines ?? (found.to?.line ? [found.to.line] : []);
    return found;
  }

  function put(label, pose, ref = null) {
    if (pose === session.pose) return; // what is pinned stays, and is no step to take back
    const ghosts = ref ? settled(held.base.ghosts, ref) : held.base.ghosts;
    session.update(ref ? t(label, { joint: jointName(ref) }) : t(label), { pose, ghosts }, held.token);
  }

  function drag(act) {
    const { from, at, grip } = act;
    held.moved ||= Math.hypot(at.x - from.x, at.y - from.y) > STILL || grip.kind === "marquee";
    if (held.moved) drags[grip.kind](grip, act);
  }

  function drop(act) {
    const { moved: dragged } = held;
    marks.snap = [];
    if (act.cancelled) session.history.takeBack(held.token);
    else if (!act.cancelled && act.grip.kind === "marquee") choseInside(act);
    else if (!act.cancelled && !dragged) clicked(act);
    else if (act.grip.kind === "joint" && !held.group && session.chosen.refs.length < 2)
      session.choose(act.grip.ref.person, [act.grip.ref]);
    marks.marquee = null;
    session.history.seal();
    held = null;
    stage.redraw();
  }

  function choseInside(act) {
    const refs = refsInside(session.pose, cornersBetween(act.from, act.at).map(stage.toPicture)); // the view may be turned
    const kept = act.shift ? session.chosen.refs.filter((ref) => !refs.some((one) => sameRef(one, ref))) : [];
    session.choose(refs[0]?.person ?? session.chosen.person, [...kept, ...refs]);
  }

  function clicked({ grip, shift }) {
    if (grip.kind === "limb") return session.choose(grip.person, refsOf(session.pose, grip.person));
    if (grip.kind !== "joint") return undefined;
    const { refs } = session.chosen;
    const others = refs.filter((ref) => !sameRef(ref, grip.ref));
    if (!shift) return session.choose(grip.ref.person, [grip.ref]);
    return session.choose(grip.ref.person, others.length < refs.length ? others : [...others, grip.ref]);
  }

  // ---- keys on a handle

  function nudge({ id, dx, dy }) {
    if (!id.includes(":")) return;
    const ref = refOf(id);
    const { refs } = session.chosen;
    const merge = `nudge ${id}`;
    const among = refs.length > 1 && refs.some((one) => sameRef(one, ref));
    const at = jointAt(session.pose, ref);
    const pose = among
      ? transform.moveMany(session.pose, refs, dx, dy)
      : edit.moveJoint(session.pose, ref, { x: at.x + dx, y: at.y + dy }, session.options);
    const ghosts = settled(session.state.ghosts, ref);
    session.update(t("Move {joint}", { joint: jointName(ref) }), { pose, ghosts }, merge);
  }

  const tool = (marquee) => ({
    cursor: marquee ? "crosshair" : "default",
    create: (one) => (stage = one),
    gripAt: (at, target, device) => gripAt(marquee, at, device),
    grab,
    drag,
    drop,
    tap: () => session.choose(session.chosen.refs.length ? session.chosen.person : null),
    nudge,
    delete: ({ id }) => id.includes(":") && session.edit(t("Hide"), (pose) => edit.setOn(pose, refOf(id), !jointAt(pose, refOf(id)).on)),
    choose: ({ id, shift }) => id.includes(":") && clicked({ grip: { kind: "joint", ref: refOf(id) }, shift }),
    hold: menu,
    menu,
  });

  function menu({ grip, at, point }) {
    const caught = typeof grip === "string" ? (grip.includes(":") ? { kind: "joint", ref: refOf(grip) } : null) : grip;
    if (caught?.kind === "joint") return openMenu(caught.ref, caught.ref.person, at, point);
    return openMenu(null, caught?.kind === "limb" ? caught.person : null, at, point);
  }

  return {
    pose: tool(false),
    marquee: tool(true),
    handles() {
      const posing = stage?.tool === "pose" || stage?.tool === "marquee";
      return posing && isFree() ? handlesOf(session, scale()) : [];
    },
    menuOf: (person, at) => openMenu(null, person, at, null),
  };
}

const cornersBetween = (a, b) => [a, { x: b.x, y: a.y }, b, { x: a.x, y: b.y }];

/** A proposed joint that was moved by hand is one like all others. */
const settled = (ghosts, ref) => ghosts.filter((ghost) => !sameRef(ghost, ref));

const isCorner = (id) => /^scale-[ns][ew]$/.test(id);

/** Where the corner of the tight box goes when the handle of the wider frame goes to `point`. */
function inwards(point, id, gap) {
  const side = id.slice("scale-".length);
  const x = side.includes("e") ? -gap : side.includes("w") ? gap : 0;
  const y = side.includes("s") ? -gap : side.includes("n") ? gap : 0;
  return { x: point.x + x, y: point.y + y };
}
