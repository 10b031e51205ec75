// A whole number: a box around each digit on the paper.
import { make, percent } from '../lib/dom.js';
import { PEN } from '../lib/sheet.js';
import { fitPicture } from '../lib/strokes.js';

const ROOM = 23; // pixels above or below a digit's box in which its label has room
const TIGHT = 54; // pixels between the middles of two digits: nearer labels are shortened

export function showBoxes(element, paper, desk, reading) {
  const { picture } = desk.drawing;
  const across = paper.across();
  const spot = picture ? fitPicture(picture.bitmap, across, desk.unit) : { left: 0, top: 0, fit: 1 };
  const margin = picture ? 0 : PEN / 2 + 12;
  const pixel = across / paper.canvas.clientWidth; // units
  const middles = reading.digits.map(({ box }) => (((box[0] + box[2]) / 2) * spot.fit) / pixel);
  const tight = middles.some((middle, i) => i && middle - middles[i - 1] < TIGHT);
  const boxes = reading.digits.map(({ box }) =>
    box.map((edge, i) => (i % 2 ? spot.top : spot.left) + edge * spot.fit + (i < 2 ? -margin : margin)),
  );
  const roomy = {
    above: ([, top]) => top > ROOM * pixel,
    below: ([, , , bottom]) => bottom < desk.unit - ROOM * pixel,
  };
  const sides = Object.keys(roomy);
  const common = sides.find((side) => boxes.every(roomy[side])); // else each label where it has room
  element.querySelector('.boxes').replaceChildren(
    ...reading.digits.map((digit, i) => {
      const [left, top, right, bottom] = boxes[i];
      const side = common || sides.find((name) => roomy[name](boxes[i])) || 'within';
      const place = {
        left: left / across,
        top: top / desk.unit,
        width: (right - left) / across,
        height: (bottom - top) / desk.unit,
      };
      const label = (tight ? '' : `${digit.best} · `) + percent(digit.probability);
      const box = make('span', { class: digit.digit === null ? `unsure ${side}` : side }, make('b', {}, label));
      for (const [name, share] of Object.entries(place)) box.style[name] = `${share * 100}%`;
      return box;
    }),
  );
}
