// The drawing pad. Strokes are kept in units of 1/1000 of the pad's side, so that they mean the same on every screen.
// Gradio gives: element, props, server (read_strokes, read_picture, read_number, ...: see __init__.py), watch.
const find = (selector) => element.querySelector(selector);
const paper = find('.paper'), seen = find('.seen'), bars = find('.bars'), answer = find('.answer');
const sentence = find('.sentence'), hint = find('.hint'), chooser = find('input[type=file]');
const UNITS = 1000, PEN = 34;
const SPACING = 10;        // a point of a request every 1 % of the pad: 0.4 px of the 28x28
const MOST_POINTS = 180;   // keeps a request under 2 KB
const LARGEST_PICTURE = 20e6, PICTURE_SIDE = 640;
const WIDE = 2500;         // units of the paper's width for a whole number; its height is UNITS
const LABEL = 23;          // pixels above or below a digit's box in which its label has room

let wide = false;          // the paper is for a whole number, not for one digit
const across = () => wide ? WIDE : UNITS;
let drawing = { strokes: [], picture: null };  // replaced, never changed, so that history can keep it
let past = [], future = [], tool = 'pen';
let pointer = null, stroke = null;             // the pen's pointerdown, and the stroke under it (with its .widths, of a pen with pressure)
let ahead = [];                                // where the browser expects the pen next: drawn for one frame, never kept or sent
let outside = null;                            // where the pen left the pad, while it is down beside it
let cursor = null;                             // the keyboard's pen: {x, y, down}

for (let digit = 0; digit < 10; digit++) {
  const bar = document.createElement('div');
  bar.className = 'bar';
  bar.innerHTML = '<span>' + digit + '</span><div class="track"><div class="fill"></div><div class="fill2"></div></div><span class="share"></span>';
  bars.append(bar);
}

// ---- drawing on the paper

let paintWanted = false;
function paint() {
  if (paintWanted) return;
  paintWanted = true;
  requestAnimationFrame(() => { paintWanted = false; paintNow(); });
}

function paintNow(shown) {
  const width = Math.round(paper.clientWidth * (window.devicePixelRatio || 1)), scale = width / across(), height = Math.round(scale * UNITS);
  if (!width) return;
  if (paper.width !== width || paper.height !== height) { paper.width = width; paper.height = height; }
  const pen = paper.getContext('2d');
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.clearRect(0, 0, width, height);
  if (drawing.picture) {
    const { bitmap } = drawing.picture, { left, top, fit } = spot(bitmap);
    pen.imageSmoothingEnabled = bitmap.width > 28;
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.drawImage(bitmap, left, top, bitmap.width * fit, bitmap.height * fit);
  }
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.strokeStyle = pen.fillStyle = getComputedStyle(paper).color;
  pen.lineCap = pen.lineJoin = 'round';
  pen.lineWidth = PEN;
  for (const points of shown || (stroke ? [...drawing.strokes, stroke] : drawing.strokes)) trace(pen, points, points === stroke ? ahead : []);
  if (ahead.length) { ahead = []; paint(); }
  if (cursor) {
    pen.lineWidth = 6;
    pen.beginPath();
    pen.arc(cursor.x, cursor.y, cursor.down ? PEN / 2 : PEN, 0, 7);
    pen.stroke();
  }
  hint.hidden = Boolean(drawing.strokes.length || drawing.picture || stroke || cursor || shown);
}

function spot(bitmap) {   // where a picture lies on the paper, and the units of one of its pixels
  const fit = Math.min(across() / bitmap.width, UNITS / bitmap.height);
  return { left: (across() - bitmap.width * fit) / 2, top: (UNITS - bitmap.height * fit) / 2, fit };
}

function trace(pen, kept, tail) {
  const points = [...kept, ...tail], { widths } = kept, width = (i) => widths ? widths[Math.min(i, widths.length - 1)] : PEN;
  let [x, y] = points[0];
  pen.lineWidth = width(0);
  pen.beginPath();
  if (points.length === 1) { pen.arc(x, y, pen.lineWidth / 2, 0, 7); pen.fill(); return; }
  pen.moveTo(x, y);
  for (let i = 1; i < points.length - 1; i++) {   // through the middles, bent at the points: smooth as ink
    const [ax, ay] = points[i], [bx, by] = points[i + 1];
    pen.quadraticCurveTo(ax, ay, x = (ax + bx) / 2, y = (ay + by) / 2);
    if (widths) {
      pen.stroke();
      pen.lineWidth = width(i + 1);
      pen.beginPath();
      pen.moveTo(x, y);
    }
  }
  pen.lineTo(...points[points.length - 1]);
  pen.stroke();
}

// ---- what the visitor does

function change(next) {
  past.push(drawing);
  future = [];
  become(next);
}

function become(next) {
  drawing = next;
  stroke = null;
  ahead = [];
  correct(null);
  for (const [name, off] of [['undo', !past.length], ['redo', !future.length], ['clear', isEmpty()]]) find('[data-do=' + name + ']').disabled = off;
  try { sessionStorage.setItem('digits-drawing', JSON.stringify({ wide, strokes: drawing.strokes })); } catch { /* private windows may have no storage */ }
  paint();
  ask();
}

function restore() {   // after a reload, such as Gradio's own when its server was restarted
  try {
    const kept = JSON.parse(sessionStorage.getItem('digits-drawing') || '{}');
    widen(Boolean(kept.wide));
    if (kept.strokes && kept.strokes.length) change({ strokes: kept.strokes, picture: null });
  } catch { /* nothing to restore */ }
}

const isEmpty = () => !drawing.strokes.length && !drawing.picture;
const commands = {
  undo() { if (past.length) { future.push(drawing); become(past.pop()); } },
  redo() { if (future.length) { past.push(drawing); become(future.pop()); } },
  clear() { cursor = null; if (!isEmpty() || stroke) change({ strokes: [], picture: null }); else paint(); },
  picture() { chooser.click(); },
  test() { loadTestDigit(null); },
};

// One digit or a whole number: each has its own paper and history, and the other's waits.

let other = { drawing: { strokes: [], picture: null }, past: [], future: [] };

function widen(on) {
  if (wide === on) return;
  cursor = null;
  if (stroke) endStroke();
  const mine = { drawing, past, future };
  wide = on;
  ({ past, future } = other);
  find('.pad').classList.toggle('number', wide);
  for (const button of element.querySelectorAll('[data-mode]')) button.setAttribute('aria-pressed', String((button.dataset.mode === 'number') === wide));
  hint.textContent = wide ? 'Write a number here' : 'Draw a digit here';
  paper.setAttribute('aria-label', wide ? WIDE_LABEL : label);
  tell('');
  empty();
  const next = other.drawing;
  other = mine;
  become(next);
}

const label = paper.getAttribute('aria-label');
const WIDE_LABEL = 'Drawing pad. Write a number of several digits. Keys: arrow keys move a cursor, space puts the pen down and lifts it, control Z undoes, escape clears.';

function choose(name) {
  tool = name;
  for (const button of element.querySelectorAll('[data-tool]')) button.setAttribute('aria-pressed', String(button.dataset.tool === name));
  paper.classList.toggle('erasing', name === 'eraser');
}

function place(event) {   // may be beside the pad
  const box = paper.getBoundingClientRect();
  return [Math.round((event.clientX - box.left) / box.width * across()), Math.round((event.clientY - box.top) / box.height * UNITS)];
}

const onPad = ([x, y]) => [Math.min(across(), Math.max(0, x)), Math.min(UNITS, Math.max(0, y))];   // the nearest point of the pad

// A pen's pressure, 0 to 1 and 0.5 where it has none, as the width of its line: only for looks, the network's pen is MNIST's.
const widthOf = (event) => event.pressure ? PEN * (0.4 + 1.2 * event.pressure) : PEN;

const isPointer = (event) => pointer !== null && event.pointerId === pointer.pointerId;

function eraseAt([x, y]) {
  const near = (points) => points.some(([px, py], i) => {
    const [qx, qy] = points[Math.max(0, i - 1)], dx = px - qx, dy = py - qy, length = dx * dx + dy * dy;
    const t = length ? Math.min(1, Math.max(0, ((x - qx) * dx + (y - qy) * dy) / length)) : 0;
    return Math.hypot(x - qx - t * dx, y - qy - t * dy) < PEN;
  });
  const kept = drawing.strokes.filter((points) => !near(points));
  if (kept.length !== drawing.strokes.length) change({ ...drawing, strokes: kept });
}

function beginStroke(point, event) {
  if (drawing.picture) change({ strokes: [], picture: null });   // a pen on a picture begins a new drawing
  stroke = [point];
  if (event && event.pointerType === 'pen') stroke.widths = [widthOf(event)];
}

function follow(event) {
  const point = place(event), near = onPad(point), left = near.some((value, i) => value !== point[i]);
  if (outside && !left) beginStroke(outside, event);   // back on the pad: a new stroke, and no line along the edge
  if (stroke) {
    const [x, y] = stroke[stroke.length - 1];
    if (Math.hypot(near[0] - x, near[1] - y) >= 2) {
      stroke.push(near);
      if (stroke.widths) stroke.widths.push(widthOf(event));
    }
    if (left) endStroke();
  }
  outside = left ? near : null;
}

function endStroke() {
  if (stroke) change({ strokes: [...drawing.strokes, stroke], picture: null });
}

paper.addEventListener('pointerdown', (event) => {
  touched = event.timeStamp;
  // A second finger or a palm does not draw, and a pen takes over from a palm that came before it.
  if (event.button !== 0 || (pointer !== null && (event.pointerType !== 'pen' || pointer.pointerType === 'pen'))) return;
  event.preventDefault();
  paper.classList.add('by-hand');   // no focus ring around the paper under the hand
  paper.focus({ preventScroll: true });
  try { paper.setPointerCapture(event.pointerId); } catch { /* an event made by a script has no pointer to capture */ }
  pointer = event;
  cursor = outside = null;
  if (tool === 'eraser') eraseAt(place(event));
  else { beginStroke(onPad(place(event)), event); paint(); ask(); }
});

paper.addEventListener('pointermove', (event) => {
  // Without a stroke the pen is beside the pad, or Clear took the stroke away from under it.
  if (!isPointer(event) || (tool === 'pen' && !stroke && !outside)) return;
  touched = event.timeStamp;
  const events = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
  for (const each of events.length ? events : [event]) {
    if (tool === 'eraser') eraseAt(place(each)); else follow(each);
  }
  if (!stroke) return;
  ahead = event.getPredictedEvents ? event.getPredictedEvents().map((each) => onPad(place(each))) : [];
  paint();
  ask();
});

function lift(event) {
  if (!isPointer(event)) return;
  pointer = outside = null;
  endStroke();
}
paper.addEventListener('pointerup', lift);
paper.addEventListener('pointercancel', lift);
paper.addEventListener('lostpointercapture', lift);

element.addEventListener('click', (event) => {
  const button = event.target.closest('button');
  if (!button) return;
  if (button.dataset.tool) choose(button.dataset.tool);
  else if (button.dataset.mode) widen(button.dataset.mode === 'number');
  else commands[button.dataset.do]();
});

paper.addEventListener('keydown', (event) => {
  paper.classList.remove('by-hand');
  const key = event.key.toLowerCase(), step = event.shiftKey ? 10 : 40;
  const move = { arrowleft: [-step, 0], arrowright: [step, 0], arrowup: [0, -step], arrowdown: [0, step] }[key];
  if (pointer !== null) return;   // not while the pen is down
  if (event.ctrlKey || event.metaKey) {
    if (key === 'z') commands[event.shiftKey ? 'redo' : 'undo']();
    else if (key === 'y') commands.redo();
    else return;
  } else if (key === 'escape' || key === 'delete' || key === 'backspace') commands.clear();
  else if (/^[0-9]$/.test(key) && !wide) loadTestDigit(Number(key));
  else if (key === ' ') {
    cursor = cursor || { x: 500, y: 300, down: false };
    cursor.down = !cursor.down;
    if (cursor.down) beginStroke([cursor.x, cursor.y]); else endStroke();
    paint(); ask();
  } else if (move) {
    cursor = cursor || { x: 500, y: 300, down: false };
    cursor.x = Math.min(across(), Math.max(0, cursor.x + move[0]));
    cursor.y = Math.min(UNITS, Math.max(0, cursor.y + move[1]));
    if (cursor.down && stroke) { stroke.push([cursor.x, cursor.y]); ask(); }
    paint();
  } else return;
  event.preventDefault();
});
paper.addEventListener('blur', () => { if (cursor) { endStroke(); cursor = null; paint(); } });

// ---- pictures

async function openPicture(file) {
  const before = drawing;
  if (!file) return;
  if (file.size > LARGEST_PICTURE) return complain('That file has ' + Math.round(file.size / 1e6) + ' MB; open a picture of at most 20 MB.');
  let bitmap;
  try { bitmap = await createImageBitmap(file); } catch {
    return complain('"' + file.name + '" is not a picture that this browser can open; try a PNG or JPEG.');
  }
  if (stroke || drawing !== before) return;   // the pen in the hand wins over a picture that comes late
  if (Math.min(bitmap.width, bitmap.height) < 8) return complain('That picture is under 8 pixels a side; open a larger one.');
  const fit = Math.min(1, PICTURE_SIDE / Math.max(bitmap.width, bitmap.height));
  const small = document.createElement('canvas');
  small.width = Math.max(8, Math.round(bitmap.width * fit));
  small.height = Math.max(8, Math.round(bitmap.height * fit));
  small.getContext('2d').drawImage(bitmap, 0, 0, small.width, small.height);
  change({ strokes: [], picture: { bitmap: small, data: small.toDataURL('image/webp', 0.92) } });
}

chooser.addEventListener('change', () => { openPicture(chooser.files[0]); chooser.value = ''; });
document.addEventListener('paste', (event) => {
  if (!element.isConnected || !paper.clientWidth || /^(input|textarea)$/i.test(event.target.tagName)) return;
  const item = [...event.clipboardData.items].find((each) => each.type.startsWith('image/'));
  if (item) { event.preventDefault(); openPicture(item.getAsFile()); }
});
for (const type of ['dragover', 'dragleave', 'drop']) paper.addEventListener(type, (event) => {
  event.preventDefault();
  paper.classList.toggle('dropping', type === 'dragover');
  if (type === 'drop') openPicture(event.dataTransfer.files[0]);
});

function pixels(base64) {   // base64 of 28x28 bytes, ink 255 -> ImageData, white on black
  const bytes = atob(base64), image = new ImageData(28, 28);
  for (let i = 0; i < 784; i++) {
    image.data.fill(bytes.charCodeAt(i), i * 4, i * 4 + 3);
    image.data[i * 4 + 3] = 255;
  }
  return image;
}

async function loadTestDigit(digit) {
  const before = drawing, found = await call('find_test_digit', { digit });
  if (stroke || drawing !== before) return;
  if (found.error) return complain(found.error);
  const bitmap = document.createElement('canvas');
  bitmap.width = bitmap.height = 28;
  bitmap.getContext('2d').putImageData(pixels(found.ink), 0, 0);
  change({ strokes: [], picture: { bitmap, index: found.index, label: found.label } });
}

// ---- a link to the drawing: its strokes in the URL's fragment, which no server sees
//
// Bytes, in base64url: the format's number, then the strokes, each as its number of points, the first point and the
// steps to the others, all as variable-length integers (7 bits a byte, signs folded in); last the sum of all bytes.

const FORMAT = 1, LONGEST_LINK = 1500;

function encode(strokes) {
  const bytes = [FORMAT];
  const write = (n) => { for (; n > 127; n >>= 7) bytes.push(n & 127 | 128); bytes.push(n); };
  const fold = (n) => n < 0 ? -2 * n - 1 : 2 * n;
  for (const flat of strokes) {
    write(flat.length / 2);
    flat.forEach((n, i) => write(fold(i < 2 ? n : n - flat[i - 2])));
  }
  bytes.push(bytes.reduce((sum, byte) => sum + byte, 0) & 255);
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function decode(text, width) {   // throws on anything that encode did not write
  const bytes = [...atob(text.replaceAll('-', '+').replaceAll('_', '/'))].map((letter) => letter.charCodeAt(0));
  const sum = bytes.pop();
  if (bytes[0] !== FORMAT || (bytes.reduce((a, b) => a + b, 0) & 255) !== sum) throw new Error('not a drawing');
  let at = 1;
  const read = () => {
    let n = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined) break;
      n |= (byte & 127) << shift;
      if (byte < 128) return n;
    }
    throw new Error('cut off');
  };
  const unfold = (n) => n % 2 ? -(n + 1) / 2 : n / 2;
  const strokes = [];
  while (at < bytes.length) {
    const points = [];
    for (let count = read(), x = 0, y = 0; count > 0; count--) {
      x += unfold(read());
      y += unfold(read());
      if (x < 0 || y < 0 || x > width || y > UNITS) throw new Error('off the pad');
      points.push([x, y]);
    }
    if (points.length) strokes.push(points);
  }
  if (!strokes.length) throw new Error('empty');
  return strokes;
}

function link() {
  if (!drawing.strokes.length) { tell(drawing.picture ? 'A link can hold a drawing, but no picture.' : 'Draw a digit first.'); return null; }
  const url = new URL(location.href);
  url.hash = (wide ? 'n=' : 'd=') + encode(thin(drawing.strokes));
  if (url.href.length > LONGEST_LINK) { tell('This drawing is too long for a link; draw a simpler one.'); return null; }
  return url.href;
}

const tell = (text) => { find('.kept').textContent = text; find('.qr').replaceChildren(); };

const isLink = () => /^#[dn]=/.test(location.hash);   // d one digit, n a number

function openLink() {
  if (!isLink()) return;
  widen(location.hash[1] === 'n');
  let strokes;
  try { strokes = decode(location.hash.slice(3), across()); } catch { return complain('The link does not hold a drawing; ask for it again, or draw here.'); }
  change({ strokes: [], picture: null });
  const opened = wide, still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  let at = 0;
  const points = strokes.flatMap((stroke, s) => stroke.map((point) => [s, point])), drawn = strokes.map(() => []);
  const step = () => {   // about a second for the whole
    if (drawing.strokes.length || drawing.picture || pointer !== null || wide !== opened) return;   // the visitor has begun to draw
    const until = still ? points.length : Math.min(points.length, at + Math.ceil(points.length / 60));
    for (; at < until; at++) drawn[points[at][0]].push(points[at][1]);
    if (at === points.length) return change({ strokes, picture: null });
    drawing = { strokes: [], picture: null };
    stroke = null;
    paintNow(drawn.filter((each) => each.length));
    requestAnimationFrame(step);
  };
  step();
}

function save(name, type, content) {
  const anchor = document.createElement('a');
  anchor.href = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), 10_000);
}

Object.assign(commands, {
  async link() {
    const url = link();
    if (!url) return;
    try { await navigator.clipboard.writeText(url); tell('Copied: ' + url); } catch { tell(url); }   // plain http has no clipboard
  },
  async qr() {
    const url = link();
    if (!url) return;
    const code = await call('draw_qr', { text: url });
    tell(code.error || (/\/\/(localhost|127\.)/.test(url) ? 'This page is only on this computer: a phone cannot open it.' : ''));
    if (code.svg) find('.qr').innerHTML = code.svg;
  },
  async send() {
    const url = link();
    if (url) try { await navigator.share({ title: 'A digit', url }); } catch { /* the visitor closed the sheet */ }
  },
  png() {
    if (isEmpty()) return tell('Draw a digit first.');
    const sheet = document.createElement('canvas'), pen = sheet.getContext('2d');
    sheet.width = paper.width;
    sheet.height = paper.height;
    pen.fillStyle = getComputedStyle(paper).backgroundColor;
    pen.fillRect(0, 0, sheet.width, sheet.height);
    pen.drawImage(paper, 0, 0);
    sheet.toBlob((blob) => save(wide ? 'number.png' : 'digit.png', 'image/png', blob));
  },
  svg() {
    if (!drawing.strokes.length) return tell('Draw a digit first.');
    const paths = drawing.strokes.map((points) => '<polyline points="' + (points.length > 1 ? points : [points[0], points[0]]).join(' ') + '"/>');
    save(wide ? 'number.svg' : 'digit.svg', 'image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ' + across() + ' ' + UNITS + '"><g fill="none" stroke="#000" stroke-width="' +
      PEN + '" stroke-linecap="round" stroke-linejoin="round">' + paths.join('') + '</g></svg>');
  },
  json() {
    if (!drawing.strokes.length) return tell('Draw a digit first.');
    if (wide) return save('number.json', 'application/json', JSON.stringify({ text: answer.textContent, strokes: drawing.strokes }) + '\n');
    const label = /^[0-9]$/.test(answer.textContent) ? Number(answer.textContent) : null;   // as read: correct it before you measure with it
    save('digit.jsonl', 'application/json', JSON.stringify({ label, strokes: drawing.strokes }) + '\n');
  },
});
find('[data-do=send]').hidden = !navigator.share;

// ---- "it was a 7": the drawing goes to digits/ui/drawings, which answers with one sentence, and comes back from there

const correction = find('.correction');
for (let digit = 0; digit < 10; digit++) {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = digit;
  button.setAttribute('aria-label', 'It was a ' + digit);
  correction.lastElementChild.before(button);
}
correction.addEventListener('click', (event) => {
  event.stopPropagation();   // not one of the commands
  const button = event.target.closest('button');
  if (!button) return;
  correct(button);
  window.dispatchEvent(new CustomEvent('digits:correction', { detail: {
    label: Number(button.textContent), strokes: drawing.strokes, answer: (text) => { correction.lastElementChild.textContent = text; },
  } }));
});
function correct(button) {   // null: nothing is corrected
  for (const each of correction.querySelectorAll('button')) each.setAttribute('aria-pressed', String(each === button));
  correction.lastElementChild.textContent = '';
}
window.addEventListener('digits:open', (event) => {
  if (!element.isConnected || pointer !== null) return;
  change({ strokes: event.detail.strokes, picture: null });
  paper.scrollIntoView({ block: 'nearest' });
});

// ---- asking the network: at most one request in flight, and the newest drawing wins

let busy = false, wanted = false;
let touched = 0;   // when the newest pointer event came, on the clock of performance.now()
const network = () => ({ network: (props.value && props.value.network) || 'cnn', second: (props.value && props.value.second) || null });

async function call(name, payload) {
  const trouble = { error: 'The server does not answer; check that it is running, then draw again.' };
  try { return (await server[name](payload)) || trouble; } catch { return trouble; }
}

function thin(strokes) {   // -> [[x, y, x, y, ...], ...] of whole numbers, few enough for a small request
  const spaced = strokes.map((points) => points.filter((point, i, all) => {
    if (i === 0 || i === all.length - 1) { all.last = point; return true; }
    const far = Math.hypot(point[0] - all.last[0], point[1] - all.last[1]) >= SPACING;
    if (far) all.last = point;
    return far;
  }));
  const every = Math.ceil(spaced.reduce((sum, points) => sum + points.length, 0) / (wide ? 2 * MOST_POINTS : MOST_POINTS));
  return spaced.map((points) => points.filter((_, i) => i % every === 0 || i === points.length - 1).flat());
}

function question(strokes, picture) {   // -> [the server's function, what it is asked], or null for an empty pad
  if (picture && picture.data) return [wide ? 'read_number_picture' : 'read_picture', { picture: picture.data, ...network() }];
  if (picture) return ['read_test_digit', { index: picture.index, ...network() }];
  if (wide && strokes.length) return ['read_number', { strokes: thin(strokes), ...network() }];
  return strokes.length ? ['read_strokes', { strokes: thin(strokes), ...network(), ...preparation() }] : null;
}

async function ask() {
  wanted = true;
  if (busy) return;
  busy = true;
  while (wanted) {
    wanted = false;
    const since = touched, asked = drawing, strokes = stroke ? [...drawing.strokes, stroke] : drawing.strokes, { picture } = drawing;
    const asWide = wide, what = question(strokes, picture), reading = what ? await call(...what) : { blank: true };
    if (asWide === wide && asked.picture === drawing.picture && !(isEmpty() && !stroke && !reading.blank)) show(reading, picture);
    if (stroke && strokes.length) {   // for `python -m digits bench pad`, and for anybody's profiler
      performance.measure('reading', { start: since, end: performance.now() });
      performance.clearMeasures('reading');
    }
  }
  busy = false;
  if (!stroke) askWhy();
}

// ---- why this answer: asked when the pen is up and the panel is open

const why = find('.why'), map = find('.map'), frame = find('.frame'), field = find('.field');
const FOR = [245, 158, 11], AGAINST = [56, 189, 248];   // orange and blue, as in pad.css: apart for every kind of eye
let whyBusy = false, whyWanted = false;
why.addEventListener('toggle', () => askWhy());

async function askWhy() {
  if (!why.open || wide) return;
  whyWanted = true;
  if (whyBusy) return;
  whyBusy = true;
  while (whyWanted) {
    whyWanted = false;
    const asked = drawing, what = question(drawing.strokes, drawing.picture);
    const because = what ? await call('explain_reading', what[1]) : { error: 'Draw a digit, and lift the pen.' };
    if (asked === drawing && !stroke) showWhy(because);
  }
  whyBusy = false;
}

const bytes = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

function make(tag, text, className) {
  const made = document.createElement(tag);
  made.textContent = text || '';
  made.className = className || '';
  return made;
}

function boxed(box, top, left, bottom, right) {   // put a box of the lens around pixels of the 28x28
  box.hidden = false;
  for (const [name, value] of [['top', top], ['left', left], ['width', right - left], ['height', bottom - top]]) box.style[name] = value / 28 * 100 + '%';
}

function showWhy(because) {
  find('.decisive').textContent = because.error || because.sentence;
  for (const name of ['.layers', '.logits']) find(name).replaceChildren();
  field.hidden = frame.hidden = true;
  const pen = map.getContext('2d');
  pen.clearRect(0, 0, 28, 28);
  if (because.error) return;
  const image = pixels(because.ink);
  because.importance.forEach((value, i) => {
    const share = Math.min(1, Math.abs(value) * 1.4);
    (value > 0 ? FOR : AGAINST).forEach((channel, c) => { image.data[i * 4 + c] = image.data[i * 4 + c] * 0.55 * (1 - share) + channel * share; });
  });
  pen.putImageData(image, 0, 0);
  const [top, left, side] = because.decisive;
  boxed(frame, top, left, top + side, left + side);
  showLogits(because.logits);
  find('.layers').append(...because.layers.map(showLayer));
  if (!because.layers.length) find('.layers').append(make('p', 'This network has no feature maps: it is fully connected, and each of its hidden units sees the whole drawing.', 'note'));
}

const tenths = (value) => (Math.round(value * 10) / 10 + 0).toFixed(1);   // never -0.0

function showLogits(logits) {
  const high = Math.max(...logits, 0), low = Math.min(...logits, 0), first = logits.indexOf(Math.max(...logits));
  find('.logits').setAttribute('aria-label', 'Logits: ' + logits.map((value, digit) => digit + ': ' + tenths(value)).join(', '));
  find('.logits').append(...logits.map((value, digit) => {
    const cell = make('div', '', digit === first ? 'first' : ''), column = make('div', '', 'column'), bar = make('i');
    bar.style.top = (high - Math.max(value, 0)) / (high - low) * 100 + '%';
    bar.style.height = Math.abs(value) / (high - low) * 100 + '%';
    column.append(bar);
    cell.append(column, make('b', String(digit)), tenths(value));
    return cell;
  }));
}

function tiles(count, height, width, columns, colour, gap = [0, 0, 0, 0]) {   // -> a canvas of pictures in rows; colour(picture, pixel) -> [r, g, b]
  const canvas = make('canvas'), across = Math.min(count, columns);
  canvas.width = across * (width + 1) - 1;
  canvas.height = Math.ceil(count / across) * (height + 1) - 1;
  const image = new ImageData(canvas.width, canvas.height);
  for (let i = 0; i < count; i++) for (let y = 0; y <= height; y++) for (let x = 0; x <= width; x++) {
    const row = Math.floor(i / across) * (height + 1) + y, column = i % across * (width + 1) + x;
    if (row === canvas.height || column === canvas.width) continue;
    image.data.set(y < height && x < width ? [...colour(i, y * width + x), 255] : gap, (row * canvas.width + column) * 4);
  }
  canvas.getContext('2d').putImageData(image, 0, 0);
  return canvas;
}

function showLayer(layer) {
  const [channels, height, width] = layer.shape, columns = why.clientWidth < 560 ? 8 : 16, data = bytes(layer.maps);
  const grey = (channel, pixel) => Array(3).fill(Math.sqrt(data[channel * height * width + pixel] * 255));   // the root, so that weak ones show
  const canvas = tiles(channels, height, width, columns, grey, [128, 128, 128, 64]);
  const box = make('div'), title = make('h2', layer.name), unit = make('div', '', 'unit'), size = channels + ' maps of ' + width + 'x' + height;
  let chosen = -1;
  title.append(' ', make('small', size));
  canvas.style.width = Math.min(1, channels / columns) * 100 + '%';
  canvas.tabIndex = 0;
  unit.hidden = true;
  for (const [name, value] of [['role', 'slider'], ['aria-label', layer.name + ', ' + size], ['aria-valuemin', 1], ['aria-valuemax', channels], ['aria-valuenow', 1], ['aria-valuetext', 'none chosen']]) canvas.setAttribute(name, value);

  const choose = (channel) => {
    chosen = channel;
    canvas.setAttribute('aria-valuenow', chosen + 1);
    canvas.setAttribute('aria-valuetext', 'map ' + (chosen + 1));
    const large = tiles(1, height, width, 1, (_, pixel) => grey(chosen, pixel));
    large.style.width = '96px';
    unit.hidden = false;
    unit.replaceChildren(large);
    let words = 'Map ' + (chosen + 1);
    if (layer.filters) {
      const [inputs, k] = layer.filters[0], weights = bytes(layer.filters[1]);
      const filter = tiles(inputs, k, k, columns, (input, pixel) => {
        const weight = (weights[(chosen * inputs + input) * k * k + pixel] - 128) / 127;
        return (weight > 0 ? FOR : AGAINST).map((channel) => 40 + (channel - 40) * Math.abs(weight));
      });
      filter.style.width = filter.width * (inputs === 1 ? 32 : 8) + 'px';
      unit.append(filter);
      words += ' and its filter: ' + k + 'x' + k + ' weights ' + (inputs === 1 ? 'on the drawing' : 'on each of the ' + inputs + ' maps before') + ', orange above zero, blue below';
    }
    unit.append(make('span', words + '.'));
  };

  const under = (event) => {   // -> [channel, y, x] of the unit under the pointer, or null beside the last map
    const area = canvas.getBoundingClientRect(), across = Math.min(channels, columns);
    const inside = (share, size) => Math.max(0, Math.min(size - 1, Math.floor(share * size)));
    const px = inside((event.clientX - area.left) / area.width, canvas.width), py = inside((event.clientY - area.top) / area.height, canvas.height);
    const channel = Math.floor(py / (height + 1)) * across + Math.floor(px / (width + 1));
    return channel < channels ? [channel, Math.min(height - 1, py % (height + 1)), Math.min(width - 1, px % (width + 1))] : null;
  };
  const point = (event) => {
    const found = under(event), [sees, step, start] = layer.field;
    field.hidden = !found;
    if (!found) return;
    const ends = (at) => [Math.max(0, start + at * step - sees / 2), Math.min(28, start + at * step + sees / 2)];
    const [top, bottom] = ends(found[1]), [left, right] = ends(found[2]);
    boxed(field, top, left, bottom, right);
  };
  canvas.addEventListener('pointermove', point);
  canvas.addEventListener('pointerdown', point);
  canvas.addEventListener('pointerleave', (event) => { if (event.pointerType === 'mouse') field.hidden = true; });   // a finger always leaves
  canvas.addEventListener('click', (event) => { const found = under(event); if (found) choose(found[0]); });
  canvas.addEventListener('keydown', (event) => {
    const move = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
    if (!move) return;
    event.preventDefault();
    choose(Math.min(channels - 1, Math.max(0, chosen < 0 ? 0 : chosen + move)));
  });
  box.append(title, canvas, unit);
  return box;
}

const strip = find('.strip'), stages = [...element.querySelectorAll('.stages canvas')], steps = [...element.querySelectorAll('[data-step]')];
const preparation = () => ({ strip: strip.open, steps: Object.fromEntries(steps.map((box) => [box.dataset.step, box.checked])) });
for (const box of steps) box.addEventListener('change', () => ask());
strip.addEventListener('toggle', () => ask());

function complain(text) {
  sentence.textContent = text;
  sentence.classList.add('trouble');
}

function show(reading, picture) {
  if (reading.error) { empty(); return complain(reading.error); }
  sentence.classList.remove('trouble');
  if (reading.blank) { empty(); sentence.textContent = reading.sentence || 'The answer appears while you draw.'; return; }
  if (reading.digits) return showNumber(reading, picture);
  answer.textContent = reading.best;
  answer.classList.toggle('sure', reading.digit !== null);
  const origin = picture && picture.label !== undefined ? ' Test digit ' + picture.index.toLocaleString('en') + ', labelled ' + picture.label + '.' : '';
  if (sentence.textContent !== reading.sentence + origin) sentence.textContent = reading.sentence + origin;
  seen.getContext('2d').putImageData(pixels(reading.ink), 0, 0);
  stages.forEach((canvas, i) => {
    const pen = canvas.getContext('2d');
    if (reading.strip) pen.putImageData(pixels(reading.strip[i]), 0, 0); else pen.clearRect(0, 0, 28, 28);
  });
  bars.setAttribute('aria-label', 'Probabilities: ' + reading.probabilities.map((share, digit) => digit + ': ' + (share * 100).toFixed(1) + '%').join(', '));
  reading.probabilities.forEach((share, digit) => setBar(digit, share, digit === reading.best));
  showSecond(reading.second);
  correction.classList.toggle('off', !drawing.strokes.length);
}

function showNumber(reading, picture) {
  const { left, top, fit } = picture ? spot(picture.bitmap) : { left: 0, top: 0, fit: 1 }, margin = picture ? 0 : PEN / 2 + 12;
  answer.style.setProperty('--count', Math.max(2, reading.digits.length));
  answer.replaceChildren(...reading.digits.map((digit) => letter(digit, digit.best)));
  answer.classList.add('sure');
  if (sentence.textContent !== reading.sentence) sentence.textContent = reading.sentence;
  const percent = (units, whole) => (units / whole * 100) + '%';
  const pixel = across() / paper.clientWidth, room = LABEL * pixel;   // units
  const middles = reading.digits.map((digit) => (digit.box[0] + digit.box[2]) / 2 * fit / pixel);
  const tight = middles.some((middle, i) => i && middle - middles[i - 1] < 54);   // pixels
  const edges = reading.digits.map((digit) => digit.box.map((edge, i) => (i % 2 ? top : left) + edge * fit + (i < 2 ? -margin : margin)));
  const sides = ['above', 'below'], roomy = (side, [, y, , bottom]) => side === 'above' ? y > room : bottom < UNITS - room;
  const common = sides.find((side) => edges.every((each) => roomy(side, each)));   // else each label where it has room
  find('.boxes').replaceChildren(...reading.digits.map((digit, i) => {
    const [x, y, right, bottom] = edges[i];
    const box = letter(digit, ''), name = document.createElement('b');
    Object.assign(box.style, { left: percent(x, across()), top: percent(y, UNITS), width: percent(right - x, across()), height: percent(bottom - y, UNITS) });
    name.textContent = (tight ? '' : digit.best + ' · ') + Math.round(digit.probability * 100) + '%';
    box.classList.add(common || sides.find((side) => roomy(side, edges[i])) || 'within');
    box.append(name);
    return box;
  }));
  showSecond(reading.second);
}

function letter(digit, text) {   // greyed where it does not look like a digit
  const node = document.createElement('span');
  node.textContent = text;
  node.classList.toggle('unsure', digit.digit === null);
  return node;
}

function showSecond(second) {
  const line = find('.second');
  bars.classList.toggle('two', Boolean(second));
  line.hidden = !second;
  if (!second) return;
  const text = 'The second network: ' + second.sentence + (second.probabilities ? ' (' + (second.probabilities[second.best] * 100).toFixed(1) + '%)' : '');
  if (line.textContent !== text) line.replaceChildren(document.createElement('i'), text);
  if (!second.probabilities) return;
  second.probabilities.forEach((share, digit) => { bars.children[digit].querySelector('.fill2').style.transform = 'scaleX(' + share + ')'; });
}

function empty() {
  showSecond(null);
  correction.classList.add('off');
  answer.textContent = '?';
  answer.classList.remove('sure');
  answer.style.removeProperty('--count');
  find('.boxes').replaceChildren();
  for (const canvas of [seen, ...stages]) canvas.getContext('2d').clearRect(0, 0, 28, 28);
  for (let digit = 0; digit < 10; digit++) setBar(digit, 0, false, '');
}

function setBar(digit, share, first, text = (share * 100).toFixed(1) + '%') {
  const bar = bars.children[digit];
  bar.classList.toggle('first', first);
  bar.querySelector('.fill').style.transform = 'scaleX(' + share + ')';
  bar.querySelector('.share').textContent = text;
}

empty();
new ResizeObserver(() => paintNow()).observe(paper);
new MutationObserver(paint).observe(document.body, { attributes: true, attributeFilter: ['class'] });   // dark mode
watch('value', () => { if (!isEmpty()) ask(); });
window.addEventListener('hashchange', () => { if (element.isConnected) openLink(); });
if (isLink()) openLink(); else restore();
