import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Coefficients } from '../../src/algorithm/coefficients.ts';
import { RefusedError } from '../../src/errors.ts';
import { writeFolderAtomic } from '../../src/io/atomic-folder.ts';
import type { TrainBatch } from '../../src/policy/batch/train-batch.ts';
import type { Policy, PolicySnapshot, PolicyState } from '../../src/policy/policy.ts';
import { randomStream } from '../../src/random.ts';
import type { RecipeInput } from '../../src/recipe/recipe.ts';
import type { SampleOptions, SampleRequest } from '../../src/rollout/sampler.ts';
import type { Completion, Environment, Rollout, Task } from '../../src/types.ts';

/**
 * A policy small enough to follow by hand: it answers every prompt with one digit, drawn from softmax(weights), and
 * learns by REINFORCE with momentum. β goes 1 → 0 over a third of the steps and enters the logits, so that it matters;
 * so do the coefficients of KL and entropy, as weight decay. Its reference policy draws every digit alike.
 */

const DIGITS = 10;
/** What every prompt is to it. */
const PROMPT_IDS = [1, 2];

export interface BanditOptions {
  readonly steps: number;
  /** Milliseconds that sampling and updating take. */
  readonly sampleTime?: number;
  readonly updateTime?: number;
}

export class Bandit implements Policy {
  readonly dimensions = {
    trainableParameters: DIGITS,
    totalParameters: DIGITS,
    layers: 1,
    hiddenSize: DIGITS,
    intermediateSize: DIGITS,
    kvHeads: 1,
    headDim: DIGITS,
    vocabSize: DIGITS,
  };
  readonly notes: readonly string[] = [];
  readonly betaZeroStep: number;
  readonly updates: TrainBatch[] = [];
  /** Batches of steps that skipped their update. */
  readonly skipped: TrainBatch[] = [];
  version = 0;
  disposed = false;
  weights: Float32Array = new Float32Array(DIGITS);
  #momentum: Float32Array = new Float32Array(DIGITS);
  readonly #options: BanditOptions;

  constructor(options: BanditOptions) {
    this.#options = options;
    this.betaZeroStep = Math.ceil(options.steps / 3);
  }

  get beta(): number {
    return Math.max(0, 1 - this.version / this.betaZeroStep);
  }

  snapshot(): PolicySnapshot {
    const { version, beta, weights } = this;
    const time = this.#options.sampleTime ?? 0;
    return {
      version,
      beta,
      sample: async (requests, options) => {
        await sleep(time);
        const choose = chooser(logits(weights, beta), options);
        return requests.flatMap((request, group) =>
          rolloutsOf(request, options, (g) => choose(group, g), { group, policyVersion: version, beta }),
        );
      },
      extend: async (texts, options) => {
        const choose = chooser(logits(weights, beta), options);
        return texts.map((_, i) => completion(choose(i, 0)));
      },
      between: (_conversation, _turn, said) => said.map(() => 9),
      maxPositions: 64,
      values: async (rollouts) => rollouts.map(() => [0.1 * version, 0.2]),
      scoreTexts: async (requests) => {
        const probs = softmax(logits(weights, beta));
        return requests.map(({ texts }) => texts.map((text) => [Math.log(probs[Number(text)]!)]));
      },
      encodeExample: (example) => ({
        ...example,
        promptIds: PROMPT_IDS,
        tokenIds: [Number(example.target)],
      }),
      encodeTurns: () => {
        throw new Error('a bandit has one turn');
      },
    };
  }

  async update(batch: TrainBatch, { klCoef, entropyCoef }: Coefficients = {}) {
    const probs = softmax(logits(this.weights, this.beta));
    await sleep(this.#options.updateTime ?? 0);
    this.updates.push(batch);
    const gradient = new Float32Array(DIGITS);
    for (const [digit, weight] of targets(batch)) {
      for (let d = 0; d < DIGITS; d++) gradient[d]! += weight * ((d === digit ? 1 : 0) - probs[d]!);
    }
    this.#momentum = this.#momentum.map((m, d) => 0.5 * m + gradient[d]!);
    const decay = 0.02 * ((klCoef ?? 0) + (entropyCoef ?? 0));
    this.weights = this.weights.map((w, d) => w + 0.02 * this.#momentum[d]! - decay * w);
    this.version++;
    return {
      loss: 0,
      grad_norm: Math.hypot(...gradient),
      approx_kl: 0.1,
      ...(klCoef !== undefined && { kl: probs.reduce((sum, p) => sum + p * Math.log(p * DIGITS), 0) }),
      ...(entropyCoef !== undefined && { entropy: probs.reduce((sum, p) => sum - p * Math.log(p), 0) }),
    };
  }

  async skip(batch: TrainBatch) {
    this.skipped.push(batch);
    this.version++;
    return { learning_rate: 0 };
  }

  async referenceLogprobs(rollouts: readonly Rollout[]) {
    return rollouts.map(({ tokenIds }) => tokenIds.map(() => Math.log(1 / DIGITS)));
  }

  async logprobs(rollouts: readonly Rollout[]) {
    const now = softmax(logits(this.weights, this.beta));
    return rollouts.map(({ tokenIds }) => tokenIds.map((id) => Math.log(now[id]!)));
  }

  async logits() {
    return { data: Float32Array.from(logits(this.weights, this.beta)), shape: [1, 1, DIGITS] };
  }

  usesPrompt() {
    return true;
  }

  seenPrompt(request: SampleRequest) {
    const text = request.messages.map((message) => message.content).join('');
    return { ...request, promptIds: [...text].map((character) => character.charCodeAt(0) % DIGITS) };
  }

  state(): PolicyState {
    const shape = [DIGITS];
    return {
      arrays: { weights: { data: this.weights, shape }, momentum: { data: this.#momentum, shape } },
      data: { version: this.version },
    };
  }

  async restore({ arrays, data }: PolicyState) {
    this.weights = arrays.weights!.data as Float32Array;
    this.#momentum = arrays.momentum!.data as Float32Array;
    this.version = data.version as number;
  }

  async saveAdapter(folder: string) {
    await writeFile(join(folder, 'adapter.json'), JSON.stringify([...this.weights]));
    return [];
  }

  async saveMerged(folder: string) {
    if (this.beta !== 0) throw new RefusedError(`β is ${this.beta}; it is 0 from step ${this.betaZeroStep}`);
    await writeFolderAtomic(folder, (temporary) =>
      writeFile(join(temporary, 'weights.json'), JSON.stringify([...this.weights])),
    );
  }

  async dispose() {
    this.disposed = true;
  }
}

function* targets(batch: TrainBatch): Generator<[number, number]> {
  if (batch.objective === 'sft') {
    for (const { target } of batch.examples) yield [Number(target), 1];
    return;
  }
  if (batch.objective === 'draft') throw new Error('a bandit drafts for nobody');
  for (const { tokenIds, advantage } of batch.rollouts) yield [tokenIds[0]!, advantage];
}

function logits(weights: Float32Array, beta: number): number[] {
  return Array.from(weights, (w) => w * (1 + beta));
}

function softmax(x: readonly number[]): number[] {
  const e = x.map(Math.exp);
  const sum = e.reduce((a, b) => a + b, 0);
  return e.map((value) => value / sum);
}

interface Choice {
  readonly digit: number;
  readonly logprob: number;
}

function chooser(scores: readonly number[], { temperature, seed }: SampleOptions) {
  const probs = softmax(scores);
  if (temperature === 0) return () => ({ digit: scores.indexOf(Math.max(...scores)), logprob: 0 });
  return (p: number, g: number) => {
    let rest = randomStream(seed, `${p}/${g}`).next();
    let digit = 0;
    while (digit < DIGITS - 1 && rest >= probs[digit]!) rest -= probs[digit++]!;
    return { digit, logprob: Math.log(probs[digit]!) };
  };
}

function rolloutsOf(
  request: SampleRequest,
  { groupSize }: SampleOptions,
  choose: (g: number) => Choice,
  about: Pick<Rollout, 'group' | 'policyVersion' | 'beta'>,
): Rollout[] {
  return Array.from({ length: groupSize }, (_, g) => ({
    ...request,
    ...completion(choose(g)),
    ...about,
    promptIds: PROMPT_IDS,
  }));
}

const completion = ({ digit, logprob }: Choice): Completion => ({
  tokenIds: [digit],
  logprobs: [logprob],
  text: String(digit),
  finishReason: 'eos',
});

/** An environment without end whose answer is always 7; `read` counts the train tasks handed out. */
export function sevens(onRead: () => void = () => {}): Environment & { read: number } {
  const env = {
    name: 'sevens',
    read: 0,
    async *tasks(split: 'train' | 'test'): AsyncGenerator<Task> {
      for (let i = 0; ; i++) {
        if (split === 'train') {
          env.read++;
          onRead();
        }
        yield { id: `${split}-${i}`, answer: 7 };
      }
    },
    prompt: (task: Task) => [{ role: 'user' as const, content: task.id }],
    target: (task: Task) => String(task.answer),
  };
  return env;
}

/** 1 for the task's answer, minus a little for being far off, so that advantages are no round numbers. */
export function right({ tasks, completions }: { tasks: readonly Task[]; completions: readonly string[] }) {
  return completions.map((text, i) => {
    const off = Math.abs(Number(text) - Number(tasks[i]!.answer));
    return off === 0 ? 1 : -0.07 * off;
  });
}

type Overrides = Partial<Omit<RecipeInput, 'name' | 'model'>>;

/** A recipe for the bandit. */
export function banditRecipe(overrides: Overrides = {}): RecipeInput {
  return {
    name: 'bandit',
    model: 'bandit',
    env: sevens(),
    rewards: [{ reward: right }],
    optimizer: { lr: 1e-3 },
    steps: 12,
    sampling: { groupSize: 4, promptsPerStep: 2 },
    eval: { every: 4, tasks: 3 },
    checkpoint: { every: 3, keep: 2 },
    ...overrides,
  };
}
