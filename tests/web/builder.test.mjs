import assert from 'node:assert/strict';
import { test } from 'node:test';

import { extrasOf, nameOf, parseWord, widthOf, writeWord } from '../../digits/ui/web/train/chain.js';

test('a word is what it was after a way through the form', () => {
  for (const word of ['c5s2-12', 'c3p-32', 'f-192', 'c3npk-16', 'ft-64', 'm-2', 'g-1', 'd-20', 'c1vi-8', 'c5s2vp-16'])
    assert.equal(writeWord(parseWord(word)), word);
});

test('what is no word of the grammar stays as it was written', () => {
  for (const word of ['x-3', 'c3', '-5', 'f192', 'D-20', 'f-\uff16\uff14']) {
    assert.equal(parseWord(word).kind, '?');
    assert.equal(writeWord(parseWord(word)), word);
    assert.equal(nameOf(parseWord(word)), word);
  }
});

test('a layer is named in words, and what else it does beside it', () => {
  const words = ['c5s2vp-16', 'c3nk-80', 'ft-64', 'm-2', 'd-20'].map(parseWord);
  assert.deepEqual(words.map(nameOf), ['conv 5×5, pool', 'conv 3×3', 'linear', 'max pool 2×2', 'dropout 20%']);
  assert.deepEqual(words.map(extrasOf), ['stride 2, no margins', 'batch norm, skip', 'tanh', '', '']);
});

test('a picture is wider for more and larger maps, and as a column always the same', () => {
  assert.ok(widthOf([16, 12, 12]) < widthOf([32, 12, 12]));
  assert.ok(widthOf([16, 6, 6]) < widthOf([16, 12, 12]));
  assert.equal(widthOf([10]), widthOf([512]));
});
