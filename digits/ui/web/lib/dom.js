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

/** Set a text only where it differs, so that a live region speaks once. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export const bytes = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

export const percent = (share, digits = 0) => `${(share * 100).toFixed(digits)}%`;

export function duration(seconds) {
  if (seconds < 1.5) return `${seconds.toFixed(1)} s`;
  return seconds < 100 ? `${Math.round(seconds)} seconds` : `${Math.round(seconds / 60)} minutes`;
}

export const isStill = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

/** Hand a file to the visitor. */
export function save(name, type, content) {
  const blob = content instanceof Blob ? content : new Blob([content], { type });
  const anchor = make('a', { href: URL.createObjectURL(blob), download: name });
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), 10_000);
}
