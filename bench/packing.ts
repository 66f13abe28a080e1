/**
 * Measures supervised training steps with examples in rows of their own and in shared rows (`optimizer.packing`), on
 * rows of commonsense data, whose lengths differ.
 *
 *   node dist/bench/packing.js --model FOLDER --data FOLDER/boolq --packing 0,256 --examples 16 --batches 2
 *
 * --fresh draws the weights at random, of a folder with config.json and tokenizer alone. Goes through the batches once
 * to compile, and once more to measure. Prints a JSON line for each packing: CPU seconds and seconds a step, tokens
 * that the examples have, and programs compiled.
 */
import { parseArgs } from 'node:util';
import { multipleChoice } from '../envs/index.ts';
import { captured } from '../rewards/index.ts';
import { promptOf, targetOf } from '../src/environment/ask-environment.ts';
import { firstTasks } from '../src/environment/task-source.ts';
import type { TrainBatch } from '../src/policy/batch/train-batch.ts';
import { createPolicy } from '../src/policy/create-policy.ts';
import type { Policy } from '../src/policy/policy.ts';
import { parseRecipe, type Recipe } from '../src/recipe/recipe.ts';

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    data: { type: 'string' },
    packing: { type: 'string', default: '0,256' },
    examples: { type: 'string', default: '16' },
    micro: { type: 'string', default: '16' },
    batches: { type: 'string', default: '2' },
    method: { type: 'string', default: 'afa-lora' },
    threads: { type: 'string', default: '1' },
    fresh: { type: 'boolean', default: false },
  },
});
const [examples, batches] = [Number(values.examples), Number(values.batches)];

for (const packing of values.packing.split(',').map(Number)) {
  const recipe = parseRecipe({
    name: 'packing',
    model: values.model,
    method: values.method,
    freshWeights: values.fresh,
    objective: 'sft',
    env: multipleChoice({ path: values.data! }),
    rewards: [{ reward: captured({ pattern: /answer is (\w+)/ }) }],
    adapter: { rank: 16, alpha: 32 },
    optimizer: { lr: 1e-4, microBatchSize: Number(values.micro), packing },
    metrics: { annealKl: false },
    steps: 2 * batches,
    runtime: { engine: 'onnx', threads: Number(values.threads) },
  });
  const policy = await createPolicy(recipe);
  const given = await batchesOf(policy, recipe);
  for (const batch of given) await policy.update(batch);
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  let compilations = 0;
  const losses: number[] = [];
  for (const batch of given) {
    const metrics = await policy.update(batch);
    losses.push(metrics.loss!);
    compilations = metrics.compilations!;
  }
  const used = process.cpuUsage(cpu);
  const seconds = (microseconds: number) => Number((microseconds / 1e6 / batches).toFixed(3));
  console.log(
    JSON.stringify({
      packing,
      cpu: seconds(used.user + used.system),
      seconds: seconds((performance.now() - start) * 1e3),
      tokens: given.map(tokensOf),
      compilations,
      losses,
    }),
  );
  await policy.dispose();
}

async function batchesOf(policy: Policy, { env }: Recipe): Promise<TrainBatch[]> {
  const tasks = await firstTasks(env, 'train', { count: examples * batches });
  const { encodeExample } = policy.snapshot();
  const rows = tasks.map((task) =>
    encodeExample({ task, messages: promptOf(env, task), target: targetOf(env, task) }),
  );
  return Array.from({ length: batches }, (_, i) => ({
    objective: 'sft',
    examples: rows.slice(i * examples, (i + 1) * examples).map((row, group) => ({ ...row, group })),
  }));
}

function tokensOf(batch: TrainBatch): number {
  if (batch.objective !== 'sft') return 0;
  return batch.examples.reduce((sum, { promptIds, tokenIds }) => sum + promptIds.length + tokenIds.length, 0);
}
