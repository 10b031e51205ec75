// Curves of one or several runs as SVG: batches thin, held out with rings, names at the line ends.
import { draw, make, say } from '../lib/dom.js';

const [WIDTH, HEIGHT, LEFT, RIGHT, BOTTOM] = [380, 210, 44, 62, 22];
const LONGEST = 9; // letters of a name beside its line
const COLOURS = ['--a', '--b', '--muted', '--faint'];

/** makeChart(box, { log, format, title }) -> show(runs, now); a run: { name, points: [[epoch, batches, heldOut]] }. */
export function makeChart(box, { log, format, title }) {
  const hover = make('p', { class: 'note', 'aria-hidden': 'true' });
  let state = null;
  box.addEventListener('pointermove', (event) => {
    if (!state) return;
    const area = box.querySelector('svg').getBoundingClientRect();
    const epoch = state.fromX(((event.clientX - area.left) / area.width) * WIDTH);
    const words = state.runs.map((run) => {
      const point = run.points.reduce(
        (a, b) => (Math.abs(b[0] - epoch) < Math.abs(a[0] - epoch) ? b : a),
        run.points[0],
      );
      return point ? `${run.name}: ${format(point[1])} at epoch ${point[0].toFixed(2)}` : '';
    });
    say(hover, words.join('; '));
  });
  box.addEventListener('pointerleave', () => say(hover, ''));

  return function show(runs, now) {
    const drawn = runs.map((run, i) => ({ ...run, colour: COLOURS[i] })).filter((run) => run.points.length);
    if (!drawn.length) {
      state = null;
      return box.replaceChildren(draw('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}` })); // as high as one with curves
    }
    const epochs = Math.max(0.1, ...drawn.map((run) => run.epochs));
    const values = drawn.flatMap((run) =>
      run.points.flatMap(([, batch, held]) => [batch, held].filter((value) => value !== null && (!log || value > 0))),
    );
    const [low, high] = limits(values, log);
    const scale = log ? Math.log : (value) => value;
    const x = (epoch) => LEFT + (epoch / epochs) * (WIDTH - LEFT - RIGHT);
    const y = (value) =>
      6 +
      (1 - (scale(Math.min(high, Math.max(low, value))) - scale(low)) / (scale(high) - scale(low))) *
        (HEIGHT - BOTTOM - 6);
    const chart = draw('svg', {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      role: 'img',
      'aria-label': describe(title, drawn, format),
    });
    for (const tick of ticks(low, high, log)) {
      chart.append(draw('line', { class: 'grid', x1: LEFT, x2: WIDTH - RIGHT, y1: y(tick), y2: y(tick) }));
      chart.append(draw('text', { x: LEFT - 8, y: y(tick) + 4, 'text-anchor': 'end' }, format(tick)));
    }
    for (const epoch of roundSteps(epochs))
      chart.append(draw('text', { x: x(epoch), y: HEIGHT - 4, 'text-anchor': 'middle' }, String(epoch)));
    chart.append(draw('text', { x: WIDTH - RIGHT + 12, y: HEIGHT - 4 }, 'epochs'));
    if (now !== null) chart.append(draw('line', { class: 'now', x1: x(now), x2: x(now), y1: 6, y2: HEIGHT - BOTTOM }));
    for (const run of drawn) addRun(chart, run, x, y, drawn.length > 1);
    box.replaceChildren(chart, hover);
    state = { runs: drawn, fromX: (place) => ((place - LEFT) / (WIDTH - LEFT - RIGHT)) * epochs };
  };
}

function addRun(chart, run, x, y, isCompared) {
  const colour = `var(${run.colour})`;
  const path = (points, value) =>
    `M${points.map((point) => `${x(point[0]).toFixed(1)} ${y(value(point)).toFixed(1)}`).join('L')}`;
  const held = run.points.filter((point) => point[2] !== null);
  if (run.points.length > 1)
    chart.append(
      draw('path', { class: isCompared ? 'raw' : 'line', d: path(run.points, (point) => point[1]), stroke: colour }),
    );
  if (held.length > 1) {
    const dash = { '--b': '6 4', '--muted': '2 3', '--faint': '8 3 2 3' }[run.colour] ?? 'none';
    chart.append(
      draw('path', {
        class: 'line',
        d: path(held, (point) => point[2]),
        stroke: isCompared ? colour : 'var(--ink)',
        'stroke-dasharray': dash,
      }),
    );
  }
  for (const point of held) {
    chart.append(
      draw('circle', {
        class: 'ring',
        cx: x(point[0]),
        cy: y(point[2]),
        r: 3.4,
        stroke: isCompared ? colour : 'var(--ink)',
      }),
    );
  }
  const end = run.points[run.points.length - 1];
  const last = held[held.length - 1];
  if (isCompared)
    chart.append(
      draw(
        'text',
        { class: 'name', x: x((last ?? end)[0]) + 8, y: y(last ? last[2] : end[1]) + 4, style: `fill: ${colour}` },
        run.name.length > LONGEST ? `${run.name.slice(0, LONGEST - 1)}…` : run.name,
      ),
    );
  else {
    chart.append(
      draw(
        'text',
        {
          class: 'name',
          x: x(end[0]) + 8,
          y: y(end[1]) + (last && y(last[2]) > y(end[1]) ? -4 : 12),
          style: `fill: ${colour}`,
        },
        'batches',
      ),
    );
    if (last)
      chart.append(
        draw(
          'text',
          {
            class: 'name',
            x: x(last[0]) + 8,
            y: y(last[2]) + (y(last[2]) > y(end[1]) ? 14 : -6),
            style: 'fill: var(--ink)',
          },
          'held out',
        ),
      );
  }
}

function describe(title, runs, format) {
  const words = runs.map((run) => {
    const last = run.points[run.points.length - 1];
    const held = run.points.filter((point) => point[2] !== null).at(-1);
    return `${run.name}: batches ${format(last[1])}${held ? `, held out ${format(held[2])}` : ''}`;
  });
  return `${title}. ${words.join('; ')}`;
}

export function limits(values, log) {
  if (!values.length) return log ? [0.1, 3] : [0, 1];
  const low = Math.min(...values);
  const high = Math.max(...values);
  if (log) return [Math.max(1e-4, low * 0.8), Math.max(low * 2, high * 1.1)];
  // Accuracies: the upper part is where it happens once a run has left the start.
  const floor = [0.99, 0.98, 0.95, 0.9, 0.8, 0.5].find((value) => value <= quantile(values, 0.1)) ?? 0;
  return [floor, 1];
}

const quantile = (values, share) => [...values].sort((a, b) => a - b)[Math.floor(share * (values.length - 1))];

export function ticks(low, high, log) {
  if (!log)
    return [0, 1, 2, 3, 4].map((i) => low + ((high - low) * i) / 4).filter((_, i) => i % 2 === 0 || high - low > 0.4);
  const found = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    for (const first of [1, 2, 5]) {
      const tick = Number((first * 10 ** power).toPrecision(1));
      if (tick >= low && tick <= high) found.push(tick);
    }
  }
  const step = Math.ceil(found.length / 5);
  return found.filter((_, i) => i % step === 0);
}

export function roundSteps(epochs) {
  const step = [0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500].find((size) => epochs / size <= 5) ?? 1_000;
  return Array.from({ length: Math.floor(epochs / step + 1e-9) + 1 }, (_, i) => Number((i * step).toFixed(2)));
}
