import assert from 'node:assert/strict';
import test from 'node:test';
import { mountUnit } from '../../digits/ui/web/draw/unit.js';

const FIRST = { layer: 0, shape: [512], units: undefined };
const settled = () => new Promise((done) => setTimeout(done, 5));

/** A unit's panel: `desk.drawing` is what the question asks about, and the answer's sum names it. */
function mount() {
  const found = { desk: { drawing: 1, network: 'a' }, text: '', asked: 0, delay: 0 };
  const panel = {
    replaceChildren: (...nodes) => {
      found.text = nodes.join(' ');
    },
  };
  const call = async (_, question) => {
    found.asked++;
    await new Promise((done) => setTimeout(done, found.delay));
    return { shape: [2, 3, 3], sum: question.drawing, bias: question.network === 'a' ? 0.1 : 0.2 };
  };
  found.unit = mountUnit(panel, call, () => found.desk.drawing && { ...found.desk });
  return found;
}

test('a pinned unit follows the drawing and the network', async () => {
  const found = mount();
  found.unit.choose(FIRST, 4, true);
  await settled();
  assert.match(found.text, /^Unit 5: ink × weights = 1, bias 0.1, together 1\.10.*Pinned/);
  found.desk.drawing = -2;
  found.unit.ask();
  await settled();
  assert.match(found.text, /^Unit 5: ink × weights = -2, bias 0.1, together -1\.90.*Pinned/);
  found.desk.network = 'b';
  found.unit.ask();
  await settled();
  assert.match(found.text, /bias 0.2/);
});

test('without ink nothing of the old ink stays, and the pin does', async () => {
  const found = mount();
  found.unit.choose(FIRST, 4, true);
  await settled();
  found.unit.ask();
  found.desk.drawing = null;
  found.unit.empty();
  await settled();
  assert.equal(found.text, 'Unit 5 is pinned; draw a digit.');
  found.desk.drawing = 3;
  found.unit.ask();
  await settled();
  assert.match(found.text, /^Unit 5: ink × weights = 3/);
  found.unit.choose(FIRST, 4, false);
  found.unit.empty();
  assert.equal(found.text, '');
  found.unit.ask();
  await settled();
  assert.equal(found.text, '');
});

test('a map is chosen by its number, wherever its strength puts it, and an answer to another comes too late', async () => {
  const found = mount();
  found.delay = 2;
  found.unit.choose({ layer: 2, units: [7, 3] }, 0);
  found.unit.choose({ layer: 2, units: [3, 7] }, 1);
  await settled();
  assert.equal(found.asked, 1);
  found.unit.choose({ layer: 2, units: [3, 7] }, 0);
  found.unit.choose({ layer: 2, units: [3, 7] }, 1);
  await new Promise((done) => setTimeout(done, 30));
  assert.match(found.text, /^Map 8/);
});
