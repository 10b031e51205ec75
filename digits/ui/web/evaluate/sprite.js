// Sprites: many digits in one PNG whose opacity is the ink. A tile is a mask over the page's own ink colour, so that it
// is dark on light paper and light on dark, whichever the page is.
import { make } from '../lib/dom.js';
import { SIDE } from '../lib/mnist.js';

/** Show a sprite's digits in a list: tiles made for it afterwards take it from there. -> release() */
export function useSprite(list, source, count, columns) {
  list.style.setProperty('--sprite', `url(${source})`);
  list.style.setProperty('--columns', columns);
  list.style.setProperty('--rows', Math.max(1, Math.ceil(count / columns)));
}

/** The digit at a place of the list's sprite. */
export function tile(at, columns, kind = '') {
  const ink = make('i', { style: `--x:${at % columns};--y:${Math.floor(at / columns)}` });
  return make('span', { class: `ink ${kind}`, 'aria-hidden': 'true' }, ink);
}

/** The digit at a place of a sprite -> its 784 bytes, 255 for ink. */
export async function pixelsOf(source, at, columns) {
  const picture = new Image();
  picture.src = source;
  await picture.decode();
  const canvas = make('canvas', { width: SIDE, height: SIDE });
  const brush = canvas.getContext('2d');
  brush.drawImage(picture, -(at % columns) * SIDE, -Math.floor(at / columns) * SIDE);
  const { data } = brush.getImageData(0, 0, SIDE, SIDE);
  return Uint8Array.from({ length: SIDE * SIDE }, (_, i) => data[i * 4 + 3]);
}

/** The same bytes as the server takes them. */
export const packed = (pixels) => btoa(String.fromCharCode(...pixels));
