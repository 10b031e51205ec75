// The confusion matrix as buttons: a cell, a row or a column filters the mistakes.
import { make } from '../lib/dom.js';

const DIGITS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const signed = (count) => `${count > 0 ? '+' : ''}${count.toLocaleString('en').replace('-', '−')}`;

export function mountMatrix(box, choose) {
  let chosen = null;

  function press(wanted) {
    const same = chosen && chosen.label === wanted.label && chosen.digit === wanted.digit;
    chosen = same ? null : wanted;
    mark();
    choose(chosen);
  }

  function mark() {
    for (const button of box.querySelectorAll('button')) {
      const [label, digit] = [button.dataset.label, button.dataset.digit].map((text) =>
        text === '' ? undefined : Number(text),
      );
      const isOn = chosen && chosen.label === label && chosen.digit === digit;
      const isIn = chosen && (chosen.label ?? label) === label && (chosen.digit ?? digit) === digit;
      button.setAttribute('aria-pressed', String(Boolean(isOn)));
      button.classList.toggle('out', Boolean(chosen) && !isIn);
    }
  }

  const edge = (text, words, label, digit) =>
    makeButton(text, 'edge', words, label, digit, () => press({ label, digit }));

  function build(makeCell) {
    chosen = null;
    const rows = DIGITS.flatMap((label) => [
      edge(String(label), `Every ${label}`, label, undefined),
      ...DIGITS.map((digit) => makeCell(label, digit)),
    ]);
    const foot = DIGITS.map((digit) => edge(String(digit), `Everything read as ${digit}`, undefined, digit));
    box.replaceChildren(...rows, make('span', { class: 'edge' }), ...foot);
  }

  function makeCell(label, digit, count, depth, words, text, kind) {
    const cell = makeButton(text, kind, words, label, digit, () => press({ label, digit }));
    cell.style.setProperty('--depth', depth.toFixed(3));
    cell.disabled = !count || label === digit;
    return cell;
  }

  return {
    /** One network's: mistakes deepen by their count, what is right stays pale. */
    show(confusion) {
      const most = Math.max(1, ...offDiagonal(confusion));
      build((label, digit) => {
        const count = confusion[label][digit];
        const right = label === digit;
        const words = right ? `${count} of ${label} read right` : `${count} times ${label} read as ${digit}`;
        const kind = right ? 'right' : count ? 'wrong' : 'none';
        return makeCell(label, digit, count, right ? 0 : count / most, words, count ? short(count) : '', kind);
      });
    },
    /** Two networks': the first's minus the second's. Blue where the first is better. */
    showChange(change) {
      const most = Math.max(
        1,
        ...offDiagonal(change).map(Math.abs),
        ...DIGITS.map((digit) => Math.abs(change[digit][digit])),
      );
      build((label, digit) => {
        const count = change[label][digit];
        const better = label === digit ? count > 0 : count < 0;
        const what = label === digit ? `${label} read right` : `${label} read as ${digit}`;
        const kind = count ? (better ? 'better' : 'wrong') : 'none';
        return makeCell(
          label,
          digit,
          count,
          Math.abs(count) / most,
          `${signed(count)}: ${what}`,
          count ? signed(count) : '',
          kind,
        );
      });
    },
    /** While nothing is known yet. */
    empty() {
      build((label, digit) => makeCell(label, digit, 0, 0, 'not read yet', '', label === digit ? 'right' : 'none'));
    },
    clear() {
      chosen = null;
      mark();
    },
  };
}

/** 1,032 does not fit into a cell of a phone. */
const short = (count) => (count > 999 ? `${(count / 1000).toFixed(1)}k` : String(count));

export const offDiagonal = (matrix) => matrix.flatMap((row, label) => row.filter((_, digit) => label !== digit));

function makeButton(text, kind, words, label, digit, onclick) {
  const place = { 'data-label': label ?? '', 'data-digit': digit ?? '' };
  return make(
    'button',
    { type: 'button', class: kind, 'aria-label': words, 'aria-pressed': 'false', ...place, onclick },
    text,
  );
}
