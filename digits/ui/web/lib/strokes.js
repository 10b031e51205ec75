// Geometry of strokes [[[x, y], ...], ...], in thousandths of the pad's side.

/** Few enough points for a small request: [[x, y, x, y, ...], ...]. `spacing` apart, at most about `most` in all. */
export function thin(strokes, spacing, most) {
  const spaced = strokes.map((points) => space(points, spacing));
  const count = spaced.reduce((sum, points) => sum + points.length, 0);
  const step = Math.max(1, Math.ceil(count / most));
  return spaced.map((points) => points.filter((_, i) => i % step === 0 || i === points.length - 1).flat());
}

function space(points, spacing) {
  let [kept] = points;
  return points.filter((point, i) => {
    const keep = i === 0 || i === points.length - 1 || distance(point, kept) >= spacing;
    if (keep) kept = point;
    return keep;
  });
}

export const distance = ([ax, ay], [bx, by]) => Math.hypot(ax - bx, ay - by);

/** Whether a stroke comes nearer to a point than `reach`. */
export function passes(points, [x, y], reach) {
  return points.some(([px, py], i) => {
    const [qx, qy] = points[Math.max(0, i - 1)];
    const dx = px - qx;
    const dy = py - qy;
    const length = dx * dx + dy * dy;
    const share = length ? Math.min(1, Math.max(0, ((x - qx) * dx + (y - qy) * dy) / length)) : 0;
    return Math.hypot(x - qx - share * dx, y - qy - share * dy) < reach;
  });
}

/** The nearest point of the pad. */
export const clamp = ([x, y], width, height) => [Math.min(width, Math.max(0, x)), Math.min(height, Math.max(0, y))];

/** Where a picture of width x height lies on the pad, and the units of one of its pixels. */
export function fitPicture(picture, width, height) {
  const fit = Math.min(width / picture.width, height / picture.height);
  return { left: (width - picture.width * fit) / 2, top: (height - picture.height * fit) / 2, fit };
}

/** The strokes as large as a paper of width x height holds them with a margin, in its middle, with their pressure. */
export function fitted(strokes, width, height) {
  const points = strokes.flat();
  const [left, top, right, bottom] = [Math.min, Math.max].flatMap((most) =>
    [0, 1].map((axis) => most(...points.map((point) => point[axis]))),
  );
  const scale = 0.6 * Math.min(width / Math.max(1, right - left), height / Math.max(1, bottom - top));
  const place = ([x, y]) => [
    Math.round(width / 2 + (x - (left + right) / 2) * scale),
    Math.round(height / 2 + (y - (top + bottom) / 2) * scale),
  ];
  return strokes.map((stroke) => Object.assign(stroke.map(place), stroke.widths && { widths: stroke.widths }));
}

/** The strokes as an SVG file. */
export function toSvg(strokes, width, height, pen) {
  const lines = strokes.map((points) => {
    const path = points.length > 1 ? points : [points[0], points[0]];
    return `<polyline points="${path.map((point) => point.join(',')).join(' ')}"/>`;
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"><g fill="none" stroke="#000" ` +
    `stroke-width="${pen}" stroke-linecap="round" stroke-linejoin="round">${lines.join('')}</g></svg>`
  );
}

/** A labelled drawing as the server takes it: each stroke's points in a row. */
export const flatten = ({ label, strokes }) => ({ label, strokes: strokes.map((points) => points.flat()) });
