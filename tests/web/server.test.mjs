import assert from 'node:assert/strict';
import test from 'node:test';
import { connect, latest, onReturn, SILENT } from '../../digits/ui/web/lib/server.js';
import { store } from '../../digits/ui/web/lib/store.js';

globalThis.document = { baseURI: 'http://here/demo/' };

/** Let the server be `answer(question, signal)`; -> what it was asked, at which addresses. */
function serve(answer) {
  const asked = [];
  globalThis.fetch = async (address, { body, signal }) => {
    asked.push([address.href, JSON.parse(body)]);
    return answer(JSON.parse(body), signal);
  };
  return asked;
}

test('an answer that never comes is given up: the request is ended, and the page knows that the server is silent', async () => {
  let ended = false;
  serve(
    (_, signal) =>
      new Promise((_done, fail) => {
        signal.addEventListener('abort', () => {
          ended = true;
          fail(signal.reason);
        });
      }),
  );
  // An unreferenced timer alone does not keep node awake.
  const awake = setTimeout(() => {}, 1_000);
  assert.deepEqual(await connect(3)('read', {}, 0.02), { error: SILENT, silent: true });
  clearTimeout(awake);
  assert.equal(ended, true);
  assert.equal(store.get('online'), false);
});

test('a server that is gone, fails or answers nonsense is not an exception', async () => {
  for (const answer of [
    () => Promise.reject(new TypeError('gone')),
    () => new Response('Bad Gateway', { status: 502 }),
    () => new Response('<html>', { status: 200 }),
  ]) {
    serve(answer);
    assert.equal((await connect(3)('read')).silent, true);
  }
});

test('what the server refuses is told as it is, and it knows who asks which part for what', async () => {
  store.set({ visitor: 'somebody' });
  const asked = serve(() => Response.json({ error: 'Too long.' }));
  assert.deepEqual(await connect(3)('read', { strokes: [] }), { error: 'Too long.' });
  const [[address, { session_hash: _, ...question }]] = asked;
  assert.equal(address, 'http://here/demo/gradio_api/component_server');
  assert.deepEqual(question, { component_id: 3, fn_name: 'read', data: { visitor: 'somebody', strokes: [] } });
  assert.equal(store.get('online'), true);
});

test('a login that has ended is told', async () => {
  serve(() => Response.json({ detail: 'Not authenticated' }, { status: 401 }));
  assert.match((await connect(3)('read')).error, /log in/);
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

test('when the server answers again, what was not answered is asked once more, a while later', (t) => {
  let [asked, waiting] = [0, null];
  t.mock.method(globalThis, 'setTimeout', (call) => {
    waiting = call;
  });
  t.mock.method(globalThis, 'clearTimeout', () => {
    waiting = null;
  });
  store.set({ online: true });
  onReturn(() => {
    asked += 1;
  });
  store.set({ online: false });
  assert.equal(waiting, null);
  store.set({ online: true });
  store.set({ online: false }); // it was an answer to somebody else, and the next one did not come
  assert.equal(waiting, null);
  store.set({ online: true });
  waiting();
  assert.equal(asked, 1);
});
