// Damage: sliders over 500 test digits, and what becomes of the accuracy.
import { make, percent, say } from '../lib/dom.js';
import { latest } from '../lib/server.js';
import { store } from '../lib/store.js';
import { tile } from './wall.js';

export function mountDamage(element, call, constants) {
  const find = (selector) => element.querySelector(selector);
  const [box, figure, samples] = ['.sliders', '.hurt-accuracy', '.samples'].map(find);
  const inputs = {};
  const show = (slider) => {
    say(inputs[slider.name].output, `${inputs[slider.name].input.value}${slider.unit}`.replace('-', '−'));
  };
  for (const slider of constants.sliders) {
    const { name, title, least, most, step } = slider;
    const input = make('input', { type: 'range', min: least, max: most, step, value: 0, 'data-damage': name });
    const output = make('output');
    inputs[name] = { input, output };
    input.addEventListener('input', () => {
      show(slider);
      ask();
    });
    box.append(make('label', {}, title, input, output));
    show(slider);
  }
  find('.reset').addEventListener('click', () => {
    for (const slider of constants.sliders) {
      inputs[slider.name].input.value = 0;
      show(slider);
    }
    ask();
  });

  const ask = latest(async () => {
    if (store.get('tab') !== 'evaluate') return;
    const amounts = Object.fromEntries(Object.entries(inputs).map(([name, { input }]) => [name, Number(input.value)]));
    const network = store.get('network');
    const answer = await call('damage_digits', { network, amounts }, 20);
    if (answer.error) return say(figure, '–');
    say(figure, percent(answer.accuracy, 1));
    samples.replaceChildren(
      ...answer.samples.map(({ label, digit }, at) => {
        const words = label === digit ? String(digit) : `${label} → ${digit}`;
        return make('li', { class: label === digit ? '' : 'wrong' }, tile(answer.sprite, at, constants.columns), words);
      }),
    );
  });
  let asked = '';
  store.watch(['network', 'tab'], ({ network, tab }) => {
    if (tab !== 'evaluate' || !network || asked === network) return;
    asked = network;
    ask();
  });
}
