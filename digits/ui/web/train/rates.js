// Try all rates: the loss while the learning rate grows, from a real training of sixty steps. Press the curve to choose.
import { draw, make, say } from '../lib/dom.js';
import { hold } from '../lib/focus.js';

const [WIDTH, HEIGHT] = [320, 150]; // px, as wide as the settings
const EDGE = { left: 28, right: 12, top: 12, bottom: 24 };
const short = (rate) => Number(rate.toPrecision(1));

/** -> { node, forget }; `choose(rate)` when one is pressed, `now()` is the form's. */
export function mountRates(call, settings, choose, now) {
  const button = make('button', { type: 'button', class: 'link' }, 'Try all rates');
  const said = make('span', { class: 'note', role: 'status' });
  const chart = make('div', { class: 'rate-chart' });
  const node = make('div', { class: 'rates' }, make('div', { class: 'row' }, button, said), chart);
  let asked = null; // the question whose answer may be shown
  async function tryRates() {
    say(said, 'Sixty steps, each at a higher rate.');
    const question = { settings: settings() };
    asked = question;
    const answer = await call('try_learning_rates', question, 30);
    if (asked !== question) return;
    say(said, answer.error ?? `The loss falls fastest at ${short(answer.steepest)}. Press the curve to choose.`);
    chart.replaceChildren(...(answer.error ? [] : [plot(answer, choose, now())]));
  }
  button.addEventListener('click', () => hold(button, tryRates));
  return {
    node,
    /** They were another network's. */
    forget() {
      asked = null;
      chart.replaceChildren();
      say(said, '');
    },
  };
}

function plot({ rates, losses, steepest }, choose, now) {
  const [first, last] = [Math.log(rates[0]), Math.log(rates.at(-1))];
  const [low, high] = [Math.min(...losses), Math.max(...losses)];
  const wide = WIDTH - EDGE.left - EDGE.right;
  const x = (rate) => EDGE.left + ((Math.log(rate) - first) / (last - first)) * wide;
  const y = (loss) => EDGE.top + ((high - loss) / (high - low)) * (HEIGHT - EDGE.top - EDGE.bottom);
  const path = rates.map((rate, i) => `${x(rate).toFixed(1)} ${y(losses[i]).toFixed(1)}`).join('L');
  const words = `Loss against the learning rate, from ${rates[0]} to ${short(rates.at(-1))}; it falls fastest at ${short(steepest)}`;
  const svg = draw('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': words });
  for (let power = Math.ceil(first / Math.LN10); power <= last / Math.LN10; power++)
    svg.append(
      draw('line', { class: 'grid', x1: x(10 ** power), x2: x(10 ** power), y1: EDGE.top, y2: HEIGHT - EDGE.bottom }),
      draw('text', { x: x(10 ** power), y: HEIGHT - 6, 'text-anchor': 'middle' }, String(10 ** power)),
    );
  for (const loss of [low, high])
    svg.append(draw('text', { x: EDGE.left - 6, y: y(loss) + 4, 'text-anchor': 'end' }, loss.toFixed(1)));
  svg.append(draw('path', { class: 'line', d: `M${path}` }));
  if (now >= rates[0] && now <= rates.at(-1))
    svg.append(draw('line', { class: 'now', x1: x(now), x2: x(now), y1: EDGE.top, y2: HEIGHT - EDGE.bottom }));
  svg.append(draw('circle', { cx: x(steepest), cy: y(losses[rates.indexOf(steepest)]), r: 5 }));
  svg.addEventListener('click', (event) => {
    const box = svg.getBoundingClientRect();
    const place = ((event.clientX - box.left) / box.width) * WIDTH;
    const share = Math.min(1, Math.max(0, (place - EDGE.left) / wide));
    choose(short(Math.exp(first + share * (last - first))));
  });
  const take = make(
    'button',
    { type: 'button', class: 'button', onclick: () => choose(short(steepest)) },
    `Take ${short(steepest)}`,
  );
  return make('div', {}, svg, take);
}
