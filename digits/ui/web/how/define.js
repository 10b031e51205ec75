// Step 2, define the model: its layers, and one unit opened with all its numbers.
import { make, say } from '../lib/dom.js';
import { keepFocus } from '../lib/focus.js';
import { latest } from '../lib/server.js';
import { card, facts, figure, segments, size, slider, tenBars, tile } from './controls.js';

export const define = {
  key: 'define',
  name: 'Define the model',
  under: 'layers of weights',
  title: 'Define the model',
  lead:
    'A network is a chain of layers. Each unit multiplies its inputs by `weights`, adds them up with a `bias`, and ' +
    'mostly passes the sum through an `activation`. Pooling and normalisation between them are just as simple.',
  code: ['model = nn.Sequential(', '    nn.Flatten(),', '    nn.Linear(784, 512),', '    nn.ReLU(),', ')'],
  tries: [
    ['define-unit', 'Open another unit: what does it look for?'],
    ['define-new', 'Take a new network: its weights are noise, and so are its outputs.'],
    ['define-width', 'Make the hidden layer 8 wide. How many parameters are left?'],
  ],
  mount,
};

const NORMALISED =
  'An input is (ink − 0.1307) / 0.3081, so that over all of MNIST the mean is 0 and the standard deviation 1.';

function mount(node, frame) {
  const { widths, activations } = frame.constants;
  const state = { layer: 0, unit: 0, units: 1, seed: 0 };
  const kind = segments(
    'Which network',
    [
      ['use', 'The network in use'],
      ['new', 'A new one'],
    ],
    (value) => {
      own.hidden = value !== 'new';
      state.layer = state.unit = 0;
      if (value === 'new') frame.done('define-new');
      refresh();
    },
  );
  const width = slider(
    'Hidden units',
    { low: 3, high: 9, start: 9, value: (power) => Math.min(widths[1], 2 ** power) },
    (value) => {
      if (value === widths[0]) frame.done('define-width');
      refresh();
    },
  );
  const activation = segments(
    'Activation',
    activations.map((name) => [name, name === 'Identity' ? 'none' : name]),
    () => refresh(),
  );
  const dice = make('button', { type: 'button', class: 'button' }, 'New random weights');
  dice.addEventListener('click', () => {
    state.seed += 1;
    refresh();
  });
  const own = make('div', { class: 'row', hidden: true }, width.node, activation.node, dice);
  const chain = make('ol', { class: 'chain', 'aria-label': 'Layers' });
  const total = make('p', { class: 'note total' });
  const [inputs, weights, products] = [tile('inputs'), tile('weights'), tile('inputs × weights')];
  const equation = make('p', { class: 'equation', role: 'status' });
  const which = make('b', {});
  const back = make('button', { type: 'button', class: 'button', 'aria-label': 'Unit before' }, '←');
  const next = make('button', { type: 'button', class: 'button', 'aria-label': 'Next unit' }, '→');
  const bars = tenBars('The ten outputs as probabilities');
  const opened = card(
    'One unit, opened',
    'orange: above zero, blue: below',
    make('div', { class: 'row' }, back, which, next),
    make('div', { class: 'sum' }, inputs, make('span', {}, '×'), weights, make('span', {}, '='), products),
    equation,
  );
  node.append(
    make('div', { class: 'row' }, kind.node),
    own,
    card('Layers', 'press one', chain, total),
    opened,
    card('Ten outputs', 'softmax makes probabilities of them; Draw divides by a temperature first', bars.node),
  );
  for (const [button, by] of [
    [back, -1],
    [next, 1],
  ])
    button.addEventListener('click', () => {
      state.unit = (state.unit + by + state.units) % state.units;
      frame.done('define-unit');
      refresh();
    });

  const refresh = latest(async () => {
    const answer = await frame.ask('look_at_model', {
      new: kind.value === 'new',
      width: width.value,
      activation: activation.value,
      seed: state.seed,
      layer: state.layer,
      unit: state.unit,
    });
    if (!answer) return;
    state.units = answer.units;
    frame.setCode(answer.code);
    showChain(answer.layers);
    showUnit(answer.opened);
    bars.show(answer.probabilities);
  });

  function showChain(layers) {
    const boxes = layers.map((layer, place) =>
      make(
        'li',
        {},
        make(
          'button',
          {
            type: 'button',
            'aria-pressed': String(place === state.layer),
            onclick: () => {
              state.layer = place;
              state.unit = 0;
              refresh();
            },
          },
          make('b', {}, layer.name),
          size(layer.shape),
          make('small', {}, layer.parameters.toLocaleString('en')),
        ),
      ),
    );
    const drawing = make('li', { class: 'ink' }, make('b', {}, 'ink'), '28×28');
    keepFocus(chain, () => chain.replaceChildren(drawing, ...boxes));
    const sum = layers.reduce((all, { parameters }) => all + parameters, 0);
    say(total, `${sum.toLocaleString('en')} parameters: the numbers that training changes.`);
  }

  function showUnit(unit) {
    const [height, wide] = unit.shape;
    inputs.paintSigned(unit.inputs, wide, height);
    weights.paintSigned(unit.weights, wide, height);
    products.paintSigned(unit.products, wide, height);
    for (const picture of [inputs, weights, products])
      picture.firstChild.style.aspectRatio = height > 3 * wide ? `${wide} / ${height}` : '';
    say(which, `${unit.place ? 'Map' : 'Unit'} ${unit.unit + 1} of ${state.units}`);
    const then = unit.after.map(([name, value]) => ` → ${name} ${figure(value)}`).join('');
    const where = unit.place ? ` Where it is largest: row ${unit.place[0] + 1}, column ${unit.place[1] + 1}.` : '';
    say(
      equation,
      `${unit.terms.toLocaleString('en')} products add up to ${figure(unit.sum)}; bias ${figure(unit.bias)}; ` +
        `together ${figure(unit.before)}${then}.${where}`,
    );
    frame.inspect(
      'The largest products',
      'of this unit',
      facts(unit.largest.map(([given, weight, product]) => [`${figure(given)} × ${figure(weight)}`, figure(product)])),
      make('p', { class: 'note' }, unit.layer ? 'The inputs are what the layer before it gave.' : NORMALISED),
    );
  }
  return refresh;
}
