import { describe, expect, test } from 'vitest';
import {
  accuracy,
  cosineScaled,
  reasoningAccuracy,
  repetitionPenalty,
  softOverlong,
  thinkFormat,
} from '../../rewards/index.ts';
import { InputError } from '../../src/errors.ts';
import type { RewardFunction } from '../../src/types.ts';
import { rewardBatch } from '../rewards/score.ts';
import { type Json, knownFields } from './golden-files.ts';
import { missing, readCases } from './rewards-files.ts';

const FILE = 'trl-rewards.json';

/** TRL's functions by name, ours made from the same arguments. */
const makers: Readonly<Record<string, (row: Json) => RewardFunction>> = {
  accuracy_reward: () => accuracy(),
  reasoning_accuracy_reward: ({ input }) =>
    reasoningAccuracy(
      input.reasoning_delimiters === undefined ? {} : { delimiters: input.reasoning_delimiters },
    ),
  think_format_reward: () => thinkFormat(),
  cosine_scaled_reward: ({ factory }) =>
    cosineScaled({
      maxLength: factory.max_len,
      wrong: [factory.min_value_wrong ?? -1, factory.max_value_wrong ?? -0.5],
      right: [factory.max_value_correct ?? 1, factory.min_value_correct ?? 0.5],
    }),
  soft_overlong_punishment: ({ factory }) =>
    softOverlong({ maxLength: factory.max_completion_len, cache: factory.soft_punish_cache }),
  repetition_penalty_reward: ({ factory }) =>
    repetitionPenalty({
      ...(factory.ngram_size === undefined ? {} : { ngramSize: factory.ngram_size }),
      ...(factory.max_penalty === undefined ? {} : { maxPenalty: factory.max_penalty }),
    }),
};
const factoryFields = [
  ...['max_len', 'min_value_wrong', 'max_value_wrong', 'min_value_correct', 'max_value_correct'],
  ...['max_completion_len', 'soft_punish_cache', 'ngram_size', 'max_penalty'],
];

describe.skipIf(missing(FILE))(`TRL's rewards ${missing(FILE) ?? ''}`, () => {
  test.each(missing(FILE) === undefined ? readCases(FILE) : [])('$id: $function', async (row) => {
    knownFields(row, ['id', 'function', 'input', 'factory', 'output', 'error'], row.id);
    knownFields(
      row.input,
      ['completions', 'solution', 'completion_lengths', 'completion_ids', 'reasoning_delimiters'],
      row.id,
    );
    knownFields(row.factory ?? {}, factoryFields, row.id);
    const make = makers[row.function];
    if (make === undefined) throw new Error(`${row.id}: this test does not know ${row.function}`);
    if (row.error !== undefined) await expectRefusal(row, make);
    else {
      const scores = await make(row)(batchOf(row.input));
      expect(scores.length).toBe(row.output.length);
      for (const [i, expected] of row.output.entries()) {
        if (expected === null) expect(scores[i]).toBeNull();
        else expect(Math.abs(scores[i]! - expected)).toBeLessThanOrEqual(1e-12);
      }
    }
  });
});

/** TRL refuses plain strings, which are what our rewards take; and a wrong number of solutions, as ours do; and bad arguments. */
async function expectRefusal(row: Json, make: (row: Json) => RewardFunction): Promise<void> {
  if (row.error.startsWith('TypeError: string indices')) {
    expect(row.input.completions.every((completion: Json) => typeof completion === 'string')).toBe(true);
  } else if (/^ValueError: (?:ngram_size|max_penalty)/.test(row.error))
    expect(() => make(row)).toThrow(InputError);
  else await expect(async () => make(row)(batchOf(row.input))).rejects.toThrow();
}

function batchOf(input: Json) {
  const texts: string[] | undefined = input.completions?.map((messages: Json) => messages[0].content);
  const ids: number[][] =
    input.completion_ids ??
    input.completion_lengths?.map((length: number) => new Array(length).fill(1)) ??
    texts!.map(() => []);
  return rewardBatch(
    texts ?? ids.map(() => ''),
    (input.solution ?? ids.map(() => '')).map((solution: string, i: number) => ({ id: String(i), solution })),
    ids,
  );
}
