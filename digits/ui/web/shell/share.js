// Share: this drawing, this network, this page.
import { encode } from '../lib/codec.js';
import { bytes, make, save, say } from '../lib/dom.js';
import { hold, keepFocus } from '../lib/focus.js';
import { INK_PEN } from '../lib/ink.js';
import { SIDE as INK_SIDE } from '../lib/mnist.js';
import { questionOf } from '../lib/question.js';
import { PEN, WIDE } from '../lib/sheet.js';
import { store } from '../lib/store.js';
import { toSvg } from '../lib/strokes.js';

const SIDE = 1_000; // pixels of a saved picture's side

export function mountShare(element, call, constants) {
  const sheet = element.querySelector('.sheet');
  const told = sheet.querySelector('.told');
  const code = sheet.querySelector('.qr');
  const tell = (text) => {
    say(told, text);
    code.replaceChildren();
  };
  const width = () => (store.get('drawing').wide ? WIDE : constants.unit);

  /** The drawing, where `what` can hold all of it; else null. */
  function strokesFor(what) {
    const drawing = store.get('drawing');
    if (drawing.strokes.length && !drawing.picture) return drawing;
    tell(
      drawing.picture
        ? `${what} holds strokes and no picture; save a PNG, or clear the pad and draw.`
        : 'Draw a digit first.',
    );
    return null;
  }

  function link() {
    const drawing = strokesFor('A link');
    if (!drawing) return null;
    // Nothing else of this page's address: tokens, other sites' tags and the theme are not the reader's.
    const url = new URL(location.origin + location.pathname);
    const network = new URLSearchParams(location.search).get('net');
    if (network && network !== constants.network) url.searchParams.set('net', network);
    url.hash = (drawing.wide ? 'n=' : 'd=') + encode(questionOf(drawing).strokes);
    if (url.href.length <= constants.longestLink) return url.href;
    tell('This drawing is too long for a link; draw a simpler one.');
    return null;
  }

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      tell(`Copied: ${text}`);
    } catch {
      tell(text); // plain http has no clipboard
    }
  }

  async function showCode(text) {
    const answer = await call('draw_qr', { text });
    const local = /\/\/(localhost|127\.|\[::1\])/.test(text);
    tell(answer.error || (local ? 'This page is only on this computer: a phone cannot open it.' : text));
    if (answer.svg) code.innerHTML = answer.svg;
  }

  const name = () => (store.get('drawing').wide ? 'number' : 'digit');
  const commands = {
    'Copy its link': () => {
      const url = link();
      if (url) copy(url);
    },
    'QR code': () => {
      const url = link();
      if (url) showCode(url);
    },
    'Send…': async () => {
      const url = link();
      try {
        if (url) await navigator.share({ title: 'A digit', url });
      } catch {
        // The visitor closed the sheet.
      }
    },
    PNG: () => savePicture(store.get('drawing'), name(), width(), constants.unit, tell),
    SVG: () => {
      const drawing = strokesFor('An SVG file');
      if (drawing) save(`${name()}.svg`, 'image/svg+xml', toSvg(drawing.strokes, width(), constants.unit, PEN));
    },
    JSON: () => {
      const drawing = strokesFor('A JSON file');
      if (drawing) saveJson(drawing, name());
    },
  };
  const row = sheet.querySelector('.drawing-row');
  for (const [title, run] of Object.entries(commands)) {
    if (title !== 'Send…' || navigator.share)
      row.append(make('button', { type: 'button', class: 'button', onclick: run }, title));
  }
  const networkFiles = [
    [
      'Weights (.safetensors)',
      'read_weights',
      'python -m digits read photo.png --weights weights.safetensors reads with it.',
    ],
    ['ONNX', 'export_network', 'It takes 28x28 pixels and runs without PyTorch, in a browser too.'],
  ];
  for (const [title, name, use] of networkFiles) {
    const button = make('button', { type: 'button', class: 'button' }, title);
    const take = async () => {
      tell('On its way…');
      const answer = await call(name, { network: store.get('network') }, 60);
      if (answer.error) return tell(answer.error);
      save(answer.name, 'application/octet-stream', bytes(answer.base64));
      return tell(`Saved. ${use}`);
    };
    button.addEventListener('click', () => hold(button, take));
    sheet.querySelector('.network-row').append(button);
  }

  store.watch(['reach'], ({ reach }) => {
    if (!reach) return;
    say(sheet.querySelector('.reach'), reach.sentence);
    const addresses = reach.addresses.length ? reach.addresses : [location.origin + location.pathname];
    const parts = addresses.flatMap((address) => [
      make('code', {}, address),
      make('button', { type: 'button', class: 'button', onclick: () => copy(address) }, 'Copy'),
      make('button', { type: 'button', class: 'button', onclick: () => showCode(address) }, 'QR code'),
    ]);
    const pageRow = sheet.querySelector('.page-row');
    keepFocus(pageRow, () => pageRow.replaceChildren(...parts));
  });
  element.querySelector('.share').addEventListener('click', () => {
    tell('');
    sheet.showModal();
  });
  sheet.querySelector('.close').addEventListener('click', () => sheet.close());
  sheet.addEventListener('click', (event) => event.target === sheet && sheet.close());
}

function saveJson(drawing, name) {
  const reading = store.get('reading');
  if (drawing.wide) {
    const text = reading?.text ?? '';
    return save('number.json', 'application/json', `${JSON.stringify({ text, strokes: drawing.strokes })}\n`);
  }
  const label = reading?.digit ?? null; // as read: correct it before you measure with it
  return save(`${name}.jsonl`, 'application/json', `${JSON.stringify({ label, strokes: drawing.strokes })}\n`);
}

function savePicture(drawing, name, width, height, tell) {
  if (!drawing.strokes.length && !drawing.picture) return tell('Draw a digit first.');
  const scale = SIDE / height;
  const sheet = make('canvas', { width: width * scale, height: SIDE });
  const brush = sheet.getContext('2d');
  if (drawing.picture) {
    const { bitmap } = drawing.picture;
    const fit = Math.min(sheet.width / bitmap.width, SIDE / bitmap.height);
    brush.drawImage(bitmap, 0, 0, bitmap.width * fit, bitmap.height * fit);
  }
  brush.scale(scale, scale);
  brush.lineWidth = drawing.picture?.editable ? INK_PEN : PEN;
  brush.lineCap = brush.lineJoin = 'round';
  for (const points of drawing.strokes) {
    brush.beginPath();
    brush.moveTo(...points[0]);
    for (const point of points.length > 1 ? points.slice(1) : points) brush.lineTo(...point);
    brush.stroke();
  }
  if (drawing.picture?.bitmap.width === INK_SIDE) {
    brush.globalCompositeOperation = 'source-in'; // a digit's ink has the page's colour, which is light in the dark
    brush.fillRect(0, 0, width, height);
  }
  brush.globalCompositeOperation = 'destination-over';
  brush.fillStyle = '#fff';
  brush.fillRect(0, 0, width, height);
  return sheet.toBlob((blob) => save(`${name}.png`, 'image/png', blob));
}
