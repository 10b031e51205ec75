// The confusion matrix as buttons: a cell, a row or a column filters the mistakes.
import { make } from '../lib/dom.js';

export function mountMatrix(box, filter) {
  let chosen = '';

  function press(button, key, wanted) {
    chosen = chosen === key ? '' : key;
    for (const other of box.querySelectorAll('button')) other.setAttribute('aria-pressed', String(other === button && Boolean(chosen)));
    filter(chosen ? wanted : null);
  }

  const edge = (text, label, key, wanted) => {
    const button = make('button', { type: 'button', class: 'edge', 'aria-label': label, 'aria-pressed': 'false' }, text);
    button.addEventListener('click', () => press(button, key, wanted));
    return button;
  };

  function build(cell) {
    chosen = '';
    const nodes = [make('span', { class: 'edge' })];
    for (let digit = 0; digit < 10; digit++) nodes.push(edge(String(digit), `Read as ${digit}`, `c${digit}`, { digit }));
    for (let label = 0; label < 10; label++) {
      nodes.push(edge(String(label), `Mistakes of ${label}`, `r${label}`, { label }));
      for (let digit = 0; digit < 10; digit++) nodes.push(cell(label, digit));
    }
    box.replaceChildren(...nodes);
  }

  function makeCell(label, digit, count, text, share, words) {
    const button = make(
      'button',
      { type: 'button', class: count ? '' : 'none', 'aria-label': words, 'aria-pressed': 'false', disabled: !count },
      text,
    );
    if (count) button.style.background = `color-mix(in srgb, var(${share < 0 ? '--a' : '--b'}) ${Math.round(18 + 62 * Math.abs(share))}%, var(--paper))`;
    if (Math.abs(share) > 0.5) button.style.color = 'var(--paper)';
    button.addEventListener('click', () => press(button, `${label},${digit}`, { label, digit }));
    return button;
  }

  return {
    show(confusion) {
      const most = Math.max(1, ...confusion.flatMap((row, i) => row.filter((_, j) => i !== j)));
      build((label, digit) => {
        const count = confusion[label][digit];
        if (label === digit) return make('span', { class: 'right', title: `${count} read right` }, count > 999 ? `${(count / 1000).toFixed(1)}k` : String(count));
        const words = `${count} of ${label} read as ${digit}`;
        return makeCell(label, digit, count, String(count), count / most, words);
      });
    },
    /** Differences of two networks: minus is fewer mistakes. */
    showChange(change) {
      const most = Math.max(1, ...change.flatMap((row, i) => row.filter((_, j) => i !== j).map(Math.abs)));
      build((label, digit) => {
        const count = change[label][digit];
        const text = count > 0 ? `+${count}` : String(count).replace('-', '−');
        if (label === digit) return make('span', { class: 'right' }, text);
        return makeCell(label, digit, count, text, count / most, `${text} of ${label} read as ${digit}`);
      });
    },
  };
}
