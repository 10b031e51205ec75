import assert from 'node:assert/strict';
import test from 'node:test';
import { makeHistory } from '../../digits/ui/web/lib/history.js';
import { mountPen } from '../../digits/ui/web/lib/pen.js';

const nothing = () => {};
globalThis.window = { addEventListener: nothing };

/** A canvas of SIDE pixels whose digit has ink in its lower half alone. */
function makeCanvas() {
  let y = 0;
  const brush = {
    drawImage: nothing,
    beginPath: nothing,
    fill: nothing,
    arc: (_x, at) => {
      y = at;
    },
    getImageData: () => ({ data: [0, 0, 0, y > 14 ? 255 : 0] }),
  };
  return { setAttribute: nothing, append: nothing, getContext: () => brush };
}
globalThis.document = { createElement: makeCanvas, addEventListener: nothing };

/** An eraser on a drawing -> { desk, rub: a press that goes over places }. */
function erase(drawing) {
  const heard = {};
  const desk = { unit: 1_000, drawing, tool: 'eraser', history: makeHistory(drawing), ahead: [] };
  const canvas = {
    addEventListener: (type, run) => {
      heard[type] ??= run;
    },
    classList: { add: nothing },
    focus: nothing,
    setPointerCapture: nothing,
  };
  const paper = { canvas, across: () => 1_000, place: ({ x, y }) => [x, y], paint: nothing };
  const change = (next, goesOn) => {
    desk.history[goesOn ? 'replace' : 'push'](next);
    desk.drawing = next;
  };
  globalThis.window.addEventListener = (type, run) => {
    heard[type] ??= run;
  };
  mountPen(paper, desk, change, { ask: nothing });
  const rub = (places) => {
    const event = { pointerId: 1, pointerType: 'mouse', button: 0, buttons: 1, preventDefault: nothing, timeStamp: 1 };
    places.forEach(([x, y], i) => heard[i ? 'pointermove' : 'pointerdown']({ ...event, x, y }));
    heard.pointerup({ ...event, buttons: 0 });
  };
  return { desk, rub };
}

const DIGIT = { strokes: [], picture: { bitmap: {}, unit: 1_000, editable: true } };

test('a rub where there is no ink changes nothing', () => {
  const { desk, rub } = erase(DIGIT);
  rub([
    [500, 100],
    [500, 200],
  ]);
  assert.equal(desk.drawing, DIGIT);
  assert.equal(desk.history.canUndo, false);
});

test('what one press rubs out of a digit is one step of undo, and the next press is another', () => {
  const { desk, rub } = erase(DIGIT);
  const places = Array.from({ length: 100 }, (_, i) => [500, 600 + i]);
  rub(places);
  const once = desk.drawing;
  assert.equal(once.picture.wiped, true);
  rub(places);
  assert.notEqual(desk.drawing, once);
  desk.history.undo();
  assert.equal(desk.history.present, once);
  desk.history.undo();
  assert.equal(desk.history.present, DIGIT);
  assert.equal(desk.history.canUndo, false);
});

test('strokes that one press rubs out come back together', () => {
  const drawing = { strokes: [[[100, 500]], [[500, 500]], [[900, 500]]], picture: null };
  const { desk, rub } = erase(drawing);
  rub([
    [100, 500],
    [500, 500],
  ]);
  assert.equal(desk.drawing.strokes.length, 1);
  desk.history.undo();
  assert.equal(desk.history.present, drawing);
});
