// Inside this network, at this moment: strokes, 28x28, hidden units or maps, outputs. It moves with the pen, and is
// asked for only while it is on the screen.
import { bytes, make, onLook, say } from '../lib/dom.js';
import { SIDE } from '../lib/mnist.js';
import { colour, mix, paintDrawing, paintShares } from '../lib/paint.js';
import { latest } from '../lib/server.js';
import { isEmpty, PEN, strokesNow } from '../lib/sheet.js';
import { store } from '../lib/store.js';
import { mountUnit } from './unit.js';

const ROWS = 16; // of a layer of units
const GAP = 1; // cells between two maps
const PAUSE = 100; // milliseconds between two of them while the pen is down: painting it takes longer than the bars

export function mountInside(element, desk, call, question) {
  const find = (selector) => element.querySelector(selector);
  const [strokes, seen, stages, logits] = ['.strokes', '.seen', '.stages', '.logits'].map(find);
  const unit = mountUnit(find('.unit'), call, question);
  const cells = Array.from({ length: 10 }, (_, digit) => {
    const cell = { fill: make('i') };
    cell.node = make('span', {}, cell.fill, make('b', {}, String(digit)));
    return cell;
  });
  logits.append(...cells.map(({ node }) => node));
  let visible = false;
  let waiting = null; // the reading to paint
  let painted = 0; // when the last was, on the clock of performance.now()
  let shown = '';
  let figures = [];
  let idle = { network: null, stages: [] };
  const state = {
    /** Whether the next reading should bring the inside with it. */
    get wanted() {
      return visible && !desk.wide && (!desk.stroke || performance.now() - painted >= PAUSE);
    },
    show,
    empty() {
      waiting = null;
      strokes.getContext('2d').clearRect(0, 0, strokes.width, strokes.height);
      paintIdle();
      showLogits([]);
      unit.empty();
      showIdle();
    },
  };
  new IntersectionObserver((entries) => {
    const before = visible;
    visible = entries[entries.length - 1].isIntersecting;
    if (visible && !before) element.dispatchEvent(new CustomEvent('digits:inside'));
  }).observe(find('.inside'));

  /** In the next frame, with the bars: they do not wait for it. */
  function show(reading) {
    if (!reading.inside) return;
    if (!waiting) requestAnimationFrame(paint);
    waiting = reading;
  }

  function paint() {
    const reading = waiting;
    waiting = null;
    if (!reading) return;
    painted = performance.now();
    paintDrawing(strokes, { ...desk.drawing, strokes: strokesNow(desk) }, desk.unit, PEN);
    paintShares(seen, bytes(reading.ink));
    showStages(reading.inside.stages);
    showLogits(reading.inside.logits);
    if (!desk.stroke) unit.ask();
  }

  const paintIdle = () => paintShares(seen, new Uint8Array(SIDE * SIDE));
  onLook(() => isEmpty(desk.drawing) && paintIdle());

  /** What the layers make of an empty pad, once the network is known. */
  const showIdle = latest(async () => {
    const network = store.get('network');
    if (!network || desk.wide || !visible) return;
    if (idle.network !== network) {
      const answer = await call('show_idle', { network });
      if (answer.error) return;
      idle = { network, stages: answer.stages };
    }
    if (isEmpty(desk.drawing) && !desk.stroke && store.get('network') === network) showStages(idle.stages);
  });

  function showStages(list) {
    const key = list.map(({ layer, shape }) => `${layer}:${shape}`).join(' ');
    if (key !== shown) build(list);
    shown = key;
    list.forEach((stage, i) => {
      const values = bytes(stage.values);
      figures[i].stage = { ...stage, values };
      paintStage(figures[i].canvas, figures[i].stage);
      const kind = stage.units ? 'maps' : 'hidden units';
      const part = stage.units && stage.count > stage.units.length ? `${stage.units.length} of ` : '';
      say(figures[i].caption, `${part}${stage.count} ${kind}${stage.units ? '' : `, ${stage.on} of them on`}`);
    });
    const last = list.at(-1);
    say(find('.arrow.last small'), last && !last.units ? `${last.count} × 10 weights` : 'ten sums');
  }

  function build(list) {
    unit.forget();
    figures = list.map((stage) => makeFigure(stage, unit));
    stages.replaceChildren(...figures.map(({ node }) => node));
  }

  function showLogits(values) {
    const high = Math.max(...values, 0.01);
    const low = Math.min(...values, -0.01);
    const first = values.indexOf(Math.max(...values));
    const room = 96; // pixels; the digits stand below
    cells.forEach(({ node, fill }, digit) => {
      const value = values[digit] ?? 0;
      node.className = digit === first ? 'first' : '';
      fill.style.top = `${((high - Math.max(value, 0)) / (high - low)) * room}px`;
      fill.style.height = `${(Math.abs(value) / (high - low)) * room}px`;
    });
    const words = values.map((value, digit) => `${digit}: ${value.toFixed(1)}`).join(', ');
    logits.setAttribute('aria-label', words ? `Ten outputs before softmax: ${words}` : 'Ten outputs');
  }
  return state;
}

/** A layer's canvas: the mouse points at its units or maps, the arrow keys choose one, a press or Enter pins it. */
function makeFigure(stage, unit) {
  const canvas = make('canvas', {
    tabindex: 0,
    role: 'slider',
    'aria-label': `${stage.units ? 'Maps' : 'Hidden units'} of a layer. Arrow keys choose one, Enter pins it.`,
    'aria-valuemin': 1,
    'aria-valuemax': stage.shape[0],
    'aria-valuenow': 1,
    'aria-valuetext': 'none chosen',
  });
  const caption = make('figcaption');
  const figure = { canvas, caption, stage, node: make('figure', { class: 'stage' }, canvas, caption) };
  const [width, height] = sizeOf(stage);
  canvas.style.aspectRatio = `${width} / ${height}`;
  let place = null;
  const choose = (at, pin) => {
    if (at === null) return;
    place = at;
    canvas.setAttribute('aria-valuenow', at + 1);
    const { units } = figure.stage;
    canvas.setAttribute('aria-valuetext', units ? `map ${units[at] + 1}` : `unit ${at + 1}`);
    unit.choose(figure.stage, at, pin);
  };
  canvas.addEventListener('pointermove', (event) => {
    if (event.pointerType === 'mouse' && !unit.isPinned()) choose(unitUnder(figure, event));
  });
  canvas.addEventListener('click', (event) => choose(unitUnder(figure, event), !unit.isPinned()));
  canvas.addEventListener('keydown', (event) => {
    const columns = columnsOf(stage);
    const move = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
    if (move) choose(place === null ? 0 : Math.min(stage.shape[0] - 1, Math.max(0, place + move)));
    else if (event.key === 'Enter' || event.key === ' ') choose(place ?? 0, !unit.isPinned());
    else return;
    event.preventDefault();
  });
  return figure;
}

/** Cells of a stage's canvas: maps in two rows, units in ROWS rows. */
function sizeOf(stage) {
  const [count, height, width] = stage.shape;
  if (!stage.units) return [Math.ceil(count / ROWS) * 2 - 0.5, Math.min(count, ROWS) * 2 - 0.5];
  const columns = columnsOf(stage);
  return [columns * (width + GAP) - GAP, Math.ceil(count / columns) * (height + GAP) - GAP];
}

const columnsOf = ({ shape: [count], units }) => Math.ceil(count / (units ? 4 : ROWS));

function unitUnder({ canvas, stage }, event) {
  const box = canvas.getBoundingClientRect();
  const [width, height] = sizeOf(stage);
  const x = ((event.clientX - box.left) / box.width) * width;
  const y = ((event.clientY - box.top) / box.height) * height;
  const [count, mapHeight, mapWidth] = stage.shape;
  const columns = columnsOf(stage);
  const [stepX, stepY] = stage.units ? [mapWidth + GAP, mapHeight + GAP] : [2, 2];
  const at = Math.floor(y / stepY) * columns + Math.min(columns - 1, Math.max(0, Math.floor(x / stepX)));
  return at >= 0 && at < count ? at : null;
}

function paintStage(canvas, stage) {
  const [columnsOfCells, rowsOfCells] = sizeOf(stage);
  const [, height = 1, width = 1] = stage.shape;
  const scale = stage.units ? 1 : 4; // units have round cells with air between them
  const [wide, high] = [columnsOfCells * scale, rowsOfCells * scale];
  if (canvas.width !== wide) canvas.width = wide;
  if (canvas.height !== high) canvas.height = high;
  const [ground, tint] = ['--sunk', '--a'].map(colour);
  const columns = columnsOf(stage);
  const [stepX, stepY] = stage.units ? [width + GAP, height + GAP] : [2, 2];
  const size = stage.units ? 1 : 1.5 * scale;
  const image = new ImageData(wide, high);
  const pixels = new Uint32Array(image.data.buffer);
  const tones = shadesOf(ground, tint);
  for (let cell = 0; cell < stage.values.length; cell++) {
    const [unit, place] = [Math.floor(cell / (width * height)), cell % (width * height)];
    const left = (unit % columns) * stepX * scale + (place % width);
    const top = Math.floor(unit / columns) * stepY * scale + Math.floor(place / width);
    const shade = tones[stage.values[cell]];
    for (let y = top; y < top + size; y++) pixels.fill(shade, y * wide + left, y * wide + left + size);
  }
  canvas.getContext('2d').putImageData(image, 0, 0);
}

let shades = { key: '', pixels: null };

/** The pixels of activations 0 to 255, each as one number. */
function shadesOf(ground, tint) {
  const key = `${ground} ${tint}`;
  if (shades.key !== key) {
    const pixels = new Uint32Array(256);
    const parts = new Uint8ClampedArray(pixels.buffer);
    // The root, so that weak ones show.
    for (let value = 0; value < 256; value++) parts.set([...mix(ground, tint, Math.sqrt(value / 255)), 255], value * 4);
    shades = { key, pixels };
  }
  return shades.pixels;
}
