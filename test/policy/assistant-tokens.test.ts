import { expect, test } from 'vitest';
import type { Message } from '../../src/types.ts';
import { textOf } from './model-folder.ts';
import { openTiny, type Tiny } from './tiny-policy.ts';

const say = (role: Message['role'], ids: readonly number[]): Message => ({ role, content: textOf(ids) });

/** Conversations of several turns, with turns of the assistant among what is given, and what is taught after them. */
const talks: readonly { readonly messages: readonly Message[]; readonly target: readonly number[] }[] = [
  {
    messages: [say('system', [60]), say('user', [61, 62]), say('assistant', [63, 64, 65]), say('user', [66])],
    target: [70, 71],
  },
  { messages: [say('user', [67])], target: [72] },
  {
    messages: [
      say('user', [68, 69]),
      say('assistant', [80]),
      say('tool', [81, 82]),
      say('assistant', [83, 84]),
      say('user', [85]),
    ],
    target: [73, 74, 75, 76],
  },
];
const END = 2;

test.each([0, 64])(
  'supervised loss is on the last assistant turn alone, with packing %d',
  async (packing) => {
    const tiny = await openTiny({
      trained: true,
      chatTemplate: true,
      recipe: { objective: 'sft', algorithm: { name: 'dapo' }, optimizer: { lr: 1e-3, packing } },
    });
    const { encodeExample } = tiny.policy.snapshot();
    const examples = talks.map(({ messages, target }, group) => ({
      ...encodeExample({ task: { id: String(group) }, messages, target: textOf(target) }),
      group,
    }));
    // The template ends the assistant's turns with END; those of the prompt are read, not taught.
    expect(examples[0]!.promptIds).toEqual([60, 61, 62, 63, 64, 65, END, 66]);
    expect(examples[0]!.tokenIds).toEqual([70, 71, END]);
    const taught: number[] = [];
    const everyToken: number[] = [];
    for (const { promptIds, tokenIds } of examples) {
      const all = await surprisals(tiny, [...promptIds, ...tokenIds]);
      taught.push(...all.slice(promptIds.length));
      everyToken.push(...all.slice(1));
    }
    const { loss } = await tiny.policy.update({ objective: 'sft', examples });
    expect(loss).toBeCloseTo(mean(taught), 4);
    expect(Math.abs(mean(everyToken) - mean(taught))).toBeGreaterThan(0.01);
  },
);

test.each([0, 64])(
  'with all turns taught it is on every turn of the assistant and its end, with packing %d',
  async (packing) => {
    const tiny = await openTiny({
      trained: true,
      chatTemplate: true,
      recipe: { objective: 'sft', algorithm: { name: 'dapo' }, optimizer: { lr: 1e-3, packing } },
    });
    const { encodeTurns } = tiny.policy.snapshot();
    const examples = talks
      .flatMap(({ messages, target }, group) =>
        encodeTurns({ task: { id: String(group) }, conversation: [...messages, say('assistant', target)] }),
      )
      .map((example, group) => ({ ...example, group }));
    expect(examples.map(({ promptIds }) => promptIds)).toEqual([[60, 61, 62], [67], [68, 69]]);
    expect(examples[0]).toMatchObject({
      tokenIds: [63, 64, 65, END, 66, 70, 71, END],
      completionMask: [1, 1, 1, 1, 0, 1, 1, 1],
    });
    expect(examples[2]!.completionMask).toEqual([1, 1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 1, 1]);
    const taught: number[] = [];
    for (const { promptIds, tokenIds, completionMask } of examples) {
      const all = await surprisals(tiny, [...promptIds, ...tokenIds]);
      taught.push(...all.slice(promptIds.length).filter((_, t) => completionMask![t] === 1));
    }
    const { loss } = await tiny.policy.update({ objective: 'sft', examples });
    expect(loss).toBeCloseTo(mean(taught), 4);
  },
);

test('a conversation that ends with the user’s turn, or is too long, can’t be taught', async () => {
  const { policy } = await openTiny({ chatTemplate: true, recipe: { objective: 'sft' } });
  const { encodeTurns } = policy.snapshot();
  const long = Array.from({ length: 300 }, () => 70);
  const teach = (...conversation: readonly Message[]) => encodeTurns({ task: { id: 'a' }, conversation });
  expect(() => teach(say('user', [60]))).toThrow(/task a: .*ends with a turn of the assistant/);
  expect(() => teach(say('user', [60]), say('assistant', long))).toThrow(
    /the conversation of task a has 302 tokens; the model has \d+ positions/,
  );
});

/** −log p of each token given those before it, from the logits by a softmax in double precision; the first is NaN. */
async function surprisals(tiny: Tiny, ids: readonly number[]): Promise<number[]> {
  const batch = { inputIds: [ids], attentionMask: [ids.map(() => 1)] };
  const { data, shape } = await tiny.policy.logits(batch);
  const vocabulary = shape[2]!;
  return ids.map((id, t) => {
    if (t === 0) return Number.NaN;
    const row = Array.from(data.subarray((t - 1) * vocabulary, t * vocabulary));
    const peak = Math.max(...row);
    return peak + Math.log(row.reduce((sum, logit) => sum + Math.exp(logit - peak), 0)) - row[id]!;
  });
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
