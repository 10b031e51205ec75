// A digit's 784 bytes as a picture for the pad.
import { make } from './dom.js';
import { SIDE } from './mnist.js';
import { colour } from './paint.js';

/** 784 bytes, 255 for ink, as a picture for the pad: what it shows, in the page's ink, and what it sends, black on white. */
export function pictureOf(pixels, node, scale = 10) {
  const pen = colour(node, '--ink');
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
  return { bitmap, data: large.toDataURL('image/png') };
}
