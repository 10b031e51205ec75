// The board: who trains and waits, and a row for everybody's best network.
import { brief, make, percent, say } from '../lib/dom.js';

const MOST_SHOWN = 10; // of the queue; the visitor's own place is always shown
const WAITING_ROWS = 5; // drawn grey until the first answer

export function mountBoard(element, constants, remove) {
  const find = (selector) => element.querySelector(selector);
  const [table, queue, nobody, old] = ['.board', '.queue', '.nobody', '.old'].map(find);
  let seen = null; // when the last answer came
  const rule = `A long training lets the others go first after ${constants.turn} seconds of computing, and goes on by itself.`;
  say(find('.rule'), rule);
  table.replaceChildren(head(false), make('tbody', {}, ...Array.from({ length: WAITING_ROWS }, grey)));

  function show({ rows, now, runs }, own, teaches) {
    seen = new Date();
    say(old, '');
    find('.best').setAttribute('aria-busy', 'false');
    showQueue(now, own);
    nobody.hidden = rows.length > 0;
    table.hidden = !rows.length;
    const finished = rows.filter(({ best }) => best);
    say(
      find('.summary'),
      finished.length
        ? `Everybody’s best network, by its mistakes on 10,000 test digits. ${count(runs, 'run')} so far.`
        : 'Everybody’s best network, by its mistakes on 10,000 test digits.',
    );
    const focused = document.activeElement?.dataset?.pupil;
    const worst = Math.max(1, ...finished.map(({ best }) => best.mistakes));
    const least = Math.min(worst, ...finished.map(({ best }) => best.mistakes));
    const full = Math.min(worst, 6 * Math.max(least, 20)); // so that one who learned nothing does not flatten the rest
    table.replaceChildren(
      head(teaches),
      make('tbody', {}, ...rows.map((row, i) => line(row, i + 1, row.pupil === own.pupil, full, teaches))),
    );
    if (focused) table.querySelector(`[data-pupil="${focused}"]`)?.focus();
  }

  function line(row, place, isOwn, full, teaches) {
    const { best } = row;
    const name = make(
      'th',
      { scope: 'row', class: 'who' },
      make(
        'div',
        {},
        make('i', { class: isOwn ? 'mark used' : 'mark' }),
        make('span', { class: row.named || row.name === 'Teacher' ? 'name' : 'name unnamed' }, row.name),
        isOwn ? make('span', { class: 'you' }, 'you') : null,
      ),
      make('small', {}, best ? best.model : 'no run yet'),
    );
    const cells = best
      ? [
          make('td', { class: 'wide left' }, best.model),
          make('td', { class: 'test' }, percent(best.accuracy, 2)),
          make('td', { class: 'mistakes' }, best.mistakes.toLocaleString('en'), bar(best.mistakes / full)),
          make('td', { class: 'wide' }, brief(best.seconds)),
          make('td', { class: 'wide' }, best.parameters.toLocaleString('en')),
          make('td', { class: 'wide' }, String(row.runs)),
        ]
      : [
          make('td', { class: 'wide left note' }, 'no run yet'),
          ...['test', 'mistakes', 'wide', 'wide', 'wide'].map((kind) => make('td', { class: kind })),
        ];
    const act = row.named
      ? make(
          'button',
          {
            type: 'button',
            class: 'link',
            'data-pupil': row.pupil,
            'aria-label': `Remove the nickname ${row.name}`,
            onclick: () => remove(row),
          },
          make('span', { class: 'long' }, 'Remove nickname'),
          make('span', { class: 'short', 'aria-hidden': 'true' }, '✕'),
        )
      : '';
    return make(
      'tr',
      { class: isOwn ? 'own' : '' },
      make('td', { class: 'place' }, best ? String(place) : ''),
      name,
      ...cells,
      teaches ? make('td', { class: 'act' }, act) : null,
    );
  }

  function showQueue(now, own) {
    const at = now.findIndex(({ pupil }) => pupil !== null && pupil === own.pupil);
    const placed = now[at];
    const waiting = now.filter(({ waits }) => waits).length;
    let text = waiting ? `${count(waiting, 'training')} wait${waiting === 1 ? 's' : ''}.` : '';
    if (!now.length) text = 'Nobody trains at the moment.';
    if (placed && !placed.waits) text = `Yours trains now. ${text}`;
    if (placed?.waits)
      text = placed.seconds === null ? 'You are in line.' : `Your turn in about ${whole(placed.seconds)}.`;
    say(find('.turn'), text);
    find('.rule').hidden = !waiting;
    const shown = now.filter((_, i) => i < MOST_SHOWN || i === at);
    const rest = now.length - shown.length;
    queue.hidden = !now.length;
    queue.replaceChildren(
      ...shown.map((entry) => place(entry, entry === placed)),
      ...(rest ? [make('li', { class: 'rest' }, `and ${rest} more`)] : []),
    );
  }

  function place({ name, waits, share, seconds }, isOwn) {
    const state = waits ? (seconds === null ? 'waits' : `in ${whole(seconds)}`) : percent(share);
    const item = make(
      'li',
      { class: `${waits ? 'waits' : 'trains'}${isOwn ? ' own' : ''}` },
      make('b', {}, isOwn ? `${name} (you)` : name),
      make('span', {}, state),
    );
    if (!waits) item.style.setProperty('--share', `${share * 100}%`);
    return item;
  }

  return {
    show,
    /** The server did not answer: what is there stays, and says how old it is. */
    age() {
      const when = seen?.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' });
      say(old, seen ? `As it was at ${when}.` : 'The board has not come yet. This page asks again by itself.');
    },
  };
}

function head(teaches) {
  const titles = [
    ['', 'place'],
    ['Pupil', 'left'],
    ['Network', 'wide left'],
    ['Test', 'test'],
    ['Mistakes', 'mistakes'],
    ['Time', 'wide'],
    ['Weights', 'wide'],
    ['Runs', 'wide'],
  ];
  const cells = titles.map(([title, kind]) =>
    title
      ? make('th', { scope: 'col', class: kind }, title)
      : make('td', { class: kind }, make('span', { class: 'away' }, 'Place')),
  );
  if (teaches) cells.push(make('td', { class: 'act' }));
  return make('thead', {}, make('tr', {}, ...cells));
}

/** A row of the board before there is one. */
function grey() {
  const kinds = ['place', 'who', 'wide left', 'test', 'mistakes', 'wide', 'wide', 'wide'];
  return make('tr', { class: 'grey' }, ...kinds.map((kind) => make('td', { class: kind }, make('i', {}))));
}

function bar(share) {
  const filled = make('i', {});
  filled.style.width = `${Math.min(1, share) * 100}%`;
  return make('span', { class: 'gauge', 'aria-hidden': 'true' }, filled);
}

const count = (number, word) => `${number.toLocaleString('en')} ${word}${number === 1 ? '' : 's'}`;
const whole = (seconds) =>
  seconds < 100 ? `${Math.max(1, Math.round(seconds))} s` : `${Math.round(seconds / 60)} min`;
