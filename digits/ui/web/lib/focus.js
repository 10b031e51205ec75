// The keyboard's place in what is built anew: without it a press that rebuilds its own button loses it.
const CONTROLS = 'button, input, select, textarea, [tabindex]';

/** Run `build`, which makes what is in `node` anew. The focus stays on the control with the same data-key, else on the one
 * in the same place, else on the last; on `otherwise` where none is left. */
export function keepFocus(node, build, otherwise = null) {
  const list = () => [...node.querySelectorAll(CONTROLS)].filter((control) => !control.disabled);
  const focused = document.activeElement;
  const at = list().indexOf(focused);
  build();
  if (at < 0) return;
  const controls = list();
  const { key } = focused.dataset;
  const same = key && controls.find((control) => control.dataset.key === key);
  (same || controls[at] || controls.at(-1) || otherwise)?.focus({ preventScroll: true });
}
