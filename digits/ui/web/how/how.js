// How it works: seven steps, each a module of its own; the rail, the code beside them, and what has been tried.
import { bytes, make, say } from '../lib/dom.js';
import { pictureOf } from '../lib/picture.js';
import { questionOf } from '../lib/question.js';
import { isReadable } from '../lib/readback.js';
import { connect, onReturn } from '../lib/server.js';
import { isEmpty } from '../lib/sheet.js';
import { store } from '../lib/store.js';
import { mountAside } from './aside.js';
import { collect } from './collect.js';
import { define } from './define.js';
import { evaluate } from './evaluate.js';
import { graph } from './graph.js';
import { loss } from './loss.js';
import { predict } from './predict.js';
import { train } from './train.js';

const STEPS = [collect, define, graph, loss, train, evaluate, predict];
const KEPT = 'digits-how-tried';

export function mount({ element, props, part }) {
  const { constants } = props;
  const call = connect(part);
  const find = (selector) => element.querySelector(selector);
  const tried = readTried();
  let at = stepOfAddress();
  const shown = new Map(); // step -> { node, refresh } of those that were opened

  const aside = mountAside(find);

  const isExample = () => isEmpty(store.get('drawing')) || store.get('drawing').wide;

  /** What a step may do to the page around it. */
  const frameOf = (step) => {
    const beside = aside.of(step);
    return {
      ...beside,
      constants,
      /** Ask the server about the visitor's digit and the network in use; null where it refused, which the page says. */
      async ask(name, payload = {}, question = digit(constants.example)) {
        const answer = await call(name, { network: store.get('network'), ...question, ...payload }, 20);
        beside.complain(answer.error ?? '');
        return answer.error ? null : answer;
      },
      /** Put a digit onto the pad, where it can be changed; a test digit by its index. */
      load(ink, { index, label }) {
        if (step !== STEPS[at] || store.get('tab') !== 'how') return; // the visitor went on before the ink came
        const { bitmap, data } = pictureOf(bytes(ink));
        const editable = { bitmap, editable: isReadable(), unit: constants.unit };
        const picture = index === undefined ? { ...editable, data } : { ...editable, index, label };
        store.set({ drawing: { strokes: [], picture, wide: false }, tab: 'draw' });
      },
      /** One of the three things to try was done. */
      done(key) {
        if (tried.has(key)) return;
        tried.add(key);
        try {
          localStorage.setItem(KEPT, JSON.stringify([...tried]));
        } catch {}
        showProgress();
      },
    };
  };

  const items = STEPS.map((step, place) => {
    const button = make(
      'button',
      { type: 'button', onclick: () => open(place, true) },
      make('span', { class: 'number' }),
      make('span', { class: 'words' }, make('b', {}, step.name), make('small', {}, step.under)),
    );
    return make('li', {}, button);
  });
  find('.rail ol').append(...items);
  find('.copy').addEventListener('click', async () => {
    const text = [...find('.code').children].map((line) => line.textContent).join('\n');
    await navigator.clipboard?.writeText(text).catch(() => {});
    say(find('.copy'), 'Copied');
    setTimeout(() => say(find('.copy'), 'Copy'), 1_500);
  });

  function showProgress() {
    items.forEach((item, place) => {
      const step = STEPS[place];
      const whole = step.tries.every(([key]) => tried.has(key));
      item.classList.toggle('done', whole);
      const button = item.firstChild;
      if (place === at) button.setAttribute('aria-current', 'step');
      else button.removeAttribute('aria-current');
      say(button.querySelector('.number'), whole && place !== at ? '✓' : String(place + 1));
    });
    find('.try').replaceChildren(
      ...STEPS[at].tries.map(([key, text]) =>
        make('li', { class: tried.has(key) ? 'done' : '' }, make('span', {}, text), tried.has(key) ? ' ✓' : ''),
      ),
    );
  }

  function open(place, byHand = false) {
    at = place;
    const step = STEPS[at];
    say(find('h1'), step.title);
    find('.lead').replaceChildren(...step.lead.split('`').map((part, i) => (i % 2 ? make('code', {}, part) : part)));
    if (!shown.has(step)) {
      const node = make('div', { class: `step of-${step.key}` });
      shown.set(step, { node, refresh: step.mount(node, frameOf(step)) });
    }
    aside.show(step);
    find('.stage').replaceChildren(shown.get(step).node);
    showProgress();
    if (byHand) {
      const query = new URLSearchParams(location.search);
      query.set('step', String(at + 1));
      history.pushState(null, '', `?${query}${location.hash}`);
      window.scrollTo(0, 0);
      find('h1').focus({ preventScroll: true });
    }
    refresh();
  }

  function refresh() {
    if (store.get('tab') !== 'how' || !store.get('network')) return;
    say(find('.whose'), isExample() ? 'a 1 of the test set until you draw' : 'your drawing');
    shown.get(STEPS[at])?.refresh();
  }

  window.addEventListener('popstate', () => {
    if (store.get('tab') === 'how' && stepOfAddress() !== at) open(stepOfAddress());
  });
  open(at);
  store.watch(['step'], ({ step }) => {
    if (!step) return;
    open(step - 1);
    queueMicrotask(() => store.set({ step: null }));
  });
  store.watch(['tab', 'network', 'drawing'], refresh);
  onReturn(refresh);
}

/** ?step=1 to 7, or the graph, which no other page shows. */
function stepOfAddress() {
  const step = Number(new URLSearchParams(location.search).get('step'));
  return Number.isInteger(step) && step >= 1 && step <= STEPS.length ? step - 1 : 2;
}

function readTried() {
  try {
    return new Set(JSON.parse(localStorage.getItem(KEPT) ?? '[]'));
  } catch {
    return new Set();
  }
}

/** The visitor's digit as a request asks about it; the example where the pad is empty or holds a whole number. */
function digit(example) {
  const drawing = store.get('drawing');
  return (!drawing.wide && questionOf(drawing)) || { index: example };
}
