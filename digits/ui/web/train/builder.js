// The network as a chain that can be changed: press a layer to change or remove it, a plus to put one in. Together the
// layers are a short text such as c5s2-12 f-192, which the command line, a card and a link carry. What stands there is
// changed in place: whoever types, chooses or presses while an answer comes keeps control, focus and press.
import { bytes, make, percent, say } from '../lib/dom.js';
import { keepFocus } from '../lib/focus.js';
import { SIDE } from '../lib/mnist.js';
import { paintShares } from '../lib/paint.js';
import { extrasOf, nameOf, parseWord, pictureOf, shapeWords, widthOf, writeWord } from './chain.js';
import { makeControls } from './layer.js';

const SIZES = { c: 32, f: 128, m: 2, a: 2, g: 1, d: 20 }; // of a new layer
const ADDED = { c: 'convolution', m: 'max pooling', a: 'mean pooling', f: 'linear', d: 'dropout', skip: 'skip' };
const OF_MAPS = ['c', 'm', 'a', 'g']; // these need maps before them
const IN_ONE_ROW = 7;
const [INK, AIR] = [64, 8]; // px: the ink's picture, and between a picture and its line

/** `changed(text)` when a press changed the layers. */
export function mountBuilder(element, { mostLayers }, changed) {
  const find = (selector) => element.querySelector(selector);
  const [list, panel, hint, said] = ['.chain', '.edit', '.idle', '.chain-said'].map(find);
  const how = hint.querySelector('.note').textContent;
  let layers = [];
  let rows = []; // what the server said of them, and of the ten outputs: word, shape, weights
  let wrong = 0; // the number of the layer that it refuses
  let open = null; // { layer } that is changed, or { gap } that a layer is put into
  let items = []; // what stands in the list after the ink
  let opened = { key: '', update() {} }; // what stands in the panel

  const isOpen = (kind, at) => open?.[kind] === at;
  const text = () => layers.map(writeWord).join(' ');
  const control = (key) => list.querySelector(`[data-key="${key}"]`);

  /** Open the panel or close it. By keyboard (no click is counted) the focus goes on to it; on a phone it comes into sight. */
  function toggle(kind, at, event) {
    open = isOpen(kind, at) ? null : { [kind]: at };
    paint();
    if (open) showPanel(event);
  }

  function showPanel(event) {
    if (event.detail === 0) panel.querySelector('select, button:not(:disabled)')?.focus({ preventScroll: true });
    panel.scrollIntoView({ block: 'nearest' });
  }

  function set(at, change) {
    layers[at] = { ...layers[at], ...change };
    changed(text());
  }

  const shapeBefore = (at) => (at ? rows[at - 1]?.[1] : [1, SIDE, SIDE]);

  function add(at, chosen, event) {
    const before = shapeBefore(at) ?? [1, SIDE, SIDE];
    const kind = chosen === 'skip' ? (before.length === 3 ? 'c' : 'f') : chosen;
    const size = chosen === 'skip' ? before[0] : SIZES[kind];
    layers.splice(at, 0, { kind, side: 3, stride: 1, letters: chosen === 'skip' ? 'k' : '', size });
    rows.splice(at, 0, rows[at - 1]);
    open = { layer: at };
    changed(text());
    showPanel(event);
  }

  function remove(at) {
    layers.splice(at, 1);
    rows.splice(at, 1);
    open = null;
    changed(text());
    control(`plus${Math.min(at, layers.length)}`)?.focus({ preventScroll: true });
  }

  /** What can be put between two layers. */
  function makeChoices(at) {
    const why = make('span', { class: 'note' });
    const buttons = Object.entries(ADDED).map(([kind, words]) =>
      make(
        'button',
        { type: 'button', class: 'button', 'data-kind': kind, onclick: (event) => add(at, kind, event) },
        words,
      ),
    );
    const update = () => {
      const isFlat = shapeBefore(at)?.length === 1;
      for (const button of buttons) button.disabled = isFlat && OF_MAPS.includes(button.dataset.kind);
      say(why, isFlat ? 'A linear layer before it left no maps.' : '');
    };
    return { nodes: [make('span', { class: 'note' }, 'Add here:'), ...buttons, why], update };
  }

  function makeItem(at) {
    const isOutput = at === layers.length;
    const plus = make(
      'button',
      {
        type: 'button',
        class: 'plus',
        'aria-label': at ? `Add a layer after layer ${at}` : 'Add a layer after the ink',
        'aria-controls': panel.id,
        'data-key': `plus${at}`,
        disabled: layers.length >= mostLayers,
        onclick: (event) => toggle('gap', at, event),
      },
      '+',
    );
    const press = {
      type: 'button',
      'aria-controls': panel.id,
      'data-key': `layer${at}`,
      onclick: (event) => toggle('layer', at, event),
    };
    const parts = [make('b'), make('small'), make('small', { class: 'count' }), make('small', { class: 'extras' })];
    const node = make(isOutput ? 'div' : 'button', { class: 'node', ...(isOutput ? {} : press) }, ...parts);
    return { node, plus, parts, picture: null, item: make('li', { class: 'layer' }, plus, node) };
  }

  function updateItem({ item, node, plus, parts, picture }, at) {
    const layer = layers[at]; // none for the ten outputs
    const [, shape, count] = rows[at] ?? [];
    const words = [
      layer ? nameOf(layer) : 'linear',
      shape ? shapeWords(shape, layer ? 'units' : 'outputs') : '…',
      count ? `${count.toLocaleString('en')} weights` : '',
      layer ? extrasOf(layer) : '',
    ];
    for (const [i, part] of parts.entries()) say(part, words[i]);
    const drawn = pictureOf(shape, layer?.kind === 'd');
    if (picture) picture.replaceWith(drawn);
    else node.prepend(drawn);
    items[at].picture = drawn;
    item.classList.toggle('largest', count > 0 && count === Math.max(...rows.map((row) => row?.[2] ?? 0)));
    item.classList.toggle('wrong', wrong === at + 1);
    item.style.setProperty('--before', `${(at ? widthOf(rows[at - 1]?.[1]) : INK) / 2 + AIR}px`);
    item.style.setProperty('--half', `${widthOf(shape) / 2 + AIR}px`);
    plus.setAttribute('aria-expanded', String(isOpen('gap', at)));
    if (layer) node.setAttribute('aria-expanded', String(isOpen('layer', at)));
  }

  function updatePanel() {
    const layer = layers[open?.layer];
    const key = JSON.stringify([open, layer?.kind]);
    if (key !== opened.key) {
      opened = layer
        ? makeControls(open.layer, layer.kind, { get: () => layers, set, remove, sizes: SIZES })
        : open
          ? makeChoices(open.gap)
          : { nodes: [hint], update() {} };
      opened.key = key;
      keepFocus(panel, () => panel.replaceChildren(...opened.nodes));
      panel.setAttribute('aria-label', layer ? `Layer ${open.layer + 1}` : open ? 'A new layer' : 'Layers');
    }
    opened.update();
    say(
      hint.querySelector('.note'),
      layers.length < mostLayers ? how : `${mostLayers} layers are the most. Press one to change or remove it.`,
    );
  }

  const ink = make('canvas', { class: 'tile', width: SIDE, height: SIDE, 'aria-hidden': 'true' });
  const start = make(
    'li',
    {},
    make('div', { class: 'node' }, ink, make('b', {}, 'ink'), make('small', {}, `${SIDE}×${SIDE}`)),
  );

  function paint() {
    const count = layers.length + 2; // with the ink and the outputs
    list.style.setProperty('--columns', count > IN_ONE_ROW ? Math.ceil(count / 2) : count);
    if (items.length !== layers.length + 1) {
      items = Array.from({ length: layers.length + 1 }, (_, at) => makeItem(at));
      keepFocus(list, () => list.replaceChildren(start, ...items.map(({ item }) => item)));
    }
    for (const [at, item] of items.entries()) updateItem(item, at);
    updatePanel();
  }

  element.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !open) return;
    const key = open.layer === undefined ? `plus${open.gap}` : `layer${open.layer}`;
    open = null;
    paint();
    control(key)?.focus();
  });

  return {
    /** Show a text's layers. */
    show(words) {
      const parsed = words.split(/\s+/).filter(Boolean).map(parseWord);
      const isOwn = parsed.map(writeWord).join(' ') === text();
      if (!isOwn) {
        open = null; // they are not what was changed here
        rows = parsed.map((layer, at) => (rows[at]?.[0] === writeWord(layer) ? rows[at] : null));
        layers = parsed;
      }
      const isStale = layers.some((layer, at) => rows[at]?.[0] !== writeWord(layer));
      list.classList.toggle('stale', isStale);
      if (isStale) wrong = 0;
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
    /** The sentence why the layers cannot be, at the layer; without one, something else cannot be. */
    refuse(sentence = '', number = 0) {
      if (number) rows = rows.slice(0, number - 1);
      wrong = number;
      say(said, sentence);
      say(find('.totals'), '');
      paint();
    },
  };
}

/** 61,440; 0.4 million. */
const short = (count) =>
  count < 1e5 ? count.toLocaleString('en') : `${(count / 1e6).toFixed(count < 1e7 ? 1 : 0)} million`;
