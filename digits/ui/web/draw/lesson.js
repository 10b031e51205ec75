// Teach it: a copy of the network in use learns the visitor's drawings; what came of it is shown, then kept or discarded.
import { make, percent } from '../lib/dom.js';
import { follow } from '../lib/server.js';
import { store, useOnceListed } from '../lib/store.js';
import { flatten } from '../lib/strokes.js';

export function mountLesson(view, { call, tell, showLesson, list, drawings }) {
  let teaching = null;
  let starting = false;
  let stop = () => {};

  async function teach() {
    if (starting) return;
    starting = true;
    tell('Starting.');
    list();
    const answer = await call('teach', { network: store.get('network'), drawings: drawings().map(flatten) }, 30);
    starting = false;
    list();
    if (answer.error) return tell(answer.error, true);
    show(answer);
    watch();
  }

  function watch() {
    stop();
    stop = follow(async () => {
      const before = teaching;
      const answer = await call('look_at_teaching');
      if (teaching !== before) return true; // decided, or taught anew, in the meantime
      if (answer.error) return false;
      if (answer.job) show(answer);
      else if (teaching) forget();
      return !answer.active;
    });
  }

  function show(answer) {
    teaching = answer.active || answer.result ? answer : null;
    showLesson(answer);
    tell(answer.sentence, answer.trouble);
    view.stop.hidden = !answer.active;
    view.teach.disabled = answer.active || !drawings().length;
    view.progress.hidden = !answer.active;
    view.progress.value = answer.share;
    view.lesson.hidden = !answer.result;
    if (!answer.result) return;
    const { drawings: shares, test, count } = answer.result;
    const rows = [
      ['these drawings', ...shares.map((share) => `${Math.round(share * count)} of ${count}`)],
      ['MNIST test, 10,000 images', ...test.map((share) => percent(share, 2))],
    ];
    view.rows.replaceChildren(
      ...rows.map(([name, ...cells]) =>
        make('tr', {}, make('th', { scope: 'row' }, name), ...cells.map((text) => make('td', {}, text))),
      ),
    );
  }

  /** The server has ended, or another training came after it, and the teaching is gone. */
  function forget() {
    teaching = null;
    showLesson(null);
    for (const node of [view.stop, view.progress, view.lesson]) node.hidden = true;
    list();
    tell('That teaching is not on this server any more; teach again.', true);
  }

  async function decide(name) {
    const answer = await call(name, { job: teaching?.job });
    tell(answer.error || answer.sentence, Boolean(answer.error));
    if (answer.silent) return; // the offer stays: the network still waits on the server
    view.lesson.hidden = true;
    teaching = null;
    showLesson(null);
    window.dispatchEvent(new Event('digits:networks'));
    if (answer.key) useOnceListed(answer.key);
  }

  view.teach.addEventListener('click', teach);
  view.stop.addEventListener('click', async () => {
    const answer = await call('stop_teaching');
    if (answer.error) tell(answer.error, true);
  });
  view.keep.addEventListener('click', () => decide('keep_teaching'));
  view.discard.addEventListener('click', () => decide('discard_teaching'));
  store.watch(['visitor'], ({ visitor }) => visitor && watch()); // a teaching is found again after a reload
  let begun = null; // the newest training that this page knows of
  store.watch(['training'], ({ training }) => {
    if (!training?.job || training.job === begun) return;
    begun = training.job;
    if (teaching && !teaching.active) watch(); // a training takes the place of a taught network that nobody kept
  });
  return { teach, decide, isActive: () => starting || Boolean(teaching?.active) };
}
