// A pose as a vector drawing: P00_J00 is a joint of the first person, P00_B00 a limb, T feet, L and R hands, F the face.
// Hidden joints are there, too, and not shown: read back, nothing is lost.

import { stickOf } from "./raster.mjs";
import { FACE_COLOUR, HAND_COLOURS, HAND_EDGES, HAND_JOINT_COLOUR } from "./skeleton.mjs";
import { JOINT_COLOURS, LIMB_COLOURS, LIMBS } from "./skeleton.mjs";
import { hex } from "./trace.mjs";

const FEET_COLOUR = [160, 160, 160];
const HIDDEN = ' display="none"';

export function svgOf(pose, stick = "standard") {
  const { width, height, people } = pose;
  const ry = stickOf(stick, width, height);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<rect width="${width}" height="${height}" fill="#000000"/>
${people.map((person, n) => figure(person, `P${two(n)}`, ry)).join("")}</svg>
`;
}

const figure = (person, id, ry) => `<g id="${id}"${shown(person.on)}>
${[
  ...LIMBS.map((ends, n) => limb(`${id}_B${two(n)}`, person.body, ends, ry, LIMB_COLOURS[n])),
  ...dots(`${id}_J`, person.body, 4, (n) => JOINT_COLOURS[n]),
  ...dots(`${id}_T`, person.feet, 4, () => FEET_COLOUR),
  ...hand(`${id}_L`, person.left),
  ...hand(`${id}_R`, person.right),
  ...dots(`${id}_F`, person.face, 3, () => FACE_COLOUR),
].join("\n")}
</g>
`;

function limb(id, body, [a, b], ry, colour) {
  const [from, to] = [body[a], body[b]];
  const [dx, dy] = [from.x - to.x, from.y - to.y];
  const [x, y] = [short((from.x + to.x) / 2), short((from.y + to.y) / 2)];
  const turn = `rotate(${short((Math.atan2(dy, dx) * 180) / Math.PI)} ${x} ${y})`;
  const shape = `cx="${x}" cy="${y}" rx="${short(Math.hypot(dx, dy) / 2)}" ry="${ry}" transform="${turn}"`;
  return `<ellipse id="${id}" ${shape} fill="${hex(colour)}"${shown(from.on && to.on)}/>`;
}

const hand = (id, joints) => [
  ...(joints.length ? HAND_EDGES.map((ends, n) => edge(`${id}B${two(n)}`, joints, ends, HAND_COLOURS[n])) : []),
  ...dots(id, joints, 4, () => HAND_JOINT_COLOUR),
];

function edge(id, joints, [a, b], colour) {
  const [from, to] = [joints[a], joints[b]];
  const ends = `x1="${from.x}" y1="${from.y}" x2="${to.x}" y2="${to.y}"`;
  return `<line id="${id}" ${ends} stroke="${hex(colour)}" stroke-width="2"${shown(from.on && to.on)}/>`;
}

const dots = (id, joints, r, colourOf) =>
  joints.map(({ x, y, on, locked }, n) => {
    const place = `cx="${x}" cy="${y}" r="${r}" fill="${hex(colourOf(n))}"`;
    return `<circle id="${id}${two(n)}" ${place}${locked ? ' data-locked="1"' : ""}${shown(on)}/>`;
  });

const shown = (on) => (on ? "" : HIDDEN);
const two = (number) => String(number).padStart(2, "0");
const short = (value) => String(Math.round(value * 100) / 100);
