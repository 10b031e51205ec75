// A drawing in a link: its strokes in the URL's fragment, which no server sees.
//
// Bytes, in base64url: the format's number, then the strokes, each as its number of points, the first point and the
// steps to the others, all as variable-length integers (7 bits a byte, signs folded in); last the sum of all bytes.

const FORMAT = 1;

/** Strokes [[x, y, x, y, ...], ...] of whole numbers from 0 -> text. */
export function encode(strokes) {
  const bytes = [FORMAT];
  const write = (number) => {
    let rest = number;
    for (; rest > 127; rest >>= 7) bytes.push((rest & 127) | 128);
    bytes.push(rest);
  };
  const fold = (number) => (number < 0 ? -2 * number - 1 : 2 * number);
  for (const flat of strokes) {
    write(flat.length / 2);
    flat.forEach((number, i) => {
      write(fold(i < 2 ? number : number - flat[i - 2]));
    });
  }
  bytes.push(checksum(bytes));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

/** Text -> strokes [[[x, y], ...], ...] within width and height. Throws on anything that encode did not write. */
export function decode(text, width, height) {
  const bytes = [...atob(text.replaceAll('-', '+').replaceAll('_', '/'))].map((letter) => letter.charCodeAt(0));
  const sum = bytes.pop();
  if (bytes[0] !== FORMAT || checksum(bytes) !== sum) throw new Error('not a drawing');
  const reader = makeReader(bytes);
  const strokes = [];
  while (!reader.ended()) {
    const points = [];
    let x = 0;
    let y = 0;
    for (let count = reader.read(); count > 0; count--) {
      x += unfold(reader.read());
      y += unfold(reader.read());
      if (x < 0 || y < 0 || x > width || y > height) throw new Error('off the pad');
      points.push([x, y]);
    }
    if (points.length) strokes.push(points);
  }
  if (!strokes.length) throw new Error('empty');
  return strokes;
}

const checksum = (bytes) => bytes.reduce((sum, byte) => sum + byte, 0) & 255;
const unfold = (number) => (number % 2 ? -(number + 1) / 2 : number / 2);

function makeReader(bytes) {
  let at = 1;
  return {
    ended: () => at >= bytes.length,
    read() {
      let number = 0;
      for (let shift = 0; shift < 28 && at < bytes.length; shift += 7) {
        const byte = bytes[at++];
        number |= (byte & 127) << shift;
        if (byte < 128) return number;
      }
      throw new Error('cut off');
    },
  };
}
