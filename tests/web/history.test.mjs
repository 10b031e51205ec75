import assert from 'node:assert/strict';
import test from 'node:test';
import { makeHistory } from '../../digits/ui/web/lib/history.js';

test('undo goes back, redo forward again, and both end somewhere', () => {
  const history = makeHistory('');
  assert.equal(history.undo(), false);
  history.push('a');
  history.push('ab');
  assert.ok(history.undo());
  assert.equal(history.present, 'a');
  assert.ok(history.canRedo);
  assert.ok(history.redo());
  assert.equal(history.present, 'ab');
  assert.equal(history.redo(), false);
});

test('a new drawing forgets what was undone', () => {
  const history = makeHistory('');
  history.push('a');
  history.undo();
  history.push('b');
  assert.equal(history.canRedo, false);
  history.undo();
  assert.equal(history.present, '');
});
