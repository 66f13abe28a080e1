import { describe, expect, test } from 'vitest';
import { partOf } from '../../../src/pipeline/step/part-of-batch.ts';
import type { TrainBatch } from '../../../src/policy/batch/train-batch.ts';

const batch: TrainBatch = {
  objective: 'sft',
  examples: ['a', 'b', 'c', 'd', 'e', 'f'].map((id) => ({ task: { id }, messages: [], target: id })),
};

const ids = (part: TrainBatch) =>
  part.objective === 'sft' ? part.examples.map(({ target }) => target).join('') : '';

/** The parts of two passes, three each. */
const passes = (order?: (pass: number, prompts: number) => number[]) =>
  [0, 1, 2, 3, 4, 5].map((iteration) => ids(partOf(batch, { iteration, parts: 3, order })));

describe('the parts of a batch', () => {
  test('are as large as one another and the same in every pass', () => {
    expect(passes()).toEqual(['ab', 'cd', 'ef', 'ab', 'cd', 'ef']);
  });

  test('follow the order of their pass', () => {
    const backwards = (pass: number, n: number) =>
      Array.from({ length: n }, (_, i) => (pass === 0 ? i : n - 1 - i));
    expect(passes(backwards)).toEqual(['ab', 'cd', 'ef', 'fe', 'dc', 'ba']);
  });
});
