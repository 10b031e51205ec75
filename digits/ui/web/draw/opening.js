// What is on the pad when the page opens: the drawing that this browser tab had, or, after a while, an example.
import { isStill } from '../lib/dom.js';
import { isEmpty } from '../lib/sheet.js';
import { store } from '../lib/store.js';
import { FLAGGED_ONE } from './examples.js';
import { isLink, replay } from './link.js';

const KEPT = 'digits-drawing'; // in this browser tab's storage: a reload keeps the drawing
const PATIENCE = 4_000; // milliseconds without a touch before an example is drawn

export function keepDrawing(desk) {
  try {
    const strokes = desk.drawing === desk.example ? [] : desk.drawing.strokes;
    sessionStorage.setItem(KEPT, JSON.stringify({ wide: desk.wide, strokes }));
  } catch {
    // No storage: a reload begins with an empty pad.
  }
}

export function restoreDrawing(desk, act) {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEPT) || '{}');
    act.widen(Boolean(kept.wide));
    if (kept.strokes?.length) act.change({ ...desk.drawing, strokes: kept.strokes, picture: null });
  } catch {
    // Nothing to restore.
  }
}

/** Nobody has drawn yet: a flagged 1 draws itself, faint, and is read; it makes room for the first stroke. */
export function showExample(paper, desk, pen, act) {
  if (isStill() || isLink() || !isEmpty(desk.drawing)) return;
  const timer = setTimeout(() => {
    if (!isEmpty(desk.drawing) || desk.stroke || desk.wide || store.get('tab') !== 'draw' || desk.cursor) return;
    const done = () => {
      desk.example = { ...desk.drawing, strokes: FLAGGED_ONE, picture: null };
      act.change(desk.example);
    };
    replay(paper, desk, pen, FLAGGED_ONE, done, true);
  }, PATIENCE);
  for (const type of ['pointerdown', 'keydown'])
    window.addEventListener(type, () => clearTimeout(timer), { once: true });
}
