// A drawing as a request asks about it.
import { compose } from './ink.js';
import { thin } from './strokes.js';

const SPACING = 10; // units: a point every 1 % of the pad is 0.4 px of the 28x28
const MOST_POINTS = 180; // keeps a request under 2 KB

/** The payload for one digit, or null for an empty pad. */
export function questionOf(drawing, strokes = drawing.strokes) {
  const { picture } = drawing;
  if (picture?.editable && (strokes.length || picture.wiped)) return { picture: compose(picture, strokes) };
  if (picture?.data) return { picture: picture.data };
  if (picture) return { index: picture.index };
  return strokes.length ? { strokes: thin(strokes, SPACING, drawing.wide ? 2 * MOST_POINTS : MOST_POINTS) } : null;
}
