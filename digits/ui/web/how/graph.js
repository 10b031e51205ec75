// Step 3, create the graph: autograd's own nodes for the visitor's drawing, forward and back, call by call.
import { article, bytes, make, percent, say } from '../lib/dom.js';
import { SIDE } from '../lib/mnist.js';
import { paintShares, paintWeights } from '../lib/paint.js';
import { latest } from '../lib/server.js';
import { card, facts, figure, segments, size, slider, tick, truth } from './controls.js';

const LINES = { forward: [0, 1], backward: [3], again: [3], step: [4] };
// What in a model leaves which node behind.
const MADE_BY = {
  Addmm: 'Linear',
  Convolution: 'Conv2d',
  MaxPool2DWithIndices: 'MaxPool2d',
  AdaptiveMaxPool2D: 'AdaptiveMaxPool2d',
  AvgPool2D: 'AvgPool2d',
  NativeBatchNorm: 'BatchNorm',
  CudnnBatchNorm: 'BatchNorm',
  Relu: 'ReLU',
  Tanh: 'Tanh',
  Gelu: 'GELU',
  LogSoftmax: 'log_softmax',
  NllLoss: 'nll_loss',
  View: 'Flatten',
  UnsafeView: 'Flatten',
  Reshape: 'Flatten',
  ReshapeAlias: 'Flatten',
  Permute: 'permute',
  Div: '÷ 0.3081',
  Sub: '− 0.1307',
};

export const graph = {
  key: 'graph',
  name: 'Build the graph',
  under: 'at every model(ink)',
  title: 'Build the graph',
  lead:
    'Nobody wrote this graph down. While `model(ink)` and then the loss were computed for your drawing, PyTorch noted ' +
    'each operation and what it needs for the way back. Another network, another graph.',
  code: [
    'logits = model(ink)',
    'loss = cross_entropy(logits, y)',
    'optimizer.zero_grad()',
    'loss.backward()',
    'optimizer.step()',
  ],
  tries: [
    ['graph-again', 'Call backward() twice: PyTorch refuses. The graph is spent.'],
    ['graph-nograd', 'Switch on no_grad(), then call loss.backward(): the loss is there, the graph is not.'],
    [
      'graph-loop',
      'Take the loop: each further turn adds three nodes and no weights, since the same ones are used again.',
    ],
  ],
  mount,
};

function mount(node, frame) {
  const state = { wish: 'backward', nodes: [], buttons: [], spine: [] };
  const kind = segments(
    'Which network',
    [
      ['use', 'In use'],
      ['mlp', 'MLP'],
      ['lenet', 'LeNet-5'],
      ['cnn-fast', 'Fast CNN'],
      ['loop', 'With a loop'],
    ],
    (value) => {
      turns.node.hidden = value !== 'loop';
      refresh();
    },
  );
  const turns = slider('Turns', { low: 0, high: frame.constants.turns, start: 2 }, () => {
    frame.done('graph-loop');
    refresh();
  });
  turns.node.hidden = true;
  const noGrad = tick(make('code', {}, 'torch.no_grad()'), (on) => wish(on ? 'forward' : 'backward'));
  const inkGrad = tick(make('code', {}, 'ink.requires_grad_()'), () => wish('backward'));
  const label = truth(() => wish('backward'));
  const count = make('b', { class: 'count', role: 'status' });
  const ink = make('canvas', { class: 'tile', width: SIDE, height: SIDE, role: 'img', 'aria-label': 'The ink' });
  const list = make('ol', { class: 'nodes', 'aria-label': 'The graph. Arrow keys follow its edges.' });
  const start = make('ol', { class: 'start' });
  const result = make('p', { class: 'result', role: 'status' });
  const calls = [
    ['forward', 'model(ink)'],
    ['backward', 'loss.backward()'],
    ['again', 'backward() twice'],
    ['step', 'optimizer.step()'],
  ].map(([name, text]) => make('button', { type: 'button', class: 'button', onclick: () => wish(name) }, text));
  node.append(
    make('div', { class: 'row' }, kind.node, turns.node, count),
    make('div', { class: 'row' }, label.node, noGrad.node, inkGrad.node),
    make('section', { class: 'card', 'aria-label': 'The graph' }, list),
    card('Where the way back begins: what the loss tells the ten outputs', 'truth − softmax', start),
    make('div', { class: 'row calls' }, ...calls),
    result,
  );
  function wish(name) {
    state.wish = name;
    refresh();
  }

  const refresh = latest(async () => {
    const { wish: wanted } = state;
    const answer = await frame.ask('look_at_graph', {
      call: wanted,
      kind: kind.value,
      turns: turns.value,
      grad: !noGrad.value,
      ink: inkGrad.value,
      label: label.value,
    });
    if (answer) show(answer, wanted);
  });

  function show(answer, wanted) {
    paintShares(ink, bytes(answer.ink));
    const many = answer.nodes.length;
    say(count, many ? `${many} nodes, new at every call` : 'No graph');
    showStart(answer);
    frame.light(LINES[wanted], wanted === 'forward' ? 'a' : 'b');
    showNodes(answer);
    const refused = answer.refused ? `\n>>> loss.backward()\nRuntimeError: ${answer.refused}` : '';
    frame.prompt(`>>> loss.grad_fn\n${answer.gradFn}${refused}`);
    say(result, sentence(answer, frame.constants.rate));
    calls.forEach((button, place) => {
      button.classList.toggle('primary', ['forward', 'backward', 'again', 'step'][place] === wanted);
    });
    if (answer.refused) frame.done(many ? 'graph-again' : 'graph-nograd');
  }

  function showStart({ start: pulls, label: true_ }) {
    start.replaceChildren(
      ...pulls.map((value, digit) => {
        const height = Math.round(28 * Math.abs(value));
        const arrow = height > 1 ? make('i', { class: value > 0 ? 'up' : 'down', style: `height: ${height}px` }) : null;
        const number = Math.abs(value) < 0.005 ? '' : `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`;
        return make(
          'li',
          { class: digit === true_ ? 'true' : '' },
          make('b', {}, String(digit)),
          arrow,
          make('small', {}, number),
        );
      }),
    );
  }

  function showNodes(answer) {
    state.nodes = answer.nodes;
    state.buttons = state.nodes.map((node, place) => nodeButton(node, place));
    const { spine, sides } = arrange(state.nodes);
    state.spine = spine;
    const seen = new Set();
    const columns = [...spine].reverse().map((place) => {
      const node = state.nodes[place];
      const leaves = weightsFirst(sides.get(place), state.nodes).map((side) => {
        const again = seen.has(side);
        seen.add(side);
        return again ? null : state.buttons[side];
      });
      const kept = node.keeps.filter(([, shape]) => shape.length).map(([, shape]) => size(shape));
      return make(
        'li',
        { class: 'column' },
        make(
          'span',
          { class: 'forward' },
          make('b', {}, ...breakable(madeBy(node.name))),
          size(node.gradientShape) === 'one number' ? '' : size(node.gradientShape),
        ),
        make('span', { class: 'keeps' }, kept.length ? `keeps ${kept[0]}` : ''),
        state.buttons[place],
        make('div', { class: 'leaves' }, ...leaves),
      );
    });
    list.replaceChildren(
      make('li', { class: 'column begin' }, ink, make('span', { class: 'keeps' }, 'ink, 1×1×28×28')),
      ...columns,
    );
    const box = make('span', { class: 'loss' }, `loss ${figure(answer.loss)}`);
    if (columns.length) columns.at(-1).querySelector('.keeps').replaceChildren(box);
    else list.append(make('li', { class: 'column' }, box, make('span', { class: 'keeps' }, 'grad_fn: None')));
    for (const button of state.buttons) {
      const canvas = button.querySelector('canvas');
      if (canvas)
        paintWeights(canvas, bytes(canvas.dataset.values), Number(canvas.dataset.wide), Number(canvas.dataset.high));
    }
    if (state.nodes.length) choose(0, false);
    else
      frame.inspect(
        'No graph',
        '',
        make(
          'p',
          { class: 'note' },
          'Under no_grad() nothing is noted. That is how a network reads: faster, and with less memory.',
        ),
      );
  }

  function nodeButton(node, place) {
    const leaf = node.parameter !== null;
    const title = node.parameter?.replace(/^layers\./, '') ?? node.name.replace(/Backward\d+$/, '');
    const picture = node.picture
      ? make('canvas', {
          class: 'gradient',
          'data-values': node.picture.values,
          'data-wide': node.picture.shape[1],
          'data-high': node.picture.shape[0],
        })
      : null;
    const length =
      node.length === null ? null : make('i', {}, leaf ? `gradient ${figure(node.length)}` : figure(node.length));
    const attributes = {
      type: 'button',
      class: leaf ? 'node leaf' : /^(T|Transpose)$/.test(title) ? 'node small' : 'node',
      tabindex: place ? -1 : 0,
      onclick: () => choose(place),
      onkeydown: (event) => follow(event, place),
    };
    const under = leaf ? size(node.shape) : (node.name.match(/Backward\d+$/)?.[0] ?? '');
    return make('button', attributes, make('b', {}, ...breakable(title)), make('span', {}, under), picture, length);
  }

  function choose(place, focus = true) {
    const { nodes, buttons } = state;
    const node = nodes[place];
    buttons.forEach((button, i) => {
      button.setAttribute('aria-pressed', String(i === place));
      button.tabIndex = i === place ? 0 : -1;
    });
    if (focus) buttons[place].focus();
    const rows = [
      ...(node.parameter ? [['adds to', `${node.parameter}.grad`]] : [['made by', madeBy(node.name)]]),
      ...node.keeps.map(([name, shape]) => ['keeps', `${name}, ${size(shape)}`]),
      ['gradient', node.length === null ? 'not yet' : `${size(node.gradientShape)}, length ${figure(node.length)}`],
      ...node.edges.map((edge) => [
        'goes to',
        edge === null ? 'nothing: no gradient wanted' : (nodes[edge].parameter ?? nodes[edge].name),
      ]),
    ];
    const words = node.picture ? make('p', { class: 'note' }, `The picture: ${node.picture.words}.`) : null;
    frame.inspect(node.name, 'selected', facts(rows), ...(words ? [words] : []));
  }

  /** Right and left along the way of the calculation; down to the weights, up to what uses them. */
  function follow(event, place) {
    const { nodes, spine } = state;
    const after = nodes[place].edges.filter((edge) => edge !== null);
    const to = {
      ArrowLeft: after.find((edge) => spine.includes(edge)),
      ArrowDown: after.find((edge) => !spine.includes(edge)) ?? after[0],
      ArrowRight: nodes.findIndex((user) => user.edges.includes(place)),
      ArrowUp: nodes.findIndex((user) => user.edges.includes(place)),
    }[event.key];
    if (to === undefined || to < 0) return;
    event.preventDefault();
    choose(to);
  }
  return () => {
    state.wish = noGrad.value ? 'forward' : 'backward';
    return refresh();
  };
}

const madeBy = (name) => {
  const kind = name.replace(/Backward\d+$/, '');
  return MADE_BY[kind] ?? kind;
};

/** A name of PyTorch's, to be broken before a capital. */
const breakable = (name) =>
  name.split(/(?<=[a-z\d])(?=[A-Z])/).flatMap((part, i) => (i ? [make('wbr'), part] : [part]));

function sentence(answer, rate) {
  if (answer.refused && answer.nodes.length)
    return 'PyTorch refuses: the graph is spent. What it kept was freed; call model(ink) again.';
  if (answer.refused) return 'PyTorch refuses: under no_grad() nothing was noted, so there is no way back.';
  const likely = percent(answer.softmax[answer.label], 2);
  const apart = Math.abs(answer.calibrated - answer.softmax[answer.label]) > 0.05;
  const draw = apart
    ? ` Draw says ${percent(answer.calibrated)}: it divides the outputs by ${answer.temperature.toFixed(2)} first.`
    : '';
  if (answer.after === undefined) return `It is ${article(answer.label)}: the network says ${likely}.${draw}`;
  const after = percent(answer.after, 2);
  return `It is ${article(answer.label)}: ${likely} before the step, ${after} after it (SGD, learning rate ${rate}).`;
}

/** The way to a weight (its transpose, then it) before the bias, as a layer names them. */
function weightsFirst(sides, nodes) {
  const isBias = (place) => nodes[place].parameter?.endsWith('bias') ?? false;
  return [...sides].sort((a, b) => isBias(a) - isBias(b));
}

/** The spine is the longest path from the loss; everything else stands under the spine's node that leads to it. */
export function arrange(nodes) {
  const heights = new Map();
  const ends = (place) => nodes[place].edges.filter((edge) => edge !== null);
  const height = (place) => {
    if (!heights.has(place)) heights.set(place, 1 + Math.max(0, ...ends(place).map(height)));
    return heights.get(place);
  };
  const spine = [];
  for (let place = nodes.length ? 0 : undefined; place !== undefined; ) {
    spine.push(place);
    place = ends(place).sort((a, b) => height(b) - height(a))[0];
  }
  // A last weight is not the way's next operation: it stands below its own, as the other weights do.
  const leads = (place) => nodes[place].parameter !== null || /^(T|Transpose)Backward/.test(nodes[place].name);
  while (spine.length > 1 && leads(spine.at(-1))) spine.pop();
  const seen = new Set(spine);
  const below = (place) =>
    ends(place).flatMap((edge) => {
      if (seen.has(edge)) return [];
      seen.add(edge);
      return [edge, ...below(edge)];
    });
  return { spine, sides: new Map(spine.map((place) => [place, below(place)])) };
}
