// Why this answer: what covering each part of the ink takes from it, and the maps of every layer with their filters.
import { bytes, make, say } from '../lib/dom.js';
import { SIDE } from '../lib/mnist.js';
import { colour, mix, paintWeights } from '../lib/paint.js';
import { latest } from '../lib/server.js';

const ABOUT =
  'Each 5×5 patch of the ink is covered in turn and the drawing read again: measured, not estimated ' +
  '(occlusion, Zeiler and Fergus 2014). Point at a map to see what part of the drawing a unit sees; ' +
  'press it for its filter.';

export function mountWhy(panel, desk, call, question) {
  const map = make('canvas', {
    width: SIDE,
    height: SIDE,
    class: 'map tile',
    role: 'img',
    'aria-label': 'Where the network looked',
  });
  const frame = make('i', { class: 'frame', hidden: true });
  const field = make('i', { class: 'field-of-view', hidden: true });
  const decisive = make('p', { class: 'decisive', role: 'status', 'aria-live': 'polite' });
  const layers = make('div', { class: 'layers' });
  panel.append(
    make(
      'figure',
      {},
      make('div', { class: 'lens' }, map, frame, field),
      make('figcaption', {}, 'orange for the answer, blue against it'),
    ),
    make('div', { class: 'reasons' }, decisive, layers, make('p', { class: 'note' }, ABOUT)),
  );
  const ask = latest(async () => {
    if (panel.hidden || desk.wide) return;
    const asked = desk.drawing;
    const about = question();
    const because = about ? await call('explain_reading', about, 20) : { error: 'Draw a digit, and lift the pen.' };
    if (asked === desk.drawing && !desk.stroke) show(because);
  });

  let shown = '';
  function show(because) {
    // The same explanation again stays as it is: whoever points at a map keeps it.
    const key = because.error ?? `${because.sentence} ${because.ink} ${because.layers[0]?.maps}`;
    if (key === shown) return;
    shown = key;
    say(decisive, because.error || because.sentence);
    layers.replaceChildren();
    field.hidden = frame.hidden = true;
    map.getContext('2d').clearRect(0, 0, SIDE, SIDE);
    if (because.error) return;
    paintImportance(map, bytes(because.ink), because.importance);
    const [top, left, side] = because.decisive;
    lay(frame, top, left, top + side, left + side);
    layers.append(...because.layers.map((layer) => showLayer(layer, field)));
    if (!because.layers.length) {
      const words =
        'This network has no maps: it is fully connected, and each of its hidden units sees the whole drawing.';
      layers.append(make('p', { class: 'note' }, words));
    }
  }
  return { ask };
}

/** Put a box of the lens around pixels of the 28x28. */
export function lay(box, top, left, bottom, right) {
  box.hidden = false;
  const place = { top, left, width: right - left, height: bottom - top };
  for (const [name, value] of Object.entries(place)) box.style[name] = `${(value / SIDE) * 100}%`;
}

export function paintImportance(canvas, ink, importance) {
  const [paper, pen, above, below] = ['--paper', '--ink', '--b', '--a'].map(colour);
  const image = new ImageData(SIDE, SIDE);
  importance.forEach((value, i) => {
    const share = Math.min(1, Math.abs(value) * 1.4);
    const plain = mix(paper, pen, (ink[i] / 255) * (1 - 0.6 * share));
    image.data.set([...mix(plain, value > 0 ? above : below, share), 255], i * 4);
  });
  canvas.getContext('2d').putImageData(image, 0, 0);
}

function showLayer(layer, field) {
  const [channels, height, width] = layer.shape;
  const columns = 16;
  const canvas = make('canvas', { tabindex: 0, role: 'slider' });
  const across = Math.min(channels, columns);
  const grid = { channels, height, width, across };
  const unit = make('div', { class: 'unit-of-map', hidden: true });
  const size = `${channels} maps of ${width}×${height}`;
  const names = {
    'aria-label': `${layer.name}, ${size}`,
    'aria-valuemin': 1,
    'aria-valuemax': channels,
    'aria-valuenow': 1,
    'aria-valuetext': 'none chosen',
  };
  for (const [name, value] of Object.entries(names)) canvas.setAttribute(name, value);
  canvas.style.width = `${Math.min(1, channels / columns) * 100}%`;
  queueMicrotask(() => paintMaps(canvas, bytes(layer.maps), grid));
  let chosen = -1;
  const choose = (channel) => {
    chosen = channel;
    canvas.setAttribute('aria-valuenow', chosen + 1);
    canvas.setAttribute('aria-valuetext', `map ${chosen + 1}`);
    unit.hidden = false;
    unit.replaceChildren(...describeMap(layer, chosen));
  };
  mountPointing(canvas, grid, layer.field, field, choose);
  canvas.addEventListener('keydown', (event) => {
    const move = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
    if (!move) return;
    event.preventDefault();
    choose(Math.min(channels - 1, Math.max(0, chosen < 0 ? 0 : chosen + move)));
  });
  return make('div', {}, make('h3', {}, `${layer.name} `, make('small', {}, size)), canvas, unit);
}

function mountPointing(canvas, { channels, height, width, across }, [sees, step, start], field, choose) {
  const under = (event) => {
    const area = canvas.getBoundingClientRect();
    const inside = (share, size) => Math.max(0, Math.min(size - 1, Math.floor(share * size)));
    const x = inside((event.clientX - area.left) / area.width, canvas.width);
    const y = inside((event.clientY - area.top) / area.height, canvas.height);
    const channel = Math.floor(y / (height + 1)) * across + Math.floor(x / (width + 1));
    if (channel >= channels) return null;
    return { channel, y: Math.min(height - 1, y % (height + 1)), x: Math.min(width - 1, x % (width + 1)) };
  };
  const point = (event) => {
    const found = under(event);
    field.hidden = !found;
    if (!found) return;
    const ends = (at) => [Math.max(0, start + at * step - sees / 2), Math.min(SIDE, start + at * step + sees / 2)];
    const [top, bottom] = ends(found.y);
    const [left, right] = ends(found.x);
    lay(field, top, left, bottom, right);
  };
  canvas.addEventListener('pointermove', point);
  canvas.addEventListener('pointerdown', point);
  canvas.addEventListener('pointerleave', (event) => {
    if (event.pointerType === 'mouse') field.hidden = true; // a finger always leaves
  });
  canvas.addEventListener('click', (event) => {
    const found = under(event);
    if (found) choose(found.channel);
  });
}

function paintMaps(canvas, data, { channels, height, width, across }) {
  canvas.width = across * (width + 1) - 1;
  canvas.height = Math.ceil(channels / across) * (height + 1) - 1;
  const [ground, pen] = ['--sunk', '--a'].map(colour);
  const image = new ImageData(canvas.width, canvas.height);
  for (let i = 0; i < channels * height * width; i++) {
    const channel = Math.floor(i / (height * width));
    const cell = i % (height * width);
    const row = Math.floor(channel / across) * (height + 1) + Math.floor(cell / width);
    const column = (channel % across) * (width + 1) + (cell % width);
    image.data.set([...mix(ground, pen, Math.sqrt(data[i] / 255)), 255], (row * canvas.width + column) * 4);
  }
  canvas.getContext('2d').putImageData(image, 0, 0);
}

function describeMap(layer, channel) {
  const [channels, height, width] = layer.shape;
  const map = make('canvas', { class: 'tile' });
  const values = bytes(layer.maps).slice(channel * height * width, (channel + 1) * height * width);
  queueMicrotask(() => paintMaps(map, values, { channels: 1, height, width, across: 1 }));
  if (!layer.filters) return [map, make('span', {}, `Map ${channel + 1} of ${channels}.`)];
  const [inputs, side] = layer.filters[0];
  const weights = bytes(layer.filters[1]).slice(channel * inputs * side * side, (channel + 1) * inputs * side * side);
  const filters = Array.from({ length: Math.min(inputs, 16) }, (_, input) => {
    const canvas = make('canvas', { class: 'filter' });
    queueMicrotask(() =>
      paintWeights(canvas, weights.slice(input * side * side, (input + 1) * side * side), side, side),
    );
    return canvas;
  });
  const whom = inputs === 1 ? 'on the drawing' : `on the first ${filters.length} of the ${inputs} maps before`;
  const words = `Map ${channel + 1} and its filter: ${side}×${side} weights ${whom}, orange above zero, blue below.`;
  return [map, ...filters, make('span', {}, words)];
}
