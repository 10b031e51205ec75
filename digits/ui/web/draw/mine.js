// My drawings: those that the visitor labelled, in a drawer; and Teach it, which learns them.
import { article, make, save, say } from '../lib/dom.js';
import { keepFocus } from '../lib/focus.js';
import { latest } from '../lib/server.js';
import { store } from '../lib/store.js';
import { flatten } from '../lib/strokes.js';
import { check, openShelf, parse, textOf } from './kept.js';
import { mountLesson } from './lesson.js';

const READ_AT_ONCE = 100;
const NO_ROOM = 'This browser has no room for more drawings; download them, then delete some.';
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

export function mountMine(element, call, constants, openDrawing, showLesson) {
  const dialog = element.querySelector('dialog.mine');
  const opener = element.querySelector('.mine-button');
  const shelf = openShelf(constants.unit, constants.dot);
  const view = build(dialog);
  let doomed = 0; // drawings that the first press of Delete all asked about
  let answers = new Map(); // strokes as JSON -> digit that the network in use read

  const lesson = mountLesson(view, { call, tell, showLesson, list, drawings: () => shelf.read().drawings });

  /** In the drawer; trouble also above the page, where the drawer is closed: the card beside the pad asks too. */
  function tell(text, trouble = false) {
    say(view.notice, text);
    view.notice.classList.toggle('trouble', trouble);
    if (trouble && !dialog.open) window.dispatchEvent(new CustomEvent('digits:said', { detail: text }));
  }

  function keep(kept) {
    const room = shelf.write(kept);
    if (!room && dialog.open) tell(NO_ROOM, true);
    list();
    return room;
  }

  function list() {
    const { drawings } = shelf.read();
    say(opener, drawings.length ? `My drawings (${drawings.length})` : 'My drawings');
    for (const button of [view.teach, view.download, view.empty]) button.disabled = !drawings.length;
    view.teach.disabled ||= lesson.isActive();
    doomed = 0;
    say(view.empty, 'Delete all');
    if (!dialog.open) return;
    keepFocus(view.tiles, () => view.tiles.replaceChildren(...drawings.map(showTile)), view.upload);
    read();
  }

  function showTile(drawing, i) {
    const digit = answers.get(JSON.stringify(drawing.strokes));
    const right = digit === drawing.label;
    const read =
      digit === undefined ? null : make('span', { class: right ? 'right' : 'wrong' }, ` read ${digit ?? 'nothing'}`);
    const show = make('button', {
      type: 'button',
      class: 'show',
      'aria-label': `Put this ${drawing.label} on the pad`,
      onclick: () => {
        dialog.close();
        openDrawing(drawing.strokes);
      },
    });
    show.innerHTML = picture(drawing.strokes);
    const remove = () => {
      const kept = shelf.read();
      kept.drawings.splice(i, 1);
      keep(kept);
    };
    const cross = make(
      'button',
      { type: 'button', class: 'remove', 'aria-label': `Delete this ${drawing.label}`, onclick: remove },
      '×',
    );
    return make('li', {}, show, make('b', {}, String(drawing.label)), read, cross);
  }

  const read = latest(async () => {
    const network = store.get('network');
    const unread = shelf.read().drawings.filter((drawing) => !answers.has(JSON.stringify(drawing.strokes)));
    const asked = unread.slice(0, READ_AT_ONCE);
    if (!asked.length || !dialog.open) return;
    const answer = await call('read_drawings', { network, drawings: asked.map(flatten) });
    if (network !== store.get('network')) return;
    if (answer.error) return tell(answer.error, true);
    asked.forEach((drawing, i) => answers.set(JSON.stringify(drawing.strokes), answer.digits[i]));
    list();
  });

  store.watch(['network'], () => {
    answers = new Map();
    list();
  });
  window.addEventListener('storage', (event) => event.key === shelf.name && list());

  /** "It was a 7": keep the drawing with its label -> { kept, sentence }: whether it is, and what happened. */
  function correct(label, strokes) {
    const shelved = shelf.read();
    const refuse = (sentence) => ({ kept: false, sentence });
    let drawing;
    try {
      drawing = check({ label, strokes, writer: shelved.writer }, constants.unit, constants.dot);
    } catch {
      return refuse('That is too small to keep; draw it larger.');
    }
    const known = shelved.drawings.find((before) => same(before.strokes, drawing.strokes));
    if (known)
      known.label = label; // the visitor thought again
    else if (shelved.drawings.length >= constants.mostDrawings) {
      return refuse(`My drawings holds ${constants.mostDrawings}; download them, then delete some.`);
    } else shelved.drawings.unshift(drawing);
    if (!keep(shelved)) return refuse(NO_ROOM);
    return { kept: true, sentence: `Kept as ${article(label)} in My drawings.` };
  }

  view.close.addEventListener('click', () => dialog.close());
  view.download.addEventListener('click', () => {
    const lines = shelf.read().drawings.map((drawing) => `${JSON.stringify({ set: 'mine', ...drawing })}\n`);
    save('my-drawings.jsonl', 'application/jsonl', new Blob(lines));
  });
  view.upload.addEventListener('click', () => view.file.click());
  view.empty.addEventListener('click', () => {
    const kept = shelf.read();
    if (doomed !== kept.drawings.length) {
      doomed = kept.drawings.length;
      return say(view.empty, `Really delete ${doomed}?`); // the second press does it
    }
    keep({ ...kept, drawings: [] });
    tell('Deleted.');
  });
  view.file.addEventListener('change', async () => {
    const [file] = view.file.files;
    view.file.value = '';
    if (!file) return;
    try {
      add(parse(await textOf(file, constants.largestFile), file.name, constants.unit, constants.dot), file.name);
    } catch (error) {
      tell(error.message, true);
    }
  });

  function add(drawings, name) {
    const kept = shelf.read();
    const keyOf = ({ label, strokes }) => JSON.stringify([label, strokes]);
    const known = new Set(kept.drawings.map(keyOf));
    const fresh = drawings.filter((drawing) => !known.has(keyOf(drawing)) && known.add(keyOf(drawing)));
    const room = constants.mostDrawings - kept.drawings.length;
    if (fresh.length > room) {
      const many = fresh.length.toLocaleString('en');
      throw new Error(
        `"${name}" has ${many} new drawings, and there is room for ${room} of ${constants.mostDrawings}; ` +
          'delete some, or split the file.',
      );
    }
    kept.drawings.unshift(...fresh);
    const there = drawings.length - fresh.length;
    if (keep(kept)) tell(there ? `Added ${fresh.length}; ${there} were here already.` : `Added ${fresh.length}.`);
  }

  function open() {
    if (!dialog.open) dialog.showModal();
    list();
  }
  dialog.addEventListener('click', (event) => event.target === dialog && dialog.close());
  list();
  return { open, correct, teach: lesson.teach, decide: lesson.decide, drawings: () => shelf.read().drawings };
}

function build(dialog) {
  const button = (text, kind = '') => make('button', { type: 'button', class: `button ${kind}` }, text);
  const view = {
    teach: button('Teach it', 'primary'),
    stop: button('Stop teaching'),
    upload: button('Upload'),
    download: button('Download'),
    empty: button('Delete all'),
    keep: button('Keep', 'primary'),
    discard: button('Discard'),
    close: make('button', { type: 'button', class: 'tool' }, 'Close'),
    notice: make('p', { class: 'notice', role: 'status', 'aria-live': 'polite' }),
    progress: make('progress', { max: 1, value: 0, 'aria-label': 'Teaching progress', hidden: true }),
    rows: make('tbody'),
    tiles: make('ul', { class: 'drawings', 'aria-label': 'My drawings' }),
    file: make('input', { type: 'file', accept: '.jsonl,.gz', hidden: true, 'aria-label': 'Drawings' }),
  };
  view.stop.hidden = true;
  const head = ['Read right', 'before', 'after'].map((text) => make('th', { scope: 'col' }, text));
  view.lesson = make(
    'div',
    { class: 'lesson', hidden: true },
    make('table', {}, make('thead', {}, make('tr', {}, ...head)), view.rows),
    make('div', { class: 'acts' }, view.keep, view.discard),
  );
  dialog.append(
    make('div', { class: 'mine-head' }, make('h2', {}, 'My drawings'), view.close),
    make(
      'p',
      { class: 'note' },
      'Where a reading is wrong, press the digit that it was: the drawing is kept here, in this browser only. ' +
        'Teach it: a copy of the network in use learns from these drawings in seconds.',
    ),
    make('div', { class: 'acts' }, view.teach, view.stop, view.upload, view.download, view.empty),
    view.notice,
    view.progress,
    view.lesson,
    view.tiles,
    view.file,
  );
  return view;
}

/** Strokes as a small SVG. */
export function picture(strokes) {
  const points = strokes.flat();
  const [xs, ys] = [0, 1].map((i) => points.map((point) => point[i]));
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const [width, height] = [Math.max(...xs) - left, Math.max(...ys) - top];
  const side = Math.max(width, height) * 1.25;
  const corner = [left + (width - side) / 2, top + (height - side) / 2];
  const lines = strokes.map(
    (stroke) => `<polyline points="${(stroke.length > 1 ? stroke : [stroke[0], stroke[0]]).join(' ')}"/>`,
  );
  const viewBox = [...corner, side, side].join(' ');
  return `<svg aria-hidden="true" viewBox="${viewBox}" stroke-width="${side * 0.07}">${lines.join('')}</svg>`;
}
