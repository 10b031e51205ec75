// Loss and accuracy of one training. The value is {id, from, points, state, sentence, figures, share}: the points from
// number `from` on, each [epoch, loss, accuracy, validation loss or null, validation accuracy or null].
const find = (selector) => element.querySelector(selector);
const W = 460, H = 240, LEFT = 50, RIGHT = 18, TOP = 12, BOTTOM = 28;
let job = null, points = [], active = false, epochs = 1;

function ticks(low, high) {   // about four round numbers between two
  const raw = (high - low) / 4, power = 10 ** Math.floor(Math.log10(raw)), step = [1, 2, 5, 10].find((n) => n * power >= raw) * power;
  const found = [];
  for (let n = Math.ceil(low / step); n * step <= high + step / 1e6; n++) found.push(n * step);
  return { found, digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
}

function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

function plot(svg, column, percent) {
  const batch = points.map((point) => [point[0], point[column]]);
  const held = points.filter((point) => point[column + 2] !== null).map((point) => [point[0], point[column + 2]]);
  if (!batch.length) { svg.replaceChildren(); return; }
  const values = [...batch, ...held].map((pair) => pair[1]);
  // The first steps are far off; what matters is where it goes. Nine tenths of the points set the scale.
  const low = percent ? Math.max(0, Math.min(0.98, quantile(values, 0.1) - 0.02)) : 0;
  const high = percent ? 1 : Math.max(0.05, quantile(values, 0.9) * 1.15);
  const last = Math.max(active ? epochs : points[points.length - 1][0], 1e-6);   // room for the rest of the run
  const x = (value) => LEFT + value / last * (W - LEFT - RIGHT);
  const y = (value) => H - BOTTOM - (Math.min(high, Math.max(low, value)) - low) / (high - low) * (H - TOP - BOTTOM);
  const path = (pairs) => pairs.map((pair) => x(pair[0]).toFixed(1) + ',' + y(pair[1]).toFixed(1)).join(' ');
  const levels = ticks(low, high), times = ticks(0, last);
  let marks = '';
  for (const level of levels.found) {
    const label = percent ? (level * 100).toFixed(Math.max(0, levels.digits - 2)) + '%' : level.toFixed(levels.digits);
    marks += '<line class="grid" x1="' + LEFT + '" x2="' + (W - RIGHT) + '" y1="' + y(level) + '" y2="' + y(level) + '"/>';
    marks += '<text x="' + (LEFT - 6) + '" y="' + (y(level) + 4) + '" text-anchor="end">' + label + '</text>';
  }
  for (const time of times.found) marks += '<text x="' + x(time) + '" y="' + (H - 9) + '" text-anchor="middle">' + time.toFixed(times.digits) + '</text>';
  marks += '<text x="' + (W - RIGHT) + '" y="' + (H - BOTTOM - 6) + '" text-anchor="end">epochs</text>';
  marks += '<polyline class="batch" points="' + path(batch) + '"/>';
  marks += '<polyline class="held" points="' + path(held) + '"/>';
  for (const pair of held) marks += '<circle r="3.5" cx="' + x(pair[0]).toFixed(1) + '" cy="' + y(pair[1]).toFixed(1) + '"/>';
  svg.innerHTML = marks;
}

function show() {
  const value = props.value;
  if (!value || !value.state) return;
  if (value.id !== job) { job = value.id; points = []; }
  points.length = Math.min(points.length, value.from);
  points.push(...value.points);
  active = value.state === 'running';
  epochs = value.epochs;
  const state = find('.state');
  if (state.textContent !== value.sentence) state.textContent = value.sentence;
  state.classList.toggle('trouble', value.state === 'failed');
  find('progress').value = value.share;
  find('.figures').replaceChildren(...value.figures.map(([name, figure]) => {
    const box = document.createElement('div'), term = document.createElement('dt'), number = document.createElement('dd');
    term.textContent = name;
    number.textContent = figure;
    box.append(term, number);
    return box;
  }));
  element.dataset.points = points.length;
  plot(find('svg.loss'), 1, false);
  plot(find('svg.accuracy'), 2, true);
}

watch('value', show);
show();
