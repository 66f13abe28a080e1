import { expect } from 'vitest';
import { keptTokens, type Truncation } from '../../src/rollout/drawing/kept-tokens.ts';
import { penalisedLogit } from '../../src/rollout/drawing/penalise-repetition.ts';
import { logSoftmax } from '../rollout/drawing/log-softmax.ts';
import { expectClose, flat, goldenSuite, type Json, num, onlyKeys } from './algorithms-cases.ts';

type Step = (logits: Float32Array, ids: readonly number[]) => void;

/** The engine divides logits by the temperature; the peer has a processor for it. */
const temperature =
  (value: number): Step =>
  (logits) =>
    logits.forEach((logit, i) => {
      logits[i] = logit / value;
    });

const repetition =
  (penalty: number): Step =>
  (logits, ids) => {
    for (const id of new Set(ids)) logits[id] = penalisedLogit(logits[id]!, penalty);
  };

const truncated =
  (truncation: Truncation): Step =>
  (logits) => {
    const kept = new Set(keptTokens(logSoftmax(logits).map(Math.exp), truncation).ids);
    for (const id of logits.keys()) if (!kept.has(id)) logits[id] = Number.NEGATIVE_INFINITY;
  };

const names: Readonly<Record<string, keyof Truncation>> = { top_k: 'topK', top_p: 'topP', min_p: 'minP' };

/** The peer's processors. Truncations that follow each other are one call of ours. */
function stepsOf(order: readonly (readonly [string, number])[]): Step[] {
  const steps: Step[] = [];
  let truncation: Truncation | undefined;
  const flush = () => {
    if (truncation) steps.push(truncated(truncation));
    truncation = undefined;
  };
  for (const [peer, value] of order) {
    const own = names[peer];
    if (own !== undefined) {
      truncation = { topP: 1, topK: 0, minP: 0, ...truncation, [own]: value };
      continue;
    }
    flush();
    if (peer === 'temperature') steps.push(temperature(value));
    else if (peer === 'repetition_penalty') steps.push(repetition(value));
    else throw new Error(`unknown processor ${peer}`);
  }
  flush();
  return steps;
}

/** What the peer decides by the order of its sort among equal logits: compared as a sorted list. */
const sorted = (row: Json[]) => row.map(num).sort((a, b) => a - b);

goldenSuite('hf_sampling', ({ name, config, inputs, expected }) => {
  onlyKeys(config, ['order'], name);
  onlyKeys(inputs, ['logits', 'input_ids'], name);
  onlyKeys(expected, ['processed_logits', 'logprobs', 'kept'], name);
  const order = stepsOf(config.order);
  inputs.logits.forEach((row: Json[], b: number) => {
    const logits = Float32Array.from(flat(row));
    for (const process of order) process(logits, inputs.input_ids[b]);
    const kept = Array.from(logits, (logit) => (logit === Number.NEGATIVE_INFINITY ? 0 : 1));
    const logprobs = Array.from(logSoftmax(logits));
    const at = name.startsWith('ties_top_p') ? sorted : (list: Json[]) => list;
    const where = `${name} row ${b}`;
    expect(at(kept), `${where} kept`).toEqual(at(expected.kept[b]));
    expectClose(at(Array.from(logits)), at(expected.processed_logits[b]), `${where} logits`, {
      rtol: 1e-6,
    });
    expectClose(at(logprobs), at(expected.logprobs[b]), `${where} logprobs`);
  });
});
