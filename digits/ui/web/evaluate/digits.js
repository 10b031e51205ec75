// Digit by digit: bars of what was missed, or the table behind them.
import { make, percent } from '../lib/dom.js';

export function mountDigits(element) {
  const [box, button] = ['.per-digit', '.as-table'].map((selector) => element.querySelector(selector));
  let scores = [];
  let asTable = false;
  const paint = () => box.replaceChildren(...(asTable ? [table(scores)] : bars(scores)));
  button.addEventListener('click', () => {
    asTable = !asTable;
    button.setAttribute('aria-expanded', String(asTable));
    button.textContent = asTable ? 'as bars' : 'as a table';
    paint();
  });
  return {
    show(next) {
      scores = next;
      paint();
    },
  };
}

function bars(scores) {
  const most = Math.max(0.001, ...scores.map(({ recall, count }) => (count ? 1 - recall : 0)));
  return scores.map(({ digit, count, recall }) => {
    const fill = make('i');
    fill.style.width = percent(count ? (1 - recall) / most : 0);
    const words = count ? `${Math.round((1 - recall) * count)} of ${count.toLocaleString('en')}` : 'none here';
    return make('div', { class: 'line' }, make('b', {}, String(digit)), make('div', { class: 'gauge' }, fill), make('small', {}, words));
  });
}

function table(scores) {
  const head = ['Digit', 'Precision', 'Recall', 'F1', 'Count'].map((text) => make('th', { scope: 'col' }, text));
  const rows = scores.map(({ digit, precision, recall, f1, count }) => {
    const cells = [percent(precision, 2), percent(recall, 2), percent(f1, 2), count.toLocaleString('en')];
    return make('tr', {}, make('th', { scope: 'row' }, String(digit)), ...cells.map((text) => make('td', {}, text)));
  });
  return make('table', {}, make('thead', {}, make('tr', {}, ...head)), make('tbody', {}, ...rows));
}
