// My drawings: those whose digit the visitor told, in this browser's storage; the pad sends them and takes them back.
// The value is {network: key} or a teaching: {job, active, sentence, trouble, share, result}. The events "teach", "halt",
// "keep" and "discard" go to the server, which gives: read_drawings.
const find = (selector) => element.querySelector(selector);
const STORE = 'digits-drawings', MOST = 500, MOST_POINTS = 300, SPACING = 10, UNITS = 1000, DOT = 40;
const LARGEST_FILE = 20e6, READ_AT_ONCE = 100;
const WANTED = 'wanted {"label": 0 to 9, "strokes": [[[x, y], ...]]}';
const panel = find('.drawings'), notice = find('.notice'), tiles = find('.tiles');
const button = (act) => find('[data-act=' + act + ']');
const chooser = document.createElement('input');   // for files
let network = (props.value && props.value.network) || 'cnn', teaching = null;
let answers = new Map();   // what this network read: strokes as JSON -> digit

// ---- kept in the browser

function kept() {   // -> {writer, drawings: [{label, writer, strokes}]}; read anew each time: other tabs write too
  let found;
  try { found = JSON.parse(localStorage.getItem(STORE)); } catch { /* nothing that can be used */ }
  if (!found || typeof found.writer !== 'string' || !Array.isArray(found.drawings)) {
    found = { writer: [...crypto.getRandomValues(new Uint8Array(4))].map((byte) => byte.toString(16).padStart(2, '0')).join(''), drawings: [] };
  }
  found.drawings = found.drawings.filter((drawing) => { try { return Boolean(checked(drawing)); } catch { return false; } });
  return found;
}

function keep(store) {   // -> whether it could be kept
  try { localStorage.setItem(STORE, JSON.stringify(store)); } catch { tell('This browser has no room for more drawings; download them, then delete some.', true); return false; }
  list();
  return true;
}

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

function checked(drawing) {   // a drawing from outside -> one of ours; throws where it is none
  const { label, strokes, writer } = drawing;
  if (!Number.isInteger(label) || label < 0 || label > 9 || !Array.isArray(strokes)) throw new Error('no drawing');
  const inked = strokes.filter((points) => points.length), points = inked.flat();
  const fine = points.length <= 20_000 && points.every((point) => Array.isArray(point) && point.length === 2 && point.every((n) => Number.isFinite(n) && Math.abs(n) <= 1e9));
  if (!fine || !points.length) throw new Error('no drawing');
  return { label, writer: typeof writer === 'string' && writer.length <= 60 ? writer : '', strokes: thin(fit(inked, points)) };
}

function fit(strokes, points) {   // any unit -> thousandths of the pad; those stay as they are
  const least = [0, 1].map((i) => points.reduce((n, point) => Math.min(n, point[i]), Infinity));
  const most = [0, 1].map((i) => points.reduce((n, point) => Math.max(n, point[i]), -Infinity));
  const extent = Math.max(most[0] - least[0], most[1] - least[1]);
  if (!extent) throw new Error('a dot');
  const ours = Math.min(...least) >= 0 && Math.max(...most) <= UNITS && extent >= DOT && points.every((point) => point.every(Number.isInteger));
  if (ours) return strokes;
  const move = (n, i) => Math.round((n - (least[i] + most[i]) / 2) / extent * 700 + UNITS / 2);
  return strokes.map((stroke) => stroke.map((point) => point.map(move)));
}

function thin(strokes) {   // small enough to keep hundreds; thinning twice changes nothing
  const spaced = strokes.map((points) => {
    let last = null;
    return points.filter((point, i) => {
      if (last && i < points.length - 1 && Math.hypot(point[0] - last[0], point[1] - last[1]) < SPACING) return false;
      last = point;
      return true;
    });
  });
  const every = Math.ceil(spaced.reduce((sum, points) => sum + points.length, 0) / MOST_POINTS);
  return spaced.map((points) => points.filter((_, i) => i % every === 0 || i === points.length - 1));
}

window.addEventListener('digits:correction', (event) => {   // from the pad: {label, strokes, answer(text)}
  if (!element.isConnected) return;
  const { label, answer } = event.detail, store = kept();
  let drawing;
  try { drawing = checked({ label, strokes: event.detail.strokes, writer: store.writer }); } catch { return answer('That is too small to keep; draw it larger.'); }
  const known = store.drawings.find((each) => same(each.strokes, drawing.strokes));
  if (known) known.label = label;   // the visitor thought again
  else if (store.drawings.length >= MOST) return answer('My drawings holds ' + MOST + '; download them, then delete some.');
  else store.drawings.unshift(drawing);
  if (!store.drawings[1]) panel.open = true;
  answer(keep(store) ? 'Kept as a ' + label + ' in my drawings, below.' : notice.textContent);
});
window.addEventListener('storage', (event) => { if (element.isConnected && event.key === STORE) list(); });

// ---- shown

const flat = (drawing) => ({ label: drawing.label, strokes: drawing.strokes.map((points) => points.flat()) });

function tell(text, trouble = false) {
  if (notice.textContent !== text) notice.textContent = text;
  notice.classList.toggle('trouble', trouble);
}

function made(tag, attributes, text = '') {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.textContent = text;
  return node;
}

function picture(strokes) {
  const points = strokes.flat(), [xs, ys] = [0, 1].map((i) => points.map((point) => point[i]));
  const [left, top] = [Math.min(...xs), Math.min(...ys)], [width, height] = [Math.max(...xs) - left, Math.max(...ys) - top];
  const side = Math.max(width, height) * 1.25, corner = [left + (width - side) / 2, top + (height - side) / 2];
  const lines = strokes.map((stroke) => '<polyline points="' + (stroke.length > 1 ? stroke : [stroke[0], stroke[0]]).join(' ') + '"/>');
  return '<svg aria-hidden="true" viewBox="' + [...corner, side, side] + '" stroke-width="' + side * 0.07 + '">' + lines.join('') + '</svg>';
}

function list() {
  const { drawings } = kept();
  find('summary').textContent = drawings.length ? 'My drawings (' + drawings.length + ')' : 'My drawings';
  for (const act of ['teach', 'download', 'empty']) button(act).disabled = !drawings.length;
  button('teach').disabled ||= Boolean(teaching && teaching.active);
  button('empty').textContent = 'Delete all';
  if (!panel.open) return;
  tiles.replaceChildren(...drawings.map((drawing, i) => {
    const tile = made('li', { class: 'tile' }), words = made('span', { class: 'words' }), digit = answers.get(JSON.stringify(drawing.strokes));
    const show = made('button', { type: 'button', class: 'show', 'data-show': i, 'aria-label': 'Put this ' + drawing.label + ' on the pad' });
    show.innerHTML = picture(drawing.strokes);
    words.append(made('b', {}, drawing.label));
    if (digit !== undefined) words.append(', ', made('span', { class: digit === drawing.label ? 'right' : 'wrong' }, 'read ' + (digit === null ? 'nothing' : digit)));
    tile.append(show, words, made('button', { type: 'button', class: 'remove', 'data-remove': i, 'aria-label': 'Delete this ' + drawing.label }, '×'));
    return tile;
  }));
  read(drawings);
}

let reading = false;
async function read(drawings) {   // what the chosen network reads, for those that it has not read yet
  const asked = network, some = drawings.filter((drawing) => !answers.has(JSON.stringify(drawing.strokes))).slice(0, READ_AT_ONCE);
  if (reading || !some.length) return;
  reading = true;
  let answer = null;
  try { answer = await server.read_drawings({ network, drawings: some.map(flat) }); } catch { /* told below */ }
  reading = false;
  if (asked === network) {
    if (!answer || answer.error) return tell((answer && answer.error) || 'The server does not answer; check that it is running.', true);
    some.forEach((drawing, i) => answers.set(JSON.stringify(drawing.strokes), answer.digits[i]));
  }
  list();
}

panel.addEventListener('toggle', list);

// ---- what the visitor does

const acts = {
  teach() {
    tell('Starting.');
    button('teach').disabled = true;
    trigger('teach', { drawings: kept().drawings.map(flat) });
  },
  stop() { trigger('halt'); },
  keep() { trigger('keep', { job: teaching.job }); },
  discard() { trigger('discard', { job: teaching.job }); },
  download() {
    const lines = kept().drawings.map(({ label, writer, strokes }) => JSON.stringify({ set: 'mine', label, writer, strokes }) + '\n');
    const anchor = made('a', { href: URL.createObjectURL(new Blob(lines, { type: 'application/jsonl' })), download: 'my-drawings.jsonl' });
    anchor.click();
    setTimeout(() => URL.revokeObjectURL(anchor.href), 10_000);
  },
  upload() { chooser.click(); },
  empty() {   // the second press does it
    const really = 'Really delete ' + kept().drawings.length + '?';
    if (button('empty').textContent !== really) { button('empty').textContent = really; return; }
    keep({ ...kept(), drawings: [] });
    tell('Deleted.');
  },
};

element.addEventListener('click', (event) => {
  const pressed = event.target.closest('button');
  if (!pressed) return;
  const { act, show, remove } = pressed.dataset, store = kept();
  if (act) return acts[act]();
  if (show !== undefined) return window.dispatchEvent(new CustomEvent('digits:open', { detail: { strokes: store.drawings[show].strokes } }));
  store.drawings.splice(remove, 1);
  keep(store);
  const next = tiles.querySelectorAll('.remove')[Math.min(remove, store.drawings.length - 1)];
  (next || find('summary')).focus();
});
button('empty').addEventListener('blur', () => { button('empty').textContent = 'Delete all'; });

chooser.type = 'file';
chooser.accept = '.jsonl,.gz';
chooser.addEventListener('change', async () => {
  const [file] = chooser.files;
  chooser.value = '';
  if (!file) return;
  try { add(parse(await textOf(file), file.name), file.name); } catch (error) { tell(error.message, true); }
});

async function textOf(file) {   // gzip or not -> text; throws a sentence
  const packed = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  const stream = packed[0] === 0x1f && packed[1] === 0x8b ? file.stream().pipeThrough(new DecompressionStream('gzip')) : file.stream();
  const decoder = new TextDecoder(), reader = stream.getReader();
  let text = '', size = 0;
  for (;;) {
    let part;
    try { part = await reader.read(); } catch { throw new Error('"' + file.name + '" cannot be unpacked; make it again.'); }
    if (part.done) return text + decoder.decode();
    size += part.value.length;
    if (size > LARGEST_FILE) { reader.cancel(); throw new Error('"' + file.name + '" has more than 20 MB; split it.'); }
    text += decoder.decode(part.value, { stream: true });
  }
}

function parse(text, name) {   // -> drawings; throws a sentence
  const drawings = [];
  text.split('\n').forEach((line, i) => {
    if (!line.trim()) return;
    try { drawings.push(checked(JSON.parse(line))); } catch { throw new Error('Line ' + (i + 1) + ' of "' + name + '" is not a drawing; ' + WANTED + '.'); }
  });
  if (!drawings.length) throw new Error('"' + name + '" has no drawings; ' + WANTED + ' on each line.');
  return drawings;
}

function add(drawings, name) {
  const store = kept(), known = new Set(store.drawings.map((drawing) => JSON.stringify([drawing.label, drawing.strokes])));
  const fresh = drawings.filter((drawing) => {
    const key = JSON.stringify([drawing.label, drawing.strokes]);
    return !known.has(key) && known.add(key);
  });
  const room = MOST - store.drawings.length;
  if (fresh.length > room) throw new Error('"' + name + '" has ' + fresh.length.toLocaleString('en') + ' new drawings, and there is room for ' + room + ' of ' + MOST + '; delete some, or split the file.');
  store.drawings.unshift(...fresh);
  if (keep(store)) tell(fresh.length === drawings.length ? 'Added ' + fresh.length + '.' : 'Added ' + fresh.length + '; ' + (drawings.length - fresh.length) + ' were here already.');
}

// ---- a teaching

function show() {
  const value = props.value || {};
  if (value.network) {   // another network reads from now on
    if (value.network !== network) { network = value.network; answers = new Map(); list(); }
    return;
  }
  if (!value.sentence) return;
  teaching = value;
  if (value.active || value.result) panel.open = true;   // found again after a reload
  tell(value.sentence, value.trouble);
  button('stop').hidden = !value.active;
  button('teach').disabled = value.active || !kept().drawings.length;
  find('.share').hidden = !value.active;
  find('.share').value = value.share || 0;
  find('.lesson').hidden = !value.result;
  if (!value.result) return;
  const { drawings, test, count } = value.result, whole = (share) => Math.round(share * count) + ' of ' + count;
  find('.lesson tbody').replaceChildren(...[
    ['these drawings', ...drawings.map(whole)],
    ['MNIST test, 10,000 images', ...test.map((share) => (share * 100).toFixed(2) + '%')],
  ].map(([name, ...cells]) => {
    const row = made('tr', {});
    row.append(made('th', { scope: 'row' }, name), ...cells.map((text) => made('td', {}, text)));
    return row;
  }));
}

watch('value', show);
list();
show();
