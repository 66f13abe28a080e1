import { describe, expect, test } from 'vitest';
import { named } from '../../rewards/batch/per-completion.ts';
import {
  captured,
  exactNumber,
  gated,
  jsonSchema,
  perCompletion,
  repetitionPenalty,
  softOverlong,
  tagCount,
  thinkFormat,
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

  test('a pattern that backtracks without end has caught nothing', async () => {
    const slow = captured({ pattern: /(a+)+$/, timeMs: 100 });
    expect(await score(slow, ['a', `${'a'.repeat(40)}b`], { answer: 'a' })).toEqual([1, 0]);
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

  test('a block of JSON is found among others', async () => {
    const texts = [
      '```python\nx\n```\n```JSON\n{"n": 1}\n```\n```\nout\n```',
      'So ```json {"n": 1}``` it is',
      '```{"n": 1}```',
    ];
    expect(await score(jsonSchema({ schema }), texts)).toEqual([1, 1, 1]);
  });

  test('formats are checked', async () => {
    const email = jsonSchema({ schema: { type: 'string', format: 'email' } });
    expect(await score(email, ['"a@example.org"', '"a"'])).toEqual([1, 0]);
    expect(() => jsonSchema({ schema: { format: 'no-such' } })).toThrow(/unknown format "no-such"/);
  });

  test('the draft is the one that $schema names', async () => {
    const tuple = { type: 'array', items: [{ type: 'number' }] };
    const draft07 = { $schema: 'http://json-schema.org/draft-07/schema#', ...tuple };
    expect(await score(jsonSchema({ schema: draft07 }), ['[1]', '["1"]'])).toEqual([1, 0]);
    const latest = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'array',
      prefixItems: tuple.items,
    };
    expect(await score(jsonSchema({ schema: latest }), ['[1]', '["1"]'])).toEqual([1, 0]);
    expect(() => jsonSchema({ schema: { $schema: 'http://json-schema.org/draft-04/schema#' } })).toThrow(
      /draft-04.* is none of .*draft-07/,
    );
  });

  test('an asynchronous schema is refused', () => {
    expect(() => jsonSchema({ schema: { $async: true, type: 'number' } })).toThrow(/\$async/);
  });

  test('a pattern that backtracks without end, and JSON nested without end, do not fit', async () => {
    const slow = jsonSchema({ schema: { pattern: '^(a+)+$' }, timeMs: 100 });
    expect(await score(slow, ['"aaa"', `"${'a'.repeat(40)}b"`])).toEqual([1, 0]);
    const nested = jsonSchema({ schema: { type: 'array', items: { $ref: '#' } } });
    expect(await score(nested, ['[[]]', '['.repeat(100_000) + ']'.repeat(100_000)])).toEqual([1, 0]);
  });

  test('a schema that is none is an error', () => {
    expect(() => jsonSchema({ schema: { type: 'number of sorts' } })).toThrow(
      /json_schema: not a JSON Schema/,
    );
  });
});

describe('a tag that the prompt has opened', () => {
  const completions = [
    'It is 4.</think>4',
    '<think>It is 4.</think>4',
    'It is 4.',
    'a</think>b<think>c</think>',
  ];
  const tasks = completions.map((_, i) => ({ id: String(i) }));
  const batch = rewardBatch(completions, tasks);
  const turn = { role: 'assistant' as const, content: 'Sure.\n<think>\n' };

  test('counts for thinkFormat', async () => {
    expect(await thinkFormat()(batch)).toEqual([0, 1, 0, 0]);
    expect(await thinkFormat()({ ...batch, prompts: completions.map(() => [turn]) })).toEqual([1, 0, 0, 0]);
    expect(await thinkFormat({ prefilled: true })(batch)).toEqual([1, 0, 0, 0]);
    const rendered = { ...batch, promptTexts: completions.map(() => '<|user|>2+2?<|assistant|><think>\n') };
    expect(await thinkFormat()(rendered)).toEqual([1, 0, 0, 0]);
    const second = gated({
      gate: named('odd', ({ tasks }) => tasks.map(({ id }) => Number(id) % 2)),
      reward: thinkFormat(),
    });
    const mixed = { ...rendered, promptTexts: ['<think>', '', '', '<think>'] };
    expect(await second(mixed)).toEqual([0, 1, 0, 0]);
    expect(await thinkFormat({ prefilled: false })(rendered)).toEqual([0, 1, 0, 0]);
  });

  test('is no open one where the prompt has closed it', async () => {
    const rendered = { ...batch, promptTexts: completions.map(() => '<|assistant|><think>\n\n</think>\n\n') };
    expect(await thinkFormat()(rendered)).toEqual([0, 1, 0, 0]);
  });

  test('counts for tagCount', async () => {
    const tags = ['think'];
    expect(await tagCount({ tags })({ ...batch, prompts: completions.map(() => [turn]) })).toEqual([
      1, 0.5, 0.5, 0,
    ]);
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
      gate: ({ completions }) => completions.map((text) => (text.startsWith('####') ? 1 : 0)),
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

  test.each([
    ['reward', 'too few scores', () => [1], /its reward "own" gave 1 scores for 3 completions/],
    ['reward', 'undefined', () => [1, undefined, 1], /its reward "own" gave undefined for sample 1/],
    ['gate', 'NaN', () => [1, 1, Number.NaN], /its gate "own" gave NaN for sample 2 \(task "c"\)/],
    ['gate', 'no array', () => 1, /its gate "own" gave 1; it must give an array/],
  ])('a %s that gives %s fails as it would alone', async (place, _, broken, message) => {
    const good: RewardFunction = ({ completions }) => completions.map(() => 1);
    const own = named('own', broken as RewardFunction);
    const reward = gated(place === 'gate' ? { gate: own, reward: good } : { gate: good, reward: own });
    const batch = rewardBatch(['x', 'y', 'z'], [{ id: 'a' }, { id: 'b' }, { id: 'c' }]);
    await expect(async () => reward(batch)).rejects.toThrow(message);
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

  test('a NaN, a wrong number of scores and a reward that hangs score null', async () => {
    const batch = rewardBatch(['5', 'bad', '7'], [{ id: 'a' }, { id: 'b' }, { id: 'c' }]);
    const failing: RewardFunction[] = [
      ({ completions }) => completions.map((text) => Number(text)),
      ({ completions }) => completions.filter((text) => text !== 'bad').map(Number),
      ({ completions }) => (completions.includes('bad') ? new Promise(() => {}) : completions.map(Number)),
    ];
    for (const reward of failing)
      expect(await tolerant(reward, { timeout: 0.2 })(batch)).toEqual([5, null, 7]);
  });

  test('a reward that hangs is told to stop', async () => {
    const told: boolean[] = [];
    const hanging: RewardFunction = ({ signal }) =>
      new Promise(() => signal.addEventListener('abort', () => told.push(true)));
    expect(await score(tolerant(hanging, { timeout: 0.1 }), ['x'])).toEqual([null]);
    expect(told).toEqual([true]);
  });

  test('metrics of an attempt that failed are not logged, and one completion is asked about once', async () => {
    const logged: [string, number][] = [];
    let calls = 0;
    const reward = perCompletion('own', (text, _task, { logMetric }) => {
      calls++;
      logMetric('length', text.length);
      if (text === 'bad') throw new Error('no');
      return 1;
    });
    const logMetric = (name: string, value: number) => logged.push([name, value]);
    const batch = rewardBatch(['good', 'bad'], [{ id: 'a' }, { id: 'b' }]);
    expect(await tolerant(reward)({ ...batch, logMetric })).toEqual([1, null]);
    expect(logged.sort()).toEqual([
      ['length', 4],
      ['own/failed', 0],
      ['own/failed', 1],
    ]);
    calls = 0;
    expect(await tolerant(reward)(rewardBatch(['bad'], [{ id: 'a' }]))).toEqual([null]);
    expect(calls).toBe(1);
  });

  test('a run that is being stopped is not tolerated away', async () => {
    const stopped = { ...rewardBatch(['5'], [{ id: 'a' }]), signal: AbortSignal.abort(new Error('stop')) };
    const reward: RewardFunction = ({ signal }) => Promise.reject(signal.reason);
    await expect(tolerant(reward)(stopped)).rejects.toThrow('stop');
  });
});
