import assert from 'node:assert/strict';
import test from 'node:test';
import { decode, encode } from '../../digits/ui/web/lib/codec.js';

const pairs = (flat) => flat.flatMap((x, i) => (i % 2 ? [] : [[x, flat[i + 1]]]));

// Written by the encoder of the first release: links that people have sent each other.
const LINKS = [
  ['AQLoB5ADALAJPg', [[500, 200, 500, 800]]],
  [
    'AQTIAcgBFBPEBJwOnwbPDwLODwICAZc',
    [
      [100, 100, 110, 90, 400, 1000, 0, 0],
      [999, 1, 1000, 0],
    ],
  ],
  ['AQOIJ9APhyfnBwIBMQ', [[2500, 1000, 0, 500, 1, 499]]],
  ['AQEODh4', [[7, 7]]],
];

test('old links open, and the same strokes make the same link', () => {
  for (const [text, strokes] of LINKS) {
    assert.equal(encode(strokes), text);
    assert.deepEqual(decode(text, 2500, 1000), strokes.map(pairs));
  }
});

test('what no encoder wrote is refused', () => {
  const cut = LINKS[1][0].slice(0, -4);
  for (const text of ['', 'rubbish', 'AAAA', '%F0%9F%98%80', 'AQIAAAAAAAAA', 'A'.repeat(3000), cut]) {
    assert.throws(() => decode(text, 1000, 1000));
  }
});

test('a number does not fit on the paper of one digit', () => {
  assert.throws(() => decode(LINKS[2][0], 1000, 1000), /off the pad/);
});
