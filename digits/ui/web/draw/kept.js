// My drawings, as they are kept in this browser: checked, fitted to the pad, thinned.
import { thin } from '../lib/strokes.js';

const STORE = 'digits-drawings';
const MOST_POINTS = 300; // small enough to keep hundreds of drawings
const SPACING = 10; // units
const FITTED = 700; // units of the long side of a drawing that came in another unit
const FURTHEST = 1_000; // sides of the pad

/** A drawing from outside -> { label, writer, strokes } in thousandths of the pad; throws where it is none. */
export function check(drawing, unit, dot) {
  const { label, strokes, writer } = drawing;
  if (!Number.isInteger(label) || label < 0 || label > 9 || !Array.isArray(strokes)) throw new Error('no drawing');
  const inked = strokes.filter((points) => points.length);
  const points = inked.flat();
  const isPoint = (point) =>
    Array.isArray(point) &&
    point.length === 2 &&
    point.every((value) => Number.isFinite(value) && Math.abs(value) <= FURTHEST * unit);
  if (!points.length || points.length > 20_000 || !points.every(isPoint)) throw new Error('no drawing');
  const flat = thin(fit(inked, points, unit, dot), SPACING, MOST_POINTS);
  const name = typeof writer === 'string' && writer.length <= 60 ? writer : '';
  return { label, writer: name, strokes: flat.map(pair) };
}

const pair = (flat) => Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i], flat[2 * i + 1]]);

/** Any unit -> thousandths of the pad; strokes that are in them stay as they are. */
function fit(strokes, points, unit, dot) {
  const least = [0, 1].map((i) => points.reduce((low, point) => Math.min(low, point[i]), Number.POSITIVE_INFINITY));
  const most = [0, 1].map((i) => points.reduce((high, point) => Math.max(high, point[i]), Number.NEGATIVE_INFINITY));
  const extent = Math.max(most[0] - least[0], most[1] - least[1]);
  if (!extent) throw new Error('a dot');
  const whole = points.every((point) => point.every(Number.isInteger));
  if (whole && Math.min(...least) >= 0 && Math.max(...most) <= unit && extent >= dot) return strokes;
  const move = (value, i) => Math.round(((value - (least[i] + most[i]) / 2) / extent) * FITTED + unit / 2);
  return strokes.map((stroke) => stroke.map((point) => point.map(move)));
}

/** Where they are kept: read anew each time, since other tabs write too. Without storage they live with the page. */
export function openShelf(unit, dot) {
  let memory = null;
  return {
    name: STORE,
    read() {
      let found = memory;
      try {
        found = JSON.parse(localStorage.getItem(STORE)) ?? memory;
      } catch {
        // Nothing that can be used, or no storage.
      }
      if (typeof found?.writer !== 'string' || !Array.isArray(found.drawings))
        found = { writer: newWriter(), drawings: [] };
      const good = (drawing) => {
        try {
          return Boolean(check(drawing, unit, dot));
        } catch {
          return false;
        }
      };
      return { writer: found.writer, drawings: found.drawings.filter(good) };
    },
    /** -> whether there was room. */
    write(kept) {
      memory = kept;
      try {
        localStorage.setItem(STORE, JSON.stringify(kept));
      } catch (error) {
        return error.name !== 'QuotaExceededError';
      }
      return true;
    },
  };
}

const newWriter = () =>
  [...crypto.getRandomValues(new Uint8Array(4))].map((byte) => byte.toString(16).padStart(2, '0')).join('');

/** The lines of a .jsonl file -> drawings; throws a sentence. */
export function parse(text, name, unit, dot) {
  const wanted = 'wanted {"label": 0 to 9, "strokes": [[[x, y], ...]]}';
  const drawings = [];
  text.split('\n').forEach((line, i) => {
    if (!line.trim()) return;
    try {
      drawings.push(check(JSON.parse(line), unit, dot));
    } catch {
      throw new Error(`Line ${i + 1} of "${name}" is not a drawing; ${wanted}.`);
    }
  });
  if (!drawings.length) throw new Error(`"${name}" has no drawings; ${wanted} on each line.`);
  return drawings;
}

/** A file, gzip or not -> its text; throws a sentence. */
export async function textOf(file, largest) {
  const head = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  const packed = head[0] === 0x1f && head[1] === 0x8b;
  const stream = packed ? file.stream().pipeThrough(new DecompressionStream('gzip')) : file.stream();
  const decoder = new TextDecoder();
  const reader = stream.getReader();
  let text = '';
  let size = 0;
  for (;;) {
    let part;
    try {
      part = await reader.read();
    } catch {
      throw new Error(`"${file.name}" cannot be unpacked; make it again.`);
    }
    if (part.done) return text + decoder.decode();
    size += part.value.length;
    if (size > largest) {
      reader.cancel();
      throw new Error(`"${file.name}" has more than ${Math.round(largest / 1e6)} MB; split it.`);
    }
    text += decoder.decode(part.value, { stream: true });
  }
}
