// Ask the network in use what the drawing is, and show its answer everywhere.
import { article, bytes, say } from '../lib/dom.js';
import { paintShares } from '../lib/paint.js';
import { isEmpty, strokesNow } from '../lib/sheet.js';
import { store } from '../lib/store.js';
import { showBoxes } from './number.js';

export function mountReader(element, desk, { call, question, paper, answer, inside, why, others, act }) {
  const find = (selector) => element.querySelector(selector);
  let again; // the timer of the one question that comes again by itself

  /** Ask the network in use; the newest drawing wins. */
  async function read() {
    const since = desk.touched;
    const asked = desk.drawing;
    const [network, { wide }] = [store.get('network'), desk];
    const drawn = strokesNow(desk);
    const about = question();
    if (!network) return;
    const steps = find('.steps');
    const [name, more] = wide
      ? [about?.picture ? 'read_number_picture' : 'read_number', {}]
      : [about?.strokes ? 'read_strokes' : 'read_other', { inside: inside.wanted, strip: !steps.hidden }];
    const reading = about && (!wide || !('index' in about)) ? await call(name, { ...about, ...more }) : { blank: true };
    const emptied = isEmpty(desk.drawing) && !desk.stroke && !reading.blank;
    if (wide !== desk.wide || asked.picture !== desk.drawing.picture || emptied) return;
    show(reading);
    clearTimeout(again);
    if (reading.silent) again = setTimeout(act.ask, 2_000);
    if (desk.stroke && drawn.length) {
      performance.measure('reading', { start: since, end: performance.now() }); // for bench pad, and any profiler
      performance.clearMeasures('reading');
    }
    if (!desk.stroke) settle(reading);
  }

  function show(reading) {
    find('.boxes').replaceChildren();
    if (reading.error) {
      if (!reading.silent) answer.empty();
      return answer.complain(reading.error);
    }
    if (reading.blank) {
      const complaint = desk.complained === desk.drawing; // it stays to be read
      if (!complaint) answer.empty(reading.sentence ? reading : undefined);
      return inside.empty();
    }
    if (reading.digits) {
      answer.showNumber(reading);
      return showBoxes(element, paper, desk, reading);
    }
    const isExample = desk.drawing === desk.example;
    answer.show(reading, isExample ? 'An example. Draw your own.' : describeTestDigit(desk.drawing));
    say(find('[data-do=why]'), `Why ${article(reading.best)}?`);
    inside.show(reading);
    showStrip(reading);
  }

  function showStrip(reading) {
    if (!reading.strip) return;
    const canvases = [...element.querySelectorAll('.steps canvas')];
    canvases.forEach((canvas, i) => paintShares(canvas, bytes(reading.strip[i])));
  }

  /** The pen is up: the other networks read too, and everything that costs more than a reading. */
  function settle(reading) {
    store.set({ reading: reading.blank || reading.error ? null : reading });
    if (reading.blank || reading.error) others.forget();
    else others.ask();
    if (reading.digit === null) offer();
    why.ask();
  }

  /** What is no digit may be several. */
  async function offer() {
    const refused = desk.drawing;
    const offered = await call('offer_number', question());
    if (refused === desk.drawing && !desk.stroke && offered.number) answer.showWords(offered);
  }

  return { read };
}

function describeTestDigit({ picture, strokes }) {
  if (picture?.index === undefined) return '';
  const changed = strokes.length || picture.wiped ? ', changed by you' : '';
  return `Test digit ${picture.index.toLocaleString('en')}, labelled ${picture.label}${changed}.`;
}
