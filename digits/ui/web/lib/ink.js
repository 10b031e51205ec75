// A digit of 28x28 pixels that can be edited, { bitmap, unit, editable }: strokes are added to it, and the eraser takes
// ink away. `unit` is of the pad's side.
import { make } from './dom.js';

import { SIDE } from './mnist.js';

const SCALE = 10; // of what is sent, so that strokes between the pixels count
export const INK_PEN = 80; // thousandths of the pad: as wide as MNIST's pen in a 28x28 that fills the pad

/** The digit without its ink around a point: { ..., bitmap } anew, or the same where there was none. */
export function wipe(picture, point) {
  const under = brushOver(picture, point, 'destination-in').getContext('2d').getImageData(0, 0, SIDE, SIDE);
  if (!under.data.some((value, i) => i % 4 === 3 && value)) return picture;
  return { ...picture, bitmap: brushOver(picture, point, 'destination-out'), wiped: true };
}

/** A copy of the digit's bitmap, with a dab of the eraser laid over it. */
function brushOver({ bitmap, unit }, [x, y], operation) {
  const copy = make('canvas', { width: SIDE, height: SIDE });
  const brush = copy.getContext('2d');
  brush.drawImage(bitmap, 0, 0);
  brush.globalCompositeOperation = operation;
  brush.beginPath();
  brush.arc((x / unit) * SIDE, (y / unit) * SIDE, (INK_PEN / unit) * SIDE * 0.6, 0, 7);
  brush.fill();
  return copy;
}

/** The digit and the strokes on it, black on white, as a data URL. */
export function compose(picture, strokes) {
  const { unit } = picture;
  const side = SIDE * SCALE;
  const canvas = make('canvas', { width: side, height: side });
  const brush = canvas.getContext('2d');
  brush.drawImage(picture.bitmap, 0, 0, side, side);
  brush.lineWidth = (INK_PEN / unit) * side;
  brush.lineCap = brush.lineJoin = 'round';
  for (const points of strokes) {
    brush.beginPath();
    for (const [x, y] of points.length > 1 ? points : [points[0], points[0]])
      brush.lineTo((x / unit) * side, (y / unit) * side);
    brush.stroke();
  }
  brush.globalCompositeOperation = 'source-in'; // whatever the page's ink colour is
  brush.fillRect(0, 0, side, side);
  brush.globalCompositeOperation = 'destination-over';
  brush.fillStyle = '#ffffff';
  brush.fillRect(0, 0, side, side);
  return canvas.toDataURL('image/png');
}
