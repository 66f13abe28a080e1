import { expect } from 'vitest';
import { minP } from '../../src/rollout/processors/min-p.ts';
import { repetitionPenalty } from '../../src/rollout/processors/repetition-penalty.ts';
import { topK } from '../../src/rollout/processors/top-k.ts';
import { topP } from '../../src/rollout/processors/top-p.ts';
import type { LogitsProcessor } from '../../src/rollout/processors/types.ts';
import { logSoftmax } from '../rollout/log-softmax.ts';
import { expectClose, flat, goldenSuite, type Json, num, onlyKeys } from './algorithms-cases.ts';

/** The engine divides logits by the temperature; the peer has a processor for it. */
const temperature =
  (value: number): LogitsProcessor =>
  (logits) =>
    logits.forEach((logit, i) => {
      logits[i] = logit / value;
    });

const processors: Record<string, (value: number) => LogitsProcessor> = {
  temperature,
  top_k: topK,
  top_p: topP,
  min_p: minP,
  repetition_penalty: repetitionPenalty,
};

/** What the peer decides by the order of its sort among equal logits: compared as a sorted list. */
const sorted = (row: Json[]) => row.map(num).sort((a, b) => a - b);

goldenSuite('hf_sampling', ({ name, config, inputs, expected }) => {
  onlyKeys(config, ['order'], name);
  onlyKeys(inputs, ['logits', 'input_ids'], name);
  onlyKeys(expected, ['processed_logits', 'logprobs', 'kept'], name);
  const order = config.order.map(([peer, value]: [string, number]) => {
    if (processors[peer] === undefined) throw new Error(`${name}: unknown processor ${peer}`);
    return processors[peer](value);
  });
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
