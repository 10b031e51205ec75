// What the parts of the page share: one drawing and one network that travel across the tabs. The modules of a page are
// loaded once, so this one object is the same for all parts.

/** State that can be watched; `watch` calls at once, then after every `set` that changes one of the names. */
export function makeStore(state) {
  const watchers = new Set();
  return {
    get: (name) => state[name],
    set(changes) {
      const changed = Object.keys(changes).filter((name) => !Object.is(state[name], changes[name]));
      if (!changed.length) return;
      Object.assign(state, changes);
      for (const watcher of [...watchers]) {
        if (watchers.has(watcher) && changed.some((name) => watcher.names.includes(name))) watcher.call(state, changed);
      }
    },
    watch(names, call) {
      const watcher = { names, call };
      watchers.add(watcher);
      call(state, names);
      return () => watchers.delete(watcher);
    },
  };
}

export const store = makeStore({
  visitor: '', // the id that the server gave, once it has
  tab: 'draw', // 'draw' | 'train' | 'evaluate' | 'how', and 'class' where there is one
  hidden: [], // tabs that a teacher has hidden
  frozen: '', // why nobody may start a training, in a sentence
  network: null, // the key of the network in use
  previous: null, // the one that was in use before
  networks: [], // { key, name, detail, own, accuracy, parameters }
  drawing: { strokes: [], picture: null, wide: false },
  reading: null, // what the network in use read
  training: null, // { job, state, share, ahead } of the visitor's newest training, while it is worth showing
  online: true,
  step: null, // of How it works, 1 to 7, where another tab leads to it
});

/** Put a network in use as soon as the list has it; then `after()`. */
export function useOnceListed(wanted, after = () => {}) {
  const off = store.watch(['networks'], ({ networks }) => {
    if (!networks.some(({ key }) => key === wanted)) return;
    queueMicrotask(() => off());
    use(wanted);
    after();
  });
}

/** Put a network in use, everywhere. */
export function use(key) {
  if (key !== store.get('network')) store.set({ previous: store.get('network'), network: key });
}
