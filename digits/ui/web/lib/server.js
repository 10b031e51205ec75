// Asking the server: with patience that ends, and with one voice where it does not answer.
import { store } from './store.js';

export const SILENT = 'The server does not answer. Your drawing is kept.';
const LOGIN = 'The server wants you to log in; reload the page.';
const REST = 2_000; // milliseconds between two questions while the server is silent, and after
const SESSION = 'digits'; // Gradio wants one, and nothing of ours is kept in it

/** A part's number on the server -> call(name, payload, seconds): its function's answer, or { error, silent } where none
 * came. Gradio's own way to ask has no end: what never answers would keep one of the browser's six connections. */
export function connect(part) {
  return async function call(name, payload = {}, seconds = 8) {
    const question = { visitor: store.get('visitor'), ...payload };
    const answer = await ask(
      { component_id: part, fn_name: name, session_hash: SESSION, data: question },
      AbortSignal.timeout(seconds * 1000),
    );
    store.set({ online: Boolean(answer) });
    return answer || { error: SILENT, silent: true };
  };
}

async function ask(question, signal) {
  try {
    const answer = await fetch(new URL('gradio_api/component_server', document.baseURI), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(question),
      signal,
    });
    if (answer.status === 401) return { error: LOGIN };
    return answer.ok ? await answer.json() : undefined;
  } catch {
    return undefined; // given up, cut off, or no answer at all
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

/** Ask once more when the server answers again. Not at once: a question that fails alone would go round in circles. */
export function onReturn(ask) {
  let before = store.get('online');
  let timer;
  store.watch(['online'], ({ online }) => {
    clearTimeout(timer);
    if (online && !before) timer = setTimeout(ask, REST);
    before = online;
  });
}

/** Look at a job again and again, until `look` says that it has ended: short questions, no stream that holds a
 * connection or dies with it. `pause()`: milliseconds between two. -> stop(). */
export function follow(look, pause = () => 200) {
  let on = true;
  (async () => {
    while (on) {
      const ended = await look();
      if (ended || !on) return;
      const rest = document.hidden ? 1_000 : store.get('online') ? pause() : REST;
      await new Promise((done) => setTimeout(done, rest));
    }
  })();
  return () => {
    on = false;
  };
}
