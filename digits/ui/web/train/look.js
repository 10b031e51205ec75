// One moment of a network in training, as pictures: ten hard digits, filters, confusion, gradients, the ribbon.
import { article, bytes, draw, make, percent, say } from '../lib/dom.js';
import { colour, mix, paintWeights } from '../lib/paint.js';

const best = (row) => row.indexOf(Math.max(...row));

/** Ten digits with what they are read as, and the line of the right answer's probability so far. */
export function showTen(box, ten, sprite, history = []) {
  const nodes = ten.map((row, label) => {
    const digit = best(row);
    const right = digit === label;
    const words = `${label} read as ${digit}, ${percent(row[label] / 255)} for the truth`;
    return make(
      'div',
      { role: 'img', 'aria-label': words },
      tileOf(sprite, label),
      make('span', { class: right ? 'right' : 'wrong' }, `${right ? '✓' : '✗'} ${digit}`),
      history.length > 1
        ? line(
            history.map((look) => look.ten[label][label] / 255),
            right,
          )
        : null,
    );
  });
  box.replaceChildren(...nodes);
  return ten.filter((row, label) => best(row) === label).length;
}

function tileOf({ sprite, columns }, at) {
  const ink = make('i');
  ink.style.background = `url(${sprite}) ${(at / (columns - 1)) * 100}% 0 / ${columns * 100}% auto`;
  return make('span', { class: 'ink' }, ink);
}

function line(shares, right) {
  const step = 100 / Math.max(1, shares.length - 1);
  const path = shares.map((share, i) => `${(i * step).toFixed(1)} ${(20 - share * 18).toFixed(1)}`).join('L');
  const chart = draw('svg', {
    viewBox: '0 0 100 22',
    preserveAspectRatio: 'none',
    class: right ? '' : 'off',
    'aria-hidden': 'true',
  });
  chart.append(draw('path', { d: `M${path}`, 'vector-effect': 'non-scaling-stroke' }));
  return chart;
}

export function showFilters(box, { shape, values }) {
  const [count, height, width] = shape;
  if (box.children.length !== count)
    box.replaceChildren(...Array.from({ length: count }, () => make('canvas', { 'aria-hidden': 'true' })));
  const all = bytes(values);
  [...box.children].forEach((canvas, i) =>
    paintWeights(canvas, all.slice(i * height * width, (i + 1) * height * width), width, height),
  );
}

export function showConfusion(box, when, most, confusion, epoch) {
  if (!confusion) {
    box.replaceChildren();
    say(when, '');
    say(most, 'Measured four times an epoch, on 5,000 held-out digits.');
    return;
  }
  const wrong = confusion
    .flatMap((row, label) => row.map((count, digit) => ({ label, digit, count })))
    .filter(({ label, digit }) => label !== digit);
  const top = wrong.reduce((a, b) => (b.count > a.count ? b : a));
  const nodes = [make('b')];
  for (let digit = 0; digit < 10; digit++) nodes.push(make('b', {}, String(digit)));
  confusion.forEach((row, label) => {
    nodes.push(make('b', {}, String(label)));
    row.forEach((count, digit) => {
      const share = label === digit ? 0.3 : count / Math.max(1, top.count);
      const cell = make('i', { title: `${count} of ${label} read as ${digit}` });
      const [tone, strength] = [label === digit ? '--a' : '--b', Math.round(12 + 80 * share)];
      if (count) cell.style.background = `color-mix(in srgb, var(${tone}) ${strength}%, var(--sunk))`;
      nodes.push(cell);
    });
  });
  box.replaceChildren(...nodes);
  const total = wrong.reduce((sum, { count }) => sum + count, 0);
  say(when, `${total.toLocaleString('en')} of 5,000 wrong at epoch ${epoch.toFixed(2)}`);
  say(most, top.count ? `Most often ${article(top.label)} is read as ${top.digit}: ${top.count} times.` : '');
}

const [LEAST, MOST] = [-7, 2]; // powers of ten of a gradient's length

export function showGradients(box, layers, lengths) {
  box.replaceChildren(
    ...lengths.map((length, i) => {
      const fill = make('i');
      const share = length > 0 ? (Math.log10(length) - LEAST) / (MOST - LEAST) : 0;
      fill.style.width = percent(Math.min(1, Math.max(0, share)));
      const words = length < 1e-7 ? 'vanished' : length > 100 ? 'exploding' : length.toPrecision(2);
      return make(
        'div',
        {},
        layers[i] ?? `layer ${i + 1}`,
        make('div', { class: 'gauge' }, fill),
        make('span', {}, words),
      );
    }),
  );
}

/** Ten rows by updates: darker is likelier. Rows that never passed 30 % stay without a label. */
export function showRibbon(box, looks, at, name) {
  const canvas = box.querySelector('.rows canvas');
  const labels = box.querySelector('.rows ol');
  const rows = looks.map((look) => look.mine);
  if (!rows.length || !rows[0]) return;
  const [ground, ink] = ['--sunk', name].map(colour);
  canvas.width = rows.length;
  canvas.height = 10;
  const image = new ImageData(rows.length, 10);
  rows.forEach((shares, x) => {
    shares.forEach((share, digit) =>
      image.data.set([...mix(ground, ink, share / 255), x <= at ? 255 : 70], (digit * rows.length + x) * 4),
    );
  });
  canvas.getContext('2d').putImageData(image, 0, 0);
  const now = rows[Math.min(at, rows.length - 1)];
  const first = best(now);
  say(box.querySelector('.said b'), String(first));
  say(box.querySelector('.said .sure'), percent(now[first] / 255));
  const seen = Array.from({ length: 10 }, (_, digit) => digit).filter((digit) =>
    rows.some((shares) => shares[digit] > 76),
  );
  labels.replaceChildren(
    ...seen.map((digit) => {
      const item = make('li', { class: digit === first ? 'first' : '' }, String(digit));
      item.style.top = `${digit * 10}%`;
      return item;
    }),
  );
  const since = looks.findIndex((_, i) =>
    rows.slice(i).every((shares) => best(shares) === best(rows[rows.length - 1])),
  );
  canvas.setAttribute(
    'aria-label',
    `Read as ${first}, ${percent(now[first] / 255)}; the same since update ${since + 1} of ${rows.length}.`,
  );
}
