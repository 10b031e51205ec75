// The same strokes, read by every network that the visitor has; and what to do next.
import { article, duration, make, percent } from '../lib/dom.js';
import { keepFocus } from '../lib/focus.js';
import { latest } from '../lib/server.js';
import { isTeachable } from '../lib/sheet.js';
import { store, use } from '../lib/store.js';

const MOST = 4; // rows; the rest is behind a button

export function mountOthers(element, desk, call, question, act) {
  const [list, next] = [element.querySelector('.others'), element.querySelector('.next')];
  let answers = {};
  let all = false;
  let lesson = null; // a teaching that runs or waits for a decision

  const ask = latest(async () => {
    const about = question();
    const { wide } = desk;
    const readable = about && !(wide && 'index' in about); // a test digit is no number
    const asked = desk.drawing;
    const name = wide ? 'read_number_with_all' : 'read_with_all';
    const answer = readable ? await call(name, about) : { answers: {} };
    if (answer.error || asked !== desk.drawing) return;
    answers = answer.answers;
    show();
  });

  function show() {
    const networks = store.get('networks');
    const used = store.get('network');
    const sorted = [...networks].sort((a, b) => (b.key === used) - (a.key === used));
    const rows = (all ? sorted : sorted.slice(0, MOST)).map((network) => {
      const answer = answers[network.key];
      const read = answer?.text ?? answer?.best; // a number, or a digit
      const share = read == null ? '' : percent(answer.probability);
      const gauge = make('i');
      gauge.style.width = share || '0';
      return make(
        'li',
        {},
        make(
          'button',
          {
            type: 'button',
            class: 'reader',
            'data-key': network.key,
            'aria-pressed': String(network.key === used),
            onclick: () => use(network.key),
          },
          make('i', { class: network.key === used ? 'mark used' : 'mark' }),
          make(
            'span',
            {},
            make('b', {}, network.name),
            make('small', {}, network.own ? `${network.model}, ${network.detail}` : network.detail),
          ),
          make('span', { class: 'share-of' }, share, make('div', { class: 'gauge', hidden: !share }, gauge)),
          make('span', { class: nameReading(answer) }, String(read ?? '')),
        ),
      );
    });
    if (networks.length > MOST) {
      const toggle = () => {
        all = !all;
        show();
      };
      const text = all ? 'Fewer' : `All ${networks.length}`;
      rows.push(
        make(
          'li',
          { class: 'more' },
          make('button', { type: 'button', class: 'link', 'data-key': 'more', onclick: toggle }, text),
        ),
      );
    }
    keepFocus(list, () => list.replaceChildren(...rows));
    showNext(networks, used);
  }

  function showNext(networks, used) {
    const card = lesson
      ? lessonCard(lesson, act)
      : chooseCard({
          networks,
          used,
          answers,
          reading: store.get('reading'),
          teachable: isTeachable(desk.drawing),
          act,
        });
    const acts = card.acts.map(([text, run], i) =>
      make('button', { type: 'button', class: i || card.quiet ? 'button' : 'button primary', onclick: run }, text),
    );
    keepFocus(next, () =>
      next.replaceChildren(
        make('h2', {}, card.title),
        make('p', {}, card.text),
        make('div', { class: 'acts' }, ...acts),
      ),
    );
  }

  store.watch(['network', 'networks', 'reading'], show);
  return {
    ask,
    forget() {
      answers = {};
      show();
    },
    showLesson(answer) {
      lesson = answer?.active || answer?.result ? answer : null;
      show();
    },
  };
}

function nameReading(answer) {
  if (answer?.text) return 'read whole';
  return answer?.digit == null ? 'read unsure' : 'read';
}

function lessonCard(lesson, act) {
  if (lesson.active) {
    return {
      title: `Teaching: ${percent(lesson.share)}`,
      text: lesson.sentence,
      quiet: true,
      acts: [['My drawings', act.openMine]],
    };
  }
  const [before, after] = lesson.result.test;
  const { count, drawings } = lesson.result;
  const text =
    `It reads ${Math.round(drawings[1] * count)} of your ${count} right, ` +
    `and ${percent(after, 2)} of the test set (before: ${percent(before, 2)}).`;
  const acts = [
    ['Keep', () => act.decide('keep_teaching')],
    ['Discard', () => act.decide('discard_teaching')],
  ];
  return { title: 'Taught. Keep it?', text, acts };
}

/** The first card that fits -> { title, text, acts: [[text, run], ...] }. */
export function chooseCard({ networks, used, answers, reading, teachable, act }) {
  const current = networks.find(({ key }) => key === used);
  const own = networks.filter((network) => network.own);
  const train = ['Train another', act.train];
  const test = ['Test it', act.evaluate];
  if (reading && reading.digit === null && reading.best !== undefined) {
    return {
      title: 'No digit that I know',
      text: 'See how this network does on 10,000 test digits, or try a hard one.',
      quiet: true,
      acts: [test, ['Try a hard one', act.tryHard]],
    };
  }
  const first = answers[used];
  const readAs = ({ text, best }) => (text === undefined ? article(best) : text || 'nothing'); // a number, or a digit
  const differing = Object.entries(answers).filter(
    ([key, answer]) => key !== used && first && readAs(answer) !== readAs(first),
  );
  if (current && first && differing.length) {
    const counts = new Map();
    for (const [, answer] of differing) counts.set(readAs(answer), (counts.get(readAs(answer)) ?? 0) + 1);
    const [[read, count]] = [...counts].sort((a, b) => b[1] - a[1]);
    const rest = Object.keys(answers).length - 1;
    const who = count === rest ? (rest === 1 ? 'The other' : `The other ${rest}`) : `${count} of the other ${rest}`;
    const title = `${who} read${count === 1 ? 's' : ''} ${read}`;
    if (first.text !== undefined)
      return { title, text: 'Which of them is right? Test them on 10,000 digits.', acts: [test] };
    const text = 'Train another network: it reads this very drawing after every update.';
    if (!teachable) return { title, text, acts: [train] };
    const pupil = current.own ? current.name.toLowerCase() : 'a copy of this one';
    const { best } = differing.map(([, answer]) => answer).find((answer) => readAs(answer) === read);
    const teach = [`Teach it: ${read}`, () => act.teachAs(best)];
    return { title, text: `${text} Or teach ${pupil}.`, acts: [train, teach] };
  }
  if (!own.length) {
    const learned = current ? `This network learned for ${duration(current.seconds)}. ` : '';
    const text = `${learned}Yours can learn in seconds, and reads this very drawing while it does.`;
    return {
      title: 'Now train your own',
      text,
      acts: [
        ['Train mine', act.train],
        ['Try a hard one', act.tryHard],
      ],
    };
  }
  const text = first
    ? 'Draw one that it gets wrong, test it on 10,000 digits, or train another.'
    : 'Draw a digit: your networks read it.';
  return {
    title: first ? 'They all agree' : 'Your networks are waiting',
    text,
    acts: [['Try a hard one', act.tryHard], test],
    quiet: true,
  };
}
