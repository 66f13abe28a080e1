import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { InputError } from '../../src/errors.ts';
import { openGguf } from '../../src/model/files/gguf.ts';
import { readModelConfig } from '../../src/model/read-config.ts';
import { loadTokenizer } from '../../src/model/tokenizer/tokenizer.ts';
import { loadWeights } from '../../src/model/weights/load-weights.ts';
import { temporaryFolders } from '../io/temporary-folder.ts';
import { tinyGguf } from '../model/files/tiny-gguf.ts';
import { type GgufInput, writeGguf } from '../model/files/write-gguf.ts';
import { damage } from './mutations.ts';

/** Cases of each test: HOSTILE_CASES=10000 for a long run, which prints its counts. */
const cases = Number(process.env.HOSTILE_CASES ?? 250);
/** One case reads a file of some kilobytes three times. */
const LONGEST_MS = 5000;

const folder = temporaryFolders();

/** Loads what there is in a file. Anything but success or an InputError of one line fails the test. */
async function loadAll(file: string): Promise<'loaded' | 'refused'> {
  const start = performance.now();
  const results = await Promise.allSettled([
    loadTokenizer(file).then((made) => made.decode(made.encode('ab a<s>'))),
    readModelConfig(file).then((config) => loadWeights(file, config)),
  ]);
  expect(performance.now() - start).toBeLessThan(LONGEST_MS);
  for (const result of results) {
    if (result.status === 'fulfilled') continue;
    if (!(result.reason instanceof InputError)) throw result.reason;
    expect(result.reason.message).not.toContain('\n');
    expect(result.reason.message.length).toBeLessThan(2000);
  }
  return results.some(({ status }) => status === 'fulfilled') ? 'loaded' : 'refused';
}

/** Files that this process has open, where the system tells. */
const openFiles = () => (existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd').length : 0);

/** Runs a property; the cases must neither all load nor all be refused, take little memory and leave no file open. */
async function fuzz<T>(arbitrary: fc.Arbitrary<T>, write: (path: string, value: T) => void): Promise<void> {
  const path = join(folder(), 'hostile.gguf');
  const counts = { loaded: 0, refused: 0 };
  const before = { memory: process.memoryUsage().rss, files: openFiles() };
  const property = fc.asyncProperty(arbitrary, async (value) => {
    write(path, value);
    counts[await loadAll(path)]++;
  });
  await fc.assert(property, { numRuns: cases });
  expect(Math.min(counts.loaded, counts.refused)).toBeGreaterThan(cases / 50);
  expect(process.memoryUsage().rss - before.memory).toBeLessThan(1e9);
  expect(openFiles()).toBeLessThanOrEqual(before.files);
  if (process.env.HOSTILE_CASES !== undefined) console.log(expect.getState().currentTestName, counts);
}

const TIMEOUT = 120_000 + cases * 60;

describe(`${cases} files each load, or are refused in one line, at once and in little memory`, () => {
  const valid: { readonly bytes: Buffer; readonly header: number }[] = [];
  beforeAll(async () => {
    const tiny = join(folder(), 'valid.gguf');
    writeGguf(tiny, tinyGguf);
    const own = (name: string) => `test/fixtures/own/${name}.gguf`;
    const families = ['gemma3-tiny', 'phi3-partial', 'llama3-rope'].map((name) =>
      own(`gguf/families/${name}`),
    );
    const tokenizers = ['llama', 'llama-bpe', 'unigram'].map((name) => own(`gguf-tokenizers/${name}`));
    for (const path of [tiny, ...families, ...tokenizers]) {
      const file = await openGguf(path);
      await file.close();
      const bytes = readFileSync(path);
      const header = Math.min(bytes.length, ...[...file.tensors.values()].map(({ position }) => position));
      valid.push({ bytes, header });
    }
  });

  test('valid files with damaged headers', { timeout: TIMEOUT }, () => {
    const file = fc.nat({ max: valid.length - 1 });
    return fuzz(fc.tuple(file, damage), (path, [index, harm]) => {
      const { bytes, header } = valid[index]!;
      writeFileSync(path, harm(bytes, header));
    });
  });

  const number = fc.constantFrom(
    0,
    1,
    2,
    3,
    7,
    64,
    1e6,
    2 ** 31,
    2 ** 32 - 1,
    0.5,
    -0.5,
    1e30,
    NaN,
    Infinity,
  );
  const text = fc.constantFrom(
    '',
    'a',
    '__proto__',
    'constructor',
    '\n',
    'yarn',
    'linear',
    'llama',
    't5',
    '{% for',
    '\ufeff',
  );
  const value = fc.oneof(
    number,
    text,
    fc.boolean(),
    fc.array(fc.nat(9), { maxLength: 8 }),
    fc.array(text, { minLength: 1, maxLength: 8 }),
  );
  const architectures = ['llama', 'llama', 'llama', 'qwen2', 'qwen3', 'smollm3', 'gemma2', 'gemma3', 'phi3'];
  const more = [
    'rope.scaling.type',
    'rope.scaling.factor',
    'attention.key_length',
    'attention.sliding_window',
    'attention.sliding_window_pattern',
    'rope.freq_base_swa',
    'rope.scaling.original_context_length',
  ];
  const others = [
    'scores',
    'add_bos_token',
    'add_eos_token',
    'add_space_prefix',
    'unknown_token_id',
    'eot_token_id',
  ];
  const keys = [
    ...Object.keys(tinyGguf.metadata),
    ...more.map((key) => `llama.${key}`),
    ...others.map((key) => `tokenizer.ggml.${key}`),
  ];

  test('valid files with other values in their metadata', { timeout: TIMEOUT }, () => {
    const changes = fc.dictionary(fc.constantFrom(...keys), value, { minKeys: 1, maxKeys: 3 });
    return fuzz(fc.tuple(changes, fc.constantFrom(...architectures)), (path, [change, architecture]) => {
      const metadata: GgufInput['metadata'] = {
        ...tinyGguf.metadata,
        'general.architecture': architecture,
        ...change,
      };
      const named = Object.entries(metadata).map(([key, each]) => [
        key.replace(/^llama\./, `${architecture}.`),
        each,
      ]);
      writeGguf(path, { ...tinyGguf, metadata: Object.fromEntries(named) });
    });
  });
});
