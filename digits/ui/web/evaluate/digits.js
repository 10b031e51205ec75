// Digit by digit: bars of what is misread, or the table behind them.
import { make, percent } from '../lib/dom.js';

export function mountDigits(element) {
  const [box, button] = ['.per-digit', '.as-table'].map((selector) => element.querySelector(selector));
  let scores = []; // one list a network
  let asTable = false;
  const paint = () => box.replaceChildren(...(asTable ? scores.map(makeTable) : makeBars(scores)));
  button.addEventListener('click', () => {
    asTable = !asTable;
    button.setAttribute('aria-expanded', String(asTable));
    button.textContent = asTable ? 'as bars' : 'as a table';
    paint();
  });
  return (next) => {
    scores = next;
    paint();
  };
}

const missed = ({ count, recall }) => (count ? 1 - recall : 0);

function makeBars(scores) {
  const most = Math.max(0.001, ...scores.flat().map(missed));
  const compared = scores.length > 1;
  return (scores[0] ?? []).map(({ digit, count }, row) => {
    const bars = scores.map((each, i) => {
      const kind = compared ? ['used', 'compared'][i] : 'wrong';
      return make('i', { class: kind, style: `width:${percent(missed(each[row]) / most, 1)}` });
    });
    const counts = scores.map((each) => Math.round(missed(each[row]) * count));
    const words = count ? `${counts.join(' and ')} of ${count.toLocaleString('en')}` : 'none here';
    return make(
      'div',
      { class: 'line' },
      make('b', {}, String(digit)),
      make('div', { class: 'bars' }, ...bars),
      make('small', {}, words),
    );
  });
}

function makeTable(scores) {
  const head = ['Digit', 'Precision', 'Recall', 'F1', 'Count'].map((text) => make('th', { scope: 'col' }, text));
  const rows = scores.map(({ digit, precision, recall, f1, count }) => {
    const cells = [percent(precision, 2), percent(recall, 2), percent(f1, 2), count.toLocaleString('en')];
    return make('tr', {}, make('th', { scope: 'row' }, String(digit)), ...cells.map((text) => make('td', {}, text)));
  });
  return make('table', {}, make('thead', {}, make('tr', {}, ...head)), make('tbody', {}, ...rows));
}
