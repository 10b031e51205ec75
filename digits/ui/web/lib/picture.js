// A digit's 784 bytes as a picture for the pad.
import { make } from './dom.js';
import { SIDE } from './mnist.js';
import { colour } from './paint.js';
import { isReadable } from './readback.js';

/** 784 bytes, 255 for ink, as a picture for the pad: what it shows, in the page's ink, and what it sends, black on white. */
export function pictureOf(pixels, scale = 10) {
  const pen = colour('--ink');
  const [bitmap, sent] = [(share) => [...pen, share], (share) => [255 - share, 255 - share, 255 - share, 255]].map(
    (paint) => {
      const canvas = make('canvas', { width: SIDE, height: SIDE });
      const image = new ImageData(SIDE, SIDE);
      pixels.forEach((share, i) => image.data.set(paint(share), i * 4));
      canvas.getContext('2d').putImageData(image, 0, 0);
      return canvas;
    },
  );
  const large = make('canvas', { width: SIDE * scale, height: SIDE * scale });
  large.getContext('2d').drawImage(sent, 0, 0, SIDE * scale, SIDE * scale);
  return { bitmap, data: isReadable() ? large.toDataURL('image/png') : fileOf(pixels, scale) };
}

/** The same as a BMP file, black on white, for browsers that let no page read a canvas. */
function fileOf(pixels, scale) {
  const [side, start] = [SIDE * scale, 54 + 4 * 256];
  const file = new Uint8Array(start + side * side);
  const head = new DataView(file.buffer);
  file.set([0x42, 0x4d]); // "BM"
  head.setUint32(2, file.length, true);
  head.setUint32(10, start, true);
  head.setUint32(14, 40, true); // bytes of what follows up to the palette
  head.setInt32(18, side, true);
  head.setInt32(22, -side, true); // the first row is the uppermost
  head.setUint16(26, 1, true);
  head.setUint16(28, 8, true); // bits of a pixel
  for (let grey = 0; grey < 256; grey++) file.fill(255 - grey, 54 + 4 * grey, 57 + 4 * grey);
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++)
      file[start + y * side + x] = pixels[Math.floor(y / scale) * SIDE + Math.floor(x / scale)];
  return `data:image/bmp;base64,${btoa(Array.from(file, (byte) => String.fromCharCode(byte)).join(''))}`;
}
