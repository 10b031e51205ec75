// Step 7, predict: a map of the 10,000 test digits as the network sees them, and the drawing among them.
import { article, bytes, make, onLook, percent, say } from '../lib/dom.js';
import { SIDE } from '../lib/mnist.js';
import { colour, paintShares } from '../lib/paint.js';
import { questionOf } from '../lib/question.js';
import { latest } from '../lib/server.js';
import { store } from '../lib/store.js';
import { segments } from './controls.js';
import { makeSketch } from './sketch.js';

const AGAIN = 400; // milliseconds between two looks at a map that is being made
const LONGEST_TRAIL = 100; // places of the point while the pen moves
const NEAR = 14; // pixels: a press this near to a point means it

export const predict = {
  key: 'predict',
  name: 'Predict',
  under: 'your drawing on the map',
  title: 'Predict',
  lead:
    'Before its last layer the network has turned each digit into a list of numbers. Here 10,000 test digits ' +
    'are placed by those numbers, so that similar ones lie together. Your drawing is one more point: draw, and it moves.',
  code: [
    'model.eval()',
    'with torch.inference_mode():',
    '  p = (model(ink) / T).softmax(1)  # T: temperature',
    'digit = p.argmax()',
  ],
  tries: [
    ['predict-draw', 'Draw on the small pad: watch your point, and bend the digit until it moves over to another one.'],
    ['predict-orange', 'Press an orange point: would you have read it right?'],
    ['predict-pixels', 'Switch to Pixels: what the network had to sort out.'],
  ],
  mount,
};

function mount(node, frame) {
  const state = { map: null, key: '', own: null, digit: null, trail: [], moved: false };
  const view = segments(
    'What lies near',
    [
      ['hidden', 'Hidden layer'],
      ['outputs', 'Ten outputs'],
      ['pixels', 'Pixels'],
    ],
    (value) => {
      if (value === 'pixels') frame.done('predict-pixels');
      refresh();
    },
  );
  const legend = make('p', { class: 'legend' });
  const canvas = make('canvas', { class: 'map', tabindex: 0, role: 'img', 'aria-label': 'Map of the test digits' });
  const waiting = make('p', { class: 'note over', role: 'status' });
  const yours = make(
    'div',
    { class: 'yours', hidden: true },
    make('canvas', { class: 'tile', width: 54, height: 54 }),
    make('b', {}, 'yours'),
  );
  const redraw = make('button', { type: 'button', class: 'button' }, 'Draw another');
  const orange = make('button', { type: 'button', class: 'button', 'aria-pressed': 'false' }, 'Show the misread');
  const under = make(
    'p',
    { class: 'note under', role: 'status' },
    '10,000 test digits; point at one to see it, press it to load it.',
  );
  const sketch = makeSketch(frame.constants.unit, follow);
  const verb = make('span', { class: 'note' });
  const reads = make('b', {});
  const sure = make('span', { class: 'note' });
  const beside = make(
    'div',
    { class: 'beside' },
    make('b', {}, 'Your drawing'),
    sketch.node,
    make('p', { class: 'reads', role: 'status' }, verb, reads, sure),
  );
  const map = make('div', { class: 'ground' }, canvas, waiting, yours);
  const sheet = make('section', { class: 'card sheet', 'aria-label': 'Map' }, map, beside);
  node.append(
    make('div', { class: 'row' }, view.node, legend),
    sheet,
    make('div', { class: 'row calls' }, redraw, orange, under),
  );
  redraw.addEventListener('click', () => sketch.begin());
  orange.addEventListener('click', () => {
    const on = orange.getAttribute('aria-pressed') !== 'true';
    orange.setAttribute('aria-pressed', String(on));
    paint();
  });
  frame.light([2, 3]);

  async function loadMap() {
    const key = `${store.get('network')} ${view.value}`;
    if (key === state.key) return true;
    state.key = '';
    state.map = state.spots = null;
    yours.hidden = true;
    paint();
    for (;;) {
      const answer = await frame.ask('look_at_map', { view: view.value });
      if (!answer || key !== `${store.get('network')} ${view.value}` || store.get('tab') !== 'how') return false;
      if (answer.places) {
        state.key = key;
        state.map = unpack(answer, frame.constants.whole);
        state.trail = [];
        say(waiting, '');
        say(orange, `Show the ${state.map.wrong.size.toLocaleString('en')} misread`);
        paint();
        return true;
      }
      say(waiting, `The network reads 10,000 digits, and the map is laid out: ${Math.round(100 * answer.share)}%`);
      await new Promise((done) => setTimeout(done, AGAIN));
    }
  }

  /** What is on the small pad, with the stroke under the pen; undefined where nothing is. */
  function own() {
    const [drawing, strokes] = [store.get('drawing'), sketch.strokes()];
    return (drawing.wide && !strokes.length ? null : questionOf(drawing, strokes)) ?? undefined;
  }

  const refresh = latest(async () => {
    if (!(await loadMap())) return;
    if (state.moved && state.own) state.trail = [...state.trail, state.own].slice(-LONGEST_TRAIL);
    state.moved = false;
    show(await frame.ask('place_on_map', { view: view.value }, own()));
  });

  /** The point goes where the drawing under the pen belongs. */
  function follow() {
    if (!state.map || !own()) return;
    frame.done('predict-draw');
    state.moved = true;
    refresh();
  }

  function show(answer) {
    if (!answer) return;
    state.own = answer.place;
    if (!answer.place) state.trail = [];
    state.digit = answer.digit ?? null;
    state.ink = answer.ink;
    say(verb, answer.place ? 'reads' : '');
    say(reads, answer.place ? String(answer.digit) : '');
    say(sure, answer.place ? percent(answer.share) : '');
    paint();
    showNeighbours(answer);
  }

  function showNeighbours({ place, digit, neighbours }) {
    if (!place) {
      frame.inspect('Nearest neighbours', '', make('p', { class: 'note' }, 'Draw a digit; its neighbours come here.'));
      return;
    }
    const tiles = neighbours.map(({ index, label, ink }) => {
      const picture = make('canvas', { class: 'tile', width: SIDE, height: SIDE });
      queueMicrotask(() => paintShares(picture, bytes(ink)));
      const press = () => frame.load(ink, { index, label });
      const button = make(
        'button',
        { type: 'button', 'aria-label': `Test digit ${index}, ${article(label)}: onto the pad`, onclick: press },
        picture,
        make('b', {}, String(label)),
      );
      return make('li', {}, button);
    });
    const alike = neighbours.filter(({ label }) => label === digit).length;
    const words =
      alike === neighbours.length
        ? `All ${alike} are ${digit}s, and that is what it reads.`
        : `${alike} of ${neighbours.length} are ${digit}s; it reads ${digit}.`;
    frame.inspect(
      'Your drawing’s nearest neighbours',
      '',
      make('ul', { class: 'neighbours' }, ...tiles),
      make('p', { class: 'note', role: 'status' }, words),
    );
  }

  function paint() {
    const scale = window.devicePixelRatio || 1;
    const [wide, high] = [canvas.clientWidth, canvas.clientHeight];
    if (!wide) return;
    canvas.width = wide * scale;
    canvas.height = high * scale;
    if (!state.map) return;
    const brush = canvas.getContext('2d');
    brush.scale(scale, scale);
    const [grey, own, wrong, pen, paper] = ['--line-2', '--a', '--b', '--ink', '--paper'].map(
      (name) => `rgb(${colour(name).join(' ')})`,
    );
    const { labels, wrong: misread } = state.map;
    const alone = orange.getAttribute('aria-pressed') === 'true';
    const spots = spotsOf(state.map, wide, high);
    state.spots = spots;
    const dot = (i, size) => brush.fillRect(spots[2 * i] - size / 2, spots[2 * i + 1] - size / 2, size, size);
    for (const [tint, wanted] of [
      [grey, (i) => labels[i] !== state.digit && !alone],
      [own, (i) => labels[i] === state.digit && !alone],
    ]) {
      brush.fillStyle = tint;
      for (let i = 0; i < labels.length; i++) if (wanted(i)) dot(i, 2);
    }
    brush.fillStyle = wrong;
    for (const i of misread) {
      brush.beginPath();
      brush.arc(spots[2 * i], spots[2 * i + 1], 2.5, 0, 7);
      brush.fill();
    }
    brush.textAlign = 'center';
    brush.textBaseline = 'middle';
    brush.lineJoin = 'round';
    brush.font = `700 28px ${getComputedStyle(canvas).fontFamily}`;
    middles(labels, spots).forEach(([x, y], digit) => {
      brush.lineWidth = 5;
      brush.strokeStyle = paper;
      brush.strokeText(String(digit), x, y);
      brush.fillStyle = digit === state.digit ? own : pen;
      brush.fillText(String(digit), x, y);
    });
    showYours(brush, wide, high, pen);
    showLegend();
  }

  function showYours(brush, wide, high, pen) {
    yours.hidden = !state.own;
    if (!state.own) return;
    const [x, y] = toPixels(state.own, wide, high);
    brush.strokeStyle = pen;
    brush.lineWidth = 1;
    brush.beginPath();
    for (const place of [...state.trail, state.own]) brush.lineTo(...toPixels(place, wide, high));
    brush.stroke();
    brush.lineWidth = 2.5;
    brush.beginPath();
    brush.arc(x, y, 10, 0, 7);
    brush.stroke();
    brush.fillStyle = pen;
    brush.beginPath();
    brush.arc(x, y, 4, 0, 7);
    brush.fill();
    const left = Math.max(8, Math.min(wide - 66, x + (x > wide / 2 ? -86 : 30)));
    const top = Math.max(8, Math.min(high - 84, y + (y > high / 2 ? -92 : 26)));
    yours.style.left = `${left}px`;
    yours.style.top = `${top}px`;
    brush.lineWidth = 1.5;
    brush.beginPath();
    brush.moveTo(x, y);
    brush.lineTo(left + 29, top + 29);
    brush.stroke();
    paintShares(yours.firstChild, bytes(state.ink));
  }

  function showLegend() {
    const of = state.digit === null ? '' : ` the ${state.digit}s`;
    legend.replaceChildren(
      make('span', { class: 'b' }, `${state.map.wrong.size} misread`),
      ...(of ? [make('span', { class: 'a' }, of.trim())] : []),
      make('span', {}, 'all others'),
    );
  }

  let pointed = -1;
  const placeOf = (event) => {
    const box = canvas.getBoundingClientRect();
    return state.spots ? nearest(state.spots, event.clientX - box.left, event.clientY - box.top) : -1;
  };
  const tell = latest(async () => {
    const place = pointed;
    const answer = await frame.ask('show_test_digit', { index: place });
    if (!answer || place !== pointed || !state.map) return;
    const picture = make('canvas', { class: 'tile', width: SIDE, height: SIDE });
    const misread = state.map.wrong.has(place) ? ', misread' : '';
    under.replaceChildren(
      picture,
      `Test digit ${place}: ${article(Number(state.map.labels[place]))}${misread}. Press to load it.`,
    );
    paintShares(picture, bytes(answer.ink));
  });
  canvas.addEventListener('pointermove', (event) => {
    const place = event.pointerType === 'mouse' ? placeOf(event) : -1;
    if (place < 0 || place === pointed) return;
    pointed = place;
    tell();
  });
  canvas.addEventListener('click', async (event) => {
    const place = placeOf(event);
    if (place < 0) return;
    const answer = await frame.ask('show_test_digit', { index: place });
    if (!answer || !state.map) return;
    if (state.map.wrong.has(place)) frame.done('predict-orange');
    frame.load(answer.ink, { index: place, label: state.map.labels[place] });
  });
  new ResizeObserver(() => paint()).observe(canvas);
  onLook(paint);
  return refresh;
}

function unpack({ places, labels, wrong }, whole) {
  return {
    places: Float32Array.from(new Int16Array(bytes(places).buffer), (place) => place / whole),
    labels: [...labels].map(Number),
    wrong: new Set(wrong),
  };
}

const MARGIN = 22; // pixels around the map
const toPixels = ([x, y], wide, high) => [wide / 2 + x * (wide / 2 - MARGIN), high / 2 + y * (high / 2 - MARGIN)];

function spotsOf({ places }, wide, high) {
  const spots = new Float32Array(places.length);
  for (let i = 0; i < places.length; i += 2)
    [spots[i], spots[i + 1]] = toPixels([places[i], places[i + 1]], wide, high);
  return spots;
}

/** The median place of each digit: where its name stands. */
function middles(labels, spots) {
  return Array.from({ length: 10 }, (_, digit) => {
    const [xs, ys] = [[], []];
    labels.forEach((label, i) => {
      if (label !== digit) return;
      xs.push(spots[2 * i]);
      ys.push(spots[2 * i + 1]);
    });
    const middle = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
    return [middle(xs), middle(ys)];
  });
}

function nearest(spots, x, y) {
  let [best, place] = [NEAR ** 2, -1];
  for (let i = 0; i < spots.length; i += 2) {
    const distance = (spots[i] - x) ** 2 + (spots[i + 1] - y) ** 2;
    if (distance < best) [best, place] = [distance, i / 2];
  }
  return place;
}
