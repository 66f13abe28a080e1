import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readModelConfig } from '../../src/model/read-config.ts';
import { initialiseWeights } from '../../src/model/weights/initialise-weights.ts';
import { temporaryFolders } from '../io/temporary-folder.ts';
import { load, loadOrRefuse } from './load.ts';
import {
  config,
  type Files,
  goodFiles,
  header,
  index,
  safetensors,
  shard,
  shardedFiles,
  tokenizer,
  writeFiles,
} from './model-folder.ts';

const folder = temporaryFolders();
const windows = process.platform === 'win32';

function modelOf(files: Files): string {
  const path = join(folder(), 'model');
  writeFiles(path, files);
  return path;
}

const message = (path: string) => loadOrRefuse(path, load);

describe.skipIf(windows)('links', () => {
  test.each([...Object.keys(goodFiles), shard])('%s must not lead out of the folder', async (name) => {
    const path = modelOf(name === shard ? shardedFiles : goodFiles);
    renameSync(join(path, name), join(path, '..', 'elsewhere'));
    symlinkSync('../elsewhere', join(path, name));
    expect(await message(path)).toMatch(`${join(path, name)} is a link that leads out of its folder, to `);
  });

  test('a link within the folder, and a link to the folder, are followed', async () => {
    const path = modelOf(goodFiles);
    renameSync(join(path, 'config.json'), join(path, 'other.json'));
    symlinkSync('other.json', join(path, 'config.json'));
    symlinkSync(path, join(path, '..', 'link'));
    expect(await message(path)).toBeUndefined();
    expect(await message(join(path, '..', 'link'))).toBeUndefined();
  });

  test('snapshots of the Hugging Face cache lead to its blobs, and nowhere else', async () => {
    const repository = join(folder(), 'models--a--b');
    const snapshot = join(repository, 'snapshots', 'c0ffee');
    writeFiles(join(repository, 'blobs'), goodFiles);
    mkdirSync(snapshot, { recursive: true });
    for (const name of Object.keys(goodFiles)) symlinkSync(`../../blobs/${name}`, join(snapshot, name));
    expect(await message(snapshot)).toBeUndefined();
    writeFiles(join(repository, 'other'), goodFiles);
    execFileSync('ln', ['-sf', '../../other/config.json', join(snapshot, 'config.json')]);
    expect(await message(snapshot)).toMatch('leads out of its folder');
  });

  test('circles', async () => {
    const path = modelOf({});
    symlinkSync('config.json', join(path, 'config.json'));
    writeFiles(path, { 'model.safetensors': safetensors(header) });
    expect(await message(path)).toMatch("config.json can't be read: ELOOP");
  });
});

describe.skipIf(windows)('what is not a file', () => {
  test.each(Object.keys(goodFiles))('a pipe as %s is refused, not waited for', async (name) => {
    const { [name]: _, ...rest } = goodFiles;
    const path = modelOf(rest);
    execFileSync('mkfifo', [join(path, name)]);
    expect(await message(path)).toMatch(/is not a file/);
  });

  test('a folder', async () => {
    const path = modelOf({ 'config.json': config });
    mkdirSync(join(path, 'model.safetensors'));
    writeFiles(path, { 'tokenizer.json': goodFiles['tokenizer.json']! });
    expect(await message(path)).toMatch('model.safetensors is not a file');
  });
});

describe('pickles', () => {
  test.each(['pytorch_model.bin', 'pytorch_model-00001-of-00002.bin', 'consolidated.00.pth', 'model.pt'])(
    'a folder with %s alone is refused, also for fresh weights',
    async (name) => {
      const { 'model.safetensors': _, ...rest } = goodFiles;
      const path = modelOf({ ...rest, [name]: Buffer.from('\x80\x02cos\nsystem\n') });
      expect(await message(path)).toMatch(`has its weights in ${name}, a pickle`);
      await expect(readModelConfig(path)).rejects.toThrow('convert them to safetensors');
    },
  );

  test('beside safetensors they are left alone', async () => {
    expect(await message(modelOf({ ...goodFiles, 'pytorch_model.bin': Buffer.from('x') }))).toBeUndefined();
  });
});

describe('size', () => {
  const growth = async (path: string) => {
    const before = process.memoryUsage().rss;
    const text = await message(path);
    expect(process.memoryUsage().rss - before).toBeLessThan(1.2e9);
    return text;
  };

  test('a header of gigabytes is not read', async () => {
    const path = modelOf({
      ...goodFiles,
      'model.safetensors': safetensors(header, { length: 6_000_000_000n }),
    });
    truncateSync(join(path, 'model.safetensors'), 8e9);
    expect(await growth(path)).toMatch('its header has 6000000000 bytes; one of at most 32000000 is read');
  });

  test.each([
    ['lists', (n: number) => `{"a":[${'[],'.repeat(n / 3)}[]]}`],
    ['entries', (n: number) => `{${Array.from({ length: n / 12 }, (_, i) => `"${i}":{}`).join()}}`],
    ['brackets', (n: number) => '['.repeat(n / 2) + ']'.repeat(n / 2)],
    ['spaces', (n: number) => ' '.repeat(n)],
    ['metadata', (n: number) => `{"__metadata__":{"a":"${'x'.repeat(n)}"}}`],
  ])('a header of 31 MB of %s, and the same as config.json', async (_, text) => {
    const long = Buffer.from(text(31e6).slice(0, 31.5e6));
    const path = modelOf({ ...goodFiles, 'model.safetensors': safetensors(long.toString(), { bytes: 0 }) });
    expect(await growth(path)).toBeDefined();
    expect(await growth(modelOf({ ...goodFiles, 'config.json': long }))).toBeDefined();
  });

  test.each(Object.keys(goodFiles).filter((name) => name.endsWith('.json')))('%s of 10 GB', async (name) => {
    const path = modelOf(goodFiles);
    truncateSync(join(path, name), 10e9);
    expect(await growth(path)).toMatch(
      '10000000000 bytes; a text file that is read whole has 64000000 at most',
    );
  });

  test.each([
    ['num_hidden_layers', 1e9],
    ['vocab_size', 1e15],
    ['num_attention_heads', 1e9],
    ['num_key_value_heads', 1e9],
    ['head_dim', 1e7],
    ['hidden_size', 1e12],
    ['intermediate_size', 1e12],
    ['max_position_embeddings', 1e9],
  ])('%s %d in config.json', async (field, value) => {
    const text = await growth(modelOf({ ...goodFiles, 'config.json': { ...config, [field]: value } }));
    expect(text).toMatch(`${field}: `);
  });

  test('sizes that are possible, but not those of the tensors', async () => {
    const large = { ...config, num_hidden_layers: 900, vocab_size: 1e6, hidden_size: 1e5 };
    expect(await growth(modelOf({ ...goodFiles, 'config.json': large }))).toMatch(
      'which its config asks for',
    );
  });

  test('a fresh model larger than the machine', async () => {
    const { 'model.safetensors': _, ...rest } = goodFiles;
    const path = modelOf({
      ...rest,
      'config.json': { ...config, hidden_size: 2 ** 20, vocab_size: 2 ** 24 },
    });
    const parsed = await readModelConfig(path);
    expect(() => initialiseWeights(parsed, 0)).toThrow('this machine has');
  });
});

test('a token with an id of a thousand million costs no list as long', async () => {
  const vocab = { ...tokenizer.model.vocab, x: 1e9 };
  const path = modelOf({
    ...goodFiles,
    'tokenizer.json': { ...tokenizer, model: { ...tokenizer.model, vocab } },
  });
  expect(await message(path)).toMatch('the id of "x" must be a whole number up to 16777216 (got 1000000000)');
});

describe('what JSON.parse accepts', () => {
  test('a tensor listed twice', async () => {
    const name = 'model.norm.weight';
    const text = JSON.stringify(header).replace(/}$/, `,"${name}":${JSON.stringify(header[name])}}`);
    const path = modelOf({ ...goodFiles, 'model.safetensors': safetensors(text) });
    expect(await message(path)).toMatch('(header) has "model.norm.weight" twice');
  });

  test('an offset given twice', async () => {
    const text = JSON.stringify(header).replace('"data_offsets":', '"data_offsets":[0,4],"data_offsets":');
    const path = modelOf({ ...goodFiles, 'model.safetensors': safetensors(text) });
    expect(await message(path)).toMatch('(header) has "data_offsets" twice');
  });

  test('__proto__ as a tensor', async () => {
    const text = JSON.stringify(header).replace('model.norm.weight', '__proto__');
    const path = modelOf({ ...goodFiles, 'model.safetensors': safetensors(text) });
    expect(await message(path)).toMatch('its header accounts for');
  });

  test('control characters of a name stay out of the message', async () => {
    const weights = { ...index.weight_map, '\u001b[31m\n': shard };
    const path = modelOf({ ...shardedFiles, 'model.safetensors.index.json': { weight_map: weights } });
    expect(await message(path)).toMatch('"\\u001b[31m\\u000a"');
  });

  test('deep nesting', async () => {
    const path = modelOf(goodFiles);
    writeFileSync(join(path, 'tokenizer.json'), '['.repeat(1e6) + ']'.repeat(1e6));
    expect(await message(path)).toMatch('nests more than 512 levels deep');
  });
});
