import assert from 'node:assert/strict';
import test from 'node:test';
import { readNumber } from '../../digits/ui/web/lib/number.js';

test('a decimal comma is a decimal point, and groups of three are one whole number', () => {
  for (const text of ['0.001', '0,001', ' 0,001 ', '1e-3', '１e-3']) assert.equal(readNumber(text), 0.001);
  for (const text of ['60000', '60,000', '60.000', '60 000', "60'000", '60\u202f000'])
    assert.equal(readNumber(text, true), 60_000);
  assert.equal(readNumber('3,5', true), 3.5);
  assert.equal(readNumber('0,001', true), 0.001);
  assert.equal(readNumber(' '), null);
});

test('what is no number, or more than JavaScript holds, stays as it was typed', () => {
  for (const text of ['1.000,5', 'a tenth', '1e999', '-Infinity', '0,0,1']) assert.equal(readNumber(text), text);
  assert.equal(readNumber('9007199254740991', true), 9007199254740991);
  assert.equal(readNumber('9007199254740993', true), '9007199254740993');
});
