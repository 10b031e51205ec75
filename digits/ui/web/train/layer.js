// The controls of one layer of a network that is built.
import { make } from '../lib/dom.js';
import { readNumber } from '../lib/number.js';
import { ACTIVATIONS, KINDS, SWITCHES } from './chain.js';

const UNITS = { c: 'maps', f: 'units', m: 'by', a: 'by', g: '', d: '%' };
const ACTIVATION = /[tui]/g; // its letters

const listed = (values, words) => Object.fromEntries(values.map((value) => [value, words(value)]));

/** Controls of layer `at`, of this kind. `get()` are the layers as they are, `set(at, change)` changes one -> { nodes, update }. */
export function makeControls(at, kind, { get, set, remove, sizes }) {
  const number = at + 1;
  const updates = []; // what a control shows, of the layer as it is
  const nodes = [];
  const layer = () => get()[at];
  const update = () => {
    for (const show of updates) show(layer());
  };

  function choice(label, options, value, change) {
    const made = Object.entries(options).map(([name, words]) => make('option', { value: name }, words));
    const select = make('select', { 'aria-label': `${label} of layer ${number}`, 'data-key': label }, ...made);
    select.addEventListener('change', () => set(at, change(select.value)));
    updates.push((now) => {
      select.value = String(value(now));
    });
    nodes.push(select);
  }

  function size() {
    const attributes = {
      type: 'text',
      inputmode: 'numeric',
      autocomplete: 'off',
      'aria-label': `Size of layer ${number}`,
      'data-key': 'size',
    };
    const input = make('input', attributes);
    input.addEventListener('change', () => {
      const typed = readNumber(input.value, true);
      if (Number.isInteger(typed) && typed > 0 && typed !== layer().size) set(at, { size: typed });
      else input.value = layer().size;
    });
    updates.push((now) => {
      if (document.activeElement !== input) input.value = now.size;
    });
    nodes.push(make('span', { class: 'sized' }, input, UNITS[kind]));
  }

  function toggle(letter, words) {
    const press = () => {
      const { letters } = layer();
      set(at, { letters: letters.includes(letter) ? letters.replaceAll(letter, '') : letters + letter });
    };
    const button = make('button', { type: 'button', class: 'tool', 'data-key': words, onclick: press }, words);
    updates.push((now) => button.setAttribute('aria-pressed', String(now.letters.includes(letter))));
    nodes.push(button);
  }

  choice(
    'Kind',
    KINDS,
    (now) => now.kind,
    (chosen) => ({ kind: chosen, size: sizes[chosen], side: 3, stride: 1, letters: '' }),
  );
  if (kind in UNITS && kind !== 'g') size();
  if (kind === 'c') {
    const sides = listed([1, 3, 5, 7, 9, 11], (side) => `${side}×${side}`);
    choice(
      'Kernel',
      sides,
      (now) => now.side,
      (side) => ({ side: Number(side) }),
    );
    const strides = listed([1, 2, 3, 4], (step) => `stride ${step}`);
    choice(
      'Stride',
      strides,
      (now) => now.stride,
      (stride) => ({ stride: Number(stride) }),
    );
  }
  if (kind === 'c' || kind === 'f') {
    choice(
      'Activation',
      ACTIVATIONS,
      ({ letters }) => letters.match(ACTIVATION)?.[0] ?? '',
      (letter) => ({ letters: layer().letters.replace(ACTIVATION, '') + letter }),
    );
    for (const [letter, words] of Object.entries(SWITCHES))
      if (kind === 'c' || !'pv'.includes(letter)) toggle(letter, words);
  }
  const isOnly = get().length === 1;
  nodes.push(
    make(
      'button',
      {
        type: 'button',
        class: 'button remove',
        'aria-label': `Remove layer ${number}`,
        disabled: isOnly,
        title: isOnly ? 'One layer is the least.' : null,
        onclick: () => remove(at),
      },
      'Remove',
    ),
  );
  return { nodes, update };
}
