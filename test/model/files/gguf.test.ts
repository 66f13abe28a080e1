import { copyFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../../src/errors.ts';
import { openGguf } from '../../../src/model/files/gguf.ts';
import { readModelConfig } from '../../../src/model/read-config.ts';
import { loadTokenizer } from '../../../src/model/tokenizer/tokenizer.ts';
import { loadWeights } from '../../../src/model/weights/load-weights.ts';
import { temporaryFolders } from '../../io/temporary-folder.ts';
import { randomWeights, tinyConfig, tinyJson } from '../tiny-model.ts';
import { converted, metadata, tokenizer } from './tiny-gguf.ts';
import { type GgufInput, writeGguf } from './write-gguf.ts';

const folder = temporaryFolders();
const quants = 'test/fixtures/models/gguf-quants/quants.gguf';

function write(change: Partial<GgufInput> = {}): string {
  const path = join(folder(), 'tiny.gguf');
  writeGguf(path, { metadata, tensors: converted(tinyConfig), ...change });
  return path;
}

describe('a model split into several .gguf files', () => {
  /** Its tensors dealt out to three parts; the first has the metadata, as llama-gguf-split writes them. */
  function split(name = (part: number) => `tiny-0000${part}-of-00003.gguf`): string {
    const to = folder();
    const entries = Object.entries(converted(tinyConfig));
    for (const part of [1, 2, 3]) {
      const own = { 'split.no': part - 1, 'split.count': 3, 'split.tensors.count': entries.length };
      writeGguf(join(to, name(part)), {
        metadata: part === 1 ? { ...metadata, ...own } : own,
        tensors: Object.fromEntries(entries.filter((_, i) => i % 3 === part - 1)),
      });
    }
    return to;
  }

  test('is read from its folder, or from any of its parts', async () => {
    const to = split();
    for (const path of [to, join(to, 'tiny-00001-of-00003.gguf'), join(to, 'tiny-00003-of-00003.gguf')]) {
      const config = await readModelConfig(path);
      expect(config.vocabSize).toBe(tinyConfig.vocabSize);
      expect(await loadWeights(path, config)).toEqual(randomWeights(tinyConfig));
    }
  });

  test('without one of its parts is an error that names it', async () => {
    const to = split();
    rmSync(join(to, 'tiny-00002-of-00003.gguf'));
    await expect(readModelConfig(to)).rejects.toThrow(InputError);
    await expect(readModelConfig(to)).rejects.toThrow(
      /tiny-00002-of-00003\.gguf: no such file.*one of 3 parts/,
    );
  });

  test('under other names is told how to be joined', async () => {
    const to = split((part) => `part${part}.gguf`);
    await expect(openGguf(join(to, 'part1.gguf'))).rejects.toThrow(
      /part1\.gguf is part 1 of 3 of a split model.*NAME-00001-of-00003\.gguf.*llama-gguf-split --merge/,
    );
  });

  test('beside another model has to be named', async () => {
    const to = split();
    writeGguf(join(to, 'other.gguf'), { metadata, tensors: converted(tinyConfig) });
    await expect(readModelConfig(to)).rejects.toThrow(
      /has 2 \.gguf files \(other\.gguf, tiny-00001-of-00003\.gguf\)/,
    );
  });
});

describe('a lone .gguf file', () => {
  test('describes the model by its metadata', async () => {
    const {
      raw: _raw,
      rawGeneration: _generation,
      eosTokenIds: _eos,
      eosSources: _sources,
      ...want
    } = tinyConfig;
    expect(await readModelConfig(write())).toMatchObject({ ...want, eosTokenIds: [1] });
  });

  test('gives the weights under Hugging Face names and in their row order, q and k biases included', async () => {
    const path = write();
    expect(await loadWeights(path, await readModelConfig(path))).toEqual(randomWeights(tinyConfig));
  });

  test('without output.weight has tied embeddings', async () => {
    const tied = { ...tinyConfig, tieWordEmbeddings: true };
    const path = write({ tensors: converted(tied) });
    expect((await readModelConfig(path)).tieWordEmbeddings).toBe(true);
    expect(await loadWeights(path, await readModelConfig(path))).toEqual(randomWeights(tied));
  });

  test('names the ends of turns and messages, too, and a config.json beside it does not hide them', async () => {
    const ends = { 'tokenizer.ggml.eot_token_id': 4, 'tokenizer.ggml.eom_token_id': 5 };
    const path = write({ metadata: { ...metadata, ...ends } });
    expect((await readModelConfig(path)).eosTokenIds).toEqual([1, 4, 5]);
    writeFileSync(join(path, '..', 'config.json'), JSON.stringify(tinyJson));
    const config = await readModelConfig(path);
    expect(config.eosTokenIds).toEqual([1, 4, 5]);
    // What is saved from it has no metadata.
    expect(config.rawGeneration).toEqual({ eos_token_id: [1, 4, 5] });
  });

  test('gives way to config.json beside it', async () => {
    const path = write();
    writeFileSync(join(path, '..', 'config.json'), JSON.stringify({ ...tinyJson, rms_norm_eps: 0.5 }));
    expect((await readModelConfig(path)).rmsNormEps).toBe(0.5);
    expect((await readModelConfig(join(path, '..'))).rmsNormEps).toBe(0.5);
  });
});

describe('rope frequencies scaled by a tensor', () => {
  const scaledBy = (...factors: number[]) => {
    const tensor = { data: Float32Array.from(factors), shape: [factors.length] };
    return write({ tensors: { ...converted(tinyConfig), 'rope_freqs.weight': tensor } });
  };
  /** With θ = 10000 and 4 dimensions the second pair takes 628 tokens for a turn. */
  const llama3 = {
    rope_type: 'llama3',
    rope_theta: 1e4,
    factor: 8,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 64,
  };

  test("Llama 3's settings are found again", async () => {
    const path = scaledBy(1, 8);
    const config = await readModelConfig(path);
    expect(config.ropes).toMatchObject([{ theta: 10000, scaling: { type: 'llama3', factor: 8 } }]);
    expect(await loadWeights(path, config)).toEqual(randomWeights(tinyConfig));
    // Those of config.json beside it need not be found.
    writeFileSync(join(path, '..', 'config.json'), JSON.stringify({ ...tinyJson, rope_parameters: llama3 }));
    const given = await readModelConfig(path);
    expect(given.ropes).toMatchObject([{ scaling: { originalMaxPositionEmbeddings: 64 } }]);
    expect(await loadWeights(path, given)).toEqual(randomWeights(tinyConfig));
  });

  test('factors of no Llama 3 stand for themselves', async () => {
    const { ropes } = await readModelConfig(scaledBy(2, 3.5));
    expect(ropes).toEqual([
      { theta: 10000, dim: 4, scaling: { type: 'longrope', factors: [2, 3.5], attentionFactor: 1 } },
    ]);
  });

  test.each([
    ['too few factors', [1], 'has shape [1], but must have a factor for each of 2 rotary pairs'],
    ['factors that are none', [1, 0], 'short_factor'],
  ])('%s are refused', async (_, factors, message) => {
    await expect(readModelConfig(scaledBy(...factors))).rejects.toThrow(InputError);
    await expect(readModelConfig(scaledBy(...factors))).rejects.toThrow(message);
  });
});

describe('a .gguf file is refused in one line that says why', () => {
  test.each([
    ['another architecture', { 'general.architecture': 'falcon' }, 'architecture "falcon" is not supported'],
    [
      'an unknown rope scaling',
      { 'llama.rope.scaling.type': 'spiral' },
      'rope type "spiral" is not supported',
    ],
    ['a missing size', { 'llama.block_count': 'two' }, 'num_hidden_layers'],
  ])('%s', async (_, change, message) => {
    const path = write({ metadata: { ...metadata, ...change } });
    await expect(readModelConfig(path)).rejects.toThrow(InputError);
    await expect(readModelConfig(path)).rejects.toThrow(message);
  });

  test('an unsupported type among the weights, by its name', async () => {
    const tensors = converted(tinyConfig);
    const path = write({
      tensors: { ...tensors, 'output.weight': { ...tensors['output.weight']!, type: 24 } },
    });
    const loading = loadWeights(path, await readModelConfig(path));
    await expect(loading).rejects.toThrow(InputError);
    await expect(loading).rejects.toThrow(
      'tensor "lm_head.weight" is I8, which is not supported; supported types: F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, IQ4_NL, IQ4_XS, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K',
    );
  });

  test('rows that are no whole blocks', async () => {
    const path = write({ tensors: { x: { data: new Float32Array(256), shape: [16, 16], type: 14 } } });
    await expect(openGguf(path)).rejects.toThrow('tensor "x" of shape [16,16] is not whole Q6_K blocks');
  });

  test('no GGUF at all', async () => {
    const path = join(folder(), 'x.gguf');
    writeFileSync(path, 'hello');
    await expect(openGguf(path)).rejects.toThrow(`${path} is not a readable GGUF file`);
  });

  test('cut short anywhere', async () => {
    const path = join(folder(), 'x.gguf');
    copyFileSync(quants, path);
    const whole = readFileSync(path).length;
    // Every place of the first bytes, then samples of header, tensor table and data.
    const sizes = [
      ...Array(32).keys(),
      ...Array.from({ length: 40 }, (_, i) => 32 + i * 41),
      20000,
      whole - 1,
    ];
    for (const size of sizes) {
      writeFileSync(path, readFileSync(quants));
      truncateSync(path, size);
      await expect(openGguf(path), `${size} bytes`).rejects.toThrow(InputError);
    }
  });

  test('missing', async () => {
    await expect(openGguf(join(folder(), 'no.gguf'))).rejects.toThrow('no such file');
  });
});

describe('the tokenizer of a lone .gguf file', () => {
  const load = (change: object) =>
    loadTokenizer(write({ metadata: { ...metadata, ...tokenizer, ...change } }));

  test('merges, special and user-defined tokens, and chat template come from the metadata', async () => {
    const made = await load({});
    expect(made.encode('ab a<tool><s>')).toEqual([3, 4, 6, 7, 0]);
    expect(made.decode([0, 3, 7, 6], { skipSpecialTokens: true })).toBe('a<tool> a');
    expect(made.encodeChat([{ role: 'user', content: 'b' }])).toEqual([0, 4]);
    expect([made.vocabSize, made.eosTokenId]).toEqual([8, 1]);
  });

  test('a template for tools beside the default one is used for them', async () => {
    const made = await load({ 'tokenizer.chat_template.tool_use': '{{ tools[0].function.name }}' });
    const conversation = [{ role: 'user', content: 'b' }] as const;
    expect(made.applyChatTemplate(conversation)).toBe('<s>b');
    expect(
      made.applyChatTemplate(conversation, { tools: [{ type: 'function', function: { name: 'find' } }] }),
    ).toBe('find');
  });

  test('starts texts with BOS where the file says so', async () => {
    expect((await load({ 'tokenizer.ggml.add_bos_token': true })).encode('a')).toEqual([0, 3]);
  });

  test.each([
    ['another kind', { 'tokenizer.ggml.model': 'rwkv' }, 'of model "rwkv"; supported: gpt2, llama, t5'],
    [
      'an unknown way of splitting',
      { 'tokenizer.ggml.pre': 'bloom' },
      'way of splitting is "bloom"; known: gpt-2',
    ],
    ['Unigram without scores', { 'tokenizer.ggml.model': 't5' }, 'it has no scores'],
    [
      'Unigram without an unknown token',
      { 'tokenizer.ggml.model': 't5', 'tokenizer.ggml.scores': Array(8).fill(0) },
      'it has no unknown_token_id',
    ],
    ['no tokens', { 'tokenizer.ggml.tokens': 'none' }, 'no tokenizer.json beside it'],
  ])('%s is refused, with the way out', async (_, change, message) => {
    await expect(load(change)).rejects.toThrow(InputError);
    await expect(load(change)).rejects.toThrow(message);
    await expect(load(change)).rejects.toThrow('tokenizer.json');
  });

  test.each([
    [
      'a list that does not fit the tokens',
      { 'tokenizer.ggml.token_type': [1] },
      'token_type has 1 entries for 8 tokens',
    ],
    [
      'an id outside them',
      { 'tokenizer.ggml.padding_token_id': 8 },
      'padding_token_id 8 is outside the vocabulary of 8',
    ],
  ])('%s is refused', async (_, change, message) => {
    await expect(load(change)).rejects.toThrow(InputError);
    await expect(load(change)).rejects.toThrow(message);
  });
});
