import assert from 'node:assert/strict';
import test from 'node:test';
import { mountLesson } from '../../digits/ui/web/draw/lesson.js';
import { chooseCard } from '../../digits/ui/web/draw/others.js';
import { store } from '../../digits/ui/web/lib/store.js';

const nothing = () => {};
const makeNode = () => ({
  addEventListener: nothing,
  setAttribute: nothing,
  append: nothing,
  replaceChildren: nothing,
});
globalThis.document = { createElement: makeNode };
globalThis.window = { dispatchEvent: nothing };

const SILENT = { error: 'The server does not answer.', silent: true };
const TAUGHT = {
  job: 'a',
  active: false,
  sentence: 'Taught.',
  share: 1,
  result: { drawings: [0, 1], test: [0.99, 0.99], count: 1 },
};
const settled = () => new Promise((done) => setTimeout(done, 5));

/** A lesson whose server gives `answers` -> { lesson, offered: the card's, told: troubles }. */
async function mount(answers) {
  const found = { offered: null, told: [] };
  const names = ['teach', 'stop', 'keep', 'discard', 'progress', 'lesson', 'rows'];
  found.lesson = mountLesson(Object.fromEntries(names.map((name) => [name, makeNode()])), {
    call: async (name) => answers[name],
    tell: (text, trouble) => trouble && found.told.push(text),
    showLesson: (answer) => {
      found.offered = answer;
    },
    list: nothing,
    drawings: () => [{ label: 7, strokes: [[[1, 1]]] }],
  });
  store.set({ visitor: `${Math.random()}` });
  await settled();
  return found;
}

test('a teaching that is refused is told as trouble', async () => {
  const found = await mount({ look_at_teaching: { job: null }, teach: { error: 'The queue is full.' } });
  await found.lesson.teach();
  assert.deepEqual(found.told, ['The queue is full.']);
  assert.equal(found.lesson.isActive(), false);
});

test('a decision that did not reach the server leaves the offer, and can be made again', async () => {
  const answers = { look_at_teaching: TAUGHT, keep_teaching: SILENT };
  const found = await mount(answers);
  assert.equal(found.offered, TAUGHT);
  await found.lesson.decide('keep_teaching');
  assert.equal(found.offered, TAUGHT);
  assert.deepEqual(found.told, [SILENT.error]);
  answers.keep_teaching = { sentence: 'Kept.' };
  await found.lesson.decide('keep_teaching');
  assert.equal(found.offered, null);
});

test('a training that takes the place of a taught network takes its offer away, and a sentence says so', async () => {
  const answers = { look_at_teaching: TAUGHT };
  const found = await mount(answers);
  answers.look_at_teaching = { job: null };
  store.set({ training: { job: 'b', state: 'running' } });
  await settled();
  assert.equal(found.offered, null);
  assert.match(found.told[0], /teach again/);
  store.set({ training: { job: 'c', state: 'running' } });
  await settled();
  assert.equal(found.told.length, 1);
});

test('the card offers to teach only what can be kept', () => {
  const networks = [{ key: 'a', name: 'A' }, { key: 'b' }];
  const answers = { a: { best: 1 }, b: { best: 7 } };
  const choose = (teachable) => chooseCard({ networks, used: 'a', answers, reading: null, teachable, act: {} });
  const texts = (card) => card.acts.map(([text]) => text);
  assert.deepEqual(texts(choose(true)), ['Train another', 'Teach it: a 7']);
  assert.deepEqual(texts(choose(false)), ['Train another']);
  assert.doesNotMatch(choose(false).text, /teach/);
});
