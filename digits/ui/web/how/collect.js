// Step 1, collect data: a wall of training digits, how many there are, and the visitor's own made like them.
import { article, bytes, capital, make, percent, say } from '../lib/dom.js';
import { SIDE } from '../lib/mnist.js';
import { colour, mix } from '../lib/paint.js';
import { latest } from '../lib/server.js';
import { card, facts, segments, tick, tile } from './controls.js';

const COLUMNS = 16;
const CELL = [30, 42]; // of a digit and its label
const ALL = 10; // every kind

export const collect = {
  key: 'collect',
  name: 'Collect data',
  under: '60,000 labelled digits',
  title: 'Collect data',
  lead:
    'A network learns from examples: pictures, each with its `label`, the right answer. MNIST has 60,000 of them, ' +
    'and 10,000 more to test the network on.',
  code: [
    "train = MNIST('data', train=True, download=True)",
    "test = MNIST('data', train=False, download=True)",
    'images = train.data / 255',
    'labels = train.targets',
    'val_images = images[-5000:]',
    'images = images[:-5000]',
  ],
  tries: [
    ['collect-kind', 'Show one kind only. How many ways are there to write it?'],
    ['collect-odd', 'Show the oddest. Would you have labelled them so?'],
    ['collect-prepare', 'Take a step of the preparation away: is your drawing still read?'],
  ],
  mount,
};

function mount(node, frame) {
  const { seeds } = frame.constants;
  const state = { seed: 0, order: 'shuffled', wall: null };
  const kinds = [[ALL, 'All'], ...Array.from({ length: 10 }, (_, digit) => [digit, String(digit)])];
  const kind = segments('Kind of digit', kinds, () => {
    frame.done('collect-kind');
    showWall();
  });
  const shuffle = make('button', { type: 'button', class: 'button' }, 'Shuffle');
  const odd = make('button', { type: 'button', class: 'button', 'aria-pressed': 'false' }, 'The oddest');
  const wall = make('canvas', { class: 'wall', tabindex: 0, role: 'img', 'aria-label': 'Training digits' });
  const pixel = make('p', { class: 'note pixel', role: 'status' }, 'Point at a pixel: a picture is 784 numbers.');
  const histogram = make('div', { class: 'histogram', role: 'img' });
  const split = make('div', { class: 'split', role: 'img' });
  const ink = tile('as the network gets it', 'Your drawing in 28 by 28 pixels');
  const mean = tile('the mean of its kind', 'The mean of all training digits of that kind');
  const read = make('p', { class: 'read', role: 'status' });
  const steps = [
    ['crop', 'Crop to the ink'],
    ['scale', 'Scale to 20 pixels'],
    ['centre', 'Centre by mass'],
  ].map(([name, text]) => {
    const box = tick(text, () => {
      frame.done('collect-prepare');
      showOwn();
    });
    box.node.firstChild.checked = true;
    return [name, box];
  });
  node.append(
    make('div', { class: 'row' }, kind.node, shuffle, odd),
    card('Training digits', 'each with its label', wall, pixel),
    make('div', { class: 'two' }, card('How many of each', '', histogram), card('What each is for', '', split)),
    card(
      'Your drawing, made like them',
      '',
      make(
        'div',
        { class: 'own' },
        make('div', { class: 'ticks' }, ...steps.map(([, box]) => box.node)),
        ink,
        mean,
        read,
      ),
    ),
  );
  frame.light([0, 1, 2, 3]);

  shuffle.addEventListener('click', () => {
    state.seed = (state.seed + 1) % (seeds + 1);
    showWall();
  });
  odd.addEventListener('click', () => {
    state.order = state.order === 'oddest' ? 'shuffled' : 'oddest';
    odd.setAttribute('aria-pressed', String(state.order === 'oddest'));
    if (state.order === 'oddest') frame.done('collect-odd');
    showWall();
  });

  const showWall = latest(async () => {
    wall.classList.add('waiting');
    const asked = { kind: kind.value, seed: state.seed, order: state.order };
    const answer = await frame.ask('look_at_data', asked);
    wall.classList.remove('waiting');
    state.wall = answer && { labels: answer.labels, pixels: bytes(answer.pixels) };
    if (!answer) return;
    paintWall(wall, state.wall);
    wall.setAttribute('aria-label', `Training digits, labelled ${answer.labels.join(', ')}`);
    showCounts(histogram, answer.counts, asked.kind);
    showSplit(split, answer.split);
    const words =
      asked.order === 'oddest'
        ? `The ${answer.labels.length} of ${answer.searched.toLocaleString('en')} whose label the CNN finds least likely.`
        : 'Point at a pixel: a picture is 784 numbers.';
    say(pixel, words);
  });

  const showOwn = latest(async () => {
    const wanted = Object.fromEntries(steps.map(([name, box]) => [name, box.value]));
    const answer = await frame.ask('prepare_digit', { steps: wanted });
    if (!answer) return;
    ink.paint(answer.ink);
    mean.paint(answer.mean);
    mean.tell(`the mean of all ${answer.digit}s`);
    say(read, `Read as ${answer.digit}, ${percent(answer.probability)}.`);
  });

  function point(x, y) {
    const [column, row] = [Math.floor(x / CELL[0]), Math.floor(y / CELL[1])];
    const place = row * COLUMNS + column;
    const [left, top] = [Math.floor(x - column * CELL[0]), Math.floor(y - row * CELL[1])];
    if (!state.wall || left >= SIDE || top >= SIDE || place >= state.wall.labels.length) return;
    const value = state.wall.pixels[place * SIDE * SIDE + top * SIDE + left];
    const share = (value / 255).toFixed(2);
    say(pixel, `Row ${top + 1}, column ${left + 1} of this ${state.wall.labels[place]}: ${value} of 255, ${share}.`);
    frame.inspect(
      capital(article(state.wall.labels[place])),
      'under the pointer',
      facts([
        ['label', String(state.wall.labels[place])],
        ['pixel', `row ${top + 1}, column ${left + 1}`],
        ['ink', `${value} of 255`],
        ['as input', share],
      ]),
    );
  }
  const cursor = { x: 14, y: 14 };
  wall.addEventListener('pointermove', (event) => {
    const box = wall.getBoundingClientRect();
    cursor.x = ((event.clientX - box.left) / box.width) * COLUMNS * CELL[0];
    cursor.y = ((event.clientY - box.top) / box.height) * 6 * CELL[1];
    point(cursor.x, cursor.y);
  });
  wall.addEventListener('keydown', (event) => {
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!move) return;
    event.preventDefault();
    const far = event.shiftKey ? CELL : [1, 1];
    cursor.x = Math.max(0, Math.min(COLUMNS * CELL[0] - 1, cursor.x + move[0] * far[0]));
    cursor.y = Math.max(0, Math.min(6 * CELL[1] - 1, cursor.y + move[1] * far[1]));
    point(cursor.x, cursor.y);
  });

  return latest(async () => {
    if (!state.wall) await showWall();
    await showOwn();
  });
}

function paintWall(canvas, { labels, pixels }) {
  const rows = Math.ceil(labels.length / COLUMNS);
  const scale = 2;
  canvas.width = COLUMNS * CELL[0] * scale;
  canvas.height = rows * CELL[1] * scale;
  const brush = canvas.getContext('2d');
  const [paper, pen] = ['--paper', '--ink'].map(colour);
  const small = make('canvas', { width: SIDE, height: SIDE });
  brush.imageSmoothingEnabled = false;
  brush.fillStyle = getComputedStyle(canvas).getPropertyValue('--muted');
  brush.font = `${11 * scale}px ${getComputedStyle(canvas).fontFamily}`;
  brush.textAlign = 'center';
  labels.forEach((label, place) => {
    const image = new ImageData(SIDE, SIDE);
    for (let i = 0; i < SIDE * SIDE; i++)
      image.data.set([...mix(paper, pen, pixels[place * SIDE * SIDE + i] / 255), 255], i * 4);
    small.getContext('2d').putImageData(image, 0, 0);
    const [x, y] = [(place % COLUMNS) * CELL[0] * scale, Math.floor(place / COLUMNS) * CELL[1] * scale];
    brush.drawImage(small, x, y, SIDE * scale, SIDE * scale);
    brush.fillText(String(label), x + (SIDE / 2) * scale, y + 39 * scale);
  });
}

function showCounts(node, counts, kind) {
  const most = Math.max(...counts);
  node.setAttribute('aria-label', counts.map((count, digit) => `${count} of ${digit}`).join(', '));
  node.replaceChildren(
    ...counts.map((count, digit) =>
      make(
        'div',
        { class: kind === digit ? 'on' : '' },
        make('small', { title: count.toLocaleString('en') }, `${(count / 1_000).toFixed(1)}k`),
        make('i', { style: `height: ${(64 * count) / most}px` }),
        make('b', {}, String(digit)),
      ),
    ),
  );
}

function showSplit(node, [training, validation, test]) {
  const parts = [
    ['training', training, 'The network learns from these.'],
    ['validation', validation, 'Every choice is made on these.'],
    ['test', test, 'Only reported: no choice is made on these.'],
  ];
  node.setAttribute('aria-label', parts.map(([name, count]) => `${count} ${name}`).join(', '));
  node.replaceChildren(
    make(
      'div',
      { class: 'strip' },
      ...parts.map(([name, count]) => make('i', { class: name, style: `flex: ${count}` })),
    ),
    make(
      'ul',
      {},
      ...parts.map(([name, count, words]) =>
        make('li', { class: name }, make('b', {}, `${count.toLocaleString('en')} ${name}. `), words),
      ),
    ),
  );
}
