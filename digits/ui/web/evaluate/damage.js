// Damage: sliders over 500 test digits, and what becomes of the accuracy.
import { article, capital, make, percent, say } from '../lib/dom.js';
import { latest, onReturn } from '../lib/server.js';
import { store } from '../lib/store.js';
import { tile, useSprite } from './sprite.js';

const TRY = { shift: 5 }; // px: a fully connected network then misreads most, a convolutional one hardly any

export function mountDamage(element, call, constants, opponent, oppose, open) {
  const find = (selector) => element.querySelector(selector);
  const [box, scores, samples, hint] = ['.sliders', '.scores', '.samples', '.try'].map(find);
  const inputs = {};

  for (const { name, title, least, most, step, unit } of constants.sliders) {
    const input = make('input', { type: 'range', min: least, max: most, step, value: 0, 'data-damage': name });
    const output = make('output');
    const show = () => {
      const words = `${input.value}${unit}`.replace('-', '−');
      say(output, words);
      input.setAttribute('aria-valuetext', words);
      const at = (value) => `${((value - least) / (most - least)) * 100}%`;
      input.style.setProperty('--from', at(Math.min(0, input.value)));
      input.style.setProperty('--to', at(Math.max(0, input.value)));
    };
    inputs[name] = { input, show };
    input.addEventListener('input', () => {
      show();
      ask();
    });
    box.append(make('label', {}, make('span', {}, title), input, output));
    show();
  }

  function set(amounts) {
    for (const [name, { input, show }] of Object.entries(inputs)) {
      input.value = amounts[name] ?? 0;
      show();
    }
    ask();
  }

  find('.reset').addEventListener('click', () => set({}));
  const rival = () =>
    store.get('networks').find(({ key }) => key === constants.rivals.find((other) => other !== store.get('network')));
  hint.addEventListener('click', () => {
    oppose(rival().key);
    set(TRY);
  });

  const ask = latest(async () => {
    const [network, against] = [store.get('network'), opponent()];
    if (store.get('tab') !== 'evaluate' || !network) return;
    const amounts = Object.fromEntries(Object.entries(inputs).map(([name, { input }]) => [name, Number(input.value)]));
    const answer = await call('damage_digits', { network, against, amounts }, 20);
    if (answer.silent) return;
    if (answer.error) return scores.replaceChildren(make('p', { class: 'trouble' }, answer.error));
    show(answer, Object.values(amounts).some(Boolean));
  });

  function show({ accuracies, undamaged, samples: digits, sprite }, damaged) {
    find('.reset').disabled = !damaged;
    scores.replaceChildren(
      ...accuracies.map((accuracy, i) => makeScore(accuracy, undamaged[i], i, accuracies.length, damaged)),
    );
    useSprite(samples, sprite, digits.length, constants.columns);
    const read = digits
      .map(({ label, digits: [digit] }, at) => ({ label, digit, at, sprite, damaged }))
      .filter(({ digit }) => digit >= 0);
    const openAt = (at) => () =>
      open(
        read,
        read.findIndex((one) => one.at === at),
      );
    samples.replaceChildren(...digits.map((sample, at) => makeSample(sample, at, openAt(at))));
  }

  function makeSample({ label, digits: [digit, compared] }, at, onclick) {
    const [wrong, which] = [digit !== label, capital(article(label))];
    if (digit < 0) {
      const words = { type: 'button', disabled: true, 'aria-label': `${which}, of which no ink is left` };
      return make('li', {}, make('button', words, tile(at, constants.columns), make('span', {}, 'no ink')));
    }
    const words = [`${which}, read ${wrong ? `as ${digit}` : 'right'}`];
    const caption = make('span', {}, ...(wrong ? [`${label} → `, make('b', {}, String(digit))] : [String(digit)]));
    if (compared !== undefined && compared !== label) {
      words.push(`the other network reads ${compared}`);
      caption.append(make('i', { class: 'mark compared' }), make('b', {}, String(compared)));
    }
    const attributes = { type: 'button', class: wrong ? 'wrong' : '', 'aria-label': words.join(', '), onclick };
    return make('li', {}, make('button', attributes, tile(at, constants.columns), caption));
  }

  function makeScore(accuracy, whole, i, count, damaged) {
    const kind = i ? 'compared' : 'used';
    const lost = Math.round((whole - accuracy) * constants.damaged);
    const change = !damaged ? ', undamaged' : lost > 0 ? `, ${lost} fewer than undamaged` : ', as many as undamaged';
    const fill = make('i', { style: `width:${percent(accuracy, 1)}` });
    const before = make('u', { style: `left:${percent(whole, 1)}` }); // a tick where it stood undamaged
    const mark = count > 1 ? make('i', { class: `mark ${kind}`, 'aria-hidden': 'true' }) : null;
    const words = make('span', {}, `of ${constants.damaged} right${change}`);
    const line = make('p', {}, mark, make('b', {}, percent(accuracy, 1)), words);
    return make('div', { class: 'score' }, line, make('div', { class: `gauge ${kind}` }, fill, before));
  }

  let asked = '';
  const look = () => {
    const now = `${store.get('network')} ${opponent()}`;
    hint.hidden = !rival();
    say(hint, `Try: shift ${TRY.shift} px, against ${rival()?.name}`);
    if (store.get('tab') !== 'evaluate' || !store.get('network') || asked === now) return;
    asked = now;
    ask();
  };
  store.watch(['network', 'networks', 'tab'], look);
  onReturn(() => {
    asked = '';
    look();
  });
  return look;
}
