// The Evaluate tab: it starts by itself for the network in use, once the tab is shown.
import { make, percent, say } from '../lib/dom.js';
import { connect, follow, latest } from '../lib/server.js';
import { store } from '../lib/store.js';
import { openShelf } from '../draw/kept.js';
import { mountCurves, showCalibration } from './charts.js';
import { mountDamage } from './damage.js';
import { mountDigits } from './digits.js';
import { mountMatrix } from './matrix.js';
import { mountWall } from './wall.js';

const OWN = 'own'; // the segment of the visitor's own drawings
const FILE = 'file';

export function mount({ element, props, server, upload }) {
  const { constants } = props;
  const call = connect(server);
  const find = (selector) => element.querySelector(selector);
  const shelf = openShelf(1_000, 40);
  const state = { data: 'mnist-test', path: '', against: '', report: null };
  const wall = mountWall(element, constants.columns);
  const matrix = mountMatrix(find('.matrix'), wall.filter);
  const digits = mountDigits(element);
  mountDamage(element, call, constants);
  mountCurves(element, call);
  let stop = () => {};

  function tell(text, trouble = false) {
    say(find('.about'), text);
    find('.about').classList.toggle('trouble', trouble);
  }

  function progress(share) {
    find('.progress').hidden = share === null;
    find('.progress i').style.width = share === null ? '0' : percent(share);
  }

  function show(report) {
    state.report = report;
    say(find('.accuracy'), percent(report.accuracy, 2));
    tell(report.sentence);
    matrix.show(report.confusion);
    wall.show(report);
    digits.show(report.per_class);
    showCalibration(find('.calibration'), find('.honest'), report);
  }

  const start = latest(async () => {
    stop();
    if (store.get('tab') !== 'evaluate' || !store.get('network')) return;
    const network = store.get('network');
    if (state.data === OWN) return showOwn(network);
    const data = state.data === FILE ? state.path : state.data;
    if (!data) return;
    const name = state.against ? 'compare' : 'look_at_evaluation';
    const asked = `${network} ${data} ${state.against}`;
    stop = follow(async () => {
      const now = `${store.get('network')} ${state.data === FILE ? state.path : state.data} ${state.against}`;
      if (now !== asked || store.get('tab') !== 'evaluate') return true;
      const answer = await call(name, { network, data, against: state.against }, 20);
      if (answer.silent) return false;
      if (answer.error) {
        progress(null);
        tell(answer.error, true);
        return true;
      }
      if (!answer.report) {
        tell(`Reading: ${percent(answer.share)}`);
        progress(answer.share);
        return false;
      }
      progress(null);
      if (state.against) showComparison(answer.report);
      else {
        wall.showSides(null);
        show(answer.report);
      }
      return true;
    });
  });

  function showComparison(report) {
    const other = store.get('networks').find(({ key }) => key === state.against);
    const mine = store.get('networks').find(({ key }) => key === store.get('network'));
    say(find('.accuracy'), `${percent(report.accuracy[0], 2)} against ${percent(report.accuracy[1], 2)}`);
    tell(`${mine.name} against ${other.name}. ${report.sentence}`);
    matrix.showChange(report.change);
    wall.showSides(report.sides, mine.name, other.name);
  }

  async function showOwn(network) {
    const { drawings } = shelf.read();
    if (!drawings.length) {
      return tell('You have no labelled drawings yet. On Draw, press the digit that a drawing was: it is kept.', true);
    }
    tell('Reading your drawings.');
    const flat = drawings.map(({ label, strokes }) => ({ label, strokes: strokes.map((points) => points.flat()) }));
    const answer = await call('evaluate_own', { network, drawings: flat }, 30);
    if (answer.error) return tell(answer.error, true);
    wall.showSides(null);
    show(answer.report);
  }

  function showSegments() {
    const count = shelf.read().drawings.length;
    const names = { ...constants.sets, [OWN]: `My drawings (${count})`, [FILE]: state.path ? 'Your file' : 'A file' };
    find('.segments').replaceChildren(
      ...Object.entries(names).map(([key, title]) =>
        make('button', { type: 'button', 'aria-pressed': String(key === state.data), onclick: () => choose(key) }, title),
      ),
    );
  }

  function choose(key) {
    if (key === FILE) find('input[type=file]').click();
    else {
      state.data = key;
      if (key === OWN) state.against = find('.against select').value = '';
      showSegments();
      start();
    }
  }

  const file = find('input[type=file]');
  file.accept = constants.endings.join(',');
  file.addEventListener('change', async () => {
    const [chosen] = file.files;
    file.value = '';
    if (!chosen) return;
    tell(`Sending ${chosen.name}.`);
    try {
      const { path } = await upload(chosen);
      Object.assign(state, { data: FILE, path });
      showSegments();
      start();
    } catch {
      tell(`${chosen.name} could not be sent; it may be too large (at most 20 MB).`, true);
    }
  });

  const select = find('.against select');
  select.addEventListener('change', () => {
    state.against = select.value;
    start();
  });
  store.watch(['network', 'networks', 'tab'], ({ network, networks, tab }) => {
    const others = networks.filter(({ key }) => key !== network);
    if (!others.some(({ key }) => key === state.against)) state.against = '';
    select.replaceChildren(
      make('option', { value: '' }, 'no other network'),
      ...others.map(({ key, name }) => make('option', { value: key }, name)),
    );
    select.value = state.against;
    if (tab !== 'evaluate') return;
    showSegments();
    start();
  });
}
