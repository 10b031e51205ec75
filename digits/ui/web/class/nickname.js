// The visitor's own nickname: chosen, changed, taken off.
import { say } from '../lib/dom.js';

export function mountNickname(element, constants, ask) {
  const find = (selector) => element.querySelector(selector);
  const [form, named, input, said] = ['.nickname', '.named', '.nickname input', '.nickname-said'].map(find);
  let changing = false;
  let teaches = false;
  let nickname = '';
  input.maxLength = 2 * constants.longestNickname; // the server counts what is seen, and says so

  function arrange() {
    form.hidden = teaches || (Boolean(nickname) && !changing);
    named.hidden = teaches || !form.hidden;
    say(named.querySelector('b'), nickname);
  }

  async function choose(wish) {
    const answer = await ask('choose_nickname', { nickname: wish });
    say(said, answer.error ?? '');
    if (answer.error) return;
    nickname = answer.nickname;
    changing = false;
    input.value = '';
    arrange();
  }

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    choose(input.value);
  });
  input.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !nickname) return;
    changing = false;
    say(said, '');
    arrange();
  });
  find('.change').addEventListener('click', () => {
    changing = true;
    arrange();
    input.value = nickname;
    input.focus();
    input.select();
  });
  find('.leave').addEventListener('click', () => choose(''));

  return {
    /** As the server has it: the teacher may have taken it away. A teacher is called so. */
    show(own, isTeacher) {
      teaches = isTeacher;
      if (changing && !teaches) return;
      if (nickname && !own.nickname) say(said, 'Your nickname was removed from the board.');
      nickname = own.nickname;
      arrange();
    },
  };
}
