import assert from 'node:assert/strict';
import test from 'node:test';
import { clamp, fitPicture, fitted, passes, thin, toSvg } from '../../digits/ui/web/lib/strokes.js';

const line = (count, step) => Array.from({ length: count }, (_, i) => [i * step, 0]);

test('points nearer than the spacing go, the two ends stay', () => {
  assert.deepEqual(thin([line(10, 3)], 10, 100), [[0, 0, 12, 0, 24, 0, 27, 0]]);
  assert.deepEqual(thin([[[5, 5]]], 10, 100), [[5, 5]]);
  assert.deepEqual(thin([], 10, 100), []);
});

test('many points become about as many as asked, and the strokes stay as they are', () => {
  const strokes = [line(1000, 20)];
  const [thinned] = thin(strokes, 10, 180);
  assert.ok(thinned.length <= 2 * 181);
  assert.deepEqual(thinned.slice(-2), [19980, 0]);
  assert.deepEqual(strokes, [line(1000, 20)]);
});

test('a stroke passes a place between its points too', () => {
  const stroke = [
    [0, 0],
    [100, 0],
  ];
  assert.ok(passes(stroke, [50, 33], 34));
  assert.ok(!passes(stroke, [50, 35], 34));
  assert.ok(!passes(stroke, [140, 0], 34));
  assert.ok(passes([[10, 10]], [10, 40], 34));
});

test('a place beside the paper becomes the nearest on it', () => {
  assert.deepEqual(clamp([-5, 1200], 1000, 1000), [0, 1000]);
  assert.deepEqual(clamp([2600, 500], 2500, 1000), [2500, 500]);
});

test('a picture lies in the middle of the paper, whole', () => {
  assert.deepEqual(fitPicture({ width: 200, height: 100 }, 1000, 1000), { left: 0, top: 250, fit: 5 });
});

test('a dot is in the SVG too', () => {
  assert.match(toSvg([[[5, 6]]], 1000, 1000, 34), /<polyline points="5,6 5,6"\/>/);
});

test('strokes fill a wider paper from its middle, with their pressure', () => {
  const pressed = Object.assign([[100, 100]], { widths: [7] });
  const fit = fitted(
    [
      [
        [0, 0],
        [100, 200],
      ],
      pressed,
    ],
    2_500,
    1_000,
  );
  assert.deepEqual(fit, [
    [
      [1_100, 200],
      [1_400, 800],
    ],
    Object.assign([[1_400, 500]], { widths: [7] }),
  ]);
  assert.deepEqual(fitted([], 2_500, 1_000), []);
});
