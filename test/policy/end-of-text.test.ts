import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/errors.ts';
import { countTokens } from '../../src/pipeline/step/step-metrics.ts';
import { byGroup } from '../../src/rollout/groups.ts';
import type { Rollout } from '../../src/types.ts';
import { END, letter, textOf } from './model-folder.ts';
import { greatestGap, recorded, rollOut, trainerLogprobs, withAdvantages } from './rollouts.ts';
import { openTiny, type RecipeOverrides, type Tiny } from './tiny-policy.ts';
import { userMessage } from './toy-environment.ts';

const EOS = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

/** Models whose pad token ends texts, is an ordinary token, or is one of several that end texts. */
const pads: [name: string, padTokenId: number][] = [
  ['pad is the EOS token', 2],
  ['pad is a token of its own', 0],
  ['pad is another EOS id', 7],
];

describe.each(pads)('when %s', (_, padTokenId) => {
  const open = (recipe: RecipeOverrides = {}) =>
    openTiny({ eosTokenIds: EOS, padTokenId, trained: true, recipe: { method: 'lora', ...recipe } });

  test('a text ends at the first of the EOS ids, whichever it is, and nowhere else', async () => {
    const tiny = await open({ sampling: { maxNewTokens: 16 } });
    const rollouts = await rollOut(tiny, { prompts: 6, groupSize: 32 });
    for (const { tokenIds, finishReason, text } of rollouts) {
      const end = tokenIds.findIndex((id) => EOS.includes(id));
      expect(end).toBe(finishReason === 'eos' ? tokenIds.length - 1 : -1);
      expect(tokenIds.length).toBe(finishReason === 'eos' ? end + 1 : 16);
      // The tokens that the tokenizer names are special; what else ends texts is a letter as any other.
      expect(text).toBe(textOf(tokenIds.filter((id) => id !== 2 && id !== padTokenId)));
    }
    const ends = rollouts.flatMap(({ tokenIds }) => tokenIds.filter((id) => EOS.includes(id)));
    expect(new Set(ends)).toEqual(new Set(EOS));
  });

  test('within a prompt such ids are tokens as any other', async () => {
    const tiny = await open();
    const prompts = [[70, padTokenId, 71], [2, 90, 2, 91], [70, 71, padTokenId], [padTokenId], [70, 71]];
    const messages = prompts.map((ids) =>
      userMessage(ids.map((id) => (id === 2 ? END : letter(id))).join('')),
    );
    const requests = messages.map((prompt, i) => ({ task: { id: String(i) }, messages: prompt }));
    const rollouts = await tiny.policy.snapshot().sample(requests, { ...tiny.recipe.sampling, seed: 5 });
    const { groupSize } = tiny.recipe.sampling;
    expect(rollouts.map(({ promptIds }) => promptIds)).toEqual(
      prompts.flatMap((prompt) => Array(groupSize).fill(prompt)),
    );
    expect(greatestGap(recorded(rollouts), await trainerLogprobs(tiny, rollouts))).toBeLessThan(1e-4);
    const first = byGroup(rollouts).map(([rollout]) => rollout!.logprobs[0]);
    expect(new Set(first).size).toBe(prompts.length);
  });

  test('the loss counts every token of a completion: the EOS that ends it, and pad ids inside', async () => {
    const tiny = await open({ algorithm: { name: 'dapo' } });
    const completions = [[80, 81, 2], [82, 0, 83, 0], [7], [84, 85, 86, 12]];
    const made = completions.map((tokenIds) => rollout(tokenIds));
    const now = await trainerLogprobs(tiny, made);
    // A ratio of its own for each token, inside the clip range: leaving one out gives another mean.
    const logRatio = (g: number, t: number) => 0.01 * (1 + t + 4 * g);
    const old = made.map((each, g) => ({ ...each, logprobs: now[g]!.map((l, t) => l - logRatio(g, t)) }));
    const { loss } = await tiny.policy.update({ objective: 'rl', rollouts: withAdvantages(old, () => 1) });
    const ratios = completions.flatMap((ids, g) => ids.map((_, t) => Math.exp(logRatio(g, t))));
    expect(loss).toBeCloseTo(-mean(ratios), 5);
  });

  test('supervised fine-tuning teaches the answer and then EOS', async () => {
    const tiny = await open({ objective: 'sft', algorithm: { name: 'dapo' } });
    const targets = [[80, 81, 82], [83], [84, 85, 86, 87, 88]];
    const written = targets.map((ids, i) => ({
      task: { id: String(i) },
      messages: userMessage(textOf([70 + i, 60])),
      target: textOf(ids),
    }));
    const examples = written.map((each, group) => ({
      ...tiny.policy.snapshot().encodeExample(each),
      group,
    }));
    expect(examples.map(({ promptIds }) => promptIds)).toEqual(targets.map((_, i) => [70 + i, 60]));
    expect(examples.map(({ tokenIds }) => tokenIds)).toEqual(targets.map((ids) => [...ids, 2]));
    const logprobs = await trainerLogprobs(tiny, examples);
    const batch = { objective: 'sft', examples } as const;
    const { loss } = await tiny.policy.update(batch);
    expect(loss).toBeCloseTo(-mean(logprobs.flat()), 4);
    const ready = { index: 0, batch, policyVersion: 0, beta: 0, metrics: {}, stopsEarly: false };
    expect(countTokens(ready)).toBe(3 * 2 + 4 + 2 + 6);

    for (let step = 0; step < 60; step++) await tiny.policy.update(batch);
    const greedy = { ...tiny.recipe.sampling, groupSize: 1, temperature: 0, maxNewTokens: 16, seed: 0 };
    const answers = await tiny.policy.snapshot().sample(written, greedy);
    expect(answers.map(({ tokenIds }) => tokenIds)).toEqual(targets.map((ids) => [...ids, 2]));
    expect(answers.map(({ finishReason }) => finishReason)).toEqual(['eos', 'eos', 'eos']);
    expect(answers.map(({ text }) => text)).toEqual(written.map(({ target }) => target));
  });
});

describe('a model of 128 positions', () => {
  const prompt = (length: number) => Array.from({ length }, (_, i) => 60 + ((7 * i) % 50));
  const request = (id: string, length: number) => ({
    task: { id },
    messages: userMessage(textOf(prompt(length))),
  });
  const sampleOf = ({ policy, recipe }: Tiny, lengths: readonly number[]) => {
    const requests = lengths.map((length) => request(String(length), length));
    return policy.snapshot().sample(requests, { ...recipe.sampling, maxNewTokens: 8, seed: 5 });
  };

  test('texts that fill it end there, and are sampled and trained on beside short ones', async () => {
    const tiny = await openTiny({ trained: true });
    const rollouts = await sampleOf(tiny, [120, 125, 126, 127, 2]);
    const lengths = byGroup(rollouts).map((group) =>
      Math.max(...group.map(({ tokenIds }) => tokenIds.length)),
    );
    expect(lengths).toEqual([8, 3, 2, 1, 8]);
    expect(greatestGap(recorded(rollouts), await trainerLogprobs(tiny, rollouts))).toBeLessThan(1e-4);
    const scored = withAdvantages(rollouts, (g) => (g % 2 ? 1 : -1));
    const { grad_norm } = await tiny.policy.update({ objective: 'rl', rollouts: scored });
    expect(grad_norm).toBeGreaterThan(0);
  });

  test('a prompt that leaves no room, or has no token, is bad input', async () => {
    const tiny = await openTiny();
    await expect(sampleOf(tiny, [3, 128])).rejects.toThrow(InputError);
    await expect(sampleOf(tiny, [3, 128])).rejects.toThrow(
      /prompt 1 has 128 tokens; the model has 127 positions/,
    );
    await expect(sampleOf(tiny, [0])).rejects.toThrow(/prompt 0 has no tokens/);
    const ids = prompt(129);
    const tooLong = tiny.policy.logits({ inputIds: [ids], attentionMask: [ids.map(() => 1)] });
    await expect(tooLong).rejects.toThrow(/row 0 has 129 tokens; the model has 128 positions/);
  });

  test('an example that does not fit it is bad input', async () => {
    const { policy } = await openTiny({ recipe: { objective: 'sft' } });
    const encode = (length: number) =>
      policy.snapshot().encodeExample({ ...request('long', length), target: textOf([80, 81, 82]) });
    const teach = (length: number) =>
      policy.update({ objective: 'sft', examples: [{ ...encode(length), group: 0 }] });
    expect((await teach(124)).loss).toBeGreaterThan(0);
    expect(() => encode(125)).toThrow(InputError);
    expect(() => encode(125)).toThrow(/task long, its prompt and target together, has 129 tokens/);
    expect(() => encode(0)).toThrow(/the prompt of task long has no tokens/);
  });
});

/** A completion of one prompt as a sampler gives it, with log-probs that are yet to be filled in. */
function rollout(tokenIds: readonly number[]): Rollout {
  return {
    group: 0,
    task: { id: '0' },
    messages: userMessage('x'),
    promptIds: [70, 71, 72],
    tokenIds,
    logprobs: tokenIds.map(() => 0),
    text: '',
    finishReason: EOS.includes(tokenIds.at(-1)!) ? 'eos' : 'length',
    beta: 0,
    policyVersion: 0,
  };
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
