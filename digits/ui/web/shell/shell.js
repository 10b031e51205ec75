// The shell: it knows the visitor, the tab, and the network in use, and everything else follows the store.
import { make, onLook, percent, say } from '../lib/dom.js';
import { keepFocus } from '../lib/focus.js';
import { paintDrawing } from '../lib/paint.js';
import { questionOf } from '../lib/question.js';
import { connect, follow, latest } from '../lib/server.js';
import { store, use } from '../lib/store.js';
import { mountAddress } from './address.js';
import { mountShare } from './share.js';
import { mountTabs } from './tabs.js';
import { mountWeights } from './weights.js';

const PEN = 60; // units: the tile is small, so its pen is thick

export function mount({ element, props, part, upload }) {
  const { constants } = props;
  const call = connect(part);
  const find = (selector) => element.querySelector(selector);
  const address = mountAddress(element);
  mountTabs(element);
  mountShare(element, call, constants, address);
  showTile(find, constants.unit);
  showNetwork(find);
  mountChoice(find, call);
  mountWeights(find, call, upload, constants.weightsEnding);
  showBars(find);

  let stored = '';
  try {
    stored = localStorage.getItem('digits-visitor') || '';
  } catch {
    // Storage is blocked: the visitor is new at every load.
  }
  // Older pages kept it as Gradio does, in quotes.
  const refresh = async () => {
    const answer = await call('identify', { visitor: store.get('visitor') || stored.replaceAll('"', '') });
    if (answer.error) return answer;
    try {
      localStorage.setItem('digits-visitor', answer.visitor);
    } catch {
      // As above.
    }
    store.set({ visitor: answer.visitor, networks: answer.networks });
    const known = answer.networks.map((network) => network.key);
    if (!known.includes(store.get('network'))) {
      store.set({ network: known.includes(address.network()) ? address.network() : constants.network });
    }
    if (answer.training && !store.get('training')) store.set({ training: { job: answer.training, state: 'running' } });
    store.set({ reach: answer });
    return answer;
  };
  window.addEventListener('digits:networks', refresh); // a training or a teaching has left one, or taken one away
  let stop = () => {};
  /** Until the server has answered: once at the start, then whenever it was away. */
  const askAgain = () => {
    stop();
    stop = follow(
      async () => !(await refresh()).error || Boolean(store.get('online') && store.get('visitor')),
      () => 2_000,
    );
  };
  askAgain();
  store.watch(['online'], ({ online }) => {
    if (!online) askAgain();
  });
}

function showTile(find, unit) {
  const canvas = find('.mine canvas');
  const paint = () => paintDrawing(canvas, store.get('drawing'), unit, PEN);
  store.watch(['drawing'], paint);
  onLook(paint);
  find('.mine').addEventListener('click', () => store.set({ tab: 'draw' }));
}

/** What the header says of a network: [name, detail]. */
export function describe(network) {
  if (!network) return ['', ''];
  const name = network.own ? `${network.name}, ${network.model}` : network.name;
  const accuracy = network.accuracy === null ? '' : `, ${percent(network.accuracy, 2)} on the test set`;
  return [name, network.own ? `${network.detail}${accuracy}` : `shipped${accuracy}`];
}

function showNetwork(find) {
  const [name, detail] = [find('.network b'), find('.network small')];
  store.watch(['network', 'networks'], ({ network, networks }) => {
    const [title, small] = describe(networks.find(({ key }) => key === network));
    say(name, title);
    say(detail, small);
    find('.network').title = title;
  });
}

/** The list of networks, each with what it reads the drawing as; choosing one puts it in use everywhere. */
function mountChoice(find, call) {
  const [button, dialog, list] = [find('.network'), find('.choice'), find('.choice ul')];
  let answers = {};
  const show = () => {
    const rows = store.get('networks').map((network) => {
      const [name, detail] = describe(network);
      const answer = answers[network.key];
      const used = network.key === store.get('network');
      const choose = () => {
        use(network.key);
        dialog.close();
      };
      return make(
        'li',
        {},
        make(
          'button',
          { type: 'button', class: 'reader', 'data-key': network.key, 'aria-pressed': String(used), onclick: choose },
          make('i', { class: used ? 'mark used' : 'mark' }),
          make('span', {}, make('b', {}, name), make('small', {}, detail)),
          make('span', { class: 'share-of' }, answer?.best == null ? '' : percent(answer.probability)),
          make('span', { class: answer?.digit == null ? 'read unsure' : 'read' }, answer?.best ?? ''),
        ),
      );
    });
    keepFocus(list, () => list.replaceChildren(...rows)); // the answers come while it has the focus
  };
  const ask = latest(async () => {
    const question = questionOf(store.get('drawing'));
    const answer = question ? await call('read_with_all', question) : { answers: {} };
    if (!answer.error) answers = answer.answers;
    show();
  });
  button.addEventListener('click', () => {
    if (dialog.open) return dialog.close();
    show();
    ask();
    dialog.show();
    button.setAttribute('aria-expanded', 'true');
    (list.querySelector('[aria-pressed=true]') || list.querySelector('button'))?.focus();
  });
  dialog.addEventListener('close', () => {
    button.setAttribute('aria-expanded', 'false');
    button.focus({ preventScroll: true });
  });
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && dialog.open) dialog.close();
  });
  document.addEventListener('pointerdown', (event) => {
    if (dialog.open && !dialog.contains(event.target) && !button.contains(event.target)) dialog.close();
  });
  store.watch(['networks'], () => dialog.open && show());
}

function showBars(find) {
  const [offline, back] = [find('.offline'), find('.back')];
  store.watch(['online'], ({ online }) => {
    offline.hidden = online;
    offline.textContent = online
      ? ''
      : 'The server does not answer. Your drawing is kept; this page asks again by itself.';
  });
  let timer;
  function tell(...words) {
    back.replaceChildren(...words);
    back.hidden = false;
    clearTimeout(timer);
    timer = setTimeout(() => {
      back.hidden = true;
    }, 10_000);
  }
  window.addEventListener('digits:said', ({ detail }) => tell(detail));
  window.addEventListener('digits:used', ({ detail }) => {
    // A finished training was put in use by itself: the one before it stays one press away.
    const before = store.get('networks').find(({ key }) => key === store.get('previous'));
    if (!before) return;
    const undo = () => {
      use(before.key);
      back.hidden = true;
    };
    tell(detail, make('button', { type: 'button', class: 'link', onclick: undo }, `Back to ${before.name}`));
  });
}
