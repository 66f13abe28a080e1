import { describe, expect, test } from 'vitest';
import { partOf } from '../../../src/pipeline/step/part-of-batch.ts';
import type { TrainBatch } from '../../../src/policy/batch/train-batch.ts';

const examples: TrainBatch = {
  objective: 'sft',
  examples: ['a', 'b', 'c', 'd', 'e', 'f'].map((id, group) => ({
    group,
    task: { id },
    messages: [],
    target: id,
    promptIds: [],
    tokenIds: [],
  })),
};

/** Three prompts with two completions each. */
const rollouts: TrainBatch = {
  objective: 'rl',
  rollouts: ['a', 'b', 'c'].flatMap((id, group) =>
    [1, 2].map((g) => ({
      group,
      task: { id },
      messages: [],
      promptIds: [],
      tokenIds: [],
      logprobs: [],
      text: `${id}${g}`,
      finishReason: 'eos' as const,
      beta: 0,
      policyVersion: 0,
      scores: [],
      reward: 0,
      advantage: 0,
    })),
  ),
};

const texts = (part: TrainBatch) =>
  part.objective === 'sft'
    ? part.examples.map(({ target }) => target).join('')
    : part.rollouts.map(({ text }) => text).join(' ');

/** The parts of two passes, three each. */
const passes = (of: TrainBatch, order?: (pass: number, prompts: number) => number[]) =>
  [0, 1, 2, 3, 4, 5].map((iteration) => texts(partOf(of, { iteration, parts: 3, order })));

const backwards = (pass: number, n: number) =>
  Array.from({ length: n }, (_, i) => (pass === 0 ? i : n - 1 - i));

describe('the parts of a batch', () => {
  test('are as large as one another and the same in every pass', () => {
    expect(passes(examples)).toEqual(['ab', 'cd', 'ef', 'ab', 'cd', 'ef']);
  });

  test('follow the order of their pass', () => {
    expect(passes(examples, backwards)).toEqual(['ab', 'cd', 'ef', 'fe', 'dc', 'ba']);
  });

  test('keep the completions of a prompt together', () => {
    expect(passes(rollouts)).toEqual(['a1 a2', 'b1 b2', 'c1 c2', 'a1 a2', 'b1 b2', 'c1 c2']);
    expect(passes(rollouts, backwards)).toEqual(['a1 a2', 'b1 b2', 'c1 c2', 'c1 c2', 'b1 b2', 'a1 a2']);
  });
});
