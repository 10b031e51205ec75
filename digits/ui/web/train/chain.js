// The layers of a network: the words of its text, such as c5s2-12, and how each is named and drawn.
import { draw } from '../lib/dom.js';

export const KINDS = {
  c: 'Convolution',
  f: 'Linear',
  m: 'Maximum pooling',
  a: 'Mean pooling',
  g: 'Maximum of each map',
  d: 'Dropout',
};
export const ACTIVATIONS = { '': 'ReLU', t: 'tanh', u: 'GELU', i: 'no activation' };
export const SWITCHES = { p: 'pool', n: 'batch norm', k: 'skip', v: 'no margins' };

/** A word of the text -> its parts; of one that is not understood, its kind is '?'. */
export function parseWord(word) {
  const found = /^([cfmagd])(\d*)([a-z0-9]*)-(\d+)$/.exec(word);
  if (!found) return { kind: '?', word, letters: '' };
  const [, kind, side, options, size] = found;
  const stride = /s(\d)/.exec(options);
  const letters = options.replace(/s\d/, '');
  return { kind, side: Number(side || 3), stride: stride ? Number(stride[1]) : 1, letters, size: Number(size) };
}

export function writeWord({ kind, side, stride, letters, size, word }) {
  if (kind === '?') return word;
  const kernel = kind === 'c' ? `${side}${stride > 1 ? `s${stride}` : ''}` : '';
  const options = kind === 'c' ? letters : kind === 'f' ? letters.replace(/[pv]/g, '') : '';
  return `${kind}${kernel}${options}-${size}`;
}

/** "conv 5×5, pool": what a layer is, in the two or three words that fit under its picture. */
export function nameOf({ kind, side, letters, size, word }) {
  if (kind === '?') return word;
  if (kind === 'c') return `conv ${side}×${side}${letters.includes('p') ? ', pool' : ''}`;
  if (kind === 'd') return `dropout ${size}%`;
  if (kind === 'g') return 'maximum';
  if (kind === 'f') return 'linear';
  return `${kind === 'm' ? 'max' : 'mean'} pool ${size}×${size}`;
}

/** What else it does: "stride 2, batch norm"; empty for most. */
export function extrasOf({ kind, stride, letters }) {
  const activation = Object.entries(ACTIVATIONS).find(([letter]) => letter && letters.includes(letter));
  return [
    kind === 'c' && stride > 1 ? `stride ${stride}` : '',
    ...Object.entries(SWITCHES).map(([letter, words]) => (letter !== 'p' && letters.includes(letter) ? words : '')),
    activation ? activation[1] : '',
  ]
    .filter(Boolean)
    .join(', ');
}

export const shapeWords = (shape, of = 'units') =>
  shape.length === 3
    ? `${shape[0]} ${shape[0] === 1 ? 'map' : 'maps'} of ${shape[1]}×${shape[2]}`
    : `${shape[0]} ${of}`;

const [BOX, STEP, DOTS] = [104, 4, 10]; // px of a picture's side, between two maps, and dots in a column
const [COLUMN, UNKNOWN] = [22, 40]; // px that a column is wide, and what is not known yet

const sideOf = (shape) => 12 + 2 * shape[1]; // px, of one map
const reachOf = (shape) => sideOf(shape) + STEP * (mapsOf(shape) - 1);
const mapsOf = (shape) => Math.max(1, Math.min(8, Math.floor(Math.log2(shape[0]))));

/** px that a picture is wide. */
export const widthOf = (shape) => (!shape ? UNKNOWN : shape.length === 1 ? COLUMN : reachOf(shape));

/** What comes out of a layer: a stack of maps, or a column of units. Sizes grow with both, so that a chain shows where it
 * gets smaller; `shape` is null where the chain cannot be. */
export function pictureOf(shape, isThin = false) {
  const svg = draw('svg', { viewBox: `0 0 ${BOX} ${BOX}`, class: isThin ? 'thin' : '', 'aria-hidden': 'true' });
  const left = (BOX - widthOf(shape)) / 2;
  if (!shape) {
    svg.append(rectangle(left, left, UNKNOWN, UNKNOWN, 4));
    return svg;
  }
  if (shape.length === 1) {
    const height = Math.min(BOX - 2, 40 + 8 * Math.log2(shape[0]));
    const top = (BOX - height) / 2;
    svg.append(rectangle(left, top, COLUMN, height, 5));
    const dots = Math.min(DOTS, shape[0]);
    for (let i = 0; i < dots; i++)
      svg.append(draw('circle', { cx: BOX / 2, cy: top + ((i + 0.5) * height) / dots, r: 2.2 }));
    return svg;
  }
  const [maps, side] = [mapsOf(shape), sideOf(shape)];
  for (let i = maps - 1; i >= 0; i--)
    svg.append(rectangle(left + STEP * i, left + STEP * (maps - 1 - i), side, side, 3));
  return svg;
}

const rectangle = (x, y, width, height, rx) => draw('rect', { x, y, width, height, rx });
