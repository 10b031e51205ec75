// The paper, in thousandths of its height: its unit comes from the server with the constants.
export const PEN = 34; // the pen's width on the pad; the network's own is MNIST's
export const WIDE = 2_500; // the paper's width for a whole number

export const EMPTY = { strokes: [], picture: null, wide: false };

export const isEmpty = (drawing) => !drawing.strokes.length && !drawing.picture;

/** Whether My drawings can hold all of it: one digit, in strokes. */
export const isTeachable = ({ strokes, picture, wide }) => strokes.length > 0 && !picture && !wide;

/** A drawing's strokes, with the one under the pen. */
export const strokesNow = ({ drawing, stroke }) => (stroke ? [...drawing.strokes, stroke] : drawing.strokes);
