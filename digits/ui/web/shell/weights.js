// Open weights: a network that was taken away comes back, from its file.
import { say } from '../lib/dom.js';
import { hold } from '../lib/focus.js';
import { useOnceListed } from '../lib/store.js';

export function mountWeights(find, call, upload, ending) {
  const [button, input, said] = [find('.open-weights'), find('.weights-file'), find('.opened')];
  input.accept = ending;
  button.addEventListener('click', () => button.ariaDisabled === 'true' || input.click());
  input.addEventListener('change', () => {
    const [file] = input.files;
    input.value = '';
    if (!file) return;
    hold(button, async () => say(said, await open(file)));
  });

  /** -> what happened, in a sentence. */
  async function open(file) {
    if (!file.name.toLowerCase().endsWith(ending)) {
      return `${file.name} holds no weights; wanted a file that ends in ${ending}.`;
    }
    say(said, `Sending ${file.name}.`);
    let path;
    try {
      path = (await upload(file)).path;
    } catch {
      return `${file.name} did not reach the server; choose it again.`;
    }
    say(said, 'Reading the test set with it.');
    const answer = await call('open_weights', { path }, 30);
    if (answer.error) return answer.error;
    useOnceListed(answer.network);
    window.dispatchEvent(new Event('digits:networks'));
    return 'It is in use, until the server ends.';
  }
}
