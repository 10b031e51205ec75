// Build your own: a chain of layers, each a row of controls; together they are a short text such as c5s2-12 f-192.
import { make } from '../lib/dom.js';
import { keepFocus } from '../lib/focus.js';
import { readNumber } from '../lib/number.js';

const KINDS = {
  c: 'Convolution',
  f: 'Linear',
  m: 'Maximum pooling',
  a: 'Mean pooling',
  g: 'Maximum of each map',
  d: 'Dropout',
};
const SIZES = { c: 32, f: 128, m: 2, a: 2, g: 1, d: 20 }; // of a new layer
const UNITS = { c: 'maps', f: 'units', m: 'by', a: 'by', g: '', d: '%' };
const ACTIVATIONS = { '': 'ReLU', t: 'Tanh', u: 'GELU', i: 'none' };
const SWITCHES = { p: 'pool', n: 'batch norm', k: 'skip' };

/** A word of the text -> its parts; null for one that this form cannot show. */
export function parseWord(word) {
  const found = /^([cfmagd])(\d*)([a-z0-9]*)-(\d+)$/.exec(word);
  if (!found) return null;
  const [, kind, side, options, size] = found;
  const stride = /s(\d)/.exec(options);
  const letters = options.replace(/s\d/, '');
  return { kind, side: Number(side || 3), stride: stride ? Number(stride[1]) : 1, letters, size: Number(size) };
}

export function writeWord({ kind, side, stride, letters, size }) {
  const kernel = kind === 'c' ? `${side}${stride > 1 ? `s${stride}` : ''}` : '';
  const options = kind === 'c' ? letters : kind === 'f' ? letters.replace('p', '').replace('v', '') : '';
  return `${kind}${kernel}${options}-${size}`;
}

export function mountBuilder({ mostLayers }, changed) {
  const list = make('ol', { class: 'blocks' });
  const add = make('button', { type: 'button', class: 'button' }, 'Add a layer');
  const node = make('div', { class: 'builder', hidden: true }, list, add);
  let layers = [];

  const tell = () => changed(layers.map(writeWord).join(' '));
  const set = (at, change) => {
    layers[at] = { ...layers[at], ...change };
    tell();
  };
  add.addEventListener('click', () => {
    const last = layers.at(-1);
    layers.push({ kind: 'f', side: 3, stride: 1, letters: '', size: last?.kind === 'f' ? last.size : SIZES.f });
    tell();
    list.lastElementChild?.querySelector('select').focus();
  });

  function choice(label, options, value, change) {
    const made = Object.entries(options).map(([name, text]) => make('option', { value: name }, text));
    const select = make('select', { 'aria-label': label }, ...made);
    select.value = String(value);
    select.addEventListener('change', () => change(select.value));
    return select;
  }

  function row(layer, at) {
    const has = (letter) => layer.letters.includes(letter);
    const toggle = (letter) => layer.letters.replace(letter, '') + (has(letter) ? '' : letter);
    const parts = [
      choice(`Kind of layer ${at + 1}`, KINDS, layer.kind, (kind) => set(at, { kind, size: SIZES[kind], letters: '' })),
    ];
    if (layer.kind !== 'g') {
      const size = make('input', {
        type: 'text',
        inputmode: 'numeric',
        autocomplete: 'off',
        value: layer.size,
        'aria-label': `Size of layer ${at + 1}`,
      });
      size.addEventListener('change', () => {
        const typed = readNumber(size.value, true);
        set(at, { size: Number.isInteger(typed) && typed > 0 ? typed : layer.size });
      });
      parts.push(make('span', { class: 'sized' }, size, UNITS[layer.kind]));
    }
    if (layer.kind === 'c') {
      const kernels = { 1: '1×1', 3: '3×3', 5: '5×5', 7: '7×7' };
      parts.push(choice(`Kernel of layer ${at + 1}`, kernels, layer.side, (side) => set(at, { side: Number(side) })));
      const strides = { 1: 'each pixel', 2: 'every second' };
      const change = (stride) => set(at, { stride: Number(stride) });
      parts.push(choice(`Stride of layer ${at + 1}`, strides, layer.stride, change));
    }
    if (layer.kind === 'c' || layer.kind === 'f') {
      const letter = ['t', 'u', 'i'].find(has) ?? '';
      const activate = (chosen) => set(at, { letters: layer.letters.replace(/[tui]/, '') + chosen });
      parts.push(choice(`Activation of layer ${at + 1}`, ACTIVATIONS, letter, activate));
      for (const [name, text] of Object.entries(SWITCHES)) {
        if (name === 'p' && layer.kind === 'f') continue;
        const press = () => set(at, { letters: toggle(name) });
        parts.push(
          make('button', { type: 'button', class: 'tool', 'aria-pressed': String(has(name)), onclick: press }, text),
        );
      }
    }
    const remove = () => {
      layers.splice(at, 1);
      tell();
      (list.children[Math.max(0, at - 1)]?.querySelector('select') ?? add).focus();
    };
    parts.push(
      make(
        'button',
        { type: 'button', class: 'tool remove', 'aria-label': `Remove layer ${at + 1}`, onclick: remove },
        '×',
      ),
    );
    return make('li', {}, ...parts);
  }

  return {
    node,
    /** Rows for a text; where a word is none that the form knows, the text alone is edited. */
    show(text) {
      const parsed = text.split(/\s+/).filter(Boolean).map(parseWord);
      if (parsed.some((layer) => layer === null)) return;
      layers = parsed;
      keepFocus(list, () => list.replaceChildren(...layers.map(row)), add);
      add.disabled = layers.length >= mostLayers;
    },
  };
}
