// The Draw tab. Its state is one object, `desk`; the drawing itself is also the page's (store), as is the reading.
import { bytes, make, say } from '../lib/dom.js';
import { makeHistory } from '../lib/history.js';
import { SIDE } from '../lib/mnist.js';
import { makePaper } from '../lib/pad.js';
import { mountPen } from '../lib/pen.js';
import { questionOf } from '../lib/question.js';
import { connect, latest } from '../lib/server.js';
import { EMPTY, isEmpty, isTeachable, strokesNow, WIDE } from '../lib/sheet.js';
import { store } from '../lib/store.js';
import { fitted } from '../lib/strokes.js';
import { mountAnswer } from './answer.js';
import { HARD } from './examples.js';
import { mountInside } from './inside.js';
import { isLink, openLink } from './link.js';
import { mountMine } from './mine.js';
import { keepDrawing, restoreDrawing, showExample } from './opening.js';
import { mountOthers } from './others.js';
import { mountPictures } from './pictures.js';
import { mountReader } from './reader.js';
import { mountWhy } from './why.js';

const LABELS = {
  digit: 'Draw one digit. Keys: 0 to 9 load a test digit of that kind, arrow keys',
  number: 'Write a number of several digits. Keys: arrow keys',
};

export function mount({ element, props, part }) {
  const { constants } = props;
  const call = connect(part);
  const find = (selector) => element.querySelector(selector);
  const desk = {
    unit: constants.unit,
    wide: false, // the paper is for a whole number, not for one digit
    drawing: EMPTY, // replaced, never changed
    example: null, // the drawing that the page made by itself
    stroke: null, // the one under the pen, with its .widths where the pen has pressure
    ahead: [], // where the browser expects the pen next: drawn for one frame, never kept or sent
    cursor: null, // the keyboard's pen: { x, y, down }
    tool: 'pen',
    touched: 0, // when the newest pointer event came, on the clock of performance.now()
    history: makeHistory(EMPTY),
    waiting: makeHistory({ ...EMPTY, wide: true }), // the other mode's
  };
  const question = () => withNetwork(questionOf(desk.drawing, strokesNow(desk)));
  const withNetwork = (about) =>
    about && { ...about, ...(about.strokes ? { steps: stepsNow() } : {}), network: store.get('network') };
  const boxes = [...element.querySelectorAll('[data-step]')];
  const stepsNow = () => Object.fromEntries(boxes.map((box) => [box.dataset.step, box.checked]));

  const act = makeActs();
  const paper = makePaper(find('.paper'), desk, find('.hint'));
  const answer = mountAnswer(element, desk, (label) => correct(label));
  const inside = mountInside(element, desk, call, question);
  const why = mountWhy(find('.why'), desk, call, question);
  const pen = mountPen(paper, desk, change, act);
  const pictures = mountPictures(element, paper, desk, change, complain, constants);
  const others = mountOthers(element, desk, call, () => questionOf(desk.drawing), act);
  const mine = mountMine(element, call, constants, openStrokes, others.showLesson);
  Object.assign(act, { openMine: mine.open, decide: mine.decide });
  const reader = mountReader(element, desk, { call, question, paper, answer, inside, why, others, act });

  function change(next, goesOn = false) {
    desk.history[goesOn ? 'replace' : 'push'](next);
    become();
  }

  function complain(text) {
    desk.complained = desk.drawing;
    answer.complain(text);
  }

  function become() {
    desk.drawing = desk.history.present;
    desk.stroke = null;
    desk.ahead = [];
    answer.mark(null);
    find('[data-do=undo]').disabled = !desk.history.canUndo;
    find('[data-do=redo]').disabled = !desk.history.canRedo;
    find('[data-do=clear]').disabled = isEmpty(desk.drawing);
    store.set({ drawing: desk.drawing });
    keepDrawing(desk);
    paper.paint();
    act.ask();
  }

  function makeActs() {
    return {
      change,
      complain,
      ask: latest(() => reader.read()),
      undo: () => desk.history.undo() && become(),
      redo: () => desk.history.redo() && become(),
      clear() {
        desk.cursor = null;
        if (!isEmpty(desk.drawing) || desk.stroke) change({ ...desk.drawing, strokes: [], picture: null });
        else paper.paint();
      },
      picture: () => pictures.choose(),
      test: () => act.loadTestDigit({}),
      mine: () => mine.open(),
      widen,
      asNumber,
      loadTestDigit,
      why: () => toggle('why', () => why.ask()),
      steps: () => toggle('steps', () => act.ask()),
      how: () => store.set({ tab: 'how', step: 2 }),
      train: () => store.set({ tab: 'train' }),
      evaluate: () => store.set({ tab: 'evaluate' }),
      tryHard() {
        if (desk.wide) widen(false);
        openStrokes(HARD[Math.floor(Math.random() * HARD.length)]);
      },
      teachAs(label) {
        if (correct(label)) mine.teach();
      },
    };
  }

  function toggle(name, opened) {
    const panel = find(`.${name}`);
    panel.hidden = !panel.hidden;
    find(`[data-do=${name}]`).setAttribute('aria-expanded', String(!panel.hidden));
    if (!panel.hidden) opened();
  }

  /** One digit or a whole number: each has its own paper and history, and the other's waits. */
  function widen(on) {
    if (desk.wide === on) return;
    desk.cursor = null;
    pen.end();
    desk.wide = on;
    [desk.history, desk.waiting] = [desk.waiting, desk.history];
    for (const button of element.querySelectorAll('[data-mode]')) {
      button.setAttribute('aria-pressed', String((button.dataset.mode === 'number') === on));
    }
    say(find('.hint span'), on ? 'Write a number' : 'Draw a digit');
    find('.hint small').hidden = on;
    element.querySelector('.page').classList.toggle('number', on);
    const label = paper.canvas.getAttribute('aria-label');
    const [from, to] = on ? [LABELS.digit, LABELS.number] : [LABELS.number, LABELS.digit];
    paper.canvas.setAttribute('aria-label', label.replace(from, to));
    answer.empty();
    inside.empty();
    become();
  }

  /** The same drawing on the paper for a whole number. */
  function asNumber() {
    const { strokes, picture } = desk.drawing;
    widen(true);
    change({ ...desk.drawing, strokes: fitted(strokes, WIDE, desk.unit), picture });
  }

  function choose(tool) {
    desk.tool = tool;
    for (const button of element.querySelectorAll('[data-tool]')) {
      button.setAttribute('aria-pressed', String(button.dataset.tool === tool));
    }
    paper.canvas.classList.toggle('erasing', tool === 'eraser');
  }

  function openStrokes(strokes) {
    if (pen.isDown()) return;
    if (desk.wide) widen(false);
    change({ ...desk.drawing, strokes, picture: null });
  }

  async function loadTestDigit(which) {
    const before = desk.drawing;
    const found = await call('find_test_digit', which);
    if (desk.stroke || desk.drawing !== before) return;
    if (found.error) return complain(found.error);
    const bitmap = make('canvas', { width: SIDE, height: SIDE });
    paintInk(bitmap, bytes(found.ink), paper.canvas);
    change({ ...desk.drawing, strokes: [], picture: { bitmap, index: found.index, label: found.label } });
  }

  /** -> whether the drawing is kept with that label. */
  function correct(label) {
    if (!isTeachable(desk.drawing)) return false;
    const { kept, sentence } = mine.correct(label, desk.drawing.strokes);
    answer.mark(label, sentence);
    return kept;
  }

  element.addEventListener('click', (event) => {
    const button = event.target.closest('button');
    if (!button) return;
    if (button.dataset.tool) choose(button.dataset.tool);
    else if (button.dataset.mode) widen(button.dataset.mode === 'number');
    else act[button.dataset.do]?.();
  });
  element.addEventListener('digits:inside', () => act.ask());
  for (const box of boxes) box.addEventListener('change', () => act.ask());
  store.watch(['network'], ({ network }, changed) => {
    const before = store.get('reading');
    if (!changed.includes('drawing') && before?.best !== undefined && !isEmpty(desk.drawing))
      answer.remember(before.best);
    if (network) act.ask();
  });
  store.watch(['drawing'], ({ drawing }) => {
    if (drawing === desk.drawing || desk.stroke || (isEmpty(drawing) && isEmpty(desk.drawing))) return;
    // What follows comes from another tab.
    if (desk.wide) widen(false);
    change(drawing);
  });
  store.watch(['tab'], () => paper.paint());
  window.addEventListener('hashchange', () => openLink(paper, desk, pen, act));
  answer.empty();
  if (isLink()) openLink(paper, desk, pen, act);
  else restoreDrawing(desk, act);
  showExample(paper, desk, pen, act);
}

/** Ink as the pad shows it: the pen's colour, see-through where there is paper. */
function paintInk(canvas, shares, paper) {
  const image = new ImageData(SIDE, SIDE);
  const [red, green, blue] = getComputedStyle(paper)
    .color.match(/[\d.]+/g)
    .map(Number);
  shares.forEach((share, i) => image.data.set([red, green, blue, share], i * 4));
  canvas.getContext('2d').putImageData(image, 0, 0);
}
