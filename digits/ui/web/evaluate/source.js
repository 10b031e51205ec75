// What the network is evaluated on: a data set by name, the visitor's own drawings, or a file of theirs.
import { openShelf } from '../draw/kept.js';
import { make, say } from '../lib/dom.js';
import { flatten } from '../lib/strokes.js';

const OWN = 'own';
const FILE = 'file';
const WORDS = {
  'mnist-test': 'MNIST’s test set',
  'mnist-validation': '5,000 held-out training digits',
  [OWN]: 'your drawings',
};

export function mountSource(element, constants, upload, change, complain) {
  const [box, input] = ['.data', '.choose input[type=file]'].map((selector) => element.querySelector(selector));
  const shelf = openShelf(constants.unit, constants.dot);
  const state = { name: Object.keys(constants.sets)[0], path: '', file: '' };
  input.accept = constants.endings.join(',');

  function choose(name) {
    if (name === FILE) return input.click();
    state.name = name;
    show();
    change();
  }

  function show() {
    const own = shelf.read().drawings.length;
    const titles = { ...constants.sets, [OWN]: `My drawings (${own})`, [FILE]: state.file || 'A file' };
    const names = Object.keys(titles);
    if (box.children.length !== names.length) {
      box.replaceChildren(...names.map((name) => make('button', { type: 'button', onclick: () => choose(name) })));
    }
    names.forEach((name, i) => {
      say(box.children[i], titles[name]);
      box.children[i].setAttribute('aria-pressed', String(name === state.name));
    });
  }

  input.addEventListener('change', async () => {
    const [file] = input.files;
    input.value = '';
    if (!file) return;
    const endings = constants.endings.join(', ');
    if (!constants.endings.some((ending) => file.name.toLowerCase().endsWith(ending))) {
      return complain(`${file.name} is no file of labelled drawings; wanted one that ends in ${endings}.`);
    }
    if (file.size > constants.largestFile) {
      const [size, most] = [file.size, constants.largestFile].map((bytes) => Math.round(bytes / 1e6));
      return complain(`${file.name} has ${size} MB; wanted at most ${most} MB. Split it.`);
    }
    complain(`Sending ${file.name}.`, false);
    try {
      state.path = (await upload(file)).path;
    } catch {
      return complain(`${file.name} did not reach the server; choose it again.`);
    }
    Object.assign(state, { name: FILE, file: file.name });
    show();
    change();
  });

  return {
    show,
    choose,
    chooseFile: () => input.click(),
    /** What there is to read now: its name and words, and what a request says of it. */
    now() {
      const own = state.name === OWN;
      const { drawings } = own ? shelf.read() : {};
      const flat = drawings?.map(flatten);
      return {
        name: state.name,
        words: WORDS[state.name] ?? state.file,
        drawings,
        isEmpty: own && !drawings.length,
        payload: own ? { data: OWN, drawings: flat } : { data: state.name, path: state.path },
        key: own ? JSON.stringify(flat) : `${state.name} ${state.path}`,
      };
    },
  };
}
