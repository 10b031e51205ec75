import assert from 'node:assert/strict';
import test from 'node:test';
import { mountReader } from '../../digits/ui/web/draw/reader.js';
import { store } from '../../digits/ui/web/lib/store.js';

const nothing = () => {};

/** A reader of one stroke that asks by `call` -> { reader, asked: how often it asked again by itself }. */
function read(call) {
  const desk = { drawing: { strokes: [[[1, 1]]], picture: null }, stroke: null, wide: false, touched: 0 };
  const found = { asked: 0 };
  found.reader = mountReader({ querySelector: () => ({ hidden: true, replaceChildren: nothing }) }, desk, {
    call,
    question: () => ({ strokes: [[1, 1]] }),
    answer: { complain: nothing, empty: nothing },
    inside: { wanted: false, empty: nothing },
    why: { ask: nothing },
    others: { forget: nothing, ask: nothing },
    act: { ask: () => found.asked++ },
  });
  return found;
}

test('while the server is away, many pen moves are asked again once, and none after an answer', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  store.set({ network: 'mlp' });
  let answer = { error: 'No answer.', silent: true };
  const found = read(async () => answer);
  for (let move = 0; move < 300; move++) await found.reader.read();
  t.mock.timers.tick(10_000);
  assert.equal(found.asked, 1);
  await found.reader.read();
  answer = { blank: true };
  await found.reader.read();
  t.mock.timers.tick(10_000);
  assert.equal(found.asked, 1);
});
