// The network as a chain that can be changed: press a layer to change or remove it, a plus to put one in. Together the
// layers are a short text such as c5s2-12 f-192, which the command line, a card and a link carry.
import { bytes, make, percent, say } from '../lib/dom.js';
import { keepFocus } from '../lib/focus.js';
import { SIDE } from '../lib/mnist.js';
import { readNumber } from '../lib/number.js';
import { paintShares } from '../lib/paint.js';
import {
  ACTIVATIONS,
  extrasOf,
  KINDS,
  nameOf,
  parseWord,
  pictureOf,
  SWITCHES,
  shapeWords,
  widthOf,
  writeWord,
} from './chain.js';

const SIZES = { c: 32, f: 128, m: 2, a: 2, g: 1, d: 20 }; // of a new layer
const UNITS = { c: 'maps', f: 'units', m: 'by', a: 'by', g: '', d: '%' };
const ADDED = { c: 'convolution', m: 'max pooling', a: 'mean pooling', f: 'linear', d: 'dropout', skip: 'skip' };
const OF_MAPS = ['c', 'm', 'a', 'g']; // these need maps before them
const IN_ONE_ROW = 7;
const [INK, AIR] = [64, 8]; // px: the ink's picture, and between a picture and its line

/** `changed(text)` when a press changed the layers. */
export function mountBuilder(element, { mostLayers }, changed) {
  const find = (selector) => element.querySelector(selector);
  const [list, panel, hint, said] = ['.chain', '.edit', '.hint', '.chain-said'].map(find);
  let layers = [];
  let rows = []; // what the server said of them, and of the ten outputs: word, shape, weights
  let wrong = 0; // the number of the layer that it refuses
  let open = null; // { layer } that is changed, or { gap } that a layer is put into

  const isOpen = (kind, at) => open?.[kind] === at;
  const toggle = (kind, at) => {
    open = isOpen(kind, at) ? null : { [kind]: at };
    paint();
  };
  const tell = () => changed(layers.map(writeWord).join(' '));
  const set = (at, change) => {
    layers[at] = { ...layers[at], ...change };
    tell();
  };
  const shapeBefore = (at) => (at ? rows[at - 1]?.[1] : [1, SIDE, SIDE]);

  function add(at, chosen) {
    const before = shapeBefore(at) ?? [1, SIDE, SIDE];
    const kind = chosen === 'skip' ? (before.length === 3 ? 'c' : 'f') : chosen;
    const size = chosen === 'skip' ? before[0] : SIZES[kind];
    layers.splice(at, 0, { kind, side: 3, stride: 1, letters: chosen === 'skip' ? 'k' : '', size });
    rows.splice(at, 0, rows[at - 1]);
    open = { layer: at };
    tell();
    list.querySelector(`[data-key="layer${at}"]`)?.focus({ preventScroll: true });
  }

  function remove(at) {
    layers.splice(at, 1);
    rows.splice(at, 1);
    open = null;
    tell();
    list.querySelector(`[data-key="plus${Math.min(at, layers.length)}"]`)?.focus({ preventScroll: true });
  }

  function choice(label, options, value, change) {
    const made = Object.entries(options).map(([name, text]) => make('option', { value: name }, text));
    const select = make('select', { 'aria-label': label, 'data-key': label }, ...made);
    select.value = String(value);
    select.addEventListener('change', () => change(select.value));
    return select;
  }

  /** The controls of the layer that was pressed. */
  function controlsOf(layer, at) {
    const has = (letter) => layer.letters.includes(letter);
    const parts = [
      choice(`Kind of layer ${at + 1}`, KINDS, layer.kind, (kind) => set(at, { kind, size: SIZES[kind], letters: '' })),
    ];
    if (layer.kind !== 'g') {
      const name = `Size of layer ${at + 1}`;
      const size = make('input', {
        type: 'text',
        inputmode: 'numeric',
        autocomplete: 'off',
        value: layer.size,
        'aria-label': name,
        'data-key': name,
      });
      size.addEventListener('change', () => {
        const typed = readNumber(size.value, true);
        set(at, { size: Number.isInteger(typed) && typed > 0 ? typed : layer.size });
      });
      parts.push(make('span', { class: 'sized' }, size, UNITS[layer.kind]));
    }
    if (layer.kind === 'c') {
      const kernels = Object.fromEntries([1, 3, 5, 7, 9, 11].map((side) => [side, `${side}×${side}`]));
      parts.push(choice(`Kernel of layer ${at + 1}`, kernels, layer.side, (side) => set(at, { side: Number(side) })));
      const strides = Object.fromEntries([1, 2, 3, 4].map((step) => [step, `stride ${step}`]));
      const step = (stride) => set(at, { stride: Number(stride) });
      parts.push(choice(`Stride of layer ${at + 1}`, strides, layer.stride, step));
    }
    if (layer.kind === 'c' || layer.kind === 'f') {
      const letter = ['t', 'u', 'i'].find(has) ?? '';
      const activate = (chosen) => set(at, { letters: layer.letters.replace(/[tui]/, '') + chosen });
      parts.push(choice(`Activation of layer ${at + 1}`, ACTIVATIONS, letter, activate));
      for (const [name, text] of Object.entries(SWITCHES)) {
        if ('pv'.includes(name) && layer.kind === 'f') continue;
        const press = () => set(at, { letters: layer.letters.replace(name, '') + (has(name) ? '' : name) });
        parts.push(
          make(
            'button',
            { type: 'button', class: 'tool', 'aria-pressed': String(has(name)), 'data-key': text, onclick: press },
            text,
          ),
        );
      }
    }
    const removal = {
      type: 'button',
      class: 'button remove',
      'aria-label': `Remove layer ${at + 1}`,
      disabled: layers.length === 1,
      title: layers.length === 1 ? 'One layer is the least.' : null,
      onclick: () => remove(at),
    };
    parts.push(make('button', removal, 'Remove'));
    return parts;
  }

  /** What can be put between two layers. */
  function choicesFor(at) {
    const isFlat = shapeBefore(at)?.length === 1;
    return Object.entries(ADDED).map(([kind, text]) => {
      const needsMaps = isFlat && OF_MAPS.includes(kind);
      const title = needsMaps ? 'A linear layer before it left no maps.' : null;
      return make(
        'button',
        { type: 'button', class: 'button', disabled: needsMaps, title, onclick: () => add(at, kind) },
        text,
      );
    });
  }

  function plus(at) {
    const name = at ? `Add a layer after layer ${at}` : 'Add a layer after the ink';
    const attributes = {
      type: 'button',
      class: 'plus',
      'aria-label': name,
      'aria-expanded': String(isOpen('gap', at)),
      'data-key': `plus${at}`,
      disabled: layers.length >= mostLayers,
      title: layers.length >= mostLayers ? `${mostLayers} layers are the most.` : null,
      onclick: () => toggle('gap', at),
    };
    return make('button', attributes, '+');
  }

  function item(at) {
    const layer = layers[at]; // none for the ten outputs
    const [, shape, count] = rows[at] ?? [];
    const isLargest = count > 0 && count === Math.max(...rows.map((row) => row?.[2] ?? 0));
    const words = [
      make('b', {}, layer ? nameOf(layer) : 'linear'),
      make('small', {}, shape ? shapeWords(shape, layer ? 'units' : 'outputs') : '…'),
      make('small', { class: 'count' }, count ? `${count.toLocaleString('en')} weights` : ''),
      make('small', { class: 'extras' }, layer ? extrasOf(layer) : ''),
    ];
    const picture = pictureOf(shape, layer?.kind === 'd');
    const states = [isLargest ? 'largest' : '', wrong === at + 1 ? 'wrong' : ''].join(' ');
    const attributes = {
      type: 'button',
      class: 'node',
      'aria-expanded': String(isOpen('layer', at)),
      'data-key': `layer${at}`,
      onclick: () => toggle('layer', at),
    };
    const node = layer
      ? make('button', attributes, picture, ...words)
      : make('div', { class: 'node' }, picture, ...words);
    const made = make('li', { class: `layer ${states}` }, plus(at), node);
    made.style.setProperty('--before', `${(at ? widthOf(rows[at - 1]?.[1]) : INK) / 2 + AIR}px`);
    made.style.setProperty('--half', `${widthOf(shape) / 2 + AIR}px`);
    return made;
  }

  const ink = make('canvas', { class: 'tile', width: SIDE, height: SIDE, 'aria-hidden': 'true' });
  const start = make(
    'li',
    {},
    make('div', { class: 'node' }, ink, make('b', {}, 'ink'), make('small', {}, `${SIDE}×${SIDE}`)),
  );

  element.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !open) return;
    const key = open.layer === undefined ? `plus${open.gap}` : `layer${open.layer}`;
    open = null;
    paint();
    list.querySelector(`[data-key="${key}"]`).focus();
  });

  function paint() {
    const count = layers.length + 2; // with the ink and the outputs
    list.style.setProperty('--columns', count > IN_ONE_ROW ? Math.ceil(count / 2) : count);
    const items = Array.from({ length: layers.length + 1 }, (_, at) => item(at));
    keepFocus(list, () => list.replaceChildren(start, ...items));
    const [at, gap] = [open?.layer, open?.gap];
    const parts =
      at !== undefined && layers[at]
        ? controlsOf(layers[at], at)
        : gap !== undefined
          ? [make('span', { class: 'note' }, 'Add here:'), ...choicesFor(gap)]
          : [hint];
    keepFocus(panel, () => panel.replaceChildren(...parts));
  }

  return {
    /** Show a text's layers; where a word is none that the form knows, the chain stays and the text alone is edited. */
    show(text) {
      const parsed = text.split(/\s+/).filter(Boolean).map(parseWord);
      if (parsed.some((layer) => layer === null)) return;
      if (parsed.map(writeWord).join(' ') !== layers.map(writeWord).join(' ')) {
        open = null; // they are not what was changed here
        rows = parsed.map((layer, at) => (rows[at]?.[0] === writeWord(layer) ? rows[at] : null));
      }
      layers = parsed;
      const isStale = layers.some((layer, at) => rows[at]?.[0] !== writeWord(layer));
      list.classList.toggle('stale', isStale);
      paint();
    },
    /** What the server says of these layers: shapes, weights, multiply-adds, and the drawing that goes in. */
    answer({ layers: described, parameters, largest, multiply_adds: products, drawing }) {
      rows = described;
      wrong = 0;
      list.classList.remove('stale');
      say(said, '');
      const share = largest > 0.5 ? `, ${percent(largest)} in one layer` : '';
      say(find('.totals'), `${parameters.toLocaleString('en')} weights${share}; ${short(products)} multiply-adds`);
      paintShares(ink, drawing ? bytes(drawing) : new Uint8Array(SIDE * SIDE));
      paint();
    },
    /** The sentence why the layers cannot be, at the layer. */
    refuse(sentence, number) {
      if (number) rows = rows.slice(0, number - 1);
      wrong = number;
      say(find('.totals'), '');
      say(said, sentence);
      paint();
    },
  };
}

/** 61,440; 0.4 million. */
const short = (count) =>
  count < 1e5 ? count.toLocaleString('en') : `${(count / 1e6).toFixed(count < 1e7 ? 1 : 0)} million`;
