/**
 * Holds `--dry-run`'s estimate against what a run takes: GRPO steps of Qwen2.5's or SmolLM2's shape with random
 * weights, prompts and completions at their longest. Prints the estimate by part, the measured peak and their ratio.
 * Linux only.
 *
 *   node dist/bench/memory.js 135M --prompts 4 --group 8 --prompt 64 --new 64 --set optimizer.microBatchSize=8
 *   node dist/bench/memory.js 0.5B --set runtime.baseDtype=q8
 */
import { parseArgs } from 'node:util';
import { estimateMemory } from '../src/cli/memory/estimate-memory.ts';
import type { TrainRollout } from '../src/policy/batch/train-batch.ts';
import { residentGb } from './process-memory.ts';
import { shapes } from './random-model.ts';
import { benchRecipe, promptOfLength, randomPolicy } from './random-policy.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    prompts: { type: 'string', default: '4' },
    group: { type: 'string', default: '8' },
    prompt: { type: 'string', default: '64' },
    new: { type: 'string', default: '64' },
    steps: { type: 'string', default: '2' },
    /** Any field of the recipe. */
    set: { type: 'string', multiple: true, default: [] },
  },
});
const size = (positionals[0] ?? '135M') as keyof typeof shapes;
const [promptsPerStep, groupSize, maxPromptLength, maxNewTokens, steps] = [
  values.prompts,
  values.group,
  values.prompt,
  values.new,
  values.steps,
].map(Number) as [number, number, number, number, number];

const recipe = benchRecipe(
  {
    runtime: { engine: 'onnx', worker: false },
    sampling: { promptsPerStep, groupSize, maxPromptLength, maxNewTokens },
    eval: { tasks: 1 },
  },
  values.set,
);
const { policy } = await randomPolicy(shapes[size], recipe);
const { total, ...parts } = estimateMemory(recipe, policy.dimensions);
const peaks: number[] = [];
for (let step = 0; step < steps; step++) {
  const requests = Array.from({ length: promptsPerStep }, (_, p) => ({
    task: { id: `${p}` },
    messages: [
      { role: 'user' as const, content: promptOfLength(maxPromptLength, step * promptsPerStep + p) },
    ],
  }));
  const rolled = await policy.snapshot().sample(requests, { ...recipe.sampling, seed: step });
  peaks.push(residentGb().peak);
  const rollouts = rolled.map((rollout, b): TrainRollout => {
    const advantage = b % 2 === 0 ? 1 : -1;
    return { ...rollout, scores: [advantage], reward: advantage, advantage };
  });
  await policy.update({ objective: 'rl', rollouts });
  peaks.push(residentGb().peak);
}
const gb = (bytes: number) => Number((bytes / 1e9).toFixed(3));
console.log(
  JSON.stringify({
    size,
    set: values.set,
    sizes: { promptsPerStep, groupSize, maxPromptLength, maxNewTokens },
    estimate: gb(total),
    ...Object.fromEntries(Object.entries(parts).map(([name, bytes]) => [name, gb(bytes)])),
    /** After each part of each step. */
    peaks: peaks.map((peak) => Number(peak.toFixed(3))),
    ratio: Number((total / 1e9 / peaks.at(-1)!).toFixed(2)),
  }),
);
await policy.dispose();
