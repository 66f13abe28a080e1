import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { HostTensor } from '../../src/engine/engine.ts';
import type { DecodingModel } from '../../src/model/cache/decoding-model.ts';
import { KeptKeys } from '../../src/model/cache/kept-keys.ts';
import { createTokenizer, loadTokenizer, type Tokenizer } from '../../src/model/tokenizer/tokenizer.ts';
import { completions } from '../../src/rollout/sample-rollouts.ts';
import { stopStrings } from '../../src/rollout/stop-strings.ts';

/** Ids in the order in which the model below says them. */
const tokens = ['a', '<t>', 'b', ' ', '<u>', 'c', 'd', '<e>'];

const tokenizer = createTokenizer(
  {
    'tokenizer.json': JSON.stringify({
      added_tokens: ['<t>', '<u>', '<e>'].map((content) => ({
        id: tokens.indexOf(content),
        content,
        special: true,
        normalized: false,
      })),
      normalizer: null,
      pre_tokenizer: null,
      post_processor: null,
      decoder: { type: 'Fuse' },
      model: { type: 'BPE', vocab: Object.fromEntries(tokens.map((token, id) => [token, id])), merges: [] },
    }),
  },
  'm',
);

/** A model that says one token after the other. */
const counting: DecodingModel = {
  cache: { layers: 1, kvHeads: 1, headDim: 1 },
  vocabSize: tokens.length,
  maxPositions: 100,
  prefill: async () => [],
  extend: async () => [],
  step: async (ids) => {
    const own: HostTensor = { data: Float32Array.from(ids), shape: [ids.length, 1, 1, 1], dtype: 'float32' };
    const probabilities = new Float32Array(ids.length * tokens.length);
    for (const [row, id] of ids.entries()) probabilities[row * tokens.length + id + 1] = 1;
    const ones = new Float32Array(ids.length).fill(1);
    const likeliest = ids.map((id) => id + 1);
    return { probabilities, likeliest, topProbabilities: ones, topLogits: ones, tensors: [own, own] };
  },
};

async function said(...stop: string[]): Promise<{ text: string; reason: string; tokens: string }> {
  const groups = await completions(
    { model: counting, tokenizer, eosTokenIds: [7], kept: new KeptKeys() },
    [[0]],
    {
      groupSize: 1,
      maxNewTokens: 20,
      temperature: 0,
      topP: 1,
      topK: 0,
      minP: 0,
      repetitionPenalty: 1,
      seed: 0,
      stop,
    },
  );
  const { text, finishReason, tokenIds } = groups[0]![0]!;
  return { text, reason: finishReason, tokens: tokenizer.decode(tokenIds) };
}

/** The texts that ids decode to as they come one by one are those of `text-stream.test.ts`. */
describe('watching a completion', () => {
  const letters = createTokenizer(
    { 'tokenizer.json': readFileSync('models/tiny/tokenizer.json', 'utf8') },
    'models/tiny',
  );
  test('finds a stop string at the token at which the decoded text holds it, wherever tokens begin and end', () => {
    const bytes = loadTokenizer('test/fixtures/own/gguf-tokenizers/llama.gguf');
    const stops = ['b', 'ab', ' a', 'aab', '\ufffd', 'é', '你', '</s>', 'b</s>a', '你b'];
    return bytes.then((llama) => {
      for (const tokenizer of [llama, letters]) {
        const ids = [...new Set([...' ab', 'é', '你', '</s>'].flatMap((text) => idsIn(tokenizer, text)))];
        fc.assert(
          fc.property(
            fc.array(fc.constantFrom(...ids), { maxLength: 30 }),
            fc.subarray(stops, { minLength: 1, maxLength: 3 }),
            (said, stop) => {
              const watch = stopStrings(tokenizer, stop).watch();
              const first = said.findIndex((id) => watch(id));
              expect(first).toBe(firstByDecoding(tokenizer, said, stop));
            },
          ),
          { numRuns: 500, seed: 14 },
        );
      }
    });
  });
});

function idsIn(tokenizer: Tokenizer, text: string): number[] {
  try {
    return tokenizer.encode(text, { addSpecialTokens: false });
  } catch {
    return [];
  }
}

/** The first token with which the whole text, decoded anew each time, holds a stop string; −1 without one. */
function firstByDecoding(tokenizer: Tokenizer, ids: readonly number[], stop: readonly string[]): number {
  return ids.findIndex((_, t) => {
    const said = ids.slice(0, t + 1);
    return stop.some((text) => {
      const special = idsIn(tokenizer, text).some(
        (id) => tokenizer.decode([id], { skipSpecialTokens: true }) === '',
      );
      return tokenizer.decode(said, { skipSpecialTokens: !special }).includes(text);
    });
  });
}

describe('a stop string', () => {
  test('that is a special token ends the completion before it', async () => {
    expect(await said('<u>')).toEqual({ text: 'b ', reason: 'stop', tokens: '<t>b <u>' });
  });

  test('that holds a special token among other text does, too', async () => {
    expect(await said(' <u>c')).toEqual({ text: 'b', reason: 'stop', tokens: '<t>b <u>c' });
  });

  test('of text alone is found across special tokens, as the text shows it', async () => {
    expect(await said(' c')).toEqual({ text: 'b', reason: 'stop', tokens: '<t>b <u>c' });
    expect(await said('nothing', 'd')).toEqual({ text: 'b c', reason: 'stop', tokens: '<t>b <u>cd' });
  });

  test('that comes first counts, whichever kind it is', async () => {
    expect((await said('<u>', 'b')).text).toBe('');
    expect((await said('d', '<u>')).text).toBe('b ');
  });

  test('that does not come leaves the text whole', async () => {
    expect(await said('<u>d')).toEqual({ text: 'b cd', reason: 'eos', tokens: '<t>b <u>cd<e>' });
  });
});
