// One digit, large: what each network makes of it, why, and the way to the pad.

import { lay, paintImportance } from '../draw/why.js';
import { article, bytes, capital, make, percent, say } from '../lib/dom.js';
import { SIDE } from '../lib/mnist.js';
import { paintShares } from '../lib/paint.js';
import { pictureOf } from '../lib/picture.js';
import { isReadable, UNREADABLE } from '../lib/readback.js';
import { latest, onReturn } from '../lib/server.js';
import { store } from '../lib/store.js';
import { packed, pixelsOf } from './sprite.js';

export function mountExample(dialog, call, constants, opponent, source) {
  const ink = make('canvas', { width: SIDE, height: SIDE, class: 'tile', role: 'img' });
  const frame = make('i', { class: 'frame', hidden: true });
  const view = {
    title: make('h2', { tabindex: -1 }),
    about: make('p', { class: 'note' }),
    readings: make('div', { class: 'readings' }),
    load: make('button', { type: 'button', class: 'button primary' }, 'Load into the pad'),
    why: make('button', { type: 'button', class: 'button' }, 'Why'),
    reason: make('p', { class: 'reason', role: 'status', 'aria-live': 'polite' }),
    before: make('button', { type: 'button', class: 'tool', 'aria-label': 'The one before' }, '←'),
    after: make('button', { type: 'button', class: 'tool', 'aria-label': 'The next one' }, '→'),
  };
  const close = make('button', { type: 'button', class: 'tool', onclick: () => dialog.close() }, 'Close');
  dialog.append(
    make('div', { class: 'detail-head' }, view.before, view.after, make('span', { class: 'gap' }), close),
    view.title,
    view.about,
    make('div', { class: 'lens' }, ink, frame),
    make('div', { class: 'acts' }, view.load, view.why),
    view.reason,
    view.readings,
  );
  let all = [];
  let at = 0;
  let pixels = null; // a promise of the shown digit's: what is pressed before they are there means this digit too
  let reader = ''; // the network that gave the reading that the title tells

  const read = latest(async () => {
    const wanted = all[at];
    const keys = [store.get('network'), opponent()];
    const question = { network: keys[0], against: keys[1], pixels: packed(await pixels) };
    if (wanted !== all[at]) return;
    const answer = await call('read_example', question);
    if (wanted !== all[at] || !dialog.open) return;
    if (answer.error) return say(view.reason, answer.error);
    const { readings } = answer;
    reader =
      keys[
        Math.max(
          0,
          readings.findIndex(({ best }) => best === wanted.digit),
        )
      ];
    view.readings.replaceChildren(
      ...readings.map((reading, i) =>
        showReading(reading, wanted.label, i ? 'compared' : 'used', keys[i], readings.length),
      ),
    );
  });

  async function show(place) {
    at = place;
    const wanted = all[at];
    const { label, digit, index, damaged } = wanted;
    const right = label === digit;
    const which = capital(article(label));
    say(view.title, right ? `${which}, read right` : `${which}, read as ${article(digit)}`);
    const known = index !== undefined && `Number ${(index + 1).toLocaleString('en')} of ${source().words}.`;
    say(view.about, known || (damaged ? 'A test digit, damaged.' : 'A test digit.'));
    ink.setAttribute('aria-label', `The ${label}, as the network sees it`);
    say(view.why, `Why ${article(digit)}?`);
    say(view.reason, '');
    frame.hidden = true;
    reader = '';
    view.before.disabled = at === 0;
    view.after.disabled = at === all.length - 1;
    view.readings.replaceChildren();
    for (const button of [view.load, view.why]) button.disabled = !isReadable();
    if (view.load.disabled) return say(view.reason, UNREADABLE);
    pixels = pixelsOf(wanted.sprite, wanted.at, constants.columns);
    read();
    const made = await pixels;
    if (wanted === all[at]) paintShares(ink, made);
  }

  view.before.addEventListener('click', () => at > 0 && show(at - 1));
  view.after.addEventListener('click', () => at < all.length - 1 && show(at + 1));
  document.addEventListener('keydown', (event) => {
    if (!dialog.open) return; // a button that has become disabled has lost the focus, and the dialog the key
    if (event.key === 'ArrowLeft') view.before.click();
    if (event.key === 'ArrowRight') view.after.click();
  });
  dialog.addEventListener('click', (event) => event.target === dialog && dialog.close());

  view.why.addEventListener('click', async () => {
    const wanted = all[at];
    say(view.reason, 'Covering it, piece by piece.');
    const question = { network: reader || store.get('network'), pixels: packed(await pixels) };
    const because = await call('explain_example', question, 20);
    if (wanted !== all[at]) return;
    if (because.error) return say(view.reason, because.error);
    paintImportance(ink, bytes(because.ink), because.importance);
    const [top, left, side] = because.decisive;
    lay(frame, top, left, top + side, left + side);
    say(view.reason, `${because.sentence} Orange speaks for the answer, blue against it.`);
  });

  view.load.addEventListener('click', async () => {
    const { index, label, damaged } = all[at];
    const made = await pixels;
    dialog.close();
    const { strokes } = source().drawings?.[index] ?? {};
    const { bitmap, data } = pictureOf(made);
    const isTestDigit = !damaged && index !== undefined && source().name === constants.testSet;
    const editable = { bitmap, editable: isReadable(), unit: constants.unit };
    const picture = isTestDigit ? { ...editable, index, label } : { ...editable, data };
    const drawing = strokes ? { strokes, picture: null } : { strokes: [], picture };
    store.set({ drawing: { ...drawing, wide: false }, tab: 'draw' });
  });

  onReturn(() => {
    if (!dialog.open || view.readings.firstChild) return;
    say(view.reason, '');
    read();
  });

  return (list, place) => {
    all = list;
    if (!dialog.open) dialog.showModal();
    show(place);
    view.title.focus({ preventScroll: true });
  };
}

/** Ten bars of one network. */
function showReading({ digit, best, probabilities }, label, kind, key, count) {
  const name = store.get('networks').find((network) => network.key === key)?.name ?? '';
  const verdict = digit === null ? `not a digit, nearest ${best}` : `${best}, ${percent(probabilities[best])}`;
  const bars = probabilities.map((share, i) => {
    const bar = make('i', { style: `height:${Math.max(1.5, share * 100)}%` });
    return make(
      'span',
      { class: i === best ? 'first' : '' },
      make('u', {}, bar),
      make('b', { class: i === label ? 'truth' : '' }, String(i)),
    );
  });
  const words = `${name} reads ${verdict}; it was ${label}`;
  return make(
    'div',
    { class: `reading-of ${kind}` },
    make(
      'p',
      {},
      count > 1 ? make('i', { class: `mark ${kind}`, 'aria-hidden': 'true' }) : null,
      make('b', {}, name),
      ` reads ${verdict}.`,
    ),
    make('div', { class: 'ten', role: 'img', 'aria-label': words }, ...bars),
  );
}
