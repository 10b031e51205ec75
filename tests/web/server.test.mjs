import assert from 'node:assert/strict';
import test from 'node:test';
import { connect, latest, SILENT } from '../../digits/ui/web/lib/server.js';
import { store } from '../../digits/ui/web/lib/store.js';

test('an answer that never comes is given up, and the page knows that the server is silent', async () => {
  const call = connect({ read: () => new Promise(() => {}) });
  assert.deepEqual(await call('read', {}, 0.02), { error: SILENT, silent: true });
  assert.equal(store.get('online'), false);
});

test('a server that is gone is not an exception', async () => {
  const call = connect({ read: () => Promise.reject(new Error('gone')) });
  assert.equal((await call('read', {}, 0.02)).silent, true);
});

test('what the server refuses is told as it is, and it knows who asks', async () => {
  store.set({ visitor: 'somebody' });
  let asked;
  const call = connect({
    read: async (payload) => {
      asked = payload;
      return { error: 'Too long.' };
    },
  });
  assert.deepEqual(await call('read', { strokes: [] }, 0.02), { error: 'Too long.' });
  assert.deepEqual(asked, { visitor: 'somebody', strokes: [] });
  assert.equal(store.get('online'), true);
});

test('one request is in flight, and the newest wish wins', async () => {
  const [started, releases] = [[], []];
  let wish = 0;
  const ask = latest(() => {
    started.push(wish);
    return new Promise((done) => releases.push(done));
  });
  const ended = ask();
  for (wish = 1; wish < 5; wish++) ask();
  assert.deepEqual(started, [0]);
  releases[0]();
  await new Promise((done) => setTimeout(done));
  assert.deepEqual(started, [0, 5]);
  releases[1]();
  await ended;
  assert.equal(started.length, 2);
});
