// The wall of mistakes: ink on paper, worst first; press one to see it large and to load it into the pad.
import { make, percent, say } from '../lib/dom.js';
import { store } from '../lib/store.js';

/** One 28x28 of a sprite -> a tile. The sprite's paper is see-through, its ink black; dark pages invert it. */
export function tile(sprite, at, columns) {
  const ink = make('i');
  const [x, y] = [at % columns, Math.floor(at / columns)];
  ink.style.backgroundImage = `url(${sprite})`;
  ink.style.backgroundSize = `${columns * 100}% auto`;
  ink.style.backgroundPosition = `${columns > 1 ? (x / (columns - 1)) * 100 : 0}% 0`;
  const box = make('span', { class: 'ink' }, ink);
  // A percentage would need the number of rows; ems of the box's own size do not.
  new ResizeObserver((_, watcher) => {
    if (!box.isConnected) return watcher.disconnect();
    ink.style.backgroundPositionY = `${-y * box.clientWidth}px`;
  }).observe(box);
  return box;
}

export function mountWall(element, columns) {
  const find = (selector) => element.querySelector(selector);
  const [list, title, clear, sidesBox, compared, dialog] = ['.wall', '.wall-title', '.clear-filter', '.sides', '.compared', '.detail'].map(find);
  let report = null;
  let wanted = null;
  let sides = null;
  let side = 0;

  function paint() {
    const source = sides ? sides[side] : report;
    if (!source) return;
    const fits = ({ label, digit }) =>
      !wanted || ((wanted.label === undefined || label === wanted.label) && (wanted.digit === undefined || digit === wanted.digit) && label !== digit);
    const shown = source.mistakes.map((mistake, at) => ({ mistake, at })).filter(({ mistake }) => fits(mistake));
    const count = sides ? source.count : report.wrong;
    const part = source.mistakes.length < count ? `, the ${sides ? 'first' : 'worst'} ${source.mistakes.length}` : '';
    say(title, wanted ? describe(wanted, shown.length) : `${count.toLocaleString('en')} ${sides ? 'digits' : count === 1 ? 'mistake' : 'mistakes'}${part}`);
    clear.hidden = !wanted;
    list.replaceChildren(
      ...shown.map(({ mistake, at }) => {
        const words = `A ${mistake.label} read as ${mistake.digit}`;
        const button = make('button', { type: 'button', 'aria-label': words, onclick: () => open(source, mistake, at) });
        button.append(tile(source.sprite, at, columns), make('span', {}, `${mistake.label} → `, make('b', {}, String(mistake.digit))));
        return make('li', {}, button);
      }),
    );
    if (!shown.length) list.append(make('li', { class: 'wall-empty' }, wanted ? 'None of the shown ones.' : 'No mistakes.'));
  }

  function open(source, mistake, at) {
    const [text, load] = [`It was ${mistake.label}, and was read as ${mistake.digit}`, store.get('tab')];
    const share = mistake.probability === null ? '.' : `, ${percent(mistake.probability)} sure.`;
    const canLoad = report?.data === 'mnist-test' || sides;
    const close = make('button', { type: 'button', class: 'button', onclick: () => dialog.close() }, 'Close');
    const edit = () => {
      dialog.close();
      const picture = { index: mistake.index, label: mistake.label };
      store.set({ drawing: { strokes: [], picture, wide: false }, tab: 'draw' });
    };
    dialog.replaceChildren(
      tile(source.sprite, at, columns),
      make('h2', {}, text + share),
      make('p', { class: 'note' }, `Example ${(mistake.index + 1).toLocaleString('en')} of the data.`),
      make('div', { class: 'acts' }, canLoad && load ? make('button', { type: 'button', class: 'button primary', onclick: edit }, 'Load into the pad') : null, close),
    );
    dialog.showModal();
  }

  clear.addEventListener('click', () => {
    wanted = null;
    element.querySelector('.matrix [aria-pressed=true]')?.click();
    paint();
  });
  dialog.addEventListener('click', (event) => event.target === dialog && dialog.close());
  return {
    show(next) {
      report = next;
      wanted = null;
      paint();
    },
    filter(next) {
      wanted = next;
      paint();
    },
    /** What one network reads right and the other wrong, both ways; null: one network's own mistakes. */
    showSides(next, mine = '', other = '') {
      sides = next;
      side = 0;
      wanted = null;
      sidesBox.hidden = !sides;
      compared.hidden = !sides;
      if (!sides) return;
      const names = [`${mine} right, ${other} wrong (${sides[0].count})`, `${other} right, ${mine} wrong (${sides[1].count})`];
      say(compared, 'In the matrix: minus, in blue, is fewer mistakes than the other network.');
      const show = () => {
        sidesBox.replaceChildren(
          ...names.map((name, i) => {
            const press = () => {
              side = i;
              show();
            };
            return make('button', { type: 'button', 'aria-pressed': String(i === side), onclick: press }, name);
          }),
        );
        paint();
      };
      show();
    },
  };
}

function describe({ label, digit }, count) {
  if (digit === undefined) return `${count} mistakes of ${label}`;
  if (label === undefined) return `${count} others read as ${digit}`;
  return `${count} times ${label} read as ${digit}`;
}
