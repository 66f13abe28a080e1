import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { RecipeInput } from '../../src/recipe/recipe.ts';
import type { Environment } from '../../src/types.ts';
import { banditRecipe, sevens } from './bandit.ts';
import { lines, runBandit, temporaryFolder } from './run.ts';

/** Sevens with choices: to a policy that prefers 7, the first is the likelier. */
const choosing: Environment = { ...sevens(), choices: () => ({ texts: ['7', '3'], gold: 0 }) };

async function runOf(overrides: Partial<Omit<RecipeInput, 'name' | 'model'>>) {
  const out = join(await temporaryFolder(), 'run');
  const { events } = await runBandit(
    banditRecipe({ steps: 4, ...overrides, eval: { every: 2, tasks: 3, ...overrides.eval } }),
    { out },
  );
  return { out, done: events.find((event) => event.type === 'done')! };
}

describe('the evaluations of a run', () => {
  test('with objective sft have the loss of the targets, before, on the way and after', async () => {
    const { out, done } = await runOf({ objective: 'sft' });
    const evals = await lines(out, 'evals.jsonl');
    // A fresh bandit draws every digit alike.
    expect(evals[0]!.loss).toBeCloseTo(Math.log(10), 6);
    expect(evals.map(({ step }) => step)).toEqual([0, 2, 4]);
    expect(evals[2]!.loss).toBeLessThan(evals[0]!.loss as number);
    const metrics = await lines(out, 'metrics.jsonl');
    expect(metrics.map(({ eval_loss }) => eval_loss)).toEqual([
      undefined,
      evals[1]!.loss,
      undefined,
      evals[2]!.loss,
    ]);
    expect(done).toMatchObject({ before: { loss: evals[0]!.loss }, after: { loss: evals[2]!.loss } });
  });

  test('with objective rl have it when eval.loss asks for it', async () => {
    const plain = await runOf({});
    for (const line of await lines(plain.out, 'evals.jsonl'))
      expect(Object.keys(line)).toEqual(['step', 'beta', 'accuracy', 'interval', 'tasks', 'reward']);
    const asked = await runOf({ eval: { loss: true } });
    for (const line of await lines(asked.out, 'evals.jsonl')) expect(line.loss).toBeGreaterThan(0);
  });

  test('go by the likelihood of the choices where eval.accuracy says so', async () => {
    const { out, done } = await runOf({ env: choosing, objective: 'sft', eval: { accuracy: 'acc' } });
    const evals = await lines(out, 'evals.jsonl');
    expect(evals[2]).toMatchObject({ accuracyBy: 'acc', accuracy: 1, tasks: 3 });
    expect(done).toMatchObject({ after: { accuracyBy: 'acc', accuracies: { acc: { value: 1 } } } });
    const rows = await lines(out, 'held-out.jsonl');
    expect((rows[0]!.choiceLogprobs as number[])[0]).toBeGreaterThan(
      (rows[0]!.choiceLogprobs as number[])[1]!,
    );
    // The answers are there as before: `verify` compares them.
    expect(rows.map(({ completion }) => completion)).toEqual(['7', '7', '7']);
  });

  test('find a gold index out of range before any work', async () => {
    const wrong: Environment = { ...choosing, choices: () => ({ texts: ['7', '3'], gold: 2 }) };
    await expect(runOf({ env: wrong, eval: { accuracy: 'acc' } })).rejects.toThrow(
      /env "sevens" failed to give the choices of task "test-0": gold is the index of one of 2 texts, 0 to 1, not 2/,
    );
  });
});
