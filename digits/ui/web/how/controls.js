// Controls and pictures that several steps use.
import { bytes, make, percent, say } from '../lib/dom.js';
import { SIDE } from '../lib/mnist.js';
import { paintShares, paintWeights } from '../lib/paint.js';

/** A choice of a few -> { node, value, mark }. options: [[value, text], ...]. */
export function segments(label, options, change) {
  const state = { value: options[0][0] };
  const buttons = options.map(([value, text]) =>
    make('button', { type: 'button', onclick: () => choose(value) }, text),
  );
  const mark = () => {
    options.forEach(([value], place) => {
      buttons[place].setAttribute('aria-pressed', String(value === state.value));
    });
  };
  function choose(value) {
    state.value = value;
    mark();
    change(value);
  }
  mark();
  /** Another choice than the first, before anything was chosen. */
  state.mark = (value) => {
    state.value = value;
    mark();
  };
  state.node = make('div', { class: 'segments', role: 'group', 'aria-label': label }, ...buttons);
  return state;
}

/** A slider with its value -> { node, get value }; `show` makes text of it, `value` what the slider's place means. */
export function slider(label, { low, high, start, step = 1, value = Number, show = String }, change) {
  const input = make('input', { type: 'range', min: low, max: high, step, value: start });
  const output = make('output');
  const state = {
    get value() {
      return value(Number(input.value));
    },
    node: make('label', { class: 'slider' }, make('span', {}, label), input, output),
  };
  const tell = () => {
    say(output, show(state.value));
    input.setAttribute('aria-valuetext', show(state.value));
  };
  input.addEventListener('input', () => {
    tell();
    change(state.value);
  });
  tell();
  return state;
}

/** A box to tick -> { node, get value }. */
export function tick(text, change) {
  const input = make('input', { type: 'checkbox', onchange: () => change(input.checked) });
  return {
    get value() {
      return input.checked;
    },
    node: make('label', { class: 'tick' }, input, text),
  };
}

/** "True digit": what it is, or as the network reads it -> { node, get value }. */
export function truth(change) {
  const options = Array.from({ length: 10 }, (_, digit) => make('option', { value: digit }, String(digit)));
  const select = make('select', { onchange: change }, make('option', { value: '' }, 'as read'), ...options);
  return {
    get value() {
      return select.value === '' ? null : Number(select.value);
    },
    node: make('label', { class: 'tick' }, 'True digit ', select),
  };
}

/** A picture of ink with its caption -> figure with .paint(base64). */
export function tile(caption, words = caption) {
  const canvas = make('canvas', { class: 'tile', width: SIDE, height: SIDE, role: 'img', 'aria-label': words });
  const figure = make('figure', {}, canvas, make('figcaption', {}, caption));
  figure.paint = (base64, width = SIDE, height = SIDE) => paintShares(canvas, bytes(base64), width, height);
  figure.paintSigned = (base64, width = SIDE, height = SIDE) => paintWeights(canvas, bytes(base64), width, height);
  figure.tell = (text) => say(figure.lastChild, text);
  return figure;
}

/** Ten bars with digits under them -> { node, show(probabilities) }. */
export function tenBars(label) {
  const bars = Array.from({ length: 10 }, () => make('i'));
  const shares = Array.from({ length: 10 }, () => make('span'));
  const columns = bars.map((bar, digit) =>
    make('div', {}, shares[digit], make('div', { class: 'room' }, bar), make('b', {}, String(digit))),
  );
  const node = make('div', { class: 'ten-bars', role: 'img', 'aria-label': label }, ...columns);
  return {
    node,
    show(probabilities) {
      const first = probabilities.indexOf(Math.max(...probabilities));
      probabilities.forEach((value, digit) => {
        bars[digit].style.height = `${Math.max(1, value * 100)}%`;
        columns[digit].className = digit === first ? 'first' : '';
        say(shares[digit], value > 0.015 ? percent(value) : '');
      });
      const words = probabilities.map((value, digit) => `${digit}: ${percent(value, 1)}`).join(', ');
      node.setAttribute('aria-label', `${label}. ${words}`);
    },
  };
}

/** Terms and what they are -> a list. */
export const facts = (rows) =>
  make('dl', { class: 'facts' }, ...rows.flatMap(([term, text]) => [make('dt', {}, term), make('dd', {}, text)]));

/** Two digits that count, however small the number is. */
export function figure(value) {
  const size = Math.abs(value);
  const text =
    size === 0 || size >= 0.1 ? size.toFixed(2) : size >= 0.001 ? size.toPrecision(2) : size.toExponential(0);
  return (value < 0 ? '−' : '') + text.replace('e-', 'e−');
}

export const size = (shape) => (shape?.length ? shape.join('×') : 'one number');

export const card = (title, note, ...children) =>
  make(
    'section',
    { class: 'card', 'aria-label': title },
    make('div', { class: 'title' }, make('h2', {}, title), make('span', { class: 'note' }, note)),
    ...children,
  );
