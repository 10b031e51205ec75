// The keyboard's place: a press that builds its own button anew, or disables it, would lose it.
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

/** Run `task` for a press of `button`, one at a time. The button is not disabled meanwhile: that would take its focus. */
export async function hold(button, task) {
  if (button.ariaDisabled === 'true') return;
  button.ariaDisabled = 'true';
  try {
    await task();
  } finally {
    button.ariaDisabled = null;
  }
}
