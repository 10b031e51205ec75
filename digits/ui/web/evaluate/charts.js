// Calibration against the diagonal, and the robustness curves of the shipped networks.
import { draw, make, percent, say } from '../lib/dom.js';
import { store } from '../lib/store.js';

const [WIDTH, HEIGHT, LEFT, BOTTOM] = [340, 190, 40, 24];

function frame(label, yTicks) {
  const y = (share) => (1 - share) * (HEIGHT - BOTTOM);
  const chart = draw('svg', { class: 'chart', viewBox: `0 -8 ${WIDTH} ${HEIGHT + 8}`, role: 'img', 'aria-label': label });
  for (const share of yTicks) {
    chart.append(draw('line', { class: 'grid', x1: LEFT, x2: WIDTH, y1: y(share), y2: y(share) }));
    chart.append(draw('text', { x: LEFT - 6, y: y(share) + 4, 'text-anchor': 'end' }, percent(share)));
  }
  return { chart, y };
}

export function showCalibration(box, note, report) {
  const x = (share) => LEFT + share * (WIDTH - LEFT - 12);
  const words = report.calibration.map((part) => `${percent(part.confidence)} sure, ${percent(part.accuracy)} right`).join('; ');
  const { chart, y } = frame(`Calibration: ${words}`, [0, 0.5, 1]);
  chart.append(draw('line', { class: 'even', x1: x(0), y1: y(0), x2: x(1), y2: y(1) }));
  for (const share of [0, 0.5, 1]) {
    chart.append(draw('text', { x: x(share), y: HEIGHT - 4, 'text-anchor': share === 1 ? 'end' : 'middle' }, `${percent(share)} sure`));
  }
  const most = Math.max(...report.calibration.map(({ n }) => n));
  for (const { confidence, accuracy, n } of report.calibration) {
    const radius = 3 + 5 * Math.sqrt(n / most);
    chart.append(draw('circle', { cx: x(confidence), cy: y(accuracy), r: radius }, draw('title', {}, `${n} digits`)));
  }
  box.replaceChildren(chart);
  const gap = percent(report.calibration_error, 1);
  say(note, `On the line, "90% sure" is right 9 times in 10. Its per cents are ${gap} off on average; larger rings are more digits.`);
}

export function mountCurves(element, call) {
  const find = (selector) => element.querySelector(selector);
  const [card, select, box, note] = ['.curves-card', '.axis', '.curve', '.verdict'].map(find);
  let curves = null;
  const paint = () => curves && showCurve(box, note, curves[select.value]);
  select.addEventListener('change', paint);
  let asked = '';
  store.watch(['network', 'tab'], async ({ network, tab }) => {
    if (tab !== 'evaluate' || !network || asked === network) return;
    asked = network;
    const answer = await call('read_curves', { network });
    if (asked !== network) return;
    curves = answer.curves ?? null;
    const chosen = select.value;
    select.replaceChildren(...Object.keys(curves ?? {}).map((name) => make('option', { value: name }, name)));
    if (curves?.[chosen]) select.value = chosen;
    select.hidden = !curves;
    card.classList.toggle('empty', !curves);
    if (curves) return paint();
    box.replaceChildren();
    say(note, 'Measured for the shipped networks. For yours: python -m digits evaluate --robustness --weights weights.safetensors. The sliders below work for every network.');
  });
}

function showCurve(box, note, { axis, unit, values, accuracies, falls_below_95: [down, up] }) {
  const [first, last] = [values[0], values[values.length - 1]];
  const x = (value) => LEFT + ((value - first) / (last - first)) * (WIDTH - LEFT - 14);
  const words = values.map((value, i) => `${value}: ${percent(accuracies[i])}`).join(', ');
  const { chart, y } = frame(`Accuracy by ${axis}, ${unit}: ${words}`, [0, 0.5, 1]);
  chart.append(draw('path', { d: `M${values.map((value, i) => `${x(value)} ${y(accuracies[i])}`).join('L')}` }));
  values.forEach((value, i) => {
    chart.append(draw('circle', { cx: x(value), cy: y(accuracies[i]), r: 3.5 }, draw('title', {}, `${value}: ${percent(accuracies[i], 1)}`)));
  });
  for (const value of [first, (first + last) / 2, last]) {
    chart.append(draw('text', { x: x(value), y: HEIGHT - 4, 'text-anchor': value === last ? 'end' : 'middle' }, String(Math.round(value * 10) / 10)));
  }
  box.replaceChildren(chart);
  const ends = [...new Set([down, up].filter((value) => value !== null))];
  say(note, `${unit}. ${ends.length ? `Falls under 95 % at ${ends.join(' and ')}.` : '95 % or more throughout.'}`);
}
