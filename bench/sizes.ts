/**
 * Measures what sizes that people train cost: Qwen2.5's shapes of 0.5B and 1.5B parameters with random weights and LoRA
 * rank 16 on all linear layers. Each mode runs in a process of its own and prints JSON lines. Linux only.
 *
 *   node dist/bench/sizes.js                          all modes, one after the other
 *   node dist/bench/sizes.js grpo-0.5b --steps 4
 *   node dist/bench/sizes.js row-0.5b --tokens 2048 --set runtime.threads=1
 *
 * Modes (their sizes can be changed by options):
 *   build-135m, build-0.5b, build-1.5b   the decoding session; `ratio` is the peak over the weights
 *   grpo-135m, grpo-0.5b, grpo-1.5b      GRPO steps: 4 prompts × 8, 256 + 256 tokens (1.5B: q4, 2 × 4, 128 + 128)
 *   row-135m, row-0.5b                   updates on one row of 4,096 tokens
 *   lengths                              300 steps of a small model of 4 layers, lengths drawn at random from 16 to 1,024
 *
 * Seconds are wall time, `cpu` those of all threads; memory in GB is resident: `peak` the most so far.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { TrainRollout } from '../src/policy/batch/train-batch.ts';
import type { Rollout } from '../src/types.ts';
import { forgetPeak, residentGb } from './process-memory.ts';
import { noiseFrom, shape, shapes } from './random-model.ts';
import { benchRecipe, promptOfLength, type RandomPolicy, randomPolicy } from './random-policy.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    steps: { type: 'string' },
    prompts: { type: 'string' },
    group: { type: 'string' },
    prompt: { type: 'string' },
    new: { type: 'string' },
    tokens: { type: 'string' },
    'base-dtype': { type: 'string' },
    /** Any field of the recipe. */
    set: { type: 'string', multiple: true, default: [] },
    /** Run the mode in this process. */
    here: { type: 'boolean', default: false },
  },
});

interface Sizes {
  readonly prompts: number;
  readonly group: number;
  readonly prompt: number;
  readonly new: number;
  readonly steps: number;
}

const option = (name: 'steps' | 'prompts' | 'group' | 'prompt' | 'new' | 'tokens', otherwise: number) =>
  Number(values[name] ?? otherwise);

const sizesOf = (given: Sizes): Sizes => ({
  prompts: option('prompts', given.prompts),
  group: option('group', given.group),
  prompt: option('prompt', given.prompt),
  new: option('new', given.new),
  steps: option('steps', given.steps),
});

type Size = keyof typeof shapes;

const usual: Sizes = { prompts: 4, group: 8, prompt: 256, new: 256, steps: 3 };

const modes: Readonly<Record<string, () => Promise<void>>> = {
  'build-135m': () => build('135M', 'float32'),
  'build-0.5b': () => build('0.5B', 'float32'),
  'build-1.5b': () => build('1.5B', 'q4'),
  'grpo-135m': () => grpo('135M', 'float32', usual),
  'grpo-0.5b': () => grpo('0.5B', 'float32', usual),
  'grpo-1.5b': () => grpo('1.5B', 'q4', { ...usual, prompts: 2, group: 4, prompt: 128, new: 128 }),
  'row-135m': () => row('135M'),
  'row-0.5b': () => row('0.5B'),
  lengths: () => lengths(),
};

const round = (x: number, digits = 3): number => Number(x.toFixed(digits));

const runtimeOf = (dtype: string) => ({
  runtime: { engine: 'onnx' as const, baseDtype: (values['base-dtype'] ?? dtype) as 'float32' },
});

/** Runs something, and prints how long it took, what it returns and the memory afterwards. */
async function measured<T>(
  what: object,
  work: () => Promise<T>,
  shown: (result: T) => object = () => ({}),
): Promise<T> {
  const [start, before] = [performance.now(), process.cpuUsage()];
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  const { now, peak } = residentGb();
  const times = {
    seconds: round((performance.now() - start) / 1000),
    cpu: round((user + system) / 1e6),
  };
  const memory = { resident: round(now), peak: round(peak) };
  console.log(JSON.stringify({ mode: positionals[0], ...what, ...times, ...shown(result), ...memory }));
  return result;
}

/** The most memory while the decoding session is built, the weights on the host included. */
async function build(size: Size, dtype: string): Promise<void> {
  const made = await measured({ part: 'load' }, () => randomPolicy(shapes[size], recipe(usual, dtype)));
  forgetPeak();
  await measured(
    { part: 'build', weights: round(made.weightBytes / 1e9) },
    () => made.policy.snapshot().extend([[1]], { ...made.recipe.sampling, maxNewTokens: 1, seed: 0 }),
    () => ({ ratio: round((1e9 * residentGb().peak) / made.weightBytes, 2) }),
  );
  await made.policy.dispose();
}

const recipe = ({ prompts, group, new: maxNewTokens }: Sizes, dtype: string) =>
  benchRecipe(
    {
      ...runtimeOf(dtype),
      sampling: { promptsPerStep: prompts, groupSize: group, maxNewTokens, maxPromptLength: 65536 },
    },
    values.set,
  );

/** Steps of GRPO: sampling, and one update on what was sampled. Advantages alternate in sign. */
async function grpo(size: Size, dtype: string, given: Sizes): Promise<void> {
  const sizes = sizesOf(given);
  const made = await measured({ part: 'load' }, () => randomPolicy(shapes[size], recipe(sizes, dtype)));
  for (let step = 0; step < sizes.steps; step++) {
    const rollouts = await measured({ step, part: 'sample' }, () => sample(made, step, sizes));
    await measured({ step, part: 'update' }, () => update(made, rollouts), counts);
  }
  await made.policy.dispose();
}

function sample({ policy, recipe }: RandomPolicy, step: number, { prompts, prompt }: Sizes) {
  const requests = Array.from({ length: prompts }, (_, p) => ({
    task: { id: `${p}` },
    messages: [{ role: 'user' as const, content: promptOfLength(prompt, step * prompts + p) }],
  }));
  return policy.snapshot().sample(requests, { ...recipe.sampling, seed: step });
}

async function update({ policy }: RandomPolicy, rollouts: readonly Rollout[]) {
  const advantaged = rollouts.map((rollout, b): TrainRollout => {
    const advantage = b % 2 === 0 ? 1 : -1;
    return { ...rollout, scores: [advantage], reward: advantage, advantage };
  });
  return policy.update({ objective: 'rl', rollouts: advantaged });
}

const counts = ({ loss, compilations }: Readonly<Record<string, number>>) => ({ loss, compilations });

/** A row that nobody sampled. */
const rowOf = (group: number, promptIds: readonly number[], tokenIds: readonly number[]): Rollout => ({
  task: { id: `${group}` },
  group,
  messages: [],
  promptIds,
  promptText: '',
  text: '',
  tokenIds,
  logprobs: tokenIds.map(() => -10),
  finishReason: 'length',
  beta: 0,
  policyVersion: 0,
});

const randomIds = (length: number, seed: number, vocabulary: number): number[] => {
  const next = noiseFrom(seed);
  return Array.from({ length }, () => Math.floor((next() * 0.5 + 0.5) * vocabulary));
};

/** Updates on one row. */
async function row(size: Size): Promise<void> {
  const tokens = option('tokens', 4096);
  const made = await measured({ part: 'load' }, () => randomPolicy(shapes[size], recipe(usual, 'float32')));
  const vocabulary = made.config.vocabSize;
  for (let step = 0; step < option('steps', 2); step++) {
    const rollout = rowOf(0, randomIds(1, 0, vocabulary), randomIds(tokens, step + 1, vocabulary));
    await measured({ step, part: 'update', tokens }, () => update(made, [rollout]), counts);
  }
  await made.policy.dispose();
}

/** Steps of a small model whose prompts and completions have any length: programs and memory must stop growing. */
async function lengths(): Promise<void> {
  const sizes = sizesOf({ ...usual, group: 4, steps: 300 });
  const small = shape('llama', [2048, 128, 384, 4, 4, 2]);
  const made = await randomPolicy(small, recipe(sizes, 'float32'));
  const next = noiseFrom(7);
  const upTo = (most: number) => 16 + Math.floor((next() * 0.5 + 0.5) * (most - 15));
  for (let step = 0; step < sizes.steps; step++) {
    const rollouts = Array.from({ length: sizes.prompts }, (_, p) => {
      const prompt = randomIds(upTo(512), step * 8 + p, 2048);
      return Array.from({ length: sizes.group }, (_, g) => rowOf(p, prompt, randomIds(upTo(512), g, 2048)));
    }).flat();
    const every = Math.max(1, Math.floor(sizes.steps / 10));
    if (step % every === 0 || step === sizes.steps - 1)
      await measured({ step, part: 'update' }, () => update(made, rollouts), counts);
    else await update(made, rollouts);
    await made.policy.snapshot().extend([randomIds(upTo(512), step, 2048)], {
      ...made.recipe.sampling,
      maxNewTokens: 4,
      seed: step,
    });
  }
  await made.policy.dispose();
}

/** Runs each mode in a process of its own. */
function runAll(names: readonly string[]): void {
  const script = fileURLToPath(import.meta.url);
  const own = process.argv.slice(2).filter((argument) => !names.includes(argument));
  for (const name of names) {
    const args = [...process.execArgv, script, name, '--here', ...own];
    const { status, signal } = spawnSync(process.execPath, args, { stdio: 'inherit' });
    if (status !== 0) console.log(JSON.stringify({ mode: name, failed: signal ?? status }));
  }
}

const names = positionals.length > 0 ? positionals : Object.keys(modes);
const unknown = names.filter((name) => !(name in modes));
if (unknown.length > 0) throw new Error(`no mode ${unknown}; there are ${Object.keys(modes).join(', ')}`);
if (values.here) await modes[names[0]!]!();
else runAll(names);
