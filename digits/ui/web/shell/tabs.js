// The tabs: a tablist of our own over the parts, which stay in the page with all that is in them.
import { percent, say } from '../lib/dom.js';
import { store } from '../lib/store.js';

export function mountTabs(element) {
  const tabs = [...element.querySelectorAll('[role=tab]')];
  const shown = () => tabs.filter((button) => !button.hidden);
  const container = element.closest('.gradio-container') || document.body;
  store.watch(['tab', 'hidden'], ({ tab, hidden }) => {
    for (const button of tabs) button.hidden = hidden.includes(button.dataset.tab);
    const gone = tabs.find((button) => button.hidden && button.dataset.tab === tab);
    if (!gone) return;
    const detail = `The teacher has hidden ${gone.querySelector('span').textContent}.`;
    queueMicrotask(() => {
      store.set({ tab: 'draw' });
      window.dispatchEvent(new CustomEvent('digits:said', { detail }));
    });
  });
  store.watch(['tab'], ({ tab }) => {
    container.dataset.tab = tab;
    for (const button of tabs) {
      const chosen = button.dataset.tab === tab;
      button.setAttribute('aria-selected', String(chosen));
      button.tabIndex = chosen ? 0 : -1;
      const panel = document.getElementById(button.dataset.tab);
      if (panel) {
        panel.setAttribute('role', 'tabpanel');
        panel.setAttribute('aria-labelledby', button.id);
      }
    }
    window.scrollTo(0, 0);
  });
  element.querySelector('.tabs').addEventListener('click', (event) => {
    const button = event.target.closest('[role=tab]');
    if (button) store.set({ tab: button.dataset.tab });
  });
  element.querySelector('.tabs').addEventListener('keydown', (event) => {
    const open = shown();
    const at = open.findIndex((button) => button.dataset.tab === store.get('tab'));
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: open.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    const button = open[(next + open.length) % open.length];
    store.set({ tab: button.dataset.tab });
    button.focus();
  });
  document.addEventListener('keydown', (event) => {
    if (!event.altKey || event.ctrlKey || event.metaKey || !/^Digit[1-9]$/.test(event.code)) return;
    const button = shown()[Number(event.code.at(-1)) - 1];
    if (!button) return;
    event.preventDefault();
    store.set({ tab: button.dataset.tab });
  });
  showPill(element.querySelector('.pill'));
}

function showPill(pill) {
  store.watch(['training', 'tab'], ({ training, tab }) => {
    if (training?.state === 'done' && tab === 'train') queueMicrotask(() => store.set({ training: null })); // seen
    pill.hidden = !training;
    if (!training) return;
    const { state, share = 0, ahead = 0 } = training;
    const words = { waiting: `${ahead} before`, paused: 'paused', done: '✓', failed: '!', silent: '?' };
    say(pill, words[state] ?? percent(share));
  });
}
