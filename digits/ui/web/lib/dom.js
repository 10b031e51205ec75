// Elements, as short as they can be made.

/** make('p', { class: 'note', hidden: true, onclick }, 'text', child, ...) -> the element. */
export function make(tag, attributes = {}, ...children) {
  return furnish(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
export function draw(tag, attributes = {}, ...children) {
  return furnish(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
}

function furnish(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

const said = new WeakMap(); // node -> its text as it was set: a translator changes what stands there

/** Set a text only where it differs from the one before, so that a live region speaks once and a translation stays. */
export function say(node, text) {
  const before = said.has(node) ? said.get(node) : node.textContent;
  said.set(node, text);
  if (before !== text) node.textContent = text;
}

export const bytes = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

/** "a 7", "an 8". */
export const article = (digit) => `${digit === 8 ? 'an' : 'a'} ${digit}`;

export const capital = (words) => words[0].toUpperCase() + words.slice(1);

export const percent = (share, digits = 0) => `${(share * 100).toFixed(digits)}%`;

export function duration(seconds) {
  if (seconds < 1.5) return `${seconds.toFixed(1)} s`;
  return seconds < 100 ? `${Math.round(seconds)} seconds` : `${Math.round(seconds / 60)} minutes`;
}

/** Seconds in a table: "3.8 s", "42 s", "3 min". */
export const brief = (seconds) =>
  seconds < 100 ? `${seconds.toFixed(seconds < 10 ? 1 : 0)} s` : `${Math.round(seconds / 60)} min`;

/** Call whenever what is painted on a canvas has to be painted anew: dark or light, or a screen of other pixels. */
export function onLook(paint) {
  new MutationObserver(paint).observe(document.body, { attributes: true, attributeFilter: ['class'] });
  const watch = () => {
    const screen = matchMedia(`(resolution: ${window.devicePixelRatio || 1}dppx)`);
    const change = () => {
      watch();
      paint();
    };
    screen.addEventListener('change', change, { once: true });
  };
  watch();
}

let darkened;

/** Whether the browser darkens pages by itself. It leaves canvases as they are: ink needs a ground of its own then. */
export function isDarkened() {
  if (darkened === undefined) {
    const probe = make('i', { style: 'background:canvas;color-scheme:light' });
    document.body.append(probe);
    darkened = !isForced() && getComputedStyle(probe).backgroundColor !== 'rgb(255, 255, 255)';
    probe.remove();
  }
  return darkened;
}

const isForced = () => matchMedia('(forced-colors: active)').matches;

export const isStill = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

/** Hand a file to the visitor. */
export function save(name, type, content) {
  const blob = content instanceof Blob ? content : new Blob([content], { type });
  const anchor = make('a', { href: URL.createObjectURL(blob), download: name });
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), 10_000);
}
