// Pictures: opened, pasted or dropped, made small enough to send, and put on the paper.
import { make } from '../lib/dom.js';

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
      bitmap = await createImageBitmap(file);
    } catch {
      return complain(`"${file.name}" is not a picture that this browser can open; try a PNG or JPEG.`);
    }
    if (desk.stroke || desk.drawing !== before) return; // the pen in the hand wins over a picture that comes late
    const { smallestSide } = constants;
    if (Math.min(bitmap.width, bitmap.height) < smallestSide) {
      return complain(`That picture is under ${smallestSide} pixels a side; open a larger one.`);
    }
    const picture = shrink(bitmap, constants);
    if (!picture) return complain('This browser does not let pages read pictures; allow it, or draw the digit.');
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
  // Anywhere on the page: a file dropped beside the pad would replace the page.
  for (const type of ['dragover', 'dragleave', 'drop']) {
    document.addEventListener(type, (event) => {
      if (![...(event.dataTransfer?.types ?? [])].includes('Files')) return;
      event.preventDefault();
      paper.canvas.classList.toggle('dropping', type === 'dragover');
      if (type === 'drop') open(event.dataTransfer.files[0]);
    });
  }
  return { choose: () => chooser.click(), open };
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
    let data;
    try {
      data = small.toDataURL('image/webp', 0.92);
    } catch {
      return null;
    }
    if (data.length <= largestPicture) return { bitmap: small, data };
  }
  return null;
}
