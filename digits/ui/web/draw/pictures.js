// Pictures: opened, pasted or dropped, made small enough to send, and put on the paper.
import { make } from '../lib/dom.js';
import { isReadable, UNREADABLE } from '../lib/readback.js';
import { store } from '../lib/store.js';

const SENDABLE = /^image\/(png|jpeg|webp|gif|bmp)$/; // as it is, where the browser does not let the page make it smaller
const DRAWN = 1_000; // pixels of a drawing's long side that has no size of its own
const SIDES = [1_600, 1_100, 800, 560]; // pixels of the long side, tried until the picture is small enough to send

export function mountPictures(element, paper, desk, change, complain, constants) {
  const chooser = element.querySelector('.picture-file');

  async function open(file) {
    const before = desk.drawing;
    if (!file) return;
    if (file.size > constants.largestFile) {
      const most = Math.round(constants.largestFile / 1e6);
      return complain(`That file has ${Math.round(file.size / 1e6)} MB; open a picture of at most ${most} MB.`);
    }
    let bitmap;
    try {
      bitmap = await decode(file);
    } catch {
      return complain(`"${file.name}" is not a picture that this browser can open; try a PNG or JPEG.`);
    }
    if (desk.stroke || desk.drawing !== before) return; // the pen in the hand wins over a picture that comes late
    const { smallestSide } = constants;
    if (Math.min(bitmap.width, bitmap.height) < smallestSide) {
      return complain(`That picture is under ${smallestSide} pixels a side; open a larger one.`);
    }
    const picture = isReadable() ? shrink(bitmap, constants) : await sendWhole(bitmap, file, constants);
    if (!picture) return complain(UNREADABLE);
    if (desk.stroke || desk.drawing !== before) return;
    change({ ...desk.drawing, strokes: [], picture });
  }

  chooser.addEventListener('change', () => {
    open(chooser.files[0]);
    chooser.value = '';
  });
  document.addEventListener('paste', (event) => {
    if (!paper.canvas.clientWidth || /^(input|textarea)$/i.test(event.target.tagName)) return;
    const item = [...event.clipboardData.items].find((part) => part.type.startsWith('image/'));
    if (!item) return;
    event.preventDefault();
    open(item.getAsFile());
  });
  // Anywhere on the page: a file, link or picture dropped beside the pad would replace the page.
  for (const type of ['dragover', 'dragleave', 'drop']) {
    document.addEventListener(type, (event) => {
      const kinds = [...(event.dataTransfer?.types ?? [])];
      const isField = /^(input|textarea)$/i.test(event.target.tagName); // takes an address as text
      if (!kinds.includes('Files') && (isField || !kinds.includes('text/uri-list'))) return;
      event.preventDefault();
      paper.canvas.classList.toggle('dropping', type === 'dragover');
      if (type !== 'drop') return;
      store.set({ tab: 'draw' });
      const [file] = event.dataTransfer.files;
      if (file) open(file);
      else openAddress(event.dataTransfer.getData('text/uri-list'));
    });
  }

  /** A picture dragged from another page without its file: only an address that holds the picture itself is read. */
  async function openAddress(address) {
    if (!address.startsWith('data:image/'))
      return complain('That came as an address, not as a picture; save the picture, then drop its file here.');
    const answer = await fetch(address);
    open(new File([await answer.blob()], 'The picture', { type: answer.headers.get('content-type') }));
  }
  return { choose: () => chooser.click(), open };
}

/** A file -> its bitmap; throws where this browser cannot open it. */
async function decode(file) {
  if (file.type !== 'image/svg+xml') return createImageBitmap(file);
  const picture = new Image(); // the one way to a drawing of lines, and no script of it runs
  picture.src = URL.createObjectURL(file);
  try {
    await picture.decode();
    const [width, height] = [picture.naturalWidth || DRAWN, picture.naturalHeight || DRAWN];
    const fit = DRAWN / Math.max(width, height);
    const canvas = make('canvas', { width: Math.round(width * fit), height: Math.round(height * fit) });
    canvas.getContext('2d').drawImage(picture, 0, 0, canvas.width, canvas.height);
    return canvas;
  } finally {
    URL.revokeObjectURL(picture.src);
  }
}

/** The file as it is -> { bitmap, data }, null where it is too large to send or of a kind that the server does not open. */
async function sendWhole(bitmap, file, { largestPicture }) {
  if (!SENDABLE.test(file.type) || file.size * 1.34 + 100 > largestPicture) return null;
  const data = await new Promise((done) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.onerror = () => done(null);
    reader.readAsDataURL(file);
  });
  return data && { bitmap, data };
}

/** A bitmap -> { bitmap, data } of at most the request's size, as large as that allows; null if it cannot be read. */
function shrink(bitmap, { smallestSide, largestPicture }) {
  for (const side of SIDES) {
    const fit = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
    const [width, height] = [bitmap.width, bitmap.height].map((size) => Math.max(smallestSide, Math.round(size * fit)));
    const small = make('canvas', { width, height });
    const brush = small.getContext('2d');
    brush.imageSmoothingQuality = 'high';
    brush.drawImage(bitmap, 0, 0, width, height);
    const data = small.toDataURL('image/webp', 0.92);
    if (data.length <= largestPicture) return { bitmap: small, data };
  }
  return null;
}
