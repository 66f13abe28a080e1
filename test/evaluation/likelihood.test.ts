import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { multipleChoice } from '../../envs/index.ts';
import { captured, exactNumber } from '../../rewards/index.ts';
import type { CausalLM } from '../../src/causal-lm/causal-lm.ts';
import { loadModel } from '../../src/causal-lm/load-model.ts';
import { nameRewards } from '../../src/environment/scoring/name-rewards.ts';
import { evaluateHeldOut } from '../../src/evaluation/evaluate-held-out.ts';
import { evaluateModel } from '../../src/evaluation/evaluate-model.ts';
import { createPolicy } from '../../src/policy/create-policy.ts';
import { parseRecipe, type RecipeInput } from '../../src/recipe/recipe.ts';
import type { Environment } from '../../src/types.ts';
import { type Json, noSmollm2, smollm2 } from '../golden/golden-files.ts';
import { expectNear } from '../golden/golden-tensors.ts';

/** Numbers of lm-evaluation-harness and transformers, by the script beside them. */
const cases: Json = JSON.parse(readFileSync('test/fixtures/likelihood/cases.json', 'utf8'));
const { tiny, commonsense } = cases;
const kinds = ['acc', 'acc_norm'] as const;

/** The recorded sums as an environment: the right choice is what is taught. */
const sums: Environment = {
  name: 'sums',
  async *tasks() {
    for (const [i, doc] of (tiny.docs as Json[]).entries()) yield { id: String(i), answer: 0, ...doc };
  },
  prompt: (task) => [{ role: 'user', content: String(task.prompt) }],
  choices: ({ choices, gold }) => ({ texts: choices as string[], gold: gold as number }),
  target: ({ choices, gold }) => (choices as string[])[gold as number]!,
};

const recipe = (accuracy: (typeof kinds)[number]): RecipeInput => ({
  name: 'sums',
  model: 'tiny',
  objective: 'sft',
  env: sums,
  rewards: [{ reward: exactNumber() }],
  optimizer: { lr: 1e-3 },
  steps: 1,
  sampling: { maxNewTokens: 2 },
  eval: { tasks: 60, batchSize: 7, accuracy },
  runtime: { engine: 'onnx', threads: 1 },
});

describe('the embedded model on choices, as lm-evaluation-harness measures it', () => {
  let model: CausalLM;
  beforeAll(async () => {
    model = await loadModel('tiny', { engine: { engine: 'onnx', threads: 1 } });
  });
  afterAll(() => model.dispose());

  test.each(kinds)(
    '%s, the log-prob of every choice, and transformers’ loss of the targets',
    async (kind) => {
      const { result, rows } = await evaluateModel(recipe(kind), { model });
      for (const [i, row] of rows.entries())
        expectNear(row.choiceLogprobs!, tiny.logprobs[i], `task ${i}`, { atol: 1e-4 });
      expect(result).toMatchObject({ accuracyBy: kind, accuracy: tiny[kind], tasks: 60 });
      for (const each of kinds) expect(result.accuracies![each].value).toBe(tiny[each]);
      expect(Math.abs(result.loss! - tiny.loss)).toBeLessThan(1e-5);
    },
  );

  test('and so does a policy whose adapter is fresh', async () => {
    const parsed = parseRecipe(recipe('acc_norm'));
    const policy = await createPolicy(parsed);
    const tasks = (tiny.docs as Json[]).map((doc, i) => ({ id: String(i), answer: 0, ...doc }));
    const rewards = nameRewards(parsed.rewards);
    const { result, rows } = await evaluateHeldOut(policy.snapshot(), parsed, { tasks, rewards, step: 0 });
    await policy.dispose();
    for (const [i, row] of rows.entries())
      expectNear(row.choiceLogprobs!, tiny.logprobs[i], `task ${i}`, { atol: 1e-4 });
    expect(result.accuracy).toBe(tiny.acc_norm);
    expect(Math.abs(result.loss! - tiny.loss)).toBeLessThan(1e-5);
  });
});

const data = process.env.DATA_DIR;
if (smollm2 === undefined || data === undefined)
  test.skip(`likelihood/commonsense: ${noSmollm2}, and DATA_DIR that of the data`, () => {});
else {
  test('SmolLM2 on BoolQ and OpenBookQA', { timeout: 600_000 }, async () => {
    const model = await loadModel(smollm2!);
    const logprobs: (readonly number[])[] = [];
    const right = { acc: 0, acc_norm: 0 };
    for (const name of ['boolq', 'openbookqa']) {
      const given: RecipeInput = {
        ...recipe('acc'),
        model: smollm2!,
        rewards: [{ reward: captured({ pattern: /answer is (\w+)/ }) }],
        env: multipleChoice({ path: join(data, 'commonsense', name), system: commonsense.system }),
        // The recorded numbers are those of the files' first rows.
        sampling: { maxNewTokens: 2, shuffle: false },
        eval: { tasks: commonsense.rows_a_task, batchSize: 16, accuracy: 'acc' },
      };
      const { result, rows } = await evaluateModel(given, { model });
      logprobs.push(...rows.map((row) => row.choiceLogprobs!));
      for (const kind of kinds) right[kind] += result.accuracies![kind].value * rows.length;
    }
    await model.dispose();
    for (const [i, row] of logprobs.entries())
      expectNear(row, commonsense.logprobs[i], `row ${i}`, { atol: 2e-3 });
    for (const kind of kinds) expect(right[kind], kind).toBeCloseTo(commonsense[kind] * logprobs.length, 6);
  });
}
