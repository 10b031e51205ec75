// Robustness as ten small charts: accuracy against each kind of change to a picture.
import { draw, make, percent, say } from '../lib/dom.js';
import { follow } from '../lib/server.js';
import { store } from '../lib/store.js';

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [216, 112, 34, 8, 8, 20];
const AXES = {
  rotation: ['Turned', '° clockwise'],
  size: ['Smaller or larger', '% of the picture'],
  position: ['Off the centre', '% of the way to an edge'],
  pen: ['Thinner or thicker pen', '% of the digit'],
  noise: ['Noise', '% of the contrast'],
  occlusion: ['Rubbed out', '% of its side'],
  shadow: ['In a shadow', '% darker at one side'],
  'ruled paper': ['On ruled paper', '% as dark as the pen'],
  perspective: ['Seen aslant', '% smaller at the far side'],
  photograph: ['A bad photograph', '% of its faults'],
};

export function mountCurves(element, call, constants, opponent) {
  const find = (selector) => element.querySelector(selector);
  const [box, note, button] = ['.curves', '.curves-note', '.curves-table'].map(find);
  let curves = null;
  let asTable = false;
  let asked = '';
  let stop = () => {};

  button.addEventListener('click', () => {
    asTable = !asTable;
    button.setAttribute('aria-expanded', String(asTable));
    say(button, asTable ? 'as pictures' : 'as a table');
    paint();
  });

  async function look(measure = false) {
    const [network, against] = [store.get('network'), opponent()];
    if (store.get('tab') !== 'evaluate' || !network) return;
    asked = `${network} ${against}`;
    stop();
    const question = asked;
    stop = follow(
      async () => {
        if (question !== asked || store.get('tab') !== 'evaluate') return true;
        const answer = await call('look_at_curves', { network, against, measure }, 20);
        if (question !== asked) return true;
        if (answer.silent) return false;
        if (answer.error) {
          say(note, answer.error);
          return true;
        }
        if (answer.share !== null) {
          say(note, `Measuring: ${percent(answer.share)}.`);
          return false;
        }
        curves = answer.curves;
        paint();
        return true;
      },
      () => 500,
    );
  }

  function paint() {
    if (!curves) return;
    button.hidden = !curves[0];
    box.classList.toggle('table', asTable);
    if (!curves[0]) return offer();
    const n = curves[0].n;
    say(
      note,
      `${n} test digits, drawn large, changed and read as pictures. The dashed line is ${percent(constants.enough)}.`,
    );
    const names = Object.keys(curves[0].curves);
    box.replaceChildren(
      ...names.map((name) =>
        (asTable ? makeTable : makeChart)(
          name,
          curves.map((one) => one?.curves[name]),
          constants.enough,
        ),
      ),
    );
    if (curves.length > 1 && !curves[1]) box.append(makeOffer('The other network has not been measured yet.'));
  }

  function offer() {
    say(note, '');
    box.replaceChildren(
      makeOffer(`${Object.keys(AXES).length} kinds of change, ${constants.measured} test digits: about half a minute.`),
    );
  }

  function makeOffer(words) {
    const press = () => look(true);
    return make(
      'div',
      { class: 'offer' },
      make('p', {}, words),
      make('button', { type: 'button', class: 'button', onclick: press }, 'Measure it'),
    );
  }

  store.watch(['network', 'networks', 'tab'], ({ network, tab }) => {
    if (tab === 'evaluate' && network && asked !== `${network} ${opponent()}`) look();
  });
  return () => look();
}

function verdict({ falls_below_95: ends, start }) {
  const [down, up] = ends;
  if (down === null && up === null) return '95% throughout';
  if (ends.includes(start)) return 'under 95% as it is';
  return `under 95% at ${[down, up]
    .filter((value) => value !== null)
    .map(text)
    .join(' and ')}`;
}

const text = (value) => String(Math.round(value * 10) / 10).replace('-', '−');

function makeChart(name, curves, enough) {
  const [title, unit] = AXES[name] ?? [name, ''];
  const [first] = curves;
  const { values } = first;
  const [least, most] = [values[0], values.at(-1)];
  const x = (value) => LEFT + ((value - least) / (most - least)) * (WIDTH - LEFT - RIGHT);
  const y = (share) => TOP + (1 - share) * (HEIGHT - TOP - BOTTOM);
  const words = values.map((value, i) => `${text(value)}: ${percent(first.accuracies[i])}`).join(', ');
  const chart = draw('svg', {
    class: 'chart',
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    role: 'img',
    'aria-label': `Accuracy, ${title.toLowerCase()}, ${unit}: ${words}`,
  });
  for (const share of [0, 0.5, 1]) {
    chart.append(draw('line', { class: 'grid', x1: LEFT, x2: WIDTH - RIGHT, y1: y(share), y2: y(share) }));
    chart.append(draw('text', { x: LEFT - 6, y: y(share) + 4, 'text-anchor': 'end' }, percent(share)));
  }
  chart.append(draw('line', { class: 'even', x1: LEFT, x2: WIDTH - RIGHT, y1: y(enough), y2: y(enough) }));
  for (const [value, anchor] of [
    [least, 'start'],
    [most, 'end'],
  ]) {
    chart.append(draw('text', { x: x(value), y: HEIGHT - 4, 'text-anchor': anchor }, text(value)));
  }
  if (first.start > least)
    chart.append(draw('text', { x: x(first.start), y: HEIGHT - 4, 'text-anchor': 'middle' }, text(first.start)));
  curves.toReversed().forEach((curve, i) => {
    if (!curve) return;
    const kind = i === curves.length - 1 ? 'used' : 'compared';
    const points = curve.values.map((value, k) => [x(value), y(curve.accuracies[k])]);
    chart.append(draw('path', { class: kind, d: `M${points.map((point) => point.join(' ')).join('L')}` }));
    for (const [cx, cy] of kind === 'used' ? points : []) chart.append(draw('circle', { class: kind, cx, cy, r: 2.5 }));
  });
  return make(
    'figure',
    {},
    make('figcaption', {}, make('b', {}, title), make('span', {}, unit)),
    chart,
    make('small', {}, verdict(first)),
  );
}

function makeTable(name, curves) {
  const [title, unit] = AXES[name] ?? [name, ''];
  const head = curves[0].values.map((value) => make('th', { scope: 'col' }, text(value)));
  const rows = curves.filter(Boolean).map((curve, i) => {
    const cells = curve.accuracies.map((share) => make('td', {}, percent(share, 1)));
    return make('tr', {}, make('th', { scope: 'row' }, i ? 'the other' : 'in use'), ...cells);
  });
  const caption = make('caption', {}, make('b', {}, title), ` ${unit}`);
  return make(
    'table',
    {},
    caption,
    make('thead', {}, make('tr', {}, make('td', {}), ...head)),
    make('tbody', {}, ...rows),
  );
}
