// A training while it runs and after: time line, curves, and the look inside at the chosen moment.
import { duration, isStill, make, percent, say } from '../lib/dom.js';
import { paintDrawing } from '../lib/paint.js';
import { store } from '../lib/store.js';
import { makeChart } from './chart.js';
import { showConfusion, showFilters, showGradients, showRibbon, showTen } from './look.js';

const REPLAY = 10_000; // milliseconds, whatever the training took
const number = (value) =>
  value === null ? '' : value < 0.1 ? value.toPrecision(2) : value.toFixed(3).replace(/0+$/, '').replace(/\.$/, '');

export function mountLive(element, constants) {
  const find = (selector) => element.querySelector(`.live ${selector}`);
  const [time, pill, play] = ['.time', '.live-pill', '.play'].map(find);
  const charts = {
    loss: makeChart(find('.chart.loss'), { log: true, format: number, title: 'Loss' }),
    accuracy: makeChart(find('.chart.accuracy'), {
      log: false,
      format: (share) => percent(share, share > 0.99 && share < 1 ? 1 : 0),
      title: 'Accuracy',
    }),
  };
  let run = null; // what look_at_training says, with all updates so far
  let compared = []; // other runs of which the curves are shown too
  let at = 0;
  let live = true;
  let layers = [];
  let hard = null;
  let replaying = 0;

  function paint() {
    const view = element.querySelector('.live');
    if (!run || store.get('tab') !== 'train' || view.hidden) return;
    const waits = !run.updates.length;
    view.classList.toggle('waits', waits);
    if (live) at = Math.max(0, run.updates.length - 1);
    paintCurves(run.updates[at]?.epoch ?? null);
    for (const words of waits ? ['.loss-now', '.accuracy-now', '.plain'] : []) say(find(words), '');
    if (!waits) paintMoment(run.updates[at]);
  }

  function paintCurves(epoch) {
    const runs = [run, ...compared].map((shown) => ({
      name: shown.name.toLowerCase(),
      epochs: shown.settings.epochs,
      loss: shown.updates.map((point) => [point.epoch, point.loss, point.held_out?.[0] ?? null]),
      accuracy: shown.updates.map((point) => [point.epoch, point.accuracy, point.held_out?.[1] ?? null]),
    }));
    for (const kind of ['loss', 'accuracy'])
      charts[kind](
        runs.map((shown) => ({ ...shown, points: shown[kind] })),
        epoch,
      );
  }

  function paintMoment(update) {
    // While it runs the line is as long as the whole training, so that it is a progress bar too.
    time.max = Math.max(
      1,
      run.active ? Math.round(run.updates.length / run.updates.at(-1).share) - 1 : run.updates.length - 1,
    );
    time.value = at;
    time.setAttribute('aria-valuetext', `epoch ${update.epoch.toFixed(2)}`);
    say(pill, nameMoment(run, live));
    const held = run.updates
      .slice(0, at + 1)
      .filter((point) => point.held_out)
      .at(-1);
    say(find('.loss-now'), `${number(update.loss)} now; lower is better`);
    say(
      find('.accuracy-now'),
      held
        ? `${percent(held.held_out[1], 2)} of 5,000 held-out digits`
        : `${percent(update.accuracy, 1)} of the last batches`,
    );
    say(find('.plain'), plain(run, at));
    if (update.look) paintLook(update);
  }

  function paintLook(update) {
    const looks = run.updates.map((point) => point.look).filter(Boolean);
    const right = showTen(find('.ten'), update.look.ten, hard, looks.slice(0, at + 1));
    find('.ten-card .count').replaceChildren(make('b', {}, String(right)), ' of 10 right');
    showFilters(find('.filters'), update.look.filters);
    const measured = run.updates
      .slice(0, at + 1)
      .filter((point) => point.confusion)
      .at(-1);
    showConfusion(
      find('.confusion'),
      find('.confusion-when'),
      find('.most'),
      measured?.confusion,
      measured?.epoch ?? 0,
    );
    showGradients(find('.gradients'), layers, update.look.gradients);
    paintRibbons(looks);
  }

  function paintRibbons(looks) {
    const box = find('.ribbons');
    const all = [
      { name: run.name, looks },
      ...compared
        .slice(0, 1)
        .map((shown) => ({ name: shown.name, looks: shown.updates.map((point) => point.look).filter(Boolean) })),
    ];
    const ribbons = all.filter((shown) => shown.looks[0]?.mine);
    if (!ribbons.length) {
      box.replaceChildren(
        make(
          'p',
          { class: 'note' },
          'Nothing was drawn when this training began. Draw a digit, then train: it is read after every update.',
        ),
      );
      return;
    }
    if (box.querySelectorAll('.ribbon').length !== ribbons.length)
      box.replaceChildren(...ribbons.map((_, i) => makeRibbon(i)));
    ribbons.forEach((shown, i) => {
      const ribbon = box.querySelectorAll('.ribbon')[i];
      say(ribbon.querySelector('.who'), all.length > 1 ? `${shown.name}, now` : '');
      showRibbon(ribbon, shown.looks, i ? shown.looks.length - 1 : at, i ? '--b' : '--a');
      const tile = ribbon.querySelector('canvas.tile');
      if (tile) paintDrawing(tile, store.get('drawing'), constants.unit, 60);
    });
  }

  const makeRibbon = (i) =>
    make(
      'div',
      { class: i ? 'ribbon second' : 'ribbon' },
      make(
        'div',
        { class: 'said' },
        i ? null : make('canvas', { class: 'tile' }),
        make('span', { class: 'who' }),
        make('b'),
        make('span', { class: 'sure' }),
      ),
      make('div', { class: 'rows' }, make('ol'), make('canvas', { role: 'img' })),
    );

  function showTitle() {
    const { settings } = run;
    say(find('.title'), `${run.name}, ${run.model}`);
    const epochs = settings.epochs === 1 ? '1 epoch' : `${settings.epochs} epochs`;
    say(
      find('.about'),
      `${constants.choices.optimizer[settings.optimizer]}, learning rate up to ${settings.learning_rate}, ` +
        `${settings.batch_size} images a step, ${epochs}, seed ${settings.seed}.${find('.band').hidden ? ` ${run.sentence}` : ''}`,
    );
    const last = run.updates.at(-1);
    const numbers = last
      ? [
          [`of ${epochs}`, last.epoch.toFixed(2)],
          ['images a second', last.speed.toLocaleString('en')],
          run.active ? ['left', duration(last.remaining)] : ['in all', duration(run.figures?.seconds ?? 0)],
        ]
      : [];
    find('.numbers').replaceChildren(
      ...numbers.map(([name, value]) => make('div', {}, make('dt', {}, name), make('dd', {}, value))),
    );
    find('.stop').hidden = !run.active;
    find('.stop').disabled = run.stopping;
    find('.pause').hidden = !run.active;
    find('.pause').disabled = run.stopping;
    say(find('.pause'), run.state === 'paused' ? 'Go on' : 'Pause');
  }

  time.addEventListener('input', () => {
    at = Math.min(run.updates.length - 1, Number(time.value));
    live = run.active && Number(time.value) >= run.updates.length - 1;
    paint();
  });
  pill.addEventListener('click', () => {
    live = true;
    paint();
  });
  play.addEventListener('click', () => {
    if (!run?.updates.length) return;
    const began = performance.now();
    const count = run.updates.length;
    const turn = ++replaying;
    const frames = isStill() ? 12 : count;
    live = false;
    const step = () => {
      if (turn !== replaying || live) return;
      const share = Math.min(1, (performance.now() - began) / REPLAY);
      at = Math.round((Math.floor(share * frames) / frames) * (count - 1));
      paint();
      if (share < 1) requestAnimationFrame(step);
    };
    step();
  });

  return {
    /** A training of which nothing is known yet. */
    clear() {
      element.querySelector('.live').classList.add('waits');
      say(find('.title'), 'A training');
      say(find('.about'), '');
    },
    begin(answer) {
      run = { ...answer, updates: [] };
      compared = [];
      [live, at] = [true, 0];
      replaying++;
    },
    /** New updates of the shown run; says how many there are. */
    add(answer) {
      if (run?.job !== answer.job && answer.since) return 0; // another run was shown meanwhile: all is wanted again
      if (run?.job !== answer.job) this.begin(answer);
      run = { ...answer, updates: [...run.updates.slice(0, answer.since), ...answer.updates] };
      showTitle();
      paint();
      return run.updates.length;
    },
    /** The server does not answer: what runs there is not known. */
    wait() {
      if (!run?.active) return;
      run = { ...run, state: 'silent', sentence: 'The server does not answer; this is the last that it said.' };
      showTitle();
      paint();
    },
    compare(runs) {
      compared = runs;
      paint();
    },
    network(names, sprite) {
      layers = names;
      hard = sprite;
    },
    get run() {
      return run;
    },
    paint,
  };
}

/** What the end of the time line is, and the way to it. */
function nameMoment({ active, state }, live) {
  if (!live) return active ? 'Back to live' : 'To the end';
  if (state === 'paused') return 'Paused';
  if (state === 'silent') return 'Not connected';
  return active ? 'Live' : 'At the end';
}

/** One sentence of plain reading, at most one at a time. */
export function plain(run, at) {
  const seen = run.updates.slice(0, at + 1);
  const last = seen[seen.length - 1];
  const held = seen.filter((update) => update.held_out);
  if (run.state === 'paused') return '';
  if (run.state === 'waiting') return run.sentence;
  if (last.loss > 2.2 && last.epoch > 0.3) return 'Loss is not falling: the rate may be too high.';
  if (held.length > 5) {
    const recent = held.slice(-4).map((update) => update.held_out[1]);
    const before = Math.max(...held.slice(0, -4).map((update) => update.held_out[1]));
    if (last.accuracy - recent[3] > 0.012)
      return `Batches ${percent(last.accuracy, 1)}, held out ${percent(recent[3], 1)}: it begins to learn by heart.`;
    if (Math.max(...recent) < before) return 'Accuracy on the held-out digits has not improved for an epoch.';
  }
  return '';
}
