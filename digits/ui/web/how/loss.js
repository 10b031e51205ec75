// Step 4, loss and optimizer: how wrong one reading is, and what one step of each optimizer does to a batch's loss.
import { article, draw, make, say } from '../lib/dom.js';
import { latest } from '../lib/server.js';
import { card, facts, figure, segments, slider, truth } from './controls.js';

const [WIDE, HIGH] = [600, 210]; // of a chart, in units of its viewBox
const EDGE = { left: 44, right: 86, top: 26, bottom: 34 };
const LEAST = 0.005; // probability where the curve begins

export const loss = {
  key: 'loss',
  name: 'Loss and optimizer',
  under: 'how wrong, which way',
  title: 'Loss and optimizer',
  lead:
    'The loss says how wrong the network is, in one number: `−log` of the probability that it gives to the truth. ' +
    'The optimizer moves all weights a little, to where the loss gets smaller.',
  code: [
    'loss_fn = nn.CrossEntropyLoss()',
    'loss = loss_fn(model(ink), y)',
    'weights = model.parameters()',
    'optimizer = Adam(weights, lr=1e-3)',
    'loss.backward()',
    'optimizer.step()',
  ],
  tries: [
    ['loss-truth', 'Say that it is another digit: how large does the loss get?'],
    ['loss-far', 'Raise the learning rate until plain SGD lands higher than it began.'],
    ['loss-batch', 'Take another batch: the line changes, since other digits pull.'],
  ],
  mount,
};

function mount(node, frame) {
  const { rates, batch, batches } = frame.constants;
  const state = { batch: 0 };
  const label = truth(() => {
    frame.done('loss-truth');
    refresh();
  });
  const kind = segments(
    'Which network',
    [
      ['new', 'An untrained MLP'],
      ['use', 'The network in use'],
    ],
    () => refresh(),
  );
  const rate = slider(
    'Learning rate',
    {
      low: Math.log10(rates[0]),
      high: Math.log10(rates[1]),
      start: -2,
      step: 0.1,
      value: (power) => Number((10 ** power).toPrecision(2)),
    },
    () => refresh(),
  );
  const another = make('button', { type: 'button', class: 'button' }, 'Another batch');
  another.addEventListener('click', () => {
    state.batch = (state.batch + 1) % (batches + 1);
    frame.done('loss-batch');
    refresh();
  });
  const words = make('p', { class: 'result', role: 'status' });
  const curve = make('div', { class: 'chart' });
  const line = make('div', { class: 'chart' });
  const landed = make('p', { class: 'result', role: 'status' });
  node.append(
    card('How wrong is this reading?', 'loss against the probability of the truth', label.node, curve, words),
    card(
      'Downhill',
      `the loss of ${batch} training digits along their gradient`,
      make('div', { class: 'row' }, kind.node, another),
      rate.node,
      line,
      landed,
    ),
  );
  frame.light([1]);

  const refresh = latest(async () => {
    const asked = { label: label.value, kind: kind.value, rate: rate.value, batch: state.batch };
    const answer = await frame.ask('look_at_loss', asked);
    if (!answer) return;
    curve.replaceChildren(drawCurve(answer));
    say(
      words,
      `It is ${article(answer.label)}: the ${asked.kind === 'new' ? 'untrained network' : 'network'} gives it ` +
        `${figure(answer.probability)}, so the loss is ${figure(answer.loss)}.`,
    );
    line.replaceChildren(drawLine(answer));
    const { start } = answer.line;
    const up = answer.landings.SGD > start;
    if (up) frame.done('loss-far');
    say(
      landed,
      up
        ? `Too far: SGD begins at ${figure(start)} and lands at ${figure(answer.landings.SGD)}, up the other side.`
        : `From ${figure(start)} plain SGD lands at ${figure(answer.landings.SGD)}. ` +
            'A smaller rate lands nearer, a larger one may overshoot.',
    );
    frame.inspect(
      'One step of each',
      `learning rate ${asked.rate}`,
      facts([
        ['before', figure(start)],
        ...Object.entries(answer.landings).map(([name, value]) => [name, figure(value)]),
        ['gradient', `length ${figure(answer.line.length)}`],
        ['weights', answer.parameters.toLocaleString('en')],
      ]),
      make(
        'p',
        { class: 'note' },
        'SGD steps against the gradient: learning rate × gradient. Adam’s first step moves each weight by about the ' +
          'learning rate, whether its gradient is large or small.',
      ),
    );
  });
  return refresh;
}

function axes(svg, { xs, ys, x, y, across, down }) {
  for (const value of xs)
    svg.append(draw('text', { x: x(value), y: HIGH - EDGE.bottom + 16, 'text-anchor': 'middle' }, figureOf(value)));
  for (const value of ys)
    svg.append(
      draw('line', { class: 'grid', x1: EDGE.left, x2: WIDE - EDGE.right, y1: y(value), y2: y(value) }),
      draw('text', { x: EDGE.left - 8, y: y(value) + 4, 'text-anchor': 'end' }, figureOf(value)),
    );
  svg.append(
    draw('text', { x: (EDGE.left + WIDE - EDGE.right) / 2, y: HIGH - 3, 'text-anchor': 'middle' }, across),
    draw('text', { x: 2, y: 10 }, down),
  );
}

const figureOf = (value) => String(Number(value.toPrecision(2))).replace('-', '−');

function scale(low, high, from, to) {
  return (value) => from + ((value - low) / (high - low)) * (to - from);
}

function drawCurve({ probability, loss: value }) {
  const svg = draw('svg', {
    viewBox: `0 0 ${WIDE} ${HIGH}`,
    role: 'img',
    'aria-label': `The loss is ${value.toFixed(2)} at a probability of ${probability.toFixed(2)}`,
  });
  const most = Math.max(-Math.log(LEAST), Math.min(value, 12));
  const x = scale(0, 1, EDGE.left, WIDE - EDGE.right);
  const y = scale(0, most, HIGH - EDGE.bottom, EDGE.top);
  axes(svg, {
    xs: [0, 0.25, 0.5, 0.75, 1],
    ys: [0, 1, 2, 3, 4, 5],
    x,
    y,
    across: 'probability of the truth',
    down: 'loss',
  });
  const points = Array.from({ length: 120 }, (_, i) => LEAST + ((1 - LEAST) * i) / 119);
  svg.append(
    draw('path', {
      class: 'line',
      d: `M${points.map((p) => `${x(p).toFixed(1)},${y(-Math.log(p)).toFixed(1)}`).join('L')}`,
    }),
    draw('line', { class: 'now', x1: x(probability), x2: x(probability), y1: y(0), y2: y(Math.min(value, most)) }),
    draw('circle', { class: 'point', cx: x(probability), cy: y(Math.min(value, most)), r: 6 }),
  );
  return svg;
}

function drawLine({ line: { steps, losses, start }, landings }) {
  const values = [...losses, ...Object.values(landings)].filter((value) => Number.isFinite(value));
  const top = Math.min(Math.max(...values), 3 * start + 1);
  const svg = draw('svg', {
    viewBox: `0 0 ${WIDE} ${HIGH}`,
    role: 'img',
    'aria-label': `The loss along the gradient: ${start.toFixed(2)} now, ${landings.SGD?.toFixed(2)} after SGD`,
  });
  const x = scale(steps[0], steps.at(-1), EDGE.left, WIDE - EDGE.right);
  const limit = scale(0, top, HIGH - EDGE.bottom, EDGE.top);
  const y = (value) => Math.max(EDGE.top, limit(Number.isFinite(value) ? value : top));
  const ticks = Array.from({ length: 4 }, (_, i) => (top * i) / 3);
  axes(svg, {
    xs: [-1, 0, 1, 2],
    ys: ticks,
    x,
    y,
    across: 'learning rates along the gradient, downhill',
    down: 'loss',
  });
  const path = steps.map((step, i) => `${x(step).toFixed(1)},${y(losses[i]).toFixed(1)}`).join('L');
  svg.append(
    draw('path', { class: 'line', d: `M${path}` }),
    draw('circle', { class: 'start', cx: x(0), cy: y(start), r: 5 }),
    draw('text', { class: 'name', x: x(0) + 8, y: y(start) - 8 }, 'now'),
  );
  // Adam and AdamW leave the line: their heights stand at its right end, apart where they would cover each other.
  let lowest = Number.NEGATIVE_INFINITY;
  for (const [name, value] of Object.entries(landings).sort((a, b) => y(a[1]) - y(b[1]))) {
    const onLine = name === 'SGD';
    const at = onLine ? x(1) : WIDE - EDGE.right;
    const height = Math.max(y(value), onLine ? 0 : lowest + 15);
    if (!onLine) lowest = height;
    svg.append(
      draw('circle', { class: onLine ? 'point' : 'point off', cx: at, cy: y(value), r: 5 }),
      draw('text', { class: 'name', x: at + 10, y: height + 4 }, value > top ? `${name} ↑` : name),
    );
  }
  return svg;
}
