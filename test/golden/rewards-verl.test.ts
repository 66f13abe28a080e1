import { describe, expect, test } from 'vitest';
import { equationValue, usesEachOnce } from '../../rewards/countdown.ts';
import { gsm8kAnswer } from '../../rewards/gsm8k.ts';
import { countdownReward, gsm8kReward, mathString } from '../../rewards/index.ts';
import type { RewardFunction, Task } from '../../src/types.ts';
import { rewardBatch } from '../rewards/score.ts';
import { type Json, knownFields } from './golden-files.ts';
import { missing, readCases } from './rewards-files.ts';

const FILE = 'verl-rewards.json';

/** verl's and TinyZero's functions by name, and what ours answer to the same input. */
const functions: Readonly<Record<string, (input: Json) => unknown>> = {
  'gsm8k.compute_score': ({ solution_str, ground_truth, method, ...scores }) =>
    scoreOne(gsm8kReward({ method, ...scoresOf(scores) }), solution_str, { answer: ground_truth }),
  'gsm8k.extract_solution': ({ solution_str, method }) => gsm8kAnswer(solution_str, method) ?? null,
  'math_reward.compute_score': ({ solution_str, ground_truth }) =>
    scoreOne(mathString(), solution_str, { answer: ground_truth }),
  'countdown.compute_score': ({ solution_str, ground_truth, ...scores }) =>
    scoreOne(countdownReward(scoresOf(scores)), assistantTurn(solution_str), {
      nums: ground_truth.numbers,
      target: ground_truth.target,
    }),
  'countdown.validate_equation': ({ equation_str, available_numbers }) =>
    usesEachOnce(equation_str, available_numbers),
  'countdown.evaluate_equation': ({ equation_str }) => equationValue(equation_str) ?? null,
};
const scoresOf = ({ score, format_score }: Json) => ({
  ...(score === undefined ? {} : { rightScore: score }),
  ...(format_score === undefined ? {} : { formatScore: format_score }),
});
const inputFields = [
  'score',
  'format_score',
  'solution_str',
  'ground_truth',
  'method',
  'equation_str',
  'available_numbers',
];

describe.skipIf(missing(FILE))(`verl's rewards ${missing(FILE) ?? ''}`, () => {
  test.each(missing(FILE) === undefined ? readCases(FILE) : [])('$id: $function', async (row) => {
    knownFields(row, ['id', 'function', 'input', 'output'], row.id);
    knownFields(row.input, inputFields, row.id);
    const run = functions[row.function];
    if (run === undefined) throw new Error(`${row.id}: this test does not know ${row.function}`);
    expect(await run(row.input)).toEqual(row.output);
  });
});

/** TinyZero is given the whole conversation as one text; ours the assistant's turn, which is empty when there is none. */
function assistantTurn(text: string): string {
  const mark = ['Assistant:', '<|im_start|>assistant'].find((candidate) => text.includes(candidate));
  return mark === undefined ? '' : text.slice(text.indexOf(mark) + mark.length);
}

async function scoreOne(
  reward: RewardFunction,
  completion: string,
  task: Omit<Task, 'id'>,
): Promise<unknown> {
  const [score] = await reward(rewardBatch([completion], [{ id: 'task', ...task }]));
  return score;
}
