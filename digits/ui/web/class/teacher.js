// The teacher's controls. The token came with the address, and goes to the server with the teacher's own requests only.
import { make, say } from '../lib/dom.js';

const KEPT = 'digits-teacher';

export function mountTeacher(element, constants, ask) {
  const find = (selector) => element.querySelector(selector);
  const [panel, freeze, said, clearing] = ['.teacher', '.freeze', '.teacher-said', '.clearing'].map(find);
  let token = recall();
  let frozen = false;
  const boxes = Object.entries(constants.tabs).map(([tab, title]) => {
    const box = make('input', { type: 'checkbox', value: tab, checked: true });
    box.addEventListener('change', () => {
      const tabs = boxes.filter(({ checked }) => !checked).map(({ value }) => value);
      tell(ask('hide_tabs', { tabs }));
    });
    find('.switches').append(make('label', { class: 'switch' }, box, title));
    return box;
  });

  async function tell(asked) {
    const answer = await asked;
    say(said, answer.error ?? '');
  }

  freeze.addEventListener('click', () => tell(ask('freeze_training', { frozen: !frozen })));

  function offer() {
    const wish = make('button', { type: 'button', class: 'button clear', onclick: confirm }, 'Clear the board');
    clearing.replaceChildren(wish);
    return wish;
  }

  /** What cannot be undone is asked for twice. */
  function confirm() {
    const sure = make('button', { type: 'button', class: 'button sure', onclick: clear }, 'Clear it');
    const back = make('button', { type: 'button', class: 'button', onclick: () => offer().focus() }, 'Keep it');
    clearing.replaceChildren(sure, back);
    back.focus();
  }

  function clear() {
    tell(ask('clear_board', {}));
    offer().focus();
  }

  offer();
  return {
    token: () => token,
    /** An answer of look_at_class. */
    show(answer) {
      panel.hidden = !answer.teacher;
      if (!answer.teacher) return;
      frozen = Boolean(answer.frozen);
      freeze.setAttribute('aria-pressed', String(frozen));
      say(freeze, frozen ? 'Let them train' : 'Freeze training');
      for (const box of boxes) {
        if (box !== document.activeElement) box.checked = !answer.hidden.includes(box.value);
      }
      find('.reach').hidden = !answer.addresses.length;
      say(find('.reach code'), answer.addresses[0] ?? '');
    },
    /** The token is not right (any more). */
    dismiss(sentence) {
      token = null;
      try {
        sessionStorage.removeItem(KEPT);
      } catch {
        // It was never kept.
      }
      panel.hidden = true;
      say(find('.nickname-said'), sentence);
    },
  };
}

function recall() {
  try {
    return sessionStorage.getItem(KEPT) ?? window.digitsTeacher ?? null;
  } catch {
    return window.digitsTeacher ?? null;
  }
}
