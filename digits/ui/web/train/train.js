// The Train tab: before, while it runs, after. The training is the server's; this page looks at it again and again.
import { article, onLook, percent, say } from '../lib/dom.js';
import { connect, follow, latest } from '../lib/server.js';
import { store, use, useOnceListed } from '../lib/store.js';
import { nameOf, parseWord } from './chain.js';
import { mountLive } from './live.js';
import { mountPytorch } from './pytorch.js';
import { mountRuns } from './runs.js';
import { mountSettings } from './settings.js';

export function mount({ element, props, part }) {
  const { constants } = props;
  const call = connect(part);
  const find = (selector) => element.querySelector(selector);
  const live = mountLive(element, constants);
  const settings = mountSettings(element, call, constants, watch);
  const runs = mountRuns(element, call, constants, { another, again, compare });
  const showPytorch = mountPytorch(element, call);
  let stop = () => {};

  function show(name) {
    const left = document.activeElement?.closest('.before, .live');
    for (const view of ['before', 'live']) find(`.${view}`).hidden = name !== view;
    if (left?.hidden) find(`.${name} h1.title`).focus({ preventScroll: true }); // what was pressed is not to be seen now
  }

  function another() {
    show('before');
    settings.prepare();
    window.scrollTo(0, 0);
  }

  function again(chosen) {
    settings.fill(chosen);
    another();
  }

  const tell = (answer) => say(find('.live-said'), answer.error ?? '');

  /** Follow a training of this visitor's, from its first update to its end. */
  function watch(job) {
    stop();
    tell({});
    find('.band').hidden = true;
    live.clear();
    show('live');
    let since = 0;
    let described = false;
    let before = null;
    stop = follow(
      async () => {
        const answer = await call('look_at_training', { job, since });
        if (answer.silent) {
          live.wait();
          store.set({ training: { ...before, job, state: 'silent' } });
          return false;
        }
        if (answer.error) {
          store.set({ training: null });
          another();
          settings.tell(answer.error);
          return true;
        }
        if (!described) described = !(await describe(answer)).silent;
        since = live.add(answer);
        const share = answer.updates.at(-1)?.share ?? before?.share ?? 0;
        before = { job, state: answer.state, share, ahead: answer.ahead };
        store.set({ training: answer.active ? before : null });
        if (!answer.active) finish(answer);
        return !answer.active;
      },
      // Seven looks a second cost the server two per cent of a core: only for what moves before the visitor's eyes.
      () => (store.get('tab') === 'train' && before?.state === 'running' ? 150 : 1_000),
    );
  }

  async function describe(answer) {
    const about = await call('prepare', { settings: answer.settings });
    if (!about.error)
      live.network(
        about.layers.filter((layer) => layer[2]).map((layer) => nameOf(parseWord(layer[0]))),
        about.hard,
      );
    return about;
  }

  function finish(answer) {
    const done = answer.state === 'done';
    const band = find('.band');
    band.hidden = false;
    band.classList.toggle('failed', answer.state === 'failed');
    say(band.querySelector('.check'), answer.state === 'failed' ? '!' : '✓');
    const reading = live.run.updates.at(-1)?.look?.mine;
    const yours = reading ? ` Your drawing is ${digitOf(reading)}.` : '';
    const title = done
      ? `${answer.name} is done, and in use`
      : answer.state === 'failed'
        ? `${answer.name} broke`
        : `${answer.name} was stopped`;
    say(band.querySelector('.band-title'), title);
    say(band.querySelector('.band-text'), answer.sentence + (answer.network ? yours : ''));
    for (const name of ['.mistakes', '.draw-on-it']) band.querySelector(name).hidden = !answer.network;
    if (answer.figures?.mistakes) say(band.querySelector('.mistakes'), `Its ${answer.figures.mistakes} mistakes`);
    if (store.get('tab') !== 'train')
      store.set({ training: { job: answer.job, state: answer.state === 'failed' ? 'failed' : 'done' } });
    runs.refresh();
    window.dispatchEvent(new Event('digits:networks'));
    if (!answer.network) return;
    const detail = `${answer.name} is in use.`;
    useOnceListed(answer.network, () => window.dispatchEvent(new CustomEvent('digits:used', { detail })));
  }

  /** A run with all its updates; they come some hundreds at a time. */
  async function lookAtAll(job) {
    let run = { updates: [], more: true };
    while (run.more) {
      const answer = await call('look_at_training', { job, since: run.updates.length });
      if (answer.error) return answer;
      run = { ...answer, since: 0, updates: [...run.updates, ...answer.updates] };
    }
    return run;
  }

  let compared = []; // jobs
  const showCompared = latest(async () => {
    const others = compared.filter((job) => job !== live.run?.job);
    const loaded = await Promise.all(others.map(lookAtAll));
    const whole = loaded.filter((answer) => !answer.error);
    if (find('.live').hidden && whole.length) {
      // A training that runs stays the one that is shown: each look adds to what is there.
      if (!live.run?.active) {
        const first = whole.shift();
        await describe(first);
        live.add(first);
      }
      show('live');
    }
    live.compare(whole);
  });

  function compare(jobs) {
    compared = jobs;
    showCompared();
  }

  find('.start')
    .closest('.before')
    .addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && event.target.matches('input:not(.sized input)')) find('.start').click();
    });
  find('.pytorch-of-settings').addEventListener('click', () => showPytorch(settings.read()));
  find('.pytorch-of-run').addEventListener('click', () => showPytorch(live.run.settings));
  find('.stop').addEventListener('click', async () => tell(await call('stop_training')));
  find('.pause').addEventListener('click', async () =>
    tell(await call('pause_training', { pause: live.run.state !== 'paused' })),
  );
  find('.mistakes').addEventListener('click', () => store.set({ tab: 'evaluate' }));
  find('.draw-on-it').addEventListener('click', () => {
    if (live.run?.network) use(live.run.network);
    store.set({ tab: 'draw' });
  });
  store.watch(['tab'], () => live.paint());
  onLook(() => live.paint());
  // A training that goes on is found again after a reload, on whatever tab the page opened.
  const off = store.watch(['training'], ({ training }) => {
    if (!training?.job || live.run) return;
    queueMicrotask(() => off());
    watch(training.job);
  });
}

const digitOf = (row) => {
  const digit = row.indexOf(Math.max(...row));
  return `${article(digit)} (${percent(row[digit] / 255)})`;
};
