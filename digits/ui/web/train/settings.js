// Before a training: three ways, the settings with a line each, the network as a chain, and what it guesses untrained.
import { brief, bytes, duration, make, percent, say } from '../lib/dom.js';
import { hold, keepFocus } from '../lib/focus.js';
import { SIDE } from '../lib/mnist.js';
import { readNumber } from '../lib/number.js';
import { paintShares } from '../lib/paint.js';
import { questionOf } from '../lib/question.js';
import { latest, onReturn } from '../lib/server.js';
import { store } from '../lib/store.js';
import { mountBuilder } from './builder.js';
import { showFilters, showTen } from './look.js';
import { mountRates } from './rates.js';

const TITLES = {
  model: 'Network',
  layers: 'Layers',
  optimizer: 'Optimizer',
  learning_rate: 'Learning rate',
  batch_size: 'Batch size',
  epochs: 'Epochs',
  augment: 'Augmentation',
  precision: 'Precision',
  seed: 'Seed',
  examples: 'Training digits',
  label_smoothing: 'Label smoothing',
};
const FRACTIONS = ['learning_rate', 'label_smoothing'];
const UNDECIDED = 'A taught network waits on Draw: Keep or Discard. Training discards it.';
const MORE = ['precision', 'seed', 'examples', 'label_smoothing']; // under More settings

export const titleOf = (name) => TITLES[name];

export function mountSettings(element, call, constants, began) {
  const find = (selector) => element.querySelector(selector);
  const [form, ways, start, said] = ['.settings', '.ways', '.start', '.before .said'].map(find);
  const fields = {};
  const notes = {};
  let known = {}; // seconds of each way on this server
  const more = make('div', { class: 'settings' });
  let way = 'fast';
  let refused = false; // the settings, in what is said below Train

  for (const [name, title] of Object.entries(TITLES)) {
    const options = constants.choices[name];
    const input =
      name === 'layers'
        ? make('input', { name, type: 'text', autocomplete: 'off', spellcheck: 'false' })
        : options
          ? make('select', { name }, ...Object.entries(options).map(([value, text]) => make('option', { value }, text)))
          : // No number field: those drop a decimal comma as it is typed, and a wheel turns them.
            make('input', { name, type: 'text', inputmode: 'decimal', autocomplete: 'off' });
    fields[name] = input;
    notes[name] = make('span', { class: 'note' }, constants.about[name] ?? '');
    (MORE.includes(name) ? more : form).append(make('label', { class: 'field' }, title, input, notes[name]));
  }
  const current = make('span', { class: 'note' });
  form.append(make('details', { class: 'more' }, make('summary', {}, 'More settings', current), more));

  const builder = mountBuilder(constants, (text) => {
    fields.layers.value = text;
    way = 'own';
    showWays();
    changed();
  });
  fields.layers.closest('.field').after(builder.node);

  const rates = mountRates(
    call,
    () => read(),
    (rate) => {
      fields.learning_rate.value = rate;
      way = 'own';
      showWays();
      changed();
    },
    () => numberIn('learning_rate'),
  );
  form.after(rates.node);

  const numberIn = (name) => readNumber(fields[name].value, !FRACTIONS.includes(name));
  const read = () =>
    Object.fromEntries(
      Object.entries(fields).map(([name, input]) => [
        name,
        constants.choices[name] || name === 'layers' ? input.value : numberIn(name),
      ]),
    );

  function fill(settings) {
    for (const [name, input] of Object.entries(fields)) input.value = settings[name] ?? '';
    builder.show(fields.layers.value);
    changed();
  }

  function choose(name) {
    way = name;
    rates.forget();
    if (name !== 'own') fill(constants.ways[name]);
    showWays();
  }

  function showWays() {
    const cards = Object.entries(constants.ways).map(([name, recipe]) => {
      const epochs = recipe.epochs === 1 ? '1 epoch' : `${recipe.epochs} epochs`;
      const seconds = known[name] ? `, ${brief(known[name])} here` : '';
      const text = `${constants.choices.model[recipe.model]}, ${epochs}`;
      return [name, recipe.title, text, `${recipe.accuracy}%${seconds}`];
    });
    cards.push(['own', 'Your own', 'Change anything', 'and see what it does']);
    const buttons = cards.map(([name, title, text, small]) =>
      make(
        'button',
        { type: 'button', class: 'way', 'aria-pressed': String(name === way), onclick: () => choose(name) },
        make('b', {}, title),
        make('span', {}, text),
        make('small', {}, small),
      ),
    );
    keepFocus(ways, () => ways.replaceChildren(...buttons));
  }

  function changed() {
    const builds = fields.model.value === constants.built;
    fields.layers.closest('.field').hidden = !builds;
    builder.node.hidden = !builds;
    if (builds && !fields.layers.value) fields.layers.value = constants.example;
    if (builds) builder.show(fields.layers.value);
    say(notes.optimizer, constants.about[fields.optimizer.value] ?? '');
    const [examples, smoothing, batch] = ['examples', 'label_smoothing', 'batch_size'].map(numberIn);
    say(
      current,
      [
        fields.precision.value,
        `seed ${fields.seed.value}`,
        examples === constants.images ? 'all digits' : `${(examples ?? 0).toLocaleString('en')} digits`,
        smoothing ? `smoothing ${smoothing}` : 'no smoothing',
      ].join(', '),
    );
    const steps = Math.ceil(examples / batch);
    say(
      notes.batch_size,
      Number.isFinite(steps) && steps > 0 ? `Digits to a step: ${steps.toLocaleString('en')} steps an epoch.` : '',
    );
    prepare();
  }

  form.addEventListener('input', (event) => {
    if (event.target.name !== 'learning_rate') rates.forget();
    if (event.target.name === 'optimizer') {
      fields.learning_rate.value = constants.rates[event.target.value];
      fields.label_smoothing.value = constants.smoothing[event.target.value];
    }
    way = 'own';
    showWays();
    changed();
  });
  form.addEventListener('submit', (event) => event.preventDefault());

  const prepare = latest(async () => {
    if (store.get('tab') !== 'train' || find('.before').hidden) return;
    const settings = read();
    const answer = await call('prepare', { settings, drawing: questionOf(store.get('drawing')) }, 30);
    if (answer.error) return tell(answer.error, true);
    if (refused) tell(store.get('frozen'));
    known = answer.ways;
    showWays();
    say(
      find('.estimate'),
      answer.ahead
        ? `About ${duration(answer.seconds)}; ${answer.ahead} before yours.`
        : `About ${duration(answer.seconds)} here. Nobody is before you.`,
    );
    say(find('.risk'), answer.warning || (answer.taught ? UNDECIDED : ''));
    showChain(answer);
    showGuess(answer);
  });

  function showChain({ layers, parameters, largest }) {
    const most = Math.max(...layers.map((layer) => layer[2]));
    say(
      find('.totals'),
      `${parameters.toLocaleString('en')} weights${largest > 0.5 ? `, ${percent(largest)} of them in one layer` : ''}`,
    );
    find('.chain').replaceChildren(
      ...layers.map(([name, shape, count]) =>
        make(
          'li',
          { class: count === most ? 'largest' : '' },
          make('b', {}, name),
          make('small', {}, shape.length === 3 ? `${shape[0]} maps of ${shape[1]}×${shape[2]}` : `${shape[0]} units`),
          make('small', {}, `${count.toLocaleString('en')} weights`),
        ),
      ),
    );
  }

  function showGuess({ look, hard, drawing }) {
    const row = find('.mine-row');
    if (drawing && look.mine) {
      const canvas = make('canvas', { class: 'tile', width: SIDE, height: SIDE });
      const best = look.mine.indexOf(Math.max(...look.mine));
      row.replaceChildren(
        canvas,
        make('b', { class: 'read' }, String(best)),
        make('span', { class: 'note' }, `Your drawing: ${percent(look.mine[best] / 255)}. It only guesses.`),
      );
      paintShares(canvas, bytes(drawing));
    } else
      row.replaceChildren(
        make('span', { class: 'note' }, 'Draw a digit first, and it is read after every update of the training.'),
      );
    const right = look.ten.filter((row, label) => row.indexOf(Math.max(...row)) === label).length;
    say(find('.luck'), `${right} of 10 hard digits right, by luck`);
    showTen(find('.guess-card .ten'), look.ten, hard);
    showFilters(find('.guess-card .filters'), look.filters);
  }

  /** Below Train; what is no refusal of these settings stays until the next training. */
  function tell(text, isRefusal = false) {
    refused = isRefusal;
    say(said, text);
  }

  async function train() {
    const answer = await call('start_training', { settings: read(), drawing: questionOf(store.get('drawing')) }, 20);
    tell(answer.error ?? '', Boolean(answer.silent));
    if (!answer.error) began(answer.job);
  }
  start.addEventListener('click', () => hold(start, train));

  store.watch(['frozen'], ({ frozen }) => {
    start.disabled = Boolean(frozen);
    tell(frozen);
  });
  store.watch(['tab', 'drawing'], ({ tab }) => {
    if (tab === 'train') prepare();
  });
  onReturn(prepare);
  const linked = new URLSearchParams(location.search).get('layers');
  choose('fast');
  if (linked) {
    way = 'own';
    fill({ ...constants.ways.fast, model: constants.built, layers: linked });
    showWays();
  }
  return {
    fill(settings) {
      way = 'own';
      showWays();
      fill(settings);
    },
    prepare,
    read,
    tell,
  };
}
