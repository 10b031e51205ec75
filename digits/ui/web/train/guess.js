// Before a training: what the untrained network says of the drawing and of ten digits, and what its first layer is.
import { article, bytes, capital, make, percent, say } from '../lib/dom.js';
import { SIDE } from '../lib/mnist.js';
import { paintShares } from '../lib/paint.js';
import { showFilters, showTen } from './look.js';

const LUCK = 0.2; // a guess below it says nothing
const COLUMNS = 6; // of filters, at least

export function showGuess(element, { look, hard, drawing, seed }) {
  const find = (selector) => element.querySelector(selector);
  const shares = drawing && look.mine ? look.mine.map((value) => value / 255) : [];
  const best = Math.max(...shares);
  const [says, why] = !shares.length
    ? ['Nothing yet', 'Draw a digit, and it is read after every update of the training.']
    : best < LUCK
      ? ['Any digit, it says', 'All ten are about as likely.']
      : [`${capital(article(shares.indexOf(best)))}, it says`, `${percent(best)}: by luck, its weights are random.`];
  say(find('.seed'), `random weights, seed ${seed}`);
  say(find('.says'), says);
  say(find('.why-so'), why);
  paintShares(find('.guess canvas.tile'), drawing ? bytes(drawing) : new Uint8Array(SIDE * SIDE));
  const bars = find('.chances');
  bars.hidden = !shares.length;
  bars.replaceChildren(
    ...shares.map((share, digit) => {
      const bar = make('i');
      bar.style.height = percent(share / Math.max(LUCK, best));
      return make('div', {}, make('div', { class: 'room' }, bar), String(digit));
    }),
  );
  bars.setAttribute('aria-label', shares.map((share, digit) => `${digit}: ${percent(share)}`).join(', '));
  const right = showTen(find('.ten'), look.ten, hard);
  say(find('.luck'), `${right} of 10 right, by luck`);
  const filters = find('.filters');
  filters.style.setProperty('--columns', Math.max(COLUMNS, Math.ceil(look.filters.shape[0] / 2)));
  showFilters(filters, look.filters);
}
