// The unit or map of the inside that is pointed at or pinned: its weights, and its sum with the ink of this moment.
import { bytes, make } from '../lib/dom.js';
import { paintWeights } from '../lib/paint.js';
import { latest } from '../lib/server.js';

export function mountUnit(panel, call, question) {
  let chosen = null; // { layer, number, isMap }
  let pinned = false;
  let shown = '';

  /** Again for every drawing and network: the pin stays, what it says is new. */
  const ask = latest(async () => {
    const asked = chosen;
    const about = question();
    if (!asked || !about) return;
    const answer = await call('show_unit', { ...about, layer: asked.layer, unit: asked.number });
    if (asked !== chosen || !question()) return;
    const key = JSON.stringify([asked, pinned, answer]);
    if (key !== shown) panel.replaceChildren(...describeUnit(answer, asked, pinned));
    shown = key;
  });

  function clear(...words) {
    shown = '';
    panel.replaceChildren(...words);
  }

  return {
    ask,
    isPinned: () => pinned,
    /** Show a stage's unit at a place; `pin`: whether it stays when another is pointed at. */
    choose(stage, at, pin = pinned) {
      const number = stage.units ? stage.units[at] : at;
      if (chosen?.layer === stage.layer && chosen.number === number && pin === pinned) return;
      pinned = pin;
      chosen = { layer: stage.layer, number, isMap: Boolean(stage.units) };
      ask();
    },
    /** There is no ink. */
    empty() {
      if (pinned) return clear(`${nameUnit(chosen)} is pinned; draw a digit.`);
      chosen = null;
      clear();
    },
    /** There are other layers. */
    forget() {
      chosen = null;
      pinned = false;
      clear();
    },
  };
}

const nameUnit = ({ isMap, number }) => `${isMap ? 'Map' : 'Unit'} ${number + 1}`;

function describeUnit(answer, unit, pinned) {
  if (answer.error) return [answer.error];
  const name = nameUnit(unit);
  const nodes = [];
  const { shape } = answer;
  if (shape.length === 2) {
    const canvas = make('canvas', { class: 'tile' });
    nodes.push(canvas);
    queueMicrotask(() => paintWeights(canvas, bytes(answer.weights), shape[1], shape[0]));
  }
  if (answer.sum !== null) {
    const total = answer.sum + answer.bias;
    nodes.push(
      `${name}: ink × weights = ${answer.sum}, bias ${answer.bias}, together ${total.toFixed(2)}. ` +
        'Orange wants ink, blue wants paper.',
    );
  } else if (shape.length === 2)
    nodes.push(
      `${name} slides this ${shape[0]}×${shape[1]} filter over the drawing. Orange wants ink, blue wants paper.`,
    );
  else if (shape.length === 1)
    nodes.push(`${name} adds up the ${shape[0]} values of the layer before it, each times its weight.`);
  else
    nodes.push(
      `${name} mixes the ${shape[0]} maps of the layer before it, ` +
        `with ${shape.slice(1).join('×')} weights for each.`,
    );
  if (pinned) nodes.push('Pinned; press again to let go.');
  return nodes;
}
