// Beside a step: its code with the lines that just ran, what Python prints, what is selected, and what went wrong.
import { make, say } from '../lib/dom.js';

/** -> { of(step), show(step) }. An answer may come when another step is open: what a step writes is kept for that step. */
export function mountAside(find) {
  const kept = new Map(); // step -> { name of a writer: what was last written }
  let shown = null;

  const writers = {
    setCode(lines) {
      find('.code').replaceChildren(...lines.map((line) => make('li', {}, make('code', {}, line))));
    },
    /** Light lines of the code, counted from 0; tone: a (forward) or b (backward). */
    light(lines, tone = 'a') {
      [...find('.code').children].forEach((line, place) => {
        line.className = lines.includes(place) ? `on ${tone}` : '';
      });
    },
    prompt(text) {
      find('.prompt').hidden = !text;
      say(find('.prompt'), text);
    },
    inspect(title, note, ...nodes) {
      find('.inspector').hidden = !title;
      say(find('.inspector h2'), title);
      say(find('.inspector .title .note'), note);
      find('.inspector .body').replaceChildren(...nodes);
    },
    complain(sentence) {
      find('.trouble').hidden = !sentence;
      say(find('.trouble'), sentence);
    },
  };

  function keep(step) {
    const nothing = { setCode: [step.code], light: [[]], prompt: [''], inspect: ['', ''], complain: [''] };
    if (!kept.has(step)) kept.set(step, nothing);
    return kept.get(step);
  }

  function write(step, name, values) {
    keep(step)[name] = values;
    if (step === shown) writers[name](...values);
  }

  return {
    of: (step) =>
      Object.fromEntries(Object.keys(writers).map((name) => [name, (...values) => write(step, name, values)])),
    show(step) {
      shown = step;
      for (const [name, values] of Object.entries(keep(step))) writers[name](...values);
    },
  };
}
