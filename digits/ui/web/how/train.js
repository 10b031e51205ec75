// Step 5, train: one step taken apart, on a lesson of the visitor's own that the server keeps for a while.
import { bytes, draw, make, percent, say } from '../lib/dom.js';
import { SIDE } from '../lib/mnist.js';
import { paintShares } from '../lib/paint.js';
import { card, figure, segments, tick, tile } from './controls.js';

const CALLS = [
  ['zero_grad', 'zero_grad()', 1],
  ['forward', 'model(x)', 2],
  ['loss', 'cross_entropy()', 3],
  ['backward', 'backward()', 4],
  ['step', 'step()', 5],
];
const PAUSE = 120; // milliseconds between two steps while it plays

export const train = {
  key: 'train',
  name: 'Train',
  under: 'one step at a time',
  title: 'Train',
  lead:
    'Five calls, again and again: that is all of training. Forget the old gradient, read a batch, measure the loss, ' +
    'go back through the graph, move the weights. An `epoch` is one pass over all 55,000 digits.',
  code: [
    'for x, y in batches:',
    '  optimizer.zero_grad()',
    '  logits = model(x)',
    '  loss = cross_entropy(logits, y)',
    '  loss.backward()',
    '  optimizer.step()',
  ],
  tries: [
    ['train-apart', 'Press the five calls one after another.'],
    ['train-forget', 'Forget zero_grad and take ten steps: the gradient grows.'],
    ['train-own', 'Learn from your own drawing only. What happens to the other digits?'],
  ],
  mount,
};

function mount(node, frame) {
  const { sizes, mostSteps } = frame.constants;
  const state = { pressed: new Set(), playing: false, fresh: true };
  const anew = () => call('look', { anew: true });
  const kind = segments(
    'Weights to begin with',
    [
      ['new', 'New weights'],
      ['use', 'The network in use'],
    ],
    anew,
  );
  const size = segments(
    'Digits in a batch',
    sizes.map((count) => [count, String(count)]),
    () => call('look'),
  );
  const source = segments(
    'What it learns from',
    [
      ['mnist', 'MNIST'],
      ['own', 'Your drawing'],
    ],
    () => call('look'),
  );
  const forget = tick('forget zero_grad', () => {});
  const frozen = tick('freeze the first layer', anew);
  const restart = make('button', { type: 'button', class: 'button' }, 'Begin again');
  restart.addEventListener('click', anew);
  const calls = CALLS.map(([name, text]) =>
    make('button', { type: 'button', class: 'button', onclick: () => press(name) }, make('code', {}, text)),
  );
  const onestep = make('button', { type: 'button', class: 'button' }, '1 step');
  const tensteps = make('button', { type: 'button', class: 'button primary' }, `${mostSteps} steps`);
  const play = make('button', { type: 'button', class: 'button', 'aria-pressed': 'false' }, '▶ Play');
  onestep.addEventListener('click', () => steps(1));
  tensteps.addEventListener('click', () => steps(mostSteps));
  play.addEventListener('click', () => playOrPause(!state.playing));
  const counters = make('dl', { class: 'counters' });
  const [before, gradient, after] = [tile('weights before'), tile('its gradient'), tile('weights after')];
  const moved = make('p', { class: 'note', role: 'status' });
  const batch = make('ul', { class: 'batch', 'aria-label': 'The batch, and how it is read now' });
  const curve = make('div', { class: 'chart' });
  const said = make('p', { class: 'result', role: 'status' });
  size.mark(16);
  node.append(
    make('div', { class: 'row' }, kind.node, make('span', { class: 'note' }, 'batch'), size.node, source.node),
    make('div', { class: 'row' }, forget.node, frozen.node, restart),
    make('div', { class: 'row calls five' }, ...calls),
    make('div', { class: 'row calls' }, onestep, tensteps, play, counters),
    said,
    make(
      'div',
      { class: 'two' },
      card('One unit', 'orange above zero, blue below', make('div', { class: 'sum' }, before, gradient, after), moved),
      card('Loss so far', 'of each batch', curve),
    ),
    card('The batch', 'and how it is read now', batch),
  );

  async function press(name) {
    const answer = await call(name);
    if (!answer) return;
    state.pressed.add(name);
    if (state.pressed.size === CALLS.length) frame.done('train-apart');
    frame.light([CALLS.find(([one]) => one === name)[2]], name === 'backward' ? 'b' : 'a');
    say(
      said,
      name === 'step' && !answer.moved ? 'Nothing moved: there is no gradient. Call backward() first.' : SAID[name],
    );
  }

  async function steps(count) {
    const answer = await call('steps', { count });
    if (!answer) return false;
    frame.light([0, 1, 2, 3, 4, 5]);
    if (forget.value && count > 1) frame.done('train-forget');
    if (source.value === 'own') frame.done('train-own');
    say(
      said,
      forget.value
        ? `Nobody cleared the gradient: the last layer’s has length ${figure(answer.length)} now, all batches’ added up.`
        : '',
    );
    return true;
  }

  async function playOrPause(on) {
    state.playing = on;
    play.setAttribute('aria-pressed', String(on));
    say(play, on ? '❚❚ Pause' : '▶ Play');
    while (state.playing && node.isConnected) {
      if (!(await steps(1))) break;
      await new Promise((done) => setTimeout(done, PAUSE));
    }
    if (on && state.playing) playOrPause(false);
  }

  let turn = Promise.resolve();
  /** One call after another, in the order of the presses: each changes the lesson, and the last is what is shown. */
  function call(name, more = {}) {
    const ask = async () => {
      const answer = await frame.ask('take_step', {
        call: name,
        kind: kind.value,
        size: size.value,
        source: source.value,
        forget: forget.value,
        frozen: frozen.value,
        ...more,
      });
      if (answer) show(answer);
      return answer;
    };
    turn = turn.then(ask, ask);
    return turn;
  }

  function show(answer) {
    const [high, wide] = answer.shape;
    before.paintSigned(answer.before, wide, high);
    after.paintSigned(answer.after, wide, high);
    if (answer.gradient) gradient.paintSigned(answer.gradient, wide, high);
    gradient.tell(answer.gradient ? 'its gradient' : 'no gradient yet');
    gradient.classList.toggle('waiting', !answer.gradient);
    say(
      moved,
      answer.steps
        ? `Unit ${answer.unit}: the last step moved its weights by ${figure(answer.moved)}.`
        : `Unit ${answer.unit}, before any step.`,
    );
    showCounters(answer);
    curve.replaceChildren(drawLosses(answer.losses));
    const images = bytes(answer.images);
    batch.replaceChildren(
      ...answer.labels.map((label, place) => {
        const canvas = make('canvas', { class: 'tile', width: SIDE, height: SIDE });
        queueMicrotask(() => paintShares(canvas, images.subarray(place * SIDE ** 2, (place + 1) * SIDE ** 2)));
        const right = answer.readings[place] === label;
        return make(
          'li',
          { class: right ? '' : 'wrong' },
          canvas,
          make('b', {}, right ? `${label}` : `${label}, read ${answer.readings[place]}`),
          make('small', {}, percent(answer.given[place])),
        );
      }),
    );
  }

  function showCounters(answer) {
    const rows = [
      ['steps', answer.steps.toLocaleString('en')],
      ['digits seen', answer.digits.toLocaleString('en')],
      ['epochs', answer.epochs.toFixed(4)],
      ['loss', answer.loss === null ? '–' : figure(answer.loss)],
      ['last gradient', answer.length === null ? 'none' : figure(answer.length)],
    ];
    counters.replaceChildren(
      ...rows.map(([term, value]) => make('div', {}, make('dd', {}, value), make('dt', {}, term))),
    );
  }
  return async () => {
    if (!state.playing) await call('look');
  };
}

const SAID = {
  zero_grad: 'The gradients are forgotten: every weight’s .grad is None.',
  forward: 'The batch went through, and PyTorch noted the graph.',
  loss: 'One number for the whole batch: its mean cross entropy.',
  backward: 'Back through the graph: every weight that is trained has its gradient now.',
  step: 'Adam moved the weights a little, downhill, with momentum from earlier steps.',
};

function drawLosses(losses) {
  const [wide, high] = [280, 120];
  const svg = draw('svg', {
    viewBox: `0 0 ${wide} ${high}`,
    role: 'img',
    'aria-label': losses.length ? `Loss ${losses.at(-1).toFixed(2)} after ${losses.length} steps` : 'No step yet',
  });
  if (!losses.length) {
    svg.append(draw('text', { x: wide / 2, y: high / 2, 'text-anchor': 'middle' }, 'no step yet'));
    return svg;
  }
  const top = Math.max(...losses.filter(Number.isFinite), 0.1);
  const x = (i) => 30 + (i / Math.max(1, losses.length - 1)) * (wide - 40);
  const y = (value) => 8 + (1 - Math.min(1, value / top)) * (high - 24);
  for (const value of [0, top / 2, top])
    svg.append(
      draw('line', { class: 'grid', x1: 30, x2: wide - 10, y1: y(value), y2: y(value) }),
      draw('text', { x: 26, y: y(value) + 4, 'text-anchor': 'end' }, value.toFixed(1)),
    );
  const points = losses.map((value, i) => `${x(i).toFixed(1)},${y(value).toFixed(1)}`);
  svg.append(
    draw('path', { class: 'line', d: `M${points.join('L')}` }),
    draw('circle', { class: 'point', cx: x(losses.length - 1), cy: y(losses.at(-1)), r: 4 }),
  );
  return svg;
}
