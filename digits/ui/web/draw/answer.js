// The answer: a digit, words, ten bars, and the ten labels under them, which are the correction buttons.
import { article, make, percent, say } from '../lib/dom.js';
import { isTeachable } from '../lib/sheet.js';

const SHOWN = 0.015; // a bar above this has its per cent
const KEPT_FOR = 2_000; // milliseconds that the old answer stays beside a new network's

export function mountAnswer(element, desk, correct) {
  const find = (selector) => element.querySelector(selector);
  const [answer, sentence, doubt, before] = ['.answer', '.sentence', '.doubt', '.before'].map(find);
  const several = find('[data-do=asNumber]');
  const [bars, labels, correction] = ['.bars', '.labels', '.correct'].map(find);
  const invitation = correction.textContent;
  const columns = Array.from({ length: 10 }, () => {
    const column = { fill: make('i'), share: make('span') };
    column.bar = make('div', { class: 'bar none' }, column.fill, column.share);
    return column;
  });
  bars.append(...columns.map(({ bar }) => bar));
  const buttons = Array.from({ length: 10 }, (_, digit) =>
    make(
      'button',
      { type: 'button', 'aria-label': `It was ${article(digit)}`, onclick: () => correct(digit) },
      String(digit),
    ),
  );
  labels.append(...buttons);

  let shown = [[], null];
  new ResizeObserver(() => showBars(...shown)).observe(bars); // a phone is turned

  function showBars(probabilities, first) {
    shown = [probabilities, first];
    const height = columns[0].bar.clientHeight; // once: each look lays the page out anew
    columns.forEach(({ bar, fill, share }, digit) => {
      const value = probabilities[digit] ?? 0;
      bar.className = digit === first ? 'bar first' : value > SHOWN ? 'bar' : 'bar none';
      fill.style.transform = `scaleY(${Math.max(0.012, value)})`;
      share.style.transform = `translateY(${-value * height}px)`;
      say(share, value > SHOWN ? percent(value) : '');
      buttons[digit].classList.toggle('first', digit === first);
    });
    const words = probabilities.map((value, digit) => `${digit}: ${percent(value, 1)}`).join(', ');
    bars.setAttribute('aria-label', words ? `Probabilities: ${words}` : 'Probability of each digit');
  }

  function showWords(reading, origin = '') {
    sentence.classList.remove('trouble', 'away');
    several.hidden = !reading.number;
    say(sentence, reading.sentence);
    say(doubt, [reading.doubt, origin].filter(Boolean).join(' '));
  }

  let timer;
  return {
    showWords,
    show(reading, origin) {
      answer.className = reading.digit === null ? 'answer unsure' : 'answer';
      say(answer, String(reading.best));
      showWords(reading, origin);
      showBars(reading.probabilities, reading.best);
      this.allow(isTeachable(desk.drawing));
    },
    showNumber(reading) {
      answer.className = 'answer several';
      say(answer, ''); // so that a digit after it is set again
      answer.style.setProperty('--count', Math.max(2, reading.digits.length));
      answer.replaceChildren(
        ...reading.digits.map((digit) =>
          make('span', { class: digit.digit === null ? 'unsure' : '' }, String(digit.best)),
        ),
      );
      showWords(reading);
      sentence.classList.add('away'); // it says the number again, for who hears the page
      showBars([], null);
      this.allow(false);
    },
    empty(words = { sentence: desk.wide ? 'Write a number.' : 'Draw a digit.', doubt: '' }) {
      answer.className = 'answer unsure';
      say(answer, '?');
      showWords(words);
      showBars([], null);
      this.allow(false);
    },
    complain(text) {
      sentence.classList.remove('away');
      sentence.classList.add('trouble');
      several.hidden = true;
      say(sentence, text);
      say(doubt, '');
    },
    /** The old answer stands greyed beside the new network's for a moment. */
    remember(digit) {
      clearTimeout(timer);
      before.hidden = false;
      say(before, String(digit));
      timer = setTimeout(() => {
        before.hidden = true;
      }, KEPT_FOR);
    },
    allow(on) {
      for (const button of buttons) button.disabled = !on;
      correction.classList.toggle('idle', !on);
    },
    /** Which label is pressed (null: none), and what is said below. */
    mark(label, text = invitation) {
      buttons.forEach((button, digit) => {
        button.setAttribute('aria-pressed', String(digit === label));
      });
      say(correction, text);
    },
  };
}
