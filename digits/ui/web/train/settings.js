// Before a training: three ways, the settings with a line each, the network as a chain, and what it guesses untrained.
import { brief, duration, make, onLook, say } from '../lib/dom.js';
import { hold, keepFocus } from '../lib/focus.js';
import { readNumber } from '../lib/number.js';
import { questionOf } from '../lib/question.js';
import { latest, onReturn } from '../lib/server.js';
import { store } from '../lib/store.js';
import { mountBuilder } from './builder.js';
import { showGuess } from './guess.js';
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
  const more = make('div');
  let shown = null; // the server's last answer
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
    if (name === 'model') {
      input.setAttribute('aria-label', title);
      find('.chain-card h2').after(input);
    } else if (name === 'layers') find('.idle').append(make('label', { class: 'text' }, 'As text', input));
    else {
      notes[name] = make('span', { class: 'note' }, constants.about[name] ?? '');
      (MORE.includes(name) ? more : form).append(make('label', { class: 'field' }, title, input, notes[name]));
    }
  }
  const fold = find('.fold');
  const small = matchMedia('(max-width: 760px)');
  const unfold = () => {
    fold.open ||= !small.matches; // where it is large, nothing says that it could be opened
  };
  fold.open = false;
  small.addEventListener('change', unfold);
  unfold();
  const current = make('span', { class: 'note' });
  form.append(make('details', { class: 'more' }, make('summary', {}, 'More settings', current), more));

  const builder = mountBuilder(find('.chain-card'), constants, (text) => {
    fields.model.value = constants.built;
    fields.layers.value = text;
    rates.forget();
    edited();
  });

  const rates = mountRates(
    call,
    () => read(),
    (rate) => {
      fields.learning_rate.value = rate;
      edited();
    },
    () => numberIn('learning_rate'),
  );
  fields.learning_rate.closest('.field').after(rates.node);

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
    rates.forget();
    changed();
  }

  function choose(name) {
    way = name;
    if (name === 'own') prepare();
    else fill(constants.ways[name]);
    showWays();
  }

  function edited() {
    way = 'own';
    changed();
    showWays();
  }

  function showWays() {
    const epochs = (count) => (Number(count) === 1 ? '1 epoch' : `${count} epochs`);
    const network = (settings) => `${constants.choices.model[settings.model]}, ${epochs(settings.epochs)}`;
    const cards = Object.entries(constants.ways).map(([name, recipe]) => [
      name,
      recipe.title,
      network(recipe),
      `${recipe.accuracy}%`,
    ]);
    const own = read();
    const words = own.model === constants.built ? `Layers of your own, ${epochs(own.epochs)}` : network(own);
    cards.push(['own', 'Your own', way === 'own' ? words : 'Change anything, and see what it does', '?']);
    const buttons = cards.map(([name, title, text, accuracy]) =>
      make(
        'button',
        { type: 'button', class: 'way', 'aria-pressed': String(name === way), onclick: () => choose(name) },
        make('i', { 'aria-hidden': 'true' }),
        make('b', {}, title),
        make('span', {}, text),
        make('b', { class: 'accuracy' }, accuracy),
        make('small', {}, known[name] ? brief(known[name]) : ''),
      ),
    );
    keepFocus(ways, () => ways.replaceChildren(...buttons));
  }

  function changed() {
    if (fields.model.value !== constants.built) fields.layers.value = constants.texts[fields.model.value];
    builder.show(fields.layers.value);
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
    const optimizer = constants.choices.optimizer[fields.optimizer.value];
    say(
      fold.querySelector('summary .note'),
      `${optimizer}, ${fields.learning_rate.value}, batches of ${fields.batch_size.value}`,
    );
    const steps = Math.ceil(examples / batch);
    say(
      notes.batch_size,
      Number.isFinite(steps) && steps > 0 ? `Digits to a step: ${steps.toLocaleString('en')} steps an epoch.` : '',
    );
    prepare();
  }

  find('.before').addEventListener('input', ({ target }) => {
    if (fields[target.name] !== target) return; // a layer's own controls
    if (target.name !== 'learning_rate') rates.forget();
    if (target.name === 'layers') fields.model.value = constants.built;
    if (target.name === 'optimizer') {
      fields.learning_rate.value = constants.rates[target.value];
      fields.label_smoothing.value = constants.smoothing[target.value];
    }
    edited();
  });
  form.addEventListener('submit', (event) => event.preventDefault());

  const areShown = (settings) => JSON.stringify(read()) === JSON.stringify(settings);

  const prepare = latest(async () => {
    if (store.get('tab') !== 'train' || find('.before').hidden) return;
    const settings = read();
    const answer = await call('prepare', { settings, drawing: questionOf(store.get('drawing')) }, 30);
    if (!areShown(settings)) return; // asked again already
    if (refused) tell(store.get('frozen'));
    find('.right').classList.toggle('stale', Boolean(answer.error)); // of the settings before
    if (answer.error) {
      shown = null;
      known = { ...known, own: null };
      showWays();
      say(find('.estimate'), '');
      if (answer.layer === undefined) {
        builder.refuse();
        tell(answer.error, true);
      } else builder.refuse(answer.error, answer.layer);
      return;
    }
    known = { ...answer.ways, own: way === 'own' ? answer.seconds : null };
    showWays();
    say(
      find('.estimate'),
      answer.ahead
        ? `About ${duration(answer.seconds)}; ${answer.ahead} before yours.`
        : `About ${duration(answer.seconds)} here. Nobody is before you.`,
    );
    say(find('.risk'), answer.warning || (answer.taught ? UNDECIDED : ''));
    shown = { ...answer, seed: settings.seed };
    paint();
  });

  function paint() {
    if (!shown) return;
    builder.answer(shown);
    showGuess(find('.guess-card'), shown);
  }

  /** Below Train; what is no refusal of these settings stays until the next training. */
  function tell(text, isRefusal = false) {
    refused = isRefusal;
    say(said, text);
  }

  async function train() {
    const settings = read();
    const answer = await call('start_training', { settings, drawing: questionOf(store.get('drawing')) }, 20);
    // A late refusal does not write over what is said of the settings that are there by now.
    if (areShown(settings) || !refused) tell(answer.error ?? '', Boolean(answer.silent) || answer.layer !== undefined);
    if (!answer.error) began(answer.job);
  }
  start.addEventListener('click', () => hold(start, train));

  store.watch(['frozen'], ({ frozen }) => {
    start.disabled = Boolean(frozen);
    tell(frozen);
  });
  const linked = new URLSearchParams(location.search).get('layers');
  choose('fast');
  if (linked) {
    way = 'own';
    fill({ ...constants.ways.fast, model: constants.built, layers: linked });
    showWays();
  }
  store.watch(['tab', 'drawing'], ({ tab }) => {
    if (tab === 'train') prepare();
  });
  onReturn(prepare);
  onLook(paint);
  return {
    fill(settings) {
      way = 'own';
      fill(settings);
      showWays();
    },
    prepare,
    read,
    tell,
  };
}
