// Whether this browser lets pages read a canvas. Those that guard against fingerprints give noise or white instead.
import { make } from './dom.js';

export const UNREADABLE = 'This browser does not let pages read pictures; allow it, or draw the digit.';
const [SIDE, LEFT, RIGHT] = [16, [51, 102, 153], [204, 51, 102]];
const NEAR = 8; // of 255: some change colours by less, which no reading minds

/** Asked anew each time: the visitor may have allowed it since. */
export function isReadable() {
  const brush = make('canvas', { width: SIDE, height: SIDE }).getContext('2d');
  for (const [colour, x] of [
    [LEFT, 0],
    [RIGHT, SIDE / 2],
  ]) {
    brush.fillStyle = `rgb(${colour.join(' ')})`;
    brush.fillRect(x, 0, SIDE / 2, SIDE);
  }
  try {
    const { data } = brush.getImageData(0, 0, SIDE, SIDE);
    return data.every((value, i) => {
      const wanted = Math.floor(i / 4) % SIDE < SIDE / 2 ? LEFT : RIGHT;
      return i % 4 === 3 || Math.abs(value - wanted[i % 4]) <= NEAR;
    });
  } catch {
    return false;
  }
}
