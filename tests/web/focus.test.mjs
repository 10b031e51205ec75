import assert from 'node:assert/strict';
import test from 'node:test';
import { hold, keepFocus } from '../../digits/ui/web/lib/focus.js';

const page = { activeElement: null };
globalThis.document = page;

const button = (key, disabled = false) => {
  const made = { disabled, dataset: key ? { key } : {} };
  made.focus = () => {
    page.activeElement = made;
  };
  return made;
};

/** A list of buttons; `build` gives it others, and with the old ones the focus is lost. */
function list(...buttons) {
  const node = { buttons, querySelectorAll: () => node.buttons };
  node.build = (...next) => {
    if (node.buttons.includes(page.activeElement)) page.activeElement = null;
    node.buttons = next;
  };
  return node;
}

test('the focus stays in its place', () => {
  const node = list(button(), button());
  node.buttons[1].focus();
  keepFocus(node, () => node.build(button(), button(), button()));
  assert.equal(page.activeElement, node.buttons[1]);
});

test('it goes with its key, wherever that stands now', () => {
  const node = list(button('a'), button('b'));
  node.buttons[1].focus();
  keepFocus(node, () => node.build(button('b'), button('a')));
  assert.equal(page.activeElement, node.buttons[0]);
});

test('where its button is gone it is on the one after it, then on the last, then beside the list', () => {
  const beside = button();
  const node = list(button('a'), button('b'), button('c'));
  node.buttons[1].focus();
  keepFocus(node, () => node.build(button('a'), button('c')), beside);
  assert.equal(page.activeElement.dataset.key, 'c');
  keepFocus(node, () => node.build(button('a')), beside);
  assert.equal(page.activeElement.dataset.key, 'a');
  keepFocus(node, () => node.build(), beside);
  assert.equal(page.activeElement, beside);
});

test('a focus that is elsewhere stays there', () => {
  const elsewhere = button();
  const node = list(button());
  elsewhere.focus();
  keepFocus(node, () => node.build(button()));
  assert.equal(page.activeElement, elsewhere);
});

test('a button that is held takes no second press, keeps its focus, and is free again after a failure', async () => {
  const held = button();
  held.focus();
  let fail;
  let runs = 0;
  const first = hold(held, () => {
    runs++;
    return new Promise((_, refuse) => {
      fail = refuse;
    });
  });
  await hold(held, () => runs++);
  assert.equal(runs, 1);
  assert.equal(held.disabled, false);
  assert.equal(held.ariaDisabled, 'true');
  fail(new Error('no answer'));
  await assert.rejects(first);
  await hold(held, () => runs++);
  assert.equal(runs, 2);
});
