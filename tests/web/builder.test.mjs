import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseWord, writeWord } from '../../digits/ui/web/train/builder.js';

test('a word is what it was after a way through the form', () => {
  for (const word of ['c5s2-12', 'c3p-32', 'f-192', 'c3npk-16', 'ft-64', 'm-2', 'g-1', 'd-20', 'c1vi-8'])
    assert.equal(writeWord(parseWord(word)), word);
});

test('what is no word of the grammar has no row', () => {
  for (const word of ['', 'x-3', 'c3', '-5', 'f192']) assert.equal(parseWord(word), null);
});
