// The page's address: tab and network of every screen, and the drawing (?tab=evaluate&net=mlp#d=...).
import { store, use } from '../lib/store.js';

export function mountAddress(element) {
  const tabs = [...element.querySelectorAll('[role=tab]')].map((button) => button.dataset.tab);
  const read = () => new URLSearchParams(location.search);
  const tabOf = () => (tabs.includes(read().get('tab')) ? read().get('tab') : 'draw');
  store.set({ tab: tabOf() });
  let moving = false; // while the browser's own buttons move us
  store.watch(['tab', 'network', 'networks'], ({ tab, network, networks }, changed) => {
    const chosen = networks.find(({ key }) => key === network);
    if (!chosen || moving) return;
    const query = read();
    query.set('tab', tab);
    if (chosen.own)
      query.delete('net'); // a visitor's network has a key, not a name: it is nobody else's
    else query.set('net', network);
    if (tab !== 'how') query.delete('step');
    const url = `?${query}${location.hash}`;
    if (url === location.search + location.hash) return;
    if (changed.includes('tab') && location.search) history.pushState(null, '', url);
    else history.replaceState(null, '', url);
  });
  window.addEventListener('popstate', () => {
    moving = true;
    const network = read().get('net');
    store.set({ tab: tabOf() });
    if (store.get('networks').some(({ key }) => key === network)) use(network);
    moving = false;
  });
  return { network: () => read().get('net') };
}
