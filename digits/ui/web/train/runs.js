// The visitor's runs: a table with what each reads the drawing as, what differs, and their curves over each other.
import { brief, make, percent, save, say } from '../lib/dom.js';
import { keepFocus } from '../lib/focus.js';
import { questionOf } from '../lib/question.js';
import { latest } from '../lib/server.js';
import { store, use } from '../lib/store.js';
import { titleOf } from './settings.js';

const MOST = 4; // runs that are compared at once

export function mountRuns(element, call, constants, act) {
  const find = (selector) => element.querySelector(selector);
  let runs = [];
  let answers = {};
  let checked = [];
  let renaming = null; // the job and the name typed so far

  const refresh = latest(async () => {
    const answer = await call('list_runs');
    if (answer.error) return;
    runs = answer.runs;
    checked = checked.filter((job) => runs.some((run) => run.job === job));
    const question = questionOf(store.get('drawing'));
    if (question && !store.get('drawing').wide) {
      const read = await call('read_with_all', question);
      if (!read.error) answers = read.answers;
    }
    show();
  });

  function show() {
    find('.runs-card').hidden = !runs.length;
    const head = ['', 'Run', 'Network', 'Test', 'Mistakes', 'Held out', 'Time', 'Weights', 'Yours', '', ''];
    const rows = [
      ...runs.map(ownRow),
      ...store
        .get('networks')
        .filter(({ own }) => !own)
        .map(shippedRow),
    ];
    const titles = head.map((text, i) => make('th', { scope: 'col', class: i < 3 ? 'left-side' : '' }, text));
    const parts = [make('thead', {}, make('tr', {}, ...titles)), make('tbody', {}, ...rows)];
    keepFocus(find('.runs'), () => find('.runs').replaceChildren(...parts), find('.another'));
    showDifferences();
  }

  function ownRow(run) {
    const { figures } = run;
    const box = make('input', {
      type: 'checkbox',
      'aria-label': `Compare ${run.name}`,
      checked: checked.includes(run.job),
      'data-key': `compare ${run.job}`,
    });
    box.addEventListener('change', () => {
      checked = box.checked ? [...checked, run.job].slice(-MOST) : checked.filter((job) => job !== run.job);
      show();
      act.compare(checked);
    });
    const settings = make(
      'button',
      {
        type: 'button',
        class: 'link',
        title: 'Train again with these settings',
        'data-key': `again ${run.job}`,
        onclick: () => act.again(run.settings),
      },
      run.name,
    );
    return row(
      run.network,
      [
        box,
        settings,
        run.model,
        ratio(figures.test, 2),
        figures.mistakes ?? '–',
        ratio(figures.held_out, 2),
        figures.seconds === null ? '–' : brief(figures.seconds),
        figures.parameters?.toLocaleString('en') ?? '–',
      ],
      run,
    );
  }

  const shippedRow = (network) =>
    row(network.key, [
      '',
      'Shipped',
      network.name,
      ratio(network.accuracy, 2),
      Math.round((1 - network.accuracy) * 10_000),
      '',
      '',
      network.parameters.toLocaleString('en'),
    ]);

  function row(key, cells, run) {
    const used = key === store.get('network');
    const answer = answers[key];
    const yours = answer?.best == null ? '' : [make('b', {}, String(answer.best)), ` ${percent(answer.probability)}`];
    let last = '';
    const acts = run && !run.active ? [renameOf(run), pinOf(run), removeOf(run)] : [];
    if (used) last = make('span', { class: 'in-use' }, 'in use');
    else if (key) {
      const attributes = { type: 'button', class: 'link', 'data-key': `use ${key}`, onclick: () => use(key) };
      last = make('button', attributes, 'Use');
    } else if (run) last = make('span', { class: 'note' }, run.active ? run.state : 'no weights');
    const mark = make('i', { class: used ? 'mark used' : run && checked[1] === run.job ? 'mark compared' : 'mark' });
    return make(
      'tr',
      {},
      ...cells.map((cell, i) => make('td', { class: i < 3 ? 'left-side' : '' }, ...(i === 1 ? [mark, cell] : [cell]))),
      make('td', {}, ...[yours].flat()),
      make('td', {}, last),
      make('td', { class: 'acts' }, ...acts),
    );
  }

  async function change(run, wish) {
    const answer = await call('change_run', { job: run.job, ...wish });
    say(find('.runs-said'), answer.error ?? '');
    if (wish.remove || wish.name) window.dispatchEvent(new Event('digits:networks'));
    refresh();
    return !answer.error;
  }

  /** What is typed stays until the server has taken it. */
  async function rename(run, name) {
    const typed = renaming;
    if (!(await change(run, { name })) || renaming !== typed) return;
    renaming = null;
    show();
  }

  const pinOf = (run) =>
    make(
      'button',
      {
        type: 'button',
        class: 'link',
        'aria-pressed': String(run.pinned),
        title: 'A pinned run stays when the oldest make room',
        'data-key': `pin ${run.job}`,
        onclick: () => change(run, { pinned: !run.pinned }),
      },
      run.pinned ? 'Unpin' : 'Pin',
    );

  const removeOf = (run) =>
    make(
      'button',
      {
        type: 'button',
        class: 'link',
        'aria-label': `Remove ${run.name}`,
        'data-key': `remove ${run.job}`,
        onclick: () => change(run, { remove: true }),
      },
      'Remove',
    );

  function renameOf(run) {
    const key = `rename ${run.job}`;
    if (renaming?.job === run.job) return nameField(run, key);
    const press = () => {
      renaming = { job: run.job, name: run.name };
      show();
      const field = find(`[data-key="${key}"]`);
      field.focus(); // Safari gives a pressed button no focus that could be kept
      field.select();
    };
    const words = `Rename ${run.name}`;
    return make(
      'button',
      { type: 'button', class: 'link', 'aria-label': words, 'data-key': key, onclick: press },
      'Rename',
    );
  }

  /** The table is built anew while somebody types: what is typed stays. */
  function nameField(run, key) {
    const words = `New name of ${run.name}`;
    const input = make('input', { type: 'text', maxlength: 40, 'aria-label': words, 'data-key': key });
    input.value = renaming.name;
    input.addEventListener('input', () => {
      renaming.name = input.value;
    });
    input.addEventListener('keydown', (event) => {
      const name = input.value.trim();
      if (event.key !== 'Escape' && (event.key !== 'Enter' || !name)) return;
      event.preventDefault(); // else Enter presses the button that takes the focus now
      if (event.key === 'Enter') {
        rename(run, name);
        return;
      }
      renaming = null;
      show();
    });
    return input;
  }

  function showDifferences() {
    const chosen = checked.map((job) => runs.find((run) => run.job === job)).filter(Boolean);
    find('.differs-card').hidden = chosen.length < 2;
    if (chosen.length < 2) return;
    const names = Object.keys(chosen[0].settings);
    const different = names.filter((name) => new Set(chosen.map((run) => run.settings[name])).size > 1);
    find('.differs').replaceChildren(
      make('thead', {}, make('tr', {}, make('th'), ...chosen.map((run) => make('th', { scope: 'col' }, run.name)))),
      make(
        'tbody',
        {},
        ...different.map((name) =>
          make(
            'tr',
            {},
            make('th', { scope: 'row', class: 'left-side' }, titleOf(name)),
            ...chosen.map((run) => make('td', {}, text(name, run.settings[name]))),
          ),
        ),
      ),
    );
    const equal = names.length - different.length;
    say(
      find('.equal'),
      different.length
        ? `${equal} settings are equal.`
        : 'All settings are equal: the same seed gives the same network.',
    );
  }

  const text = (name, value) => constants.choices[name]?.[value] ?? String(value);

  find('.csv').addEventListener('click', () => {
    const names = [
      'name',
      'state',
      'test',
      'mistakes',
      'held_out',
      'seconds',
      'parameters',
      ...Object.keys(runs[0]?.settings ?? {}),
      'command',
    ];
    const lines = runs.map((run) =>
      names.map((name) => quote(run[name] ?? run.figures[name] ?? run.settings[name] ?? '')).join(','),
    );
    save('runs.csv', 'text/csv', `${[names.join(','), ...lines].join('\n')}\n`);
  });
  find('.another').addEventListener('click', () => act.another());
  store.watch(['network', 'networks', 'tab', 'drawing'], ({ tab, visitor }, changed) => {
    if (tab !== 'train' || !visitor) return;
    if (changed.includes('network') && changed.length === 1) show();
    else refresh();
  });
  return {
    refresh,
    get runs() {
      return runs;
    },
  };
}

const ratio = (value, digits) => (value === null || value === undefined ? '–' : percent(value, digits));
const quote = (value) => (/[",\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value));
