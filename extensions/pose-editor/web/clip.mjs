// Where a straight line enters and leaves a canvas, in whole numbers, as cv2 finds it: y first, then x, each quotient
// in double precision and cut towards zero.

/** The piece of the line [x1, y1, x2, y2] on 0..right × 0..bottom, written back into it; false when none is left. */
export function clipLine(line, right, bottom) {
  let first = sideOf(line[0], line[1], right, bottom);
  let last = sideOf(line[2], line[3], right, bottom);
  if (first & last) return false;
  if (!(first | last)) return true;
  if (first & 12) first = cutAtRow(line, 0, first < 8 ? 0 : bottom, right);
  if (last & 12) last = cutAtRow(line, 2, last < 8 ? 0 : bottom, right);
  if (first & last) return false;
  if (first) cutAtColumn(line, 0, first === 1 ? 0 : right);
  if (last) cutAtColumn(line, 2, last === 1 ? 0 : right);
  return true;
}

const sideOf = (x, y, right, bottom) => sideOfColumn(x, right) | (y < 0 ? 4 : y > bottom ? 8 : 0);

const sideOfColumn = (x, right) => (x < 0 ? 1 : x > right ? 2 : 0);

function cutAtRow(line, end, row, right) {
  line[end] += quotient((row - line[end + 1]) * (line[2] - line[0]), line[3] - line[1]);
  line[end + 1] = row;
  return sideOfColumn(line[end], right);
}

function cutAtColumn(line, end, column) {
  line[end + 1] += quotient((column - line[end]) * (line[3] - line[1]), line[2] - line[0]);
  line[end] = column;
}

/** a ÷ b cut towards zero. */
export const quotient = (a, b) => Math.trunc(a / b);
