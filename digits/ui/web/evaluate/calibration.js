// Calibration: ten points against the diagonal. On it, a network that says 90 % is right 9 times in 10.
import { draw, percent } from '../lib/dom.js';

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [380, 256, 44, 12, 10, 26];
const Z = 1.96; // of the 95 % intervals

export function showCalibration(box, reports) {
  const x = (share) => LEFT + share * (WIDTH - LEFT - RIGHT);
  const y = (share) => TOP + (1 - share) * (HEIGHT - TOP - BOTTOM);
  const words = reports[0].calibration.map(
    ({ confidence, accuracy, n }) =>
      `of ${n} digits it was ${percent(confidence)} sure of, ${percent(accuracy)} were right`,
  );
  const chart = draw('svg', {
    class: 'chart',
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    role: 'img',
    'aria-label': `Calibration: ${words.join('; ')}`,
  });
  for (const share of [0, 0.5, 1]) {
    chart.append(
      draw('line', { class: 'grid', x1: LEFT, x2: WIDTH - RIGHT, y1: y(share), y2: y(share) }),
      draw('text', { x: LEFT - 8, y: y(share) + 4, 'text-anchor': 'end' }, share === 1 ? '100%' : percent(share)),
    );
  }
  for (const [share, text, anchor] of [
    [0, '0% sure', 'start'],
    [0.5, '50%', 'middle'],
    [1, '100% sure', 'end'],
  ]) {
    chart.append(draw('text', { x: x(share), y: HEIGHT - 4, 'text-anchor': anchor }, text));
  }
  chart.append(draw('line', { class: 'even', x1: x(0), y1: y(0), x2: x(1), y2: y(1) }));
  reports.toReversed().forEach((report, i) => {
    const kind = i === reports.length - 1 ? 'used' : 'compared';
    for (const part of report.calibration) chart.append(makePoint(part, kind, x, y));
  });
  box.replaceChildren(chart);
}

function makePoint({ confidence, accuracy, n }, kind, x, y) {
  const [low, high] = interval(accuracy, n);
  const [at, height] = [x(confidence), y(accuracy)];
  const mark =
    kind === 'used'
      ? draw('circle', { cx: at, cy: height, r: 4.5 })
      : draw('path', { d: `M${at} ${height - 5.5}l5.5 5.5l-5.5 5.5l-5.5 -5.5z` });
  const title = draw(
    'title',
    {},
    `${n.toLocaleString('en')} digits, ${percent(confidence, 1)} sure on average: ${percent(accuracy, 1)} right`,
  );
  return draw('g', { class: `point ${kind}` }, title, draw('line', { x1: at, x2: at, y1: y(low), y2: y(high) }), mark);
}

/** Wilson's 95 % interval: how far the share of `n` examples can be from the truth by chance. */
function interval(share, n) {
  const centre = (share + (Z * Z) / (2 * n)) / (1 + (Z * Z) / n);
  const half = (Z / (1 + (Z * Z) / n)) * Math.sqrt((share * (1 - share)) / n + (Z * Z) / (4 * n * n));
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}
