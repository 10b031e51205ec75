// A small pad on which the page's drawing goes on, beside what it moves.
import { make } from '../lib/dom.js';
import { makeHistory } from '../lib/history.js';
import { makePaper } from '../lib/pad.js';
import { mountPen } from '../lib/pen.js';
import { latest } from '../lib/server.js';
import { EMPTY, isEmpty, strokesNow } from '../lib/sheet.js';
import { store } from '../lib/store.js';

/** -> { node, strokes, begin }; `ask` is called while the pen moves, one call at a time, and the newest wins. */
export function makeSketch(unit, ask) {
  const canvas = make('canvas', {
    tabindex: 0,
    role: 'application',
    'aria-label':
      'Small drawing pad. Arrow keys move a cursor, space puts the pen down and lifts it, control Z undoes, ' +
      'escape clears.',
  });
  const hint = make('span', { class: 'hint', 'aria-hidden': 'true' }, 'Draw here');
  const node = make('div', { class: 'sketch' }, canvas, hint);
  const desk = {
    unit,
    drawing: EMPTY,
    stroke: null,
    ahead: [],
    cursor: null,
    tool: 'pen',
    history: makeHistory(EMPTY),
  };
  const paper = makePaper(canvas, desk, hint);

  function change(drawing, goesOn = false) {
    desk.history[goesOn ? 'replace' : 'push'](drawing);
    become();
  }

  function become() {
    show(desk.history.present);
    store.set({ drawing: desk.drawing });
  }

  function show(drawing) {
    Object.assign(desk, { drawing, stroke: null, ahead: [] });
    paper.paint();
  }

  const act = {
    ask: latest(ask),
    undo: () => desk.history.undo() && become(),
    redo: () => desk.history.redo() && become(),
    clear() {
      desk.cursor = null;
      if (!isEmpty(desk.drawing) || desk.stroke) change(EMPTY);
      else paper.paint();
    },
    loadTestDigit() {}, // the digits on the keyboard load one in Draw
  };
  mountPen(paper, desk, change, act);
  store.watch(['drawing'], ({ drawing }) => {
    if (drawing === desk.drawing || desk.stroke) return;
    desk.history = makeHistory(drawing.wide ? EMPTY : drawing); // another tab's: the past is that tab's
    show(desk.history.present);
  });
  return {
    node,
    strokes: () => strokesNow(desk),
    /** A clean sheet, and the keys go to it. */
    begin() {
      act.clear();
      canvas.focus();
    },
  };
}
