// Asking the server: with patience that ends, and with one voice where it does not answer.
import { store } from './store.js';

export const SILENT = 'The server does not answer. Your drawing is kept.';

/** Functions of a part's server -> call(name, payload, seconds): its answer, or { error, silent } where none came. */
export function connect(server) {
  return async function call(name, payload = {}, seconds = 8) {
    const answer = await Promise.race([
      ask(server, name, { visitor: store.get('visitor'), ...payload }),
      new Promise((done) => setTimeout(done, seconds * 1000)),
    ]);
    store.set({ online: Boolean(answer) });
    return answer || { error: SILENT, silent: true };
  };
}

async function ask(server, name, payload) {
  try {
    return await server[name](payload); // undefined where the server failed
  } catch {
    return undefined;
  }
}

/** At most one request in flight, and the newest wish wins: latest(task) -> ask(). `task` reads what there is now. */
export function latest(task) {
  let busy = false;
  let wanted = false;
  return async function again() {
    wanted = true;
    if (busy) return;
    busy = true;
    while (wanted) {
      wanted = false;
      try {
        await task();
      } catch (fault) {
        console.error(fault);
      }
    }
    busy = false;
  };
}

/** Look at a job again and again, until `look` says that it has ended: short questions, no stream that holds a
 * connection or dies with it. `pause()`: milliseconds between two. -> stop(). */
export function follow(look, pause = () => 200) {
  let on = true;
  (async () => {
    while (on) {
      const ended = await look();
      if (ended || !on) return;
      const rest = document.hidden ? 1_000 : store.get('online') ? pause() : 2_000;
      await new Promise((done) => setTimeout(done, rest));
    }
  })();
  return () => {
    on = false;
  };
}
