// The wall of mistakes: ink on paper, worst first. A filter from the matrix leaves some; pressing one opens it.
import { article, capital, make, say } from '../lib/dom.js';
import { keepFocus } from '../lib/focus.js';
import { tile, useSprite } from './sprite.js';

export function mountWall(element, columns, open) {
  const find = (selector) => element.querySelector(selector);
  const [list, title, note, clear, sidesBox] = ['.wall', '.wall-title', '.wall-note', '.clear-filter', '.sides'].map(
    find,
  );
  let sources = []; // { name, count, mistakes, at, sprite }: one, or what only each of two networks reads right
  let side = 0;
  let wanted = null;

  const fits = ({ label, digit }) => (wanted?.label ?? label) === label && (wanted?.digit ?? digit) === digit;

  function paint() {
    const source = sources[side];
    if (!source) return list.replaceChildren();
    const shown = source.at.filter((at) => fits(source.mistakes[at]));
    const whole = source.count.toLocaleString('en');
    say(
      title,
      wanted
        ? describe(wanted, shown.length)
        : source.name || `${whole} ${source.count === 1 ? 'mistake' : 'mistakes'}`,
    );
    const part = source.at.length < source.count ? `the ${source.at.length} worst of ${whole}` : 'worst first';
    say(note, source.count > 1 || wanted ? part : '');
    clear.hidden = !wanted;
    useSprite(list, source.sprite, source.mistakes.length, columns);
    list.classList.toggle('few', shown.length <= 32);
    list.replaceChildren(
      ...shown.map((at, place) => {
        const { label, digit, probability } = source.mistakes[at];
        const words = `${capital(article(label))} read as ${digit}, ${Math.round(probability * 100)} % sure`;
        const caption = make('span', {}, `${label} → `, make('b', {}, String(digit)));
        const press = () =>
          open(
            shown.map((which) => ({
              ...source.mistakes[which],
              at: which,
              sprite: source.sprite,
              count: source.mistakes.length,
            })),
            place,
          );
        return make(
          'li',
          {},
          make('button', { type: 'button', 'aria-label': words, onclick: press }, tile(at, columns), caption),
        );
      }),
    );
    if (shown.length) return;
    const words = wanted
      ? 'None of those that are shown.'
      : source.name
        ? 'None.'
        : 'Not one. Try a harder data set, or damage it below.';
    list.append(make('li', { class: 'wall-empty' }, words));
  }

  function showSides() {
    sidesBox.hidden = sources.length < 2;
    const buttons = sources.map(({ short }, i) => {
      const press = () => {
        side = i;
        showSides();
        paint();
      };
      return make('button', { type: 'button', 'aria-pressed': String(i === side), onclick: press }, short);
    });
    keepFocus(sidesBox, () => sidesBox.replaceChildren(...buttons));
  }

  return {
    show(next) {
      sources = next;
      side = 0;
      wanted = null;
      showSides();
      paint();
    },
    filter(next) {
      wanted = next;
      paint();
    },
    onClear: (call) => clear.addEventListener('click', call),
  };
}

function describe({ label, digit }, count) {
  const times = `${count} ${count === 1 ? 'mistake' : 'mistakes'}`;
  if (digit === undefined) return `${label} read as something else: ${times}`;
  if (label === undefined) return `Something else read as ${digit}: ${times}`;
  return `${label} read as ${digit}: ${times}`;
}
