// Show me the PyTorch: one plain script that trains the same network the same way, to copy or to take away.
import { make, save, say } from '../lib/dom.js';

const QUIET = /"""[\s\S]*?"""|"[^"\n]*"|'[^'\n]*'|#[^\n]*/; // strings and comments
const KEY = /\b(?:import|from|def|class|return|for|in|if|else|with|as|lambda|None|True|False|not|and|or)\b/;
const WORDS = new RegExp(`(${QUIET.source})|${KEY.source}`, 'g');

export function mountPytorch(element, call) {
  const close = make('button', { type: 'button', class: 'tool' }, 'Close');
  const text = make('pre', { class: 'script', translate: 'no', tabindex: 0, 'aria-label': 'The script' });
  const line = make('code', { class: 'command', translate: 'no' });
  const told = make('p', { class: 'note', role: 'status' });
  const buttons = ['Copy', 'train.py', 'train.ipynb'].map((name) =>
    make('button', { type: 'button', class: 'button' }, name),
  );
  const [copy, script, notebook] = buttons;
  const dialog = make(
    'dialog',
    { class: 'drawer pytorch', 'aria-label': 'The same training in plain PyTorch' },
    make('div', { class: 'head' }, make('h2', {}, 'The same in plain PyTorch'), close),
    make(
      'p',
      { class: 'note' },
      'It needs torch and torchvision alone. In float32 on one thread its losses are this app’s, to the bit.',
    ),
    make('div', { class: 'row' }, ...buttons),
    told,
    text,
    make('p', { class: 'note' }, 'On the command line of this app:'),
    line,
  );
  let made = null;
  element.append(dialog);
  close.addEventListener('click', () => dialog.close());
  dialog.addEventListener('click', (event) => event.target === dialog && dialog.close());
  copy.addEventListener('click', async () => {
    const copied = await navigator.clipboard?.writeText(made.script).then(
      () => true,
      () => false,
    );
    say(told, copied ? 'Copied.' : 'The browser does not let the page copy; mark the text and copy it.');
  });
  script.addEventListener('click', () => save('train.py', 'text/x-python', made.script));
  notebook.addEventListener('click', () => save('train.ipynb', 'application/x-ipynb+json', made.notebook));

  return async function open(settings) {
    const answer = await call('write_pytorch', { settings });
    made = answer.error ? null : answer;
    say(told, answer.error ?? '');
    for (const button of buttons) button.disabled = !made;
    text.hidden = !made;
    say(line, made?.command ?? '');
    text.replaceChildren(...(made ? colour(made.script) : []));
    if (!dialog.open) dialog.showModal();
  };
}

/** Strings, comments and key words in marks of their own. */
function colour(source) {
  const nodes = [];
  let at = 0;
  for (const found of source.matchAll(WORDS)) {
    nodes.push(source.slice(at, found.index));
    nodes.push(make('span', { class: found[1] ? 'quiet' : 'word' }, found[0]));
    at = found.index + found[0].length;
  }
  return [...nodes, source.slice(at)];
}
