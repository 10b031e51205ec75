// Mouse, finger, pen and keyboard on the paper.
import { wipe } from './ink.js';
import { PEN } from './sheet.js';
import { clamp, distance, passes } from './strokes.js';

const NEAR = 2; // units: a pointer that moved less has not moved
// Milliseconds: after so long without an event another kind of pointer takes over, and so long after a pen a touch is
// the hand that holds it.
const QUIET = 3_000;

// A pen's pressure, 0 to 1 and 0.5 where it has none, as the width of its line: only for looks.
const widthOf = (event) => (event.pressure ? PEN * (0.4 + 1.2 * event.pressure) : PEN);

export function mountPen(paper, desk, change, act) {
  const { canvas } = paper;
  let pointer = null; // the pointerdown of the pen that is down
  let outside = null; // where the pen left the paper, while it is down beside it
  let erasing = false;
  let rubbed = null; // the drawing that the eraser, which is still down, has left
  let penAt = Number.NEGATIVE_INFINITY; // when a pen was last on or over the paper
  const onPaper = (point) => clamp(point, paper.across(), desk.unit);
  const isPointer = (event) => pointer !== null && event.pointerId === pointer.pointerId;

  function eraseAt(point) {
    const { drawing } = desk;
    const { picture } = drawing;
    const kept = drawing.strokes.filter((points) => !passes(points, point, PEN));
    if (kept.length !== drawing.strokes.length) return rub({ ...drawing, strokes: kept });
    const wiped = picture?.editable ? wipe(picture, point) : picture;
    if (wiped !== picture) rub({ ...drawing, picture: wiped });
  }

  /** All that one press rubs out is one step of undo. */
  function rub(next) {
    change(next, desk.drawing === rubbed);
    rubbed = desk.drawing;
  }

  function begin(point, event) {
    const { picture } = desk.drawing;
    const makesRoom = (picture && !picture.editable) || desk.drawing === desk.example;
    if (makesRoom) change({ ...desk.drawing, strokes: [], picture: null }); // for a new drawing
    desk.stroke = [point];
    if (event?.pointerType === 'pen') desk.stroke.widths = [widthOf(event)];
  }

  function end() {
    if (desk.stroke) change({ ...desk.drawing, strokes: [...desk.drawing.strokes, desk.stroke] });
  }

  function move(event) {
    const point = paper.place(event);
    const near = onPaper(point);
    const left = near.some((value, i) => value !== point[i]);
    if (outside && !left) begin(outside, event); // back on the paper: a new stroke, and no line along the edge
    if (desk.stroke) {
      if (distance(near, desk.stroke[desk.stroke.length - 1]) >= NEAR) {
        desk.stroke.push(near);
        if (desk.stroke.widths) desk.stroke.widths.push(widthOf(event));
      }
      if (left) end();
    }
    outside = left ? near : null;
  }

  /** Whether the pointer that is down has been up for long: its end was lost. Of fingers only the first is primary. */
  function isGone(event) {
    if (pointer.pointerId === event.pointerId) return true;
    if (pointer.pointerType === event.pointerType) return event.isPrimary;
    return event.timeStamp - desk.touched > QUIET;
  }

  canvas.addEventListener('pointerdown', (event) => {
    if (event.pointerType === 'pen') penAt = event.timeStamp;
    else if (event.pointerType === 'touch' && event.timeStamp - penAt < QUIET) return; // a palm
    if (pointer !== null && isGone(event)) lift(pointer);
    desk.touched = event.timeStamp;
    // A second finger or a palm does not draw, and a pen takes over from a palm that came before it.
    const late = pointer !== null && (event.pointerType !== 'pen' || pointer.pointerType === 'pen');
    const isEraser = event.button === 5; // the other end of a pen
    if ((event.button !== 0 && !isEraser) || late || event.ctrlKey) return;
    event.preventDefault();
    canvas.classList.add('by-hand'); // no focus ring around the paper under the hand
    canvas.focus({ preventScroll: true });
    try {
      canvas.setPointerCapture(event.pointerId);
    } catch {
      // An event made by a script has no pointer to capture.
    }
    pointer = event;
    desk.cursor = outside = rubbed = null;
    erasing = isEraser || desk.tool === 'eraser';
    if (erasing) return eraseAt(paper.place(event));
    begin(onPaper(paper.place(event)), event);
    paper.paint();
    act.ask();
  });

  canvas.addEventListener('pointermove', (event) => {
    if (event.pointerType === 'pen') penAt = event.timeStamp;
    // Without a stroke the pen is beside the paper, or Clear took the stroke away from under it.
    if (!isPointer(event) || (!erasing && !desk.stroke && !outside)) return;
    if (event.buttons === 0) return lift(event); // it was released where we could not see it
    desk.touched = event.timeStamp;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const part of events.length ? events : [event]) {
      if (erasing) eraseAt(paper.place(part));
      else move(part);
    }
    if (!desk.stroke) return;
    const expected = event.getPredictedEvents?.() ?? [];
    desk.ahead = expected.map((part) => onPaper(paper.place(part)));
    paper.paint();
    act.ask();
  });

  function lift(event) {
    if (!isPointer(event)) return;
    if (event.pointerType === 'pen') penAt = event.timeStamp;
    pointer = outside = null;
    erasing = false;
    end();
  }
  // At the window: where the capture was refused, the pointer is released elsewhere.
  for (const type of ['pointerup', 'pointercancel', 'lostpointercapture']) window.addEventListener(type, lift, true);
  canvas.addEventListener('contextmenu', (event) => event.preventDefault());
  window.addEventListener('blur', () => pointer && lift(pointer));
  document.addEventListener('visibilitychange', () => document.hidden && pointer && lift(pointer));
  // An iPad's Scribble takes a pencil's strokes for handwriting unless the page takes their touches.
  canvas.addEventListener('touchmove', (event) => event.cancelable && event.preventDefault(), { passive: false });
  mountKeys(paper, desk, act, { begin, end, isDown: () => pointer !== null });
  return { isDown: () => pointer !== null, end };
}

function mountKeys(paper, desk, act, pen) {
  const { canvas } = paper;

  function moveCursor(dx, dy) {
    desk.cursor ||= { x: desk.unit / 2, y: desk.unit * 0.3, down: false };
    const [x, y] = clamp([desk.cursor.x + dx, desk.cursor.y + dy], paper.across(), desk.unit);
    Object.assign(desk.cursor, { x, y });
    if (desk.cursor.down && desk.stroke) {
      desk.stroke.push([x, y]);
      act.ask();
    }
    paper.paint();
  }

  function pressPen() {
    desk.cursor ||= { x: desk.unit / 2, y: desk.unit * 0.3, down: false };
    desk.cursor.down = !desk.cursor.down;
    if (desk.cursor.down) pen.begin([desk.cursor.x, desk.cursor.y]);
    else pen.end();
    paper.paint();
    act.ask();
  }

  canvas.addEventListener('keydown', (event) => {
    canvas.classList.remove('by-hand');
    if (pen.isDown() || event.altKey) return;
    const key = event.key.toLowerCase();
    const step = event.shiftKey ? 10 : 40;
    const moves = { arrowleft: [-step, 0], arrowright: [step, 0], arrowup: [0, -step], arrowdown: [0, step] };
    if (event.ctrlKey || event.metaKey) {
      if (key === 'z') act[event.shiftKey ? 'redo' : 'undo']();
      else if (key === 'y') act.redo();
      else return;
    } else if (['escape', 'delete', 'backspace'].includes(key)) act.clear();
    else if (/^[0-9]$/.test(key) && !desk.wide) act.loadTestDigit({ digit: Number(key) });
    else if (key === ' ') pressPen();
    else if (moves[key]) moveCursor(...moves[key]);
    else return;
    event.preventDefault();
  });
  canvas.addEventListener('blur', () => {
    if (!desk.cursor) return;
    pen.end();
    desk.cursor = null;
    paper.paint();
  });
}
