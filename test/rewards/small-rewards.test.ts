import { describe, expect, test } from 'vitest';
import {
  captured,
  exactNumber,
  formatReward,
  gated,
  jsonSchema,
  repetitionPenalty,
  softOverlong,
  tagCount,
  tolerant,
} from '../../rewards/index.ts';
import { InputError } from '../../src/errors.ts';
import type { RewardFunction } from '../../src/types.ts';
import { rewardBatch, score } from './score.ts';

describe('captured', () => {
  const choice = captured({ pattern: /answer is \(?([A-D])\b/i });

  test('the last captured text must equal the field, case aside', async () => {
    const texts = ['The answer is (b).', 'answer is A, no, the answer is B', 'answer is C', 'B'];
    expect(await score(choice, texts, { answer: 'B' })).toEqual([1, 1, 0, 0]);
    const first = captured({ pattern: 'is (\\w)', which: 'first', matchCase: true });
    expect(await score(first, ['it is B, is it', 'it is b'], { answer: 'B' })).toEqual([1, 0]);
  });

  test('a pattern without a group, and a task without the field, are errors', async () => {
    expect(() => captured({ pattern: /yes/ })).toThrow(InputError);
    await expect(score(choice, ['x', 'answer is A'], {})).rejects.toThrow(
      /sample 1: task task: field "answer"/,
    );
  });
});

describe('jsonSchema', () => {
  const schema = {
    type: 'object',
    required: ['n'],
    properties: { n: { type: 'integer' } },
    additionalProperties: false,
  };

  test('JSON that fits scores 1, other JSON `partial`, other text 0', async () => {
    const texts = ['{"n": 1}', '{"n": "1"}', '[]', '{n: 1}', 'Here:\n```json\n{"n": 2}\n```\nDone.', ''];
    expect(await score(jsonSchema({ schema }), texts)).toEqual([1, 0, 0, 0, 1, 0]);
    expect(await score(jsonSchema({ schema, partial: 0.25 }), texts)).toEqual([1, 0.25, 0.25, 0, 1, 0]);
  });

  test('a schema that is none is an error', () => {
    expect(() => jsonSchema({ schema: { type: 'number of sorts' } })).toThrow(
      /json_schema: not a JSON Schema/,
    );
  });
});

test('tagCount gives each tag that stands exactly once its share', async () => {
  const texts = [
    '<think>a</think><answer>b</answer>',
    '<think>a</think>',
    '<think><think></think></answer>',
    '',
  ];
  expect(await score(tagCount(), texts)).toEqual([1, 0.5, 0.5, 0]);
});

test('arguments that make no sense are errors', () => {
  expect(() => repetitionPenalty({ ngramSize: 0 })).toThrow(/ngramSize.*got 0/);
  expect(() => repetitionPenalty({ maxPenalty: 1 })).toThrow(/maxPenalty.*got 1/);
  expect(() => softOverlong({ maxLength: 10, cache: -1 })).toThrow(/cache.*got -1/);
});

describe('gated', () => {
  test('the reward counts only behind the gate, and is asked only there', async () => {
    const asked: string[] = [];
    const spy: RewardFunction = ({ completions }) => {
      asked.push(...completions);
      return completions.map(() => 0.5);
    };
    const reward = gated({
      gate: formatReward({ pattern: /####/ }),
      reward: spy,
      closed: -1,
      name: 'behind',
    });
    const logged: [string, number][] = [];
    const batch = {
      ...rewardBatch(['#### 1', '2', '#### 3'], [{ id: 'a' }, { id: 'b' }, { id: 'c' }]),
      logMetric: (name: string, value: number) => logged.push([name, value]),
    };
    expect(await reward(batch)).toEqual([0.5, -1, 0.5]);
    expect(asked).toEqual(['#### 1', '#### 3']);
    expect(logged).toEqual([
      ['behind/open', 1],
      ['behind/open', 0],
      ['behind/open', 1],
    ]);
  });

  test('a gate that does not apply is open, a reward that does not apply stays null', async () => {
    const reward = gated({
      gate: () => [null, 0.4, 0.6],
      reward: ({ completions }) => completions.map(() => null),
      threshold: 0.5,
    });
    expect(await reward(rewardBatch(['a', 'b', 'c'], [{ id: 'a' }, { id: 'b' }, { id: 'c' }]))).toEqual([
      null,
      0,
      null,
    ]);
  });

  test('tasks stay with their completions behind the gate', async () => {
    const reward = gated({ gate: () => [0, 1, 1], reward: exactNumber() });
    const tasks = [7, 8, 9].map((answer) => ({ id: String(answer), answer }));
    expect(await reward(rewardBatch(['7', '8', '8'], tasks))).toEqual([0, 1, 0]);
    expect(reward.name).toBe('exact_number');
  });
});

describe('tolerant', () => {
  test('samples on which the reward throws score null and are counted', async () => {
    const logged: number[] = [];
    const batch = {
      ...rewardBatch(
        ['5', '6', '7'],
        [
          { id: 'a', answer: 5 },
          { id: 'b', answer: 'none' },
          { id: 'c', answer: 8 },
        ],
      ),
      logMetric: (_: string, value: number) => logged.push(value),
    };
    await expect(async () => exactNumber()(batch)).rejects.toThrow(/sample 1: task b/);
    expect(await tolerant(exactNumber())(batch)).toEqual([1, null, 0]);
    expect([...logged].sort()).toEqual([0, 0, 1]);
  });

  test('a run that is being stopped is not tolerated away', async () => {
    const stopped = { ...rewardBatch(['5'], [{ id: 'a' }]), signal: AbortSignal.abort(new Error('stop')) };
    const reward: RewardFunction = ({ signal }) => Promise.reject(signal.reason);
    await expect(tolerant(reward)(stopped)).rejects.toThrow('stop');
  });
});
