import { expect, test } from 'vitest';
import { gradeGold } from '../../envs/grade-gold.ts';
import { goldParts } from '../../rewards/math/gold-parts.ts';
import type { Environment, RewardFunction, Task } from '../../src/types.ts';

const answers = ['3, 5', '12'];
const env: Environment = {
  name: 'pairs',
  async *tasks(split): AsyncGenerator<Task> {
    if (split === 'train') for (const answer of answers) yield { id: answer, answer };
  },
  prompt: () => [{ role: 'user', content: '?' }],
};

/** Takes the last number of a gold answer for the whole, as if the others did not matter. */
const lastNumber: RewardFunction = ({ tasks, completions }) =>
  completions.map((text, b) => (text.endsWith(String(tasks[b]!.answer).split(', ').at(-1)!) ? 1 : 0));

async function verdicts(reward: RewardFunction) {
  const parts = (task: Task) => goldParts(String(task.answer));
  const all: { readonly task: Task; readonly ok: boolean; readonly why?: string }[] = [];
  for await (const verdict of gradeGold(env, { reward, gold: (task) => String(task.answer), parts }))
    all.push(verdict);
  return all.map(({ task, ok, why }) => ({ task: task.id, ok, ...(why && { why }) }));
}

test('a gold answer of which the reward accepts a part does not verify', async () => {
  expect(await verdicts(lastNumber)).toEqual([
    {
      task: '3, 5',
      ok: false,
      why: 'the answer "5", a part of the gold answer, scores 1: the reward misreads the gold answer',
    },
    { task: '12', ok: true },
  ]);
});

test('one that is accepted as a whole alone does', async () => {
  const whole: RewardFunction = ({ tasks, completions }) =>
    completions.map((text, b) => (text === tasks[b]!.answer ? 1 : 0));
  expect((await verdicts(whole)).map(({ ok }) => ok)).toEqual([true, true]);
});
