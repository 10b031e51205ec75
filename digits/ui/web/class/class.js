// The Class tab: the board for all, and for the teacher what a class may do. It also tells the other tabs what the
// teacher wants of them.
import { say } from '../lib/dom.js';
import { connect, follow, latest } from '../lib/server.js';
import { store } from '../lib/store.js';
import { mountBoard } from './board.js';
import { mountNickname } from './nickname.js';
import { mountTeacher } from './teacher.js';

const ON_BOARD = 1_500; // milliseconds between two looks; the server makes a board a second, for everybody
const ELSEWHERE = 3_000; // and while another tab is open, for what the teacher wants

export function mount({ element, props, part }) {
  const { constants } = props;
  const call = connect(part);
  const teacher = mountTeacher(element, constants, ask);
  const board = mountBoard(element, constants, remove);
  const nickname = mountNickname(element, constants, ask);

  const look = latest(async () => {
    if (document.hidden || !store.get('visitor')) return;
    const answer = await call('look_at_class', { board: store.get('tab') === 'class', token: teacher.token() });
    if (answer.silent) return board.age();
    if (answer.error) return teacher.token() ? teacher.dismiss(answer.error) : board.age();
    const hidden = answer.teacher ? [] : answer.hidden;
    if (hidden.join() !== store.get('hidden').join()) store.set({ hidden });
    store.set({ frozen: answer.frozen });
    element.querySelector('.nobody .train').hidden = Boolean(answer.frozen) || hidden.includes('train');
    element.querySelector('.band').hidden = !answer.frozen || Boolean(answer.teacher); // whose button says so
    teacher.show(answer);
    if (!answer.board) return;
    nickname.show(answer.own, Boolean(answer.teacher));
    board.show(answer.board, answer.own, Boolean(answer.teacher));
  });

  /** Ask for a change, and see what it changed -> the answer. */
  async function ask(name, payload) {
    const answer = await call(name, { token: teacher.token(), ...payload });
    look();
    return answer;
  }

  async function remove(row) {
    const answer = await ask('remove_nickname', { pupil: row.pupil });
    say(element.querySelector('.teacher-said'), answer.error ?? '');
  }

  follow(
    async () => {
      await look();
      return false;
    },
    () => (store.get('tab') === 'class' ? ON_BOARD : ELSEWHERE),
  );
  store.watch(['tab', 'visitor'], look);
  document.addEventListener('visibilitychange', look);
  element.querySelector('.train').addEventListener('click', () => store.set({ tab: 'train' }));
}
