// Ink and activations on canvases, in the page's own colours: dark on light paper, light on dark.
import { isDarkened } from './dom.js';
import { SIDE } from './mnist.js';

// To ask the style after every change of the page makes the browser lay it out anew, several times a reading.
const known = new Map();
let theme; // Gradio tells dark from light by a class of the body

/** A colour variable of the page -> [r, g, b]. The body's: what is painted may not be in the page yet. */
export function colour(name) {
  if (theme !== document.body.className) known.clear();
  theme = document.body.className;
  if (!known.has(name)) {
    const hex = getComputedStyle(document.body).getPropertyValue(name).trim().replace('#', '');
    const parts = [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
    known.set(name, /^[0-9a-f]{6}$/i.test(hex) ? parts : [128, 128, 128]);
  }
  return known.get(name);
}

export const mix = (from, to, share) => from.map((value, i) => value + (to[i] - value) * share);

/** Shares in [0, 255], width x height of them, from paper to `name` (--ink where not given). */
export function paintShares(canvas, shares, width = SIDE, height = SIDE, name = '--ink', ground = '--paper') {
  const from = colour(ground);
  const to = colour(name);
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const image = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) image.data.set([...mix(from, to, shares[i] / 255), 255], i * 4);
  canvas.getContext('2d').putImageData(image, 0, 0);
}

/** Weights as bytes, 128 is zero: orange above, blue below. */
export function paintWeights(canvas, weights, width, height) {
  const [ground, above, below] = ['--sunk', '--b', '--a'].map(colour);
  canvas.width = width;
  canvas.height = height;
  const image = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    const weight = (weights[i] - 128) / 127;
    image.data.set([...mix(ground, weight > 0 ? above : below, Math.min(1, Math.abs(weight))), 255], i * 4);
  }
  canvas.getContext('2d').putImageData(image, 0, 0);
}

/** Strokes or picture of a drawing, as large as the canvas. */
export function paintDrawing(canvas, drawing, unit, pen) {
  const size = Math.round(canvas.clientWidth * (window.devicePixelRatio || 1)) || canvas.width;
  if (canvas.width !== size) canvas.width = size;
  if (canvas.height !== size) canvas.height = size;
  const brush = canvas.getContext('2d');
  brush.setTransform(1, 0, 0, 1, 0, 0);
  brush.clearRect(0, 0, size, size);
  if (isDarkened()) {
    brush.fillStyle = `rgb(${colour('--paper').join(' ')})`;
    brush.fillRect(0, 0, size, size);
  }
  const points = drawing.strokes.flat();
  if (drawing.picture) {
    const { bitmap } = drawing.picture;
    const fit = Math.min(size / bitmap.width, size / bitmap.height);
    brush.imageSmoothingEnabled = bitmap.width > SIDE;
    const [width, height] = [bitmap.width * fit, bitmap.height * fit];
    brush.drawImage(bitmap, (size - width) / 2, (size - height) / 2, width, height);
  }
  if (!points.length) return;
  const width = Math.max(unit, ...points.map(([x]) => x));
  const scale = size / width;
  brush.setTransform(scale, 0, 0, scale, 0, ((width - unit) / 2) * scale);
  brush.strokeStyle = brush.fillStyle = `rgb(${colour('--ink').join(' ')})`;
  brush.lineWidth = pen;
  brush.lineCap = brush.lineJoin = 'round';
  for (const stroke of drawing.strokes) {
    brush.beginPath();
    brush.moveTo(...stroke[0]);
    for (const point of stroke.length > 1 ? stroke.slice(1) : stroke) brush.lineTo(...point);
    brush.stroke();
  }
}
