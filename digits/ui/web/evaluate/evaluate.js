// The Evaluate tab: it starts by itself for the network in use, whenever the tab is shown.
import { article, make, percent, say } from '../lib/dom.js';
import { connect, follow } from '../lib/server.js';
import { store } from '../lib/store.js';
import { showCalibration } from './calibration.js';
import { mountCurves } from './curves.js';
import { mountDamage } from './damage.js';
import { mountDigits } from './digits.js';
import { mountExample } from './example.js';
import { mountMatrix, offDiagonal } from './matrix.js';
import { mountSource } from './source.js';
import { mountWall } from './wall.js';

const EVERY = 250; // milliseconds between two looks

export function mount({ element, props, part, upload }) {
  const { constants } = props;
  const call = connect(part);
  const find = (selector) => element.querySelector(selector);
  let against = ''; // the key of the network that the one in use is compared with
  let asked = ''; // what the page shows, or waits for
  let stop = () => {};
  /** Nobody, from the moment on when that network is the one in use or is gone. */
  const opponent = () =>
    against !== store.get('network') && store.get('networks').some(({ key }) => key === against) ? against : '';

  const source = mountSource(element, constants, upload, () => start(), tell);
  const open = mountExample(find('.detail'), call, constants, opponent, source.now);
  const wall = mountWall(element, constants.columns, open);
  const matrix = mountMatrix(find('.matrix'), wall.filter);
  const showDigits = mountDigits(element);
  const lookAtDamage = mountDamage(element, call, constants, opponent, oppose, open);
  const lookAtCurves = mountCurves(element, call, constants, opponent);
  const nameOf = (key) => store.get('networks').find((network) => network.key === key)?.name ?? '';
  wall.onClear(() => {
    matrix.clear();
    wall.filter(null);
  });
  matrix.empty();

  function tell(text, trouble = true) {
    say(find('.about'), text);
    find('.about').classList.toggle('trouble', trouble);
  }

  function progress(share) {
    const bar = find('.progress');
    bar.classList.toggle('on', share !== null);
    bar.setAttribute('aria-valuenow', Math.round((share ?? 0) * 100));
    find('.progress i').style.width = percent(share ?? 0);
  }

  /** Look at the evaluation of what is chosen now until it has ended; a change of any of it begins anew. */
  function start(again = false) {
    const network = store.get('network');
    if (store.get('tab') !== 'evaluate' || !network) return;
    source.show();
    const { payload, key, isEmpty } = source.now();
    const question = `${network} ${against} ${key}`;
    if (question === asked && !again) return;
    asked = question;
    stop();
    find('.empty').hidden = !isEmpty;
    find('.results').hidden = isEmpty;
    progress(isEmpty ? null : 0);
    if (isEmpty) return showEmpty();
    find('.results').classList.add('waiting');
    showFigures([network, against].filter(Boolean).map((choice) => knownAccuracy(choice, payload.data)));
    tell('Reading.', false);
    stop = follow(
      async () => {
        if (question !== asked || store.get('tab') !== 'evaluate') {
          if (question === asked) asked = '';
          return true;
        }
        const answer = await call('look_at_evaluation', { network, against, ...payload }, 20);
        if (question !== asked) return true;
        if (answer.silent) return false;
        if (answer.error) refuse(answer.error);
        else if (!answer.reports) {
          tell(`Reading: ${percent(answer.share)}.`, false);
          progress(answer.share);
          return false;
        } else show(answer);
        return true;
      },
      () => EVERY,
    );
  }

  /** What the network's card says, until it has been read here. */
  const knownAccuracy = (key, data) =>
    data === constants.testSet
      ? (store.get('networks').find((network) => network.key === key)?.accuracy ?? null)
      : null;

  function showFigures(accuracies) {
    const two = accuracies.length > 1;
    const keys = [store.get('network'), against];
    find('.figures').replaceChildren(
      ...accuracies.map((accuracy, i) => {
        const kind = i ? 'compared' : 'used';
        const name = two
          ? make(
              'span',
              { class: 'whose' },
              make('i', { class: `mark ${kind}`, 'aria-hidden': 'true' }),
              nameOf(keys[i]),
            )
          : null;
        return make(
          'p',
          { class: `accuracy ${kind}` },
          make('b', {}, accuracy === null ? '…' : percent(accuracy, 2)),
          name,
        );
      }),
    );
  }

  function refuse(sentence) {
    progress(null);
    tell(sentence);
    showFigures([]);
    wall.show([]);
    matrix.empty();
  }

  function showEmpty() {
    showFigures([]);
    tell('', false);
    say(find('.empty h2'), 'You have not labelled a drawing yet');
    say(
      find('.empty p'),
      'On Draw, press the digit that a drawing was. It is kept in this browser, and read here by any network.',
    );
    const go = make(
      'button',
      { type: 'button', class: 'button primary', onclick: () => store.set({ tab: 'draw' }) },
      'Draw one',
    );
    const file = make(
      'button',
      { type: 'button', class: 'button', onclick: source.chooseFile },
      'Open a file of drawings',
    );
    find('.empty .acts').replaceChildren(go, file);
  }

  function show({ reports, comparison }) {
    const [report, opponent] = reports;
    progress(null);
    find('.results').classList.remove('waiting');
    showFigures(reports.map(({ accuracy }) => accuracy));
    tell(comparison ? comparison.sentence : report.sentence, false);
    if (comparison) showComparison(report, opponent, comparison);
    else {
      say(find('.matrix-title'), 'What it mixes up');
      say(find('.most'), worst(report.confusion));
      say(find('.legend'), 'Rows: what it was. Columns: what was read. Press any of them.');
      matrix.show(report.confusion);
      wall.show([{ ...report, count: report.wrong, at: report.mistakes.map((_, i) => i) }]);
    }
    showDigits(reports.map(({ per_class: scores }) => scores));
    showCalibration(find('.calibration'), reports);
    say(find('.honest p'), report.calibration_sentence);
    showSets(report.by_set);
  }

  function showComparison(report, opponent, { sides, change }) {
    const [name, rival] = [nameOf(store.get('network')), nameOf(against)];
    say(find('.matrix-title'), `${name} minus ${rival}`);
    say(find('.most'), '');
    say(find('.legend'), `Blue: ${name} does better there. Orange: ${rival} does.`);
    matrix.showChange(change);
    const names = [`Only ${name} reads right`, `Only ${rival} reads right`];
    wall.show(
      sides.map(({ count, at }, i) => {
        const { mistakes, sprite } = i ? report : opponent;
        return {
          name: `${names[i]}: ${count.toLocaleString('en')}`,
          short: `only ${i ? rival : name} (${count.toLocaleString('en')})`,
          count,
          at,
          mistakes,
          sprite,
        };
      }),
    );
  }

  function showSets(sets) {
    const box = find('.sets');
    box.hidden = !sets;
    box.replaceChildren(
      ...Object.entries(sets ?? {}).map(([name, { accuracy, n }]) =>
        make('p', {}, make('b', {}, percent(accuracy, 2)), ` of ${n.toLocaleString('en')}, ${name || 'unnamed'}`),
      ),
    );
  }

  const select = find('.against select');
  function oppose(key) {
    if (against === key) return;
    against = select.value = key;
    find('.against').classList.toggle('on', Boolean(key));
    start();
    lookAtDamage();
    lookAtCurves();
  }
  select.addEventListener('change', () => oppose(select.value));
  find('.on-map').addEventListener('click', () => store.set({ step: 7, tab: 'how' }));
  store.watch(['network', 'networks', 'tab'], ({ network, networks }) => {
    const opponents = networks.filter(({ key }) => key !== network);
    against = opponent();
    const options = opponents.map(({ key, name, model, own }) =>
      make('option', { value: key }, own ? `${name}, ${model}` : name),
    );
    select.replaceChildren(make('option', { value: '' }, 'no other network'), ...options);
    select.value = against;
    find('.against').classList.toggle('on', Boolean(against));
    start();
  });
}

/** "Most often a 9 is read as 4: 5 times." */
function worst(confusion) {
  const most = Math.max(...offDiagonal(confusion));
  if (!most) return '';
  for (const [label, row] of confusion.entries()) {
    const digit = row.findIndex((count, i) => i !== label && count === most);
    const times = most === 1 ? 'once' : `${most.toLocaleString('en')} times`;
    if (digit >= 0) return `Most often ${article(label)} is read as ${digit}: ${times}.`;
  }
  return '';
}
