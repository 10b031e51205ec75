// The paper: what is on it, and how it is painted.
import { isDarkened, onLook } from './dom.js';
import { INK_PEN } from './ink.js';
import { SIDE } from './mnist.js';
import { isEmpty, PEN, strokesNow, WIDE } from './sheet.js';
import { fitPicture } from './strokes.js';

/** The canvas -> { paint, paintNow, across, place, ... }. `desk` is the state that the Draw tab keeps in one object. */
export function makePaper(canvas, desk, hint) {
  let wanted = false;
  const across = () => (desk.wide ? WIDE : desk.unit);

  function paint() {
    if (wanted) return;
    wanted = true;
    requestAnimationFrame(() => {
      wanted = false;
      paintNow();
    });
  }

  function paintNow(shown, faint = desk.drawing === desk.example) {
    const width = Math.round(canvas.clientWidth * (window.devicePixelRatio || 1));
    const scale = width / across();
    const height = Math.round(scale * desk.unit);
    if (!width) return;
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    const brush = canvas.getContext('2d');
    brush.setTransform(1, 0, 0, 1, 0, 0);
    brush.clearRect(0, 0, width, height);
    if (isDarkened()) {
      brush.fillStyle = getComputedStyle(canvas).getPropertyValue('--paper');
      brush.fillRect(0, 0, width, height);
    }
    brush.setTransform(scale, 0, 0, scale, 0, 0);
    const { drawing } = desk;
    if (drawing.picture) paintPicture(brush, drawing.picture.bitmap);
    const style = getComputedStyle(canvas);
    brush.strokeStyle = brush.fillStyle = faint ? style.getPropertyValue('--faint') : style.color;
    brush.lineCap = brush.lineJoin = 'round';
    const strokes = shown || strokesNow(desk);
    const pen = drawing.picture?.editable ? INK_PEN : PEN;
    for (const points of strokes) trace(brush, points, points === desk.stroke ? desk.ahead : [], pen);
    if (desk.ahead.length) {
      desk.ahead = [];
      paint();
    }
    if (desk.cursor) paintCursor(brush, desk.cursor);
    hint.hidden = Boolean(!isEmpty(drawing) || desk.stroke || desk.cursor || shown);
  }

  function paintPicture(brush, bitmap) {
    const { left, top, fit } = fitPicture(bitmap, across(), desk.unit);
    brush.imageSmoothingEnabled = bitmap.width > SIDE;
    brush.drawImage(bitmap, left, top, bitmap.width * fit, bitmap.height * fit);
  }

  /** A pointer's place in units; it may be beside the paper. */
  function place(event) {
    const box = canvas.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * across();
    const y = ((event.clientY - box.top) / box.height) * desk.unit;
    return [Math.round(x), Math.round(y)];
  }

  new ResizeObserver(() => paintNow()).observe(canvas);
  onLook(paint);
  return { canvas, paint, paintNow, across, place };
}

function paintCursor(brush, cursor) {
  brush.lineWidth = 6;
  brush.beginPath();
  brush.arc(cursor.x, cursor.y, cursor.down ? PEN / 2 : PEN, 0, 7);
  brush.stroke();
}

/** A stroke through the middles of its points, bent at the points: smooth as ink. */
function trace(brush, kept, tail, pen) {
  const points = [...kept, ...tail];
  const { widths } = kept;
  const width = (i) => (widths ? widths[Math.min(i, widths.length - 1)] : pen);
  let [x, y] = points[0];
  brush.lineWidth = width(0);
  brush.beginPath();
  if (points.length === 1) {
    brush.arc(x, y, brush.lineWidth / 2, 0, 7);
    brush.fill();
    return;
  }
  brush.moveTo(x, y);
  for (let i = 1; i < points.length - 1; i++) {
    const [ax, ay] = points[i];
    const [bx, by] = points[i + 1];
    x = (ax + bx) / 2;
    y = (ay + by) / 2;
    brush.quadraticCurveTo(ax, ay, x, y);
    if (widths) {
      brush.stroke();
      brush.lineWidth = width(i + 1);
      brush.beginPath();
      brush.moveTo(x, y);
    }
  }
  brush.lineTo(...points[points.length - 1]);
  brush.stroke();
}
