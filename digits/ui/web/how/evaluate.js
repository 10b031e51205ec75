// Step 6, evaluate: what was never seen, and the difference that eval() makes.
import { bytes, make, percent, say } from '../lib/dom.js';
import { SIDE } from '../lib/mnist.js';
import { paintShares } from '../lib/paint.js';
import { latest } from '../lib/server.js';
import { store } from '../lib/store.js';
import { card, facts, slider, tenBars } from './controls.js';

export const evaluate = {
  key: 'evaluate',
  name: 'Evaluate',
  under: '10,000 it never saw',
  title: 'Evaluate',
  lead:
    'A network can learn its training digits by heart. What counts is how it reads digits that it never saw. ' +
    '`model.eval()` switches layers to reading that behave differently while they learn.',
  code: [
    'model.eval()',
    'with torch.inference_mode():',
    '  digits = model(x).argmax(1)',
    'right = (digits == y).float()',
    'accuracy = right.mean()',
  ],
  tries: [
    [
      'evaluate-train',
      'Choose a CNN and change who else is in the batch: under train() the same digit is read differently.',
    ],
    ['evaluate-mistake', 'Press a mistake: look at it in Draw, and mend it there.'],
    ['evaluate-network', 'Choose another network in the header: which sets differ most?'],
  ],
  mount,
};

function mount(node, frame) {
  const state = { network: null, scores: null };
  const rows = make('div', { class: 'scores' });
  const [reading, learning] = [tenBars('Read under model.eval()'), tenBars('Read under model.train()')];
  const beside = slider('Others in its batch', { low: 1, high: 63, start: 15 }, () => {
    frame.done('evaluate-train');
    showModes();
  });
  const why = make('p', { class: 'note', role: 'status' });
  const mistakes = make('ul', { class: 'mistakes', 'aria-label': 'Mistakes' });
  const note = make('p', { class: 'note' });
  node.append(
    card('Three sets', `the first ${frame.constants.each.toLocaleString('en')} of each`, rows),
    card(
      'The same digit, read twice',
      '',
      make(
        'div',
        { class: 'two plain' },
        make('div', {}, make('h3', {}, make('code', {}, 'model.eval()')), reading.node),
        make('div', {}, make('h3', {}, make('code', {}, 'model.train()')), learning.node, beside.node),
      ),
      why,
    ),
    card('What it misread', 'press one: onto the pad', mistakes, note),
  );
  frame.light([0, 1, 2]);

  const showModes = latest(async () => {
    const answer = await frame.ask('look_at_modes', { beside: beside.value });
    if (!answer) return;
    reading.show(answer.eval);
    learning.show(answer.train);
    say(why, explain(answer.differing));
  });

  async function showScores() {
    const network = store.get('network');
    if (network === state.network) return;
    if (state.network) frame.done('evaluate-network');
    rows.classList.add('waiting');
    const answer = await frame.ask('look_at_scores');
    rows.classList.remove('waiting');
    if (!answer) return;
    state.network = network;
    const least = Math.min(...answer.rows.map(({ right, of }) => right / of));
    const from = Math.min(0.9, Math.floor(least * 20) / 20);
    rows.replaceChildren(
      ...answer.rows.map(({ name, right, of }) =>
        make(
          'div',
          { class: name },
          make('b', {}, name),
          make('div', { class: 'gauge' }, make('i', { style: `width: ${(100 * (right / of - from)) / (1 - from)}%` })),
          make('span', {}, `${percent(right / of, 1)}, ${of - right} wrong`),
        ),
      ),
      make('small', { class: 'note' }, `The bars begin at ${percent(from)}.`),
    );
    showMistakes(answer.mistakes);
    frame.inspect(
      'How large the sets are',
      '',
      facts(answer.rows.map(({ name, whole }) => [name, `${whole.toLocaleString('en')} digits`])),
      make('p', { class: 'note' }, 'Evaluate has the whole test set, its mistakes and what damage does to them.'),
    );
  }

  function showMistakes(list) {
    say(note, list.length ? '' : 'Nothing: all of these digits are read right.');
    mistakes.replaceChildren(
      ...list.map((mistake) => {
        const canvas = make('canvas', { class: 'tile', width: SIDE, height: SIDE });
        queueMicrotask(() => paintShares(canvas, bytes(mistake.ink)));
        const words = `${mistake.label}, read as ${mistake.digit}`;
        const press = () => {
          frame.done('evaluate-mistake');
          frame.load(mistake.ink, mistake.set === 'test' ? mistake : {});
        };
        return make(
          'li',
          {},
          make(
            'button',
            { type: 'button', 'aria-label': `${words}, of the ${mistake.set} set: onto the pad`, onclick: press },
            canvas,
            make('b', {}, `${mistake.label} → ${mistake.digit}`),
            make('small', {}, mistake.set),
          ),
        );
      }),
    );
  }
  return latest(async () => {
    await showScores();
    await showModes();
  });
}

/** Why the layers of these kinds read differently under train(). */
function explain(kinds) {
  const norms = kinds.filter((kind) => kind !== 'Dropout');
  const sentences = [];
  if (norms.length)
    sentences.push(
      `${norms.join(' and ')} differ: under train() they use this batch’s own mean and spread, so the same digit is ` +
        'read differently in other company. Under eval() they use the averages kept from training.',
    );
  if (norms.length < kinds.length)
    sentences.push('Dropout differs: under train() it sets some values to 0 by chance, under eval() none.');
  return (
    sentences.join(' ') ||
    'This network has no batch norm and no dropout, so train() and eval() read alike. Choose a CNN with batch norm above.'
  );
}
