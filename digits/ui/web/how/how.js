// How it works: autograd's own graph of the visitor's drawing, and one step, call by call.
import { make, percent, say } from '../lib/dom.js';
import { connect, latest } from '../lib/server.js';
import { store } from '../lib/store.js';

const LINES = { forward: 1, backward: 3, again: 3, step: 4 };
const KEPT = 'digits-how-tried';

export function mount({ element, props, server }) {
  const { constants } = props;
  const call = connect(server);
  const find = (selector) => element.querySelector(selector);
  const code = [
    'optimizer.zero_grad()',
    'logits = model(ink)',
    'loss = cross_entropy(logits, y)',
    'loss.backward()',
    'optimizer.step()',
  ];
  let wish = 'backward';
  let nodes = [];
  let buttons = [];
  const tried = readTried();

  find('.code').append(...code.map((line) => make('li', {}, line)));
  find('.label').append(
    make('option', { value: '' }, 'as read'),
    ...Array.from({ length: 10 }, (_, digit) => make('option', { value: digit }, String(digit))),
  );

  const ask = latest(async () => {
    if (store.get('tab') !== 'how' || !store.get('network')) return;
    const mine = wish;
    const label = find('.label').value;
    const answer = await call('look_at_graph', {
      network: store.get('network'),
      call: mine,
      grad: !find('.nograd').checked,
      ink: find('.inkgrad').checked,
      label: label === '' ? null : Number(label),
      ...digit(constants.example),
    });
    if (answer.error) return say(find('.result'), answer.error);
    show(answer, mine);
  });

  function show(answer, mine) {
    paint(find('canvas'), answer.ink);
    say(
      find('.whose'),
      'index' in digit(constants.example) ? 'A digit of the test set; draw your own under Draw.' : 'Your drawing.',
    );
    say(find('.loss'), `loss ${figure(answer.loss)}`);
    say(find('.count'), answer.nodes.length ? `${answer.nodes.length} nodes, new at every call` : 'No graph');
    find('.start').replaceChildren(
      ...answer.start.map((value, kind) =>
        make('li', {}, String(kind), make('i', {}, `${value < 0 ? '−' : '+'}${figure(Math.abs(value))}`)),
      ),
    );
    [...find('.code').children].forEach((line, place) => line.classList.toggle('on', place === LINES[mine]));
    const refused = answer.refused ? `\n>>> loss.backward()\nRuntimeError: ${answer.refused}` : '';
    say(find('.prompt'), `>>> loss.grad_fn\n${answer.gradFn}${refused}`);
    showNodes(answer.nodes);
    const likely = percent(answer.softmax[answer.label], 2);
    if (answer.refused)
      say(
        find('.result'),
        answer.nodes.length
          ? 'PyTorch refuses: the graph is spent. What it kept was freed; call model(ink) again.'
          : 'PyTorch refuses: under no_grad() nothing was noted, so there is no way back.',
      );
    else if (answer.after !== undefined)
      say(
        find('.result'),
        `It is a ${answer.label}: ${likely} before the step, ${percent(answer.after, 2)} after it ` +
          `(SGD, learning rate ${constants.rate}).`,
      );
    else say(find('.result'), `It is a ${answer.label}: the network says ${likely}.`);
    const apart = Math.abs(answer.calibrated - answer.softmax[answer.label]) > 0.05;
    say(
      find('.draw'),
      apart
        ? `Draw says ${percent(answer.calibrated)}: it divides the outputs by ${answer.temperature.toFixed(2)} first.`
        : '',
    );
    if (mine === 'again' && answer.refused && answer.nodes.length) mark('again');
    if (answer.refused && !answer.nodes.length) mark('nograd');
    if (answer.after !== undefined) mark('step');
  }

  function showNodes(found) {
    nodes = found;
    buttons = nodes.map((node, place) => nodeButton(node, place));
    const { spine, sides } = arrange(nodes);
    find('.nodes').replaceChildren(
      ...spine.map((place) =>
        make(
          'li',
          {},
          buttons[place],
          ...sides.get(place).map((side) => make('div', { class: 'side' }, buttons[side])),
        ),
      ),
    );
    if (nodes.length) choose(0, false);
    else {
      say(find('.chosen'), 'No graph');
      find('.facts').replaceChildren();
    }
  }

  function nodeButton(node, place) {
    const title = node.parameter ?? node.name.replace(/Backward\d+$/, '');
    const under = node.parameter ? `${size(node.shape)}` : (node.name.match(/Backward\d+$/)?.[0] ?? '');
    const length = node.length === null ? null : make('i', {}, figure(node.length));
    const attributes = {
      type: 'button',
      class: node.parameter ? 'node leaf' : 'node',
      tabindex: place ? -1 : 0,
      onclick: () => choose(place),
      onkeydown: (event) => follow(event, place),
    };
    return make('button', attributes, make('b', {}, title), under, length);
  }

  function choose(place, focus = true) {
    const node = nodes[place];
    buttons.forEach((button, other) => {
      button.setAttribute('aria-pressed', other === place);
      button.tabIndex = other === place ? 0 : -1;
    });
    if (focus) buttons[place].focus();
    say(find('.chosen'), node.name);
    const facts = [
      ...(node.parameter ? [['adds to', `${node.parameter}.grad`]] : []),
      ...node.keeps.map(([name, shape]) => ['keeps', `${name}, ${size(shape)}`]),
      ['gradient', node.length === null ? 'not yet' : `${size(node.gradientShape)}, length ${figure(node.length)}`],
      ...node.edges.map((edge) => [
        'goes to',
        edge === null ? 'nothing: no gradient wanted' : (nodes[edge].parameter ?? nodes[edge].name),
      ]),
    ];
    find('.facts').replaceChildren(...facts.flatMap(([term, text]) => [make('dt', {}, term), make('dd', {}, text)]));
  }

  /** Right and down follow the node's edges; left and up go back along the edge that leads here. */
  function follow(event, place) {
    const after = nodes[place].edges.filter((edge) => edge !== null);
    const { spine } = arrange(nodes);
    const to = {
      ArrowRight: after.find((edge) => spine.includes(edge)) ?? after[0],
      ArrowDown: after.find((edge) => !spine.includes(edge)) ?? after[0],
      ArrowLeft: nodes.findIndex((node) => node.edges.includes(place)),
      ArrowUp: nodes.findIndex((node) => node.edges.includes(place)),
    }[event.key];
    if (to === undefined || to < 0) return;
    event.preventDefault();
    choose(to);
  }

  function mark(name) {
    tried.add(name);
    for (const item of element.querySelectorAll('[data-try]'))
      item.classList.toggle('done', tried.has(item.dataset.try));
    try {
      localStorage.setItem(KEPT, JSON.stringify([...tried]));
    } catch {}
  }

  for (const button of element.querySelectorAll('[data-call]'))
    button.addEventListener('click', () => {
      wish = button.dataset.call;
      ask();
    });
  for (const name of ['.nograd', '.inkgrad', '.label'])
    find(name).addEventListener('change', () => {
      wish = name === '.nograd' ? 'forward' : 'backward';
      ask();
    });
  store.watch(['tab', 'network', 'drawing'], () => {
    wish = find('.nograd').checked ? 'forward' : 'backward';
    ask();
  });
  for (const name of [...tried]) mark(name);
}

function readTried() {
  try {
    return new Set(JSON.parse(localStorage.getItem(KEPT) ?? '[]'));
  } catch {
    return new Set();
  }
}

function digit(example) {
  const drawing = store.get('drawing');
  if (drawing?.kind === 'strokes' && drawing.strokes.length) return { strokes: drawing.strokes };
  if (drawing?.kind === 'picture') return { picture: drawing.picture };
  return { index: drawing?.kind === 'test' ? drawing.index : example };
}

/** Two digits that count, however small the number is. */
const figure = (value) =>
  value === 0 || value >= 0.1
    ? value.toFixed(2)
    : value >= 0.001
      ? value.toPrecision(2)
      : value.toExponential(0).replace('-', '−');

const size = (shape) => (shape?.length ? shape.join('×') : 'one number');

/** The spine is the longest path from the loss; everything else stands under the spine's node that leads to it. */
function arrange(nodes) {
  const heights = new Map();
  const ends = (place) => nodes[place].edges.filter((edge) => edge !== null);
  const height = (place) => {
    if (!heights.has(place)) heights.set(place, 1 + Math.max(0, ...ends(place).map(height)));
    return heights.get(place);
  };
  const spine = [];
  for (let place = nodes.length ? 0 : undefined; place !== undefined; ) {
    spine.push(place);
    place = ends(place).sort((one, other) => height(other) - height(one))[0];
  }
  // A last weight is not the way's next operation: it stands below its own, as the other weights do.
  while (spine.length > 1 && ends(spine.at(-1)).length < 2) spine.pop();
  const seen = new Set(spine);
  const below = (place) =>
    ends(place).flatMap((edge) => {
      if (seen.has(edge)) return [];
      seen.add(edge);
      return [edge, ...below(edge)];
    });
  return { spine, sides: new Map(spine.map((place) => [place, below(place)])) };
}

function paint(canvas, ink) {
  const context = canvas.getContext('2d');
  const image = context.createImageData(28, 28);
  const [red, green, blue] = getComputedStyle(canvas).color.match(/\d+/g).map(Number);
  ink.forEach((value, place) => image.data.set([red, green, blue, value], place * 4));
  context.putImageData(image, 0, 0);
}
