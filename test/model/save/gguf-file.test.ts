import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../../src/errors.ts';
import { parseModelConfig } from '../../../src/model/families/parse-config.ts';
import { type GgufFile, openGguf } from '../../../src/model/files/gguf.ts';
import { readModelConfig } from '../../../src/model/read-config.ts';
import { saveGguf } from '../../../src/model/save/gguf-file.ts';
import { ggufVocabulary } from '../../../src/model/save/gguf-vocabulary.ts';
import { createTokenizer } from '../../../src/model/tokenizer/tokenizer.ts';
import { readTokenizerFiles } from '../../../src/model/tokenizer/tokenizer-files.ts';
import { loadWeights } from '../../../src/model/weights/load-weights.ts';
import { heldWeights } from '../../../src/model/weights/read-weight.ts';
import { temporaryFolders } from '../../io/temporary-folder.ts';
import { randomWeights, tinyConfig, tinyJson } from '../tiny-model.ts';

const folder = temporaryFolders();

/** A tokenizer of one ASCII character a token. */
const letters = {
  'tokenizer.json': JSON.stringify({
    added_tokens: [{ id: 1, content: '<eos>', special: true }],
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: { type: 'Fuse' },
    model: { type: 'BPE', vocab: { ' ': 0, '<eos>': 1, a: 2, '\n': 3, '~': 4 }, merges: [] },
  }),
  'tokenizer_config.json': JSON.stringify({ eos_token: '<eos>' }),
};

/** Writes a model folder's model as GGUF, in a folder of its own. */
async function written(source: string, change: object = {}): Promise<string> {
  const path = join(folder(), 'model.gguf');
  const given = { ...(await readModelConfig(source)), ...change };
  const readWeight = heldWeights(await loadWeights(source, given));
  await saveGguf(path, { config: given, readWeight, tokenizerFiles: letters }, { dtype: 'f32' });
  return path;
}

async function opened<T>(path: string, use: (file: GgufFile) => Promise<T>): Promise<T> {
  const file = await openGguf(path);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

/** Recorded from llama.cpp's converter: record-families.py beside them. */
const families = 'test/fixtures/own/gguf/families';
/** llama.cpp can't compute these as their config says, whatever its converter writes. */
const refused: Readonly<Record<string, RegExp>> = {
  'gemma2-tiny': /scales attention scores by the width of a head/,
  'gemma3-tiny': /scales attention scores by the width of a head/,
  'qwen3-bias': /has biases of attention’s output and of the MLP in Llamas only/,
  'qwen3-yarn': /has yarn with its usual attention factor/,
  'smollm3-nope': /rotates all layers, of SmolLM3 all but every fourth/,
};
const names = readdirSync(families)
  .filter((name) => name.endsWith('.gguf'))
  .map((name) => name.slice(0, -'.gguf'.length));

describe.each(names)('%s', (name) => {
  const source = join('test/fixtures/own/models', name);
  /** What makes a refused model one that llama.cpp computes; the tensors don't depend on it. */
  const mended = async () => {
    const { layerForms, headDim, ropes } = await readModelConfig(source);
    return {
      attentionScale: 1 / Math.sqrt(headDim),
      outputBias: false,
      ...(name === 'smollm3-nope' && {
        layerForms: layerForms.map((form, i) => ({ ...form, rope: i % 4 === 3 ? null : 0 })),
      }),
      ropes: ropes.map(({ scaling, ...rope }) => ({
        ...rope,
        scaling:
          scaling.type === 'yarn'
            ? { ...scaling, attentionFactor: 1 + 0.1 * Math.log(scaling.factor) }
            : scaling,
      })),
    };
  };

  test.runIf(name in refused)('is refused as it is', async () => {
    const writing = written(source);
    await expect(writing).rejects.toThrow(InputError);
    await expect(writing).rejects.toThrow(refused[name]!);
  });

  test.skipIf(name === 'qwen3-bias')('has the tensors of llama.cpp’s converter, bit for bit', async () => {
    const path = await written(source, name in refused ? await mended() : {});
    await opened(path, (ours) =>
      opened(join(families, `${name}.gguf`), async (theirs) => {
        expect([...ours.tensors.keys()].sort()).toEqual([...theirs.tensors.keys()].sort());
        for (const tensor of theirs.tensors.keys())
          expect(await ours.read(tensor), tensor).toEqual(await theirs.read(tensor));
      }),
    );
  });

  test.skipIf(name === 'qwen3-bias')('has its metadata', async () => {
    const path = await written(source, name in refused ? await mended() : {});
    await opened(path, (ours) =>
      opened(join(families, `${name}.gguf`), async (theirs) => {
        const own = Object.entries(theirs.metadata).filter(
          ([key]) =>
            !/^general\.name$|^tokenizer|^GGUF|^version$|count$|context_length$|sliding_window$|yarn_attn_factor$/.test(
              key,
            ),
        );
        expect(own.length).toBeGreaterThan(8);
        for (const [key, value] of own) expect(ours.metadata[key], key).toEqual(value);
      }),
    );
  });
});

test('a window that llama.cpp has not in a family bounds the context', async () => {
  const path = await written('test/fixtures/models/mistral-window');
  const context = await opened(path, async ({ metadata }) => metadata['llama.context_length']);
  const { layerForms } = await readModelConfig('test/fixtures/models/mistral-window');
  expect(context).toBe(layerForms[0]!.window);
});

describe('the tokenizer', () => {
  /** Recorded from llama.cpp's converter: record.py beside them. */
  const recorded = 'test/fixtures/own/gguf-tokenizers';
  const kinds = ['gpt-2', 'smollm', 'llama-bpe', 'qwen2', 'gpt-4o', 'tekken', 'llama', 'gemma', 'phi3'];

  test.each(kinds)('%s has the metadata of llama.cpp’s converter', async (name) => {
    const path = join(recorded, `${name}.gguf`);
    const { metadata } = await opened(path, async (file) => file);
    const tokenizerFiles = await readTokenizerFiles(path);
    const vocabSize = (metadata['tokenizer.ggml.tokens'] as string[]).length;
    const config = { ...tinyConfig, vocabSize, eosTokenIds: [], bosTokenId: null, padTokenId: null };
    const ours = ggufVocabulary({ config, tokenizerFiles, readWeight: () => new Float32Array() });
    const plain = (key: string) => {
      const value = ours[key];
      return typeof value === 'object' && !Array.isArray(value) ? Object.values(value)[0] : value;
    };
    for (const key of ['model', 'tokens', 'merges', 'bos_token_id', 'eos_token_id', 'unknown_token_id'])
      expect(plain(`tokenizer.ggml.${key}`), key).toEqual(metadata[`tokenizer.ggml.${key}`]);
    expect(plain('tokenizer.chat_template')).toBe(metadata['tokenizer.chat_template']);
    expect(plain('tokenizer.ggml.pre')).toBe(metadata['tokenizer.ggml.pre']);
  });

  // GGUF does not say that special tokens take the white space after them; phi3's reader knows it by the architecture.
  test.each(kinds.filter((name) => name !== 'phi3'))('%s is read back as it was', async (name) => {
    const source = join(recorded, `${name}.gguf`);
    const tokenizerFiles = await readTokenizerFiles(source);
    const { vocabSize } = createTokenizer(tokenizerFiles, name);
    const config = parseModelConfig({
      config: {
        ...tinyJson,
        vocab_size: vocabSize,
        eos_token_id: null,
        bos_token_id: null,
        pad_token_id: null,
      },
      where: name,
    });
    const path = join(folder(), 'model.gguf');
    const readWeight = heldWeights(randomWeights(config));
    await saveGguf(path, { config, tokenizerFiles, readWeight }, { dtype: 'q8_0' });
    const again = createTokenizer(await readTokenizerFiles(path), path);
    const { cases } = JSON.parse(readFileSync(join(recorded, `${name}.json`), 'utf8')) as {
      cases: { text: string; with_special: number[] }[];
    };
    for (const { text, with_special: ids } of cases) expect(again.encode(text), text).toEqual(ids);
  });

  test('of single ASCII characters is spelled in bytes', async () => {
    const model = { config: tinyConfig, tokenizerFiles: letters, readWeight: () => new Float32Array() };
    expect(ggufVocabulary(model)).toMatchObject({
      'tokenizer.ggml.model': 'gpt2',
      'tokenizer.ggml.tokens': [
        'Ġ',
        '<eos>',
        'a',
        'Ċ',
        '~',
        ...[5, 6, 7, 8, 9, 10, 11].map((id) => `[PAD${id}]`),
      ],
      'tokenizer.ggml.token_type': { int32s: [1, 3, 1, 1, 1, 5, 5, 5, 5, 5, 5, 5] },
      'tokenizer.ggml.add_bos_token': false,
    });
  });

  test.each([
    [
      'characters that are no ASCII',
      { model: { type: 'BPE', vocab: { é: 0 }, merges: [] } },
      /one ASCII character each, and it has "é"/,
    ],
    [
      'another way of splitting',
      { pre_tokenizer: { type: 'Whitespace' } },
      /no name that is known here for its way of splitting text; known: gpt-2, smollm/,
    ],
    ['another normaliser', { normalizer: { type: 'Lowercase' } }, /way of splitting/],
    [
      'a kind of model that is not written',
      { model: { type: 'WordPiece', vocab: {} } },
      /written for BPE tokenizers/,
    ],
    [
      'what comes after it',
      { post_processor: { type: 'BertProcessing' } },
      /can't express its post_processor/,
    ],
  ])('with %s is refused', (_, change, says) => {
    const json = { ...JSON.parse(letters['tokenizer.json']), ...change };
    const tokenizerFiles = { ...letters, 'tokenizer.json': JSON.stringify(json) };
    const make = () =>
      ggufVocabulary({ config: tinyConfig, tokenizerFiles, readWeight: () => new Float32Array() });
    expect(make).toThrow(InputError);
    expect(make).toThrow(says);
  });
});

test('matrices have the type asked for, norms float32, and rows that are no whole blocks F16', async () => {
  const config = parseModelConfig({
    config: { ...tinyJson, hidden_size: 32, intermediate_size: 48, head_dim: 16 },
    where: 'x',
  });
  const weights = randomWeights(config);
  const path = join(folder(), 'model.gguf');
  const model = { config, tokenizerFiles: letters, readWeight: heldWeights(weights) };
  await saveGguf(path, model, { dtype: 'q8_0' });
  const types = await opened(path, async ({ tensors }) =>
    Object.fromEntries([...tensors].map(([name, { type }]) => [name, type])),
  );
  expect(types).toMatchObject({
    'token_embd.weight': 'Q8_0',
    'blk.0.attn_q.weight': 'Q8_0',
    'blk.0.ffn_down.weight': 'F16',
    'blk.0.attn_norm.weight': 'F32',
  });
  const again = await loadWeights(path, await readModelConfig(path));
  for (const [name, { data }] of Object.entries(weights)) {
    const most = Math.max(...Array.from(data, Math.abs));
    for (const [i, value] of again[name]!.data.entries())
      expect(Math.abs(value - data[i]!)).toBeLessThan(most / 127);
  }
});

test('a file that is not called .gguf is refused', async () => {
  const model = {
    config: tinyConfig,
    tokenizerFiles: letters,
    readWeight: heldWeights(randomWeights(tinyConfig)),
  };
  await expect(saveGguf(join(folder(), 'model.bin'), model)).rejects.toThrow(/ends with \.gguf/);
});
