// A link to a drawing: opened, and drawn before the visitor's eyes.
import { decode } from '../lib/codec.js';
import { isStill } from '../lib/dom.js';
import { isEmpty } from '../lib/sheet.js';

const FRAMES = 60; // about a second for the whole

export const isLink = () => /^#[dn]=/.test(location.hash); // d one digit, n a number

/** Open the address's drawing on the pad; `act` changes the pad. */
export function openLink(paper, desk, pen, act) {
  if (!isLink()) return;
  act.widen(location.hash[1] === 'n');
  let strokes;
  try {
    strokes = decode(location.hash.slice(3), paper.across(), desk.unit);
  } catch {
    act.complain('The link does not hold a drawing; ask for it again, or draw here.');
    return;
  }
  act.change({ ...desk.drawing, strokes: [], picture: null });
  replay(paper, desk, pen, strokes, () => act.change({ ...desk.drawing, strokes, picture: null }));
}

/** Draw strokes by themselves, until the visitor begins to draw. */
export function replay(paper, desk, pen, strokes, done, faint = false) {
  const wide = desk.wide;
  const points = strokes.flatMap((stroke, s) => stroke.map((point) => [s, point]));
  const drawn = strokes.map(() => []);
  let at = 0;
  const step = () => {
    if (!isEmpty(desk.drawing) || desk.stroke || pen.isDown() || desk.wide !== wide) return;
    const until = isStill() ? points.length : Math.min(points.length, at + Math.ceil(points.length / FRAMES));
    for (; at < until; at++) drawn[points[at][0]].push(points[at][1]);
    if (at === points.length) return done();
    paper.paintNow(
      drawn.filter((part) => part.length),
      faint,
    );
    requestAnimationFrame(step);
  };
  step();
}
