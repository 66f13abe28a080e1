import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { parseHubId } from '../../src/hub/base/hub-id.ts';
import { localPath } from '../../src/hub/local-path.ts';
import { pull } from '../../src/hub/pull.ts';
import type { Wanted } from '../../src/hub/select/selection.ts';
import { commitOf, gitSha1, type Repo, refuse, sendRange, sha256 } from './hub-server.ts';
import { notes, withHub } from './with-hub.ts';

// Waits between tries last a tenth here.
vi.mock('node:timers/promises', async (original) => {
  const timers = await original<typeof import('node:timers/promises')>();
  return { ...timers, setTimeout: (ms: number, ...more: []) => timers.setTimeout(ms / 10, ...more) };
});

const get = (name: string, wanted: Wanted = 'model') => pull(parseHubId(name)!, wanted);

/** Bytes that no two files share. */
function bytes(length: number, seed = 1): Buffer {
  let state = seed;
  return Buffer.from(
    Uint8Array.from({ length }, () => {
      state = (state * 1103515245 + 12345) % 2 ** 31;
      return state >> 16;
    }),
  );
}

const weights = bytes(300_000);
const model = (more: Repo['files'] = {}): Repo => ({
  files: {
    'config.json': '{"model_type":"llama"}',
    'tokenizer.json': JSON.stringify({ text: 'x'.repeat(3000) }),
    'model.safetensors': weights,
    'README.md': '# A model',
    ...more,
  },
});

describe('a model', () => {
  test('lies in the cache as Python lays it out: blobs by digest, links by commit, a ref for the branch', async () => {
    const hub = await withHub({ 'acme/tiny': model() });
    const { path, commit, files } = await get('acme/tiny');
    const folder = join(hub.home, 'hub/models--acme--tiny');
    expect(commit).toBe(commitOf(hub.repos['acme/tiny']!));
    expect(path).toBe(join(folder, 'snapshots', commit));
    expect(readFileSync(join(folder, 'refs/main'), 'utf8')).toBe(commit);
    expect(readdirSync(path).sort()).toEqual(['config.json', 'model.safetensors', 'tokenizer.json']);
    expect([...files].sort()).toEqual(readdirSync(path).sort());
    expect(readlinkSync(join(path, 'model.safetensors'))).toBe(`../../blobs/${sha256(weights)}`);
    const config = Buffer.from('{"model_type":"llama"}');
    expect(readlinkSync(join(path, 'config.json'))).toBe(`../../blobs/${gitSha1(config)}`);
    expect(readFileSync(join(path, 'model.safetensors')).equals(weights)).toBe(true);
    expect(readdirSync(join(folder, 'blobs'))).toHaveLength(3);
  });

  test('is asked for once: later calls take what is in the cache', async () => {
    const hub = await withHub({ 'acme/tiny': model() });
    const first = await get('acme/tiny');
    hub.seen.length = 0;
    expect(await get('acme/tiny')).toEqual(first);
    expect(await get(`acme/tiny@${first.commit}`)).toEqual(first);
    expect(hub.seen).toEqual([]);
    hub.newProcess();
    await get('acme/tiny');
    expect(hub.seen.map(({ path }) => path)).toEqual(['/api/models/acme/tiny/revision/main']);
  });

  test('of a branch that moves on gets the new files, and shares those that stayed', async () => {
    const hub = await withHub({ 'acme/tiny': model() });
    const old = await get('acme/tiny');
    hub.repos['acme/tiny']!.files['config.json'] = '{"model_type":"llama","x":1}';
    expect((await get('acme/tiny')).commit).toBe(old.commit);
    hub.newProcess();
    hub.seen.length = 0;
    const now = await get('acme/tiny');
    expect(now.commit).not.toBe(old.commit);
    expect(hub.seen.filter(({ path }) => path.includes('/resolve/')).map(({ path }) => path)).toEqual([
      `/acme/tiny/resolve/${now.commit}/config.json`,
    ]);
    expect(readFileSync(join(old.path, 'config.json'), 'utf8')).toBe('{"model_type":"llama"}');
  });

  test('leaves out files of other frameworks, and weights that it does not load', async () => {
    await withHub({
      'acme/tiny': model({
        'pytorch_model.bin': bytes(2000, 2),
        'tf_model.h5': bytes(2000, 3),
        'flax_model.msgpack': bytes(2000, 4),
        'consolidated.safetensors': bytes(2000, 5),
        'consolidated.00.pth': bytes(2000, 6),
        'model-Q8_0.gguf': bytes(2000, 7),
        'onnx/model.onnx': bytes(2000, 8),
        'pytorch_model.bin.index.json': '{}',
        'original/params.json': '{}',
        'chat_template.jinja': '{{ messages }}',
      }),
    });
    const { files } = await get('acme/tiny');
    expect([...files].sort()).toEqual([
      'chat_template.jinja',
      'config.json',
      'model.safetensors',
      'tokenizer.json',
    ]);
  });

  test('in shards gets those that its index names', async () => {
    const index = {
      weight_map: { a: 'model-00001-of-00002.safetensors', b: 'model-00002-of-00002.safetensors' },
    };
    await withHub({
      'acme/tiny': {
        files: {
          'config.json': '{}',
          'model.safetensors.index.json': JSON.stringify(index),
          'model-00001-of-00002.safetensors': bytes(2000, 2),
          'model-00002-of-00002.safetensors': bytes(2000, 3),
          'model-00001-of-00009.safetensors': bytes(2000, 4),
        },
      },
    });
    const { files } = await get('acme/tiny');
    expect(files.filter((name) => name.endsWith('.safetensors'))).toEqual([
      'model-00001-of-00002.safetensors',
      'model-00002-of-00002.safetensors',
    ]);
  });

  test('of which the tokenizer alone is wanted brings no weights', async () => {
    await withHub({ 'acme/tiny': model() });
    const { files } = await get('acme/tiny', 'tokenizer');
    expect([...files].sort()).toEqual(['config.json', 'tokenizer.json']);
  });

  test('that is pickled, or an adapter, is refused before anything is downloaded', async () => {
    const hub = await withHub({
      'acme/pickled': { files: { 'config.json': '{}', 'pytorch_model.bin': bytes(2000) } },
      'acme/adapter': { files: { 'adapter_config.json': '{}', 'adapter_model.safetensors': bytes(2000) } },
      'acme/empty': { files: { 'README.md': '' } },
    });
    await expect(get('acme/pickled')).rejects.toThrow('has its weights as pytorch_model.bin alone');
    await expect(get('acme/adapter')).rejects.toThrow(
      'acme/adapter is an adapter: name its base as the model',
    );
    await expect(get('acme/empty')).rejects.toThrow('has no weights that are read here');
    expect(hub.seen.filter(({ path }) => path.includes('/resolve/'))).toEqual([]);
    expect((await get('acme/adapter', 'adapter')).files).toHaveLength(2);
    await expect(get('acme/empty', 'adapter')).rejects.toThrow(
      'is no adapter: it has no adapter_config.json',
    );
  });
});

describe('GGUF files', () => {
  const gguf = (...names: string[]): Repo => ({
    files: Object.fromEntries([['config.json', '{}'], ...names.map((name, i) => [name, bytes(2000, i + 2)])]),
  });

  test('are chosen by their quantisation, whatever its case, or by their name', async () => {
    await withHub({
      'acme/g': gguf(
        'tiny-Q4_K_M.gguf',
        'tiny-Q4_K_S.gguf',
        'tiny.Q8_0.gguf',
        'mmproj-F16.gguf',
        'sub/tiny-BF16.gguf',
      ),
    });
    const path = async (name: string) => (await get(name)).path.replace(/^.*snapshots\/[^/]+\//, '');
    expect(await path('acme/g:Q4_K_M')).toBe('tiny-Q4_K_M.gguf');
    expect(await path('acme/g:q8_0')).toBe('tiny.Q8_0.gguf');
    expect(await path('acme/g@main:BF16')).toBe('sub/tiny-BF16.gguf');
    expect(await path('acme/g:tiny-Q4_K_S.gguf')).toBe('tiny-Q4_K_S.gguf');
    await expect(get('acme/g')).rejects.toThrow('has 4 GGUF models (sub/tiny-BF16.gguf, tiny-Q4_K_M.gguf');
    await expect(get('acme/g')).rejects.toThrow('name one, such as acme/g:BF16');
    await expect(get('acme/g:Q3_K')).rejects.toThrow('no GGUF file for "Q3_K", but sub/tiny-BF16.gguf');
    await expect(get('acme/g:F16')).rejects.toThrow('no GGUF file for "F16"');
  });

  test('that are split come together, and the first part is the model', async () => {
    await withHub({
      'acme/g': gguf('Q8_0/x-Q8_0-00002-of-00002.gguf', 'Q8_0/x-Q8_0-00001-of-00002.gguf'),
    });
    const { path, files } = await get('acme/g');
    expect(path).toMatch(/Q8_0\/x-Q8_0-00001-of-00002\.gguf$/);
    expect(existsSync(path.replace('00001-of', '00002-of'))).toBe(true);
    expect(files).toHaveLength(3);
  });
});

describe('a data set', () => {
  const rows = Buffer.from('{"question":"1+1","answer":"2"}\n'.repeat(50));
  const data = (...names: string[]): Repo => ({
    kind: 'dataset',
    files: Object.fromEntries([['README.md', '#'], ...names.map((name) => [name, rows])]),
  });

  test('is a folder of the cache with its data files, under datasets--', async () => {
    const hub = await withHub({ 'acme/sums': data('data/train.jsonl', 'data/test.jsonl', 'big.arrow') });
    const { path, files } = await get('acme/sums', 'data');
    expect(path).toBe(
      join(hub.home, 'hub/datasets--acme--sums/snapshots', commitOf(hub.repos['acme/sums']!), 'data'),
    );
    expect([...files].sort()).toEqual(['data/test.jsonl', 'data/train.jsonl']);
    expect(await readdirSync(path).sort()).toEqual(['test.jsonl', 'train.jsonl']);
  });

  test('with several folders is asked for by one, or by a file', async () => {
    await withHub({
      'acme/gsm': data('main/train.jsonl', 'socratic/train.jsonl'),
      'acme/none': data('x.arrow'),
    });
    await expect(get('acme/gsm', 'data')).rejects.toThrow(
      'has data files in 2 folders (main, socratic): name one, such as acme/gsm:main',
    );
    expect((await get('acme/gsm:main', 'data')).files).toEqual(['main/train.jsonl']);
    expect((await get('acme/gsm:socratic/train.jsonl', 'data')).path).toMatch(/socratic\/train\.jsonl$/);
    await expect(get('acme/gsm:other', 'data')).rejects.toThrow(
      'has no data in "other", but in main, socratic',
    );
    await expect(get('acme/none', 'data')).rejects.toThrow(
      'has no .jsonl, .csv or .parquet file; its files end in',
    );
  });
});

describe('refusals are one line that says what to do', () => {
  const refused = async (name: string) => {
    const error = await localPath(name, 'model').catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ name: 'InputError' });
    expect((error as Error).message).not.toContain('\n');
    return (error as Error).message;
  };

  test('404, and 401 for what the hub does not show', async () => {
    const hub = await withHub({});
    expect(await refused('acme/nothing')).toBe(
      `"acme/nothing" is no file or folder here, and ${hub.url} has no model acme/nothing: check the name, or set HF_TOKEN if it is private`,
    );
    vi.stubEnv('HF_TOKEN', 'hf_x');
    expect(await refused('acme/nothing')).toMatch(/has no model acme\/nothing: check the name$/);
  });

  test('a revision that is not there', async () => {
    const hub = await withHub({ 'acme/tiny': model() });
    expect(await refused('acme/tiny@v9')).toBe(
      `model acme/tiny has no revision "v9": name a branch, a tag or a commit of ${hub.url}/acme/tiny`,
    );
    expect((await get('acme/tiny@refs/pr/1')).commit).toBe(commitOf(hub.repos['acme/tiny']!));
    expect(existsSync(join(hub.home, 'hub/models--acme--tiny/refs/refs/pr/1'))).toBe(true);
  });

  test('a gated model: whose licence is to be accepted, and then with which account', async () => {
    const hub = await withHub({ 'acme/gated': { ...model(), gated: true } });
    expect(await refused('acme/gated')).toBe(
      `model acme/gated is gated: accept its licence at ${hub.url}/acme/gated, then set HF_TOKEN to a token of that account (${hub.url}/settings/tokens)`,
    );
    vi.stubEnv('HF_TOKEN', 'hf_x');
    expect(await refused('acme/gated')).toBe(
      `model acme/gated is gated: accept its licence at ${hub.url}/acme/gated with the account of HF_TOKEN, which has no access to it yet`,
    );
  });

  test('a token that the hub does not take, and one that may not read', async () => {
    const hub = await withHub({ 'acme/tiny': model() }, { HF_TOKEN: 'hf_old' });
    hub.intercept = (_, response) => {
      refuse(response, 401, '', 'Invalid credentials in Authorization header');
      return true;
    };
    expect(await refused('acme/tiny')).toMatch(/does not take the token of HF_TOKEN.*Invalid credentials/);
    hub.intercept = (_, response) => {
      refuse(response, 403, '', 'nope');
      return true;
    };
    expect(await refused('acme/tiny')).toMatch(
      /refuses model acme\/tiny: a token that may read it.*\(nope\)/,
    );
  });
});

describe('the token', () => {
  test('goes to the hub, and to no host that it redirects to', async () => {
    const hub = await withHub({ 'acme/own': { ...model(), token: 'hf_secret' } }, { HF_TOKEN: 'hf_secret' });
    await get('acme/own');
    const sent = (host: string) =>
      hub.seen.filter((one) => one.host === host).map(({ headers }) => headers.authorization);
    expect(new Set(sent('hub'))).toEqual(new Set(['Bearer hf_secret']));
    expect(sent('cdn').length).toBeGreaterThan(0);
    expect(new Set(sent('cdn'))).toEqual(new Set([undefined]));
  });

  test('is read from HF_HOME/token where HF_TOKEN is not set', async () => {
    const hub = await withHub({ 'acme/own': { ...model(), token: 'hf_file' } });
    writeFileSync(join(hub.home, 'token'), 'hf_file\n');
    await get('acme/own');
    expect(hub.seen[0]!.headers.authorization).toBe('Bearer hf_file');
  });

  test('does not follow a list of files to another host', async () => {
    const hub = await withHub({ 'acme/tiny': model() }, { HF_TOKEN: 'hf_secret' });
    hub.intercept = ({ path }, response) => {
      if (!path.includes('/tree/')) return false;
      response.writeHead(200, { 'content-type': 'application/json', link: `<${hub.cdn}/more>; rel="next"` });
      response.end('[]');
      return true;
    };
    await expect(get('acme/tiny')).rejects.toThrow();
    expect(hub.seen.find(({ host }) => host === 'cdn')!.headers.authorization).toBeUndefined();
  });
});

describe('a line that is not what it should be', () => {
  test('429 is waited for as long as the hub says', async () => {
    const hub = await withHub({ 'acme/tiny': model() });
    let refusals = 2;
    hub.intercept = (_, response) => {
      if (refusals-- <= 0) return false;
      response.writeHead(429, { 'retry-after': refusals === 1 ? '3' : '0' });
      response.end();
      return true;
    };
    const start = performance.now();
    await get('acme/tiny');
    expect(performance.now() - start).toBeGreaterThan(290);
  });

  test('429 that asks for too much is an error that says when to come back', async () => {
    const hub = await withHub({ 'acme/tiny': model() });
    hub.intercept = (_, response) => {
      response.writeHead(429, { 'retry-after': '3600' });
      response.end();
      return true;
    };
    await expect(get('acme/tiny')).rejects.toThrow(
      /takes no more requests.*\(429\): try again in 3600 seconds, or set HF_TOKEN/,
    );
    expect(hub.seen).toHaveLength(1);
  });

  test('a connection that is cut is gone on with where it broke', async () => {
    const hub = await withHub({ 'acme/tiny': model() });
    let cuts = 2;
    hub.intercept = (seen, response, content) => {
      if (seen.host !== 'cdn' || content?.length !== weights.length || cuts-- <= 0) return false;
      const start = Number(/=(\d+)-/.exec(seen.headers.range ?? '=0-')![1]);
      response.writeHead(start ? 206 : 200, {
        'content-length': content.length - start,
        ...(start && { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` }),
      });
      response.write(content.subarray(start, start + 100_000), () =>
        setTimeout(() => response.destroy(), 20),
      );
      return true;
    };
    const { path } = await get('acme/tiny');
    expect(readFileSync(join(path, 'model.safetensors')).equals(weights)).toBe(true);
    const ranges = hub.seen
      .filter(({ host, path: blob }) => host === 'cdn' && blob === `/${sha256(weights)}`)
      .map(({ headers }) => headers.range);
    const starts = ranges.map((range) => Number(/^bytes=(\d+)-$/.exec(range ?? 'bytes=0-')![1]));
    // What was on its way when the connection broke may be lost.
    expect(starts).toHaveLength(3);
    expect(starts[0]! < starts[1]! && starts[1]! < starts[2]!).toBe(true);
  });

  test('what a killed process left is gone on with, too', async () => {
    const hub = await withHub({ 'acme/tiny': model() });
    let cut = true;
    hub.intercept = (seen, response, content) => {
      if (!cut || seen.host !== 'cdn' || content?.length !== weights.length) return false;
      if (seen.headers.range === undefined) {
        response.writeHead(200, { 'content-length': content.length });
        response.write(content.subarray(0, 50_000), () => setTimeout(() => response.destroy(), 20));
      } else response.destroy();
      return true;
    };
    await expect(get('acme/tiny')).rejects.toThrow(
      /^model.safetensors of model acme\/tiny broke off after [1-9]\d* of 300000 bytes: .*; try again to go on/,
    );
    const blobs = join(hub.home, 'hub/models--acme--tiny/blobs');
    const left = readdirSync(blobs).filter((name) => name.endsWith('.incomplete'));
    expect(left).toHaveLength(1);
    const { size } = lstatSync(join(blobs, left[0]!));
    cut = false;
    hub.seen.length = 0;
    const { path } = await get('acme/tiny');
    expect(readFileSync(join(path, 'model.safetensors')).equals(weights)).toBe(true);
    expect(hub.seen.find(({ host }) => host === 'cdn')!.headers.range).toBe(`bytes=${size}-`);
    expect(readdirSync(blobs).filter((name) => name.endsWith('.incomplete'))).toEqual([]);
  }, 20_000);

  test('a server that knows no ranges sends the whole again', async () => {
    const hub = await withHub({ 'acme/tiny': model() });
    let cut = true;
    hub.intercept = (seen, response, content) => {
      if (seen.host !== 'cdn' || content?.length !== weights.length) return false;
      response.writeHead(200, { 'content-length': content.length });
      if (cut) response.write(content.subarray(0, 70_000), () => setTimeout(() => response.destroy(), 20));
      else response.end(content);
      cut = false;
      return true;
    };
    const { path } = await get('acme/tiny');
    expect(readFileSync(join(path, 'model.safetensors')).equals(weights)).toBe(true);
  });

  test('a wrong checksum costs one more download, and then is an error that leaves nothing behind', async () => {
    const hub = await withHub({ 'acme/tiny': model() });
    const wrong = Buffer.from(weights).fill(7, 100, 110);
    let times = 1;
    hub.intercept = (seen, response, content) => {
      if (seen.host !== 'cdn' || content?.length !== weights.length || times-- <= 0) return false;
      sendRange(seen, response, wrong, '"x"');
      return true;
    };
    const { path } = await get('acme/tiny');
    expect(readFileSync(join(path, 'model.safetensors')).equals(weights)).toBe(true);
    expect(notes(hub.events)).toEqual([
      'model.safetensors of model acme/tiny came with a wrong checksum: downloading it again',
    ]);
    times = 2;
    vi.stubEnv('HF_HUB_CACHE', join(hub.home, 'other'));
    await expect(get('acme/tiny')).rejects.toThrow(
      `model.safetensors of model acme/tiny is not what the hub lists: its checksum was wrong twice (expected ${sha256(weights)})`,
    );
    const blobs = readdirSync(join(hub.home, 'other/models--acme--tiny/blobs'));
    expect(blobs.filter((name) => name.startsWith(sha256(weights)))).toEqual([]);
  });

  test('a small file is checked by git’s own hash', async () => {
    const hub = await withHub({ 'acme/tiny': model() });
    hub.intercept = (seen, response, content) => {
      if (!seen.path.endsWith('/config.json') || content === undefined) return false;
      sendRange(seen, response, Buffer.from(content.toString().replace('llama', 'lambs')), '"x"');
      return true;
    };
    await expect(get('acme/tiny')).rejects.toThrow(
      'config.json of model acme/tiny is not what the hub lists',
    );
  });

  test('more bytes than the hub lists are not written', async () => {
    const hub = await withHub({ 'acme/tiny': model() });
    hub.intercept = (seen, response, content) => {
      if (seen.host !== 'cdn' || content?.length !== weights.length) return false;
      sendRange(seen, response, Buffer.concat([content, content]), '"x"');
      return true;
    };
    await expect(get('acme/tiny')).rejects.toThrow('is longer than the 300000 bytes that the hub lists');
  });

  test('a slow trickle arrives, silence does not', async () => {
    const hub = await withHub({ 'acme/tiny': model() }, { HF_HUB_DOWNLOAD_TIMEOUT: '0.4' });
    let silent = false;
    hub.intercept = (seen, response, content) => {
      if (seen.host !== 'cdn' || content?.length !== weights.length) return false;
      const start = Number(/=(\d+)-/.exec(seen.headers.range ?? '=0-')![1]);
      response.writeHead(
        start ? 206 : 200,
        start ? { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` } : {},
      );
      let at = start;
      const drip = setInterval(() => {
        if (silent && at > 40_000) return;
        response.write(content.subarray(at, at + 30_000));
        at += 30_000;
        if (at >= content.length) response.end(() => clearInterval(drip));
      }, 100);
      response.on('close', () => clearInterval(drip));
      return true;
    };
    const start = performance.now();
    await get('acme/tiny');
    expect(performance.now() - start).toBeGreaterThan(900);
    silent = true;
    vi.stubEnv('HF_HUB_CACHE', join(hub.home, 'other'));
    await expect(get('acme/tiny')).rejects.toThrow('no byte for 0.4 seconds (HF_HUB_DOWNLOAD_TIMEOUT)');
  }, 30_000);

  test('a server that is down for a moment is asked again', async () => {
    const hub = await withHub({ 'acme/tiny': model() });
    let down = 1;
    hub.intercept = (_, response) => {
      if (down-- <= 0) return false;
      response.writeHead(503).end();
      return true;
    };
    await get('acme/tiny');
  });
});

describe('without the hub', () => {
  test('HF_HUB_OFFLINE takes what is in the cache and asks nothing', async () => {
    const hub = await withHub({ 'acme/tiny': model() });
    const online = await get('acme/tiny');
    hub.newProcess();
    hub.seen.length = 0;
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    expect((await get('acme/tiny')).commit).toBe(online.commit);
    await expect(localPath('acme/other', 'model')).rejects.toThrow(
      /^"acme\/other" is no file or folder here, and model acme\/other is not in the cache .*, and HF_HUB_OFFLINE forbids/,
    );
    expect(hub.seen).toEqual([]);
  });

  test('no network is one line, soon', async () => {
    const hub = await withHub({ 'acme/tiny': model() });
    const { path } = await get('acme/tiny');
    await hub.close();
    hub.newProcess();
    expect(readdirSync((await get('acme/tiny')).path)).toEqual(readdirSync(path));
    expect(notes(hub.events)).toEqual([
      expect.stringMatching(
        /^can't reach http.*ECONNREFUSED.*; the copy of model acme\/tiny in the cache is used/,
      ),
    ]);
    const start = performance.now();
    await expect(localPath('models/smolm', 'model')).rejects.toThrow(
      /^"models\/smolm" is no file or folder here, and can't reach http:.*: connect ECONNREFUSED/,
    );
    expect(performance.now() - start).toBeLessThan(2000);
  });

  test('a snapshot of a program that keeps no list of files is used as it is', async () => {
    const hub = await withHub({ 'acme/tiny': model() }, { HF_HUB_OFFLINE: '1' });
    const commit = '0123456789abcdef0123456789abcdef01234567';
    const folder = join(hub.home, 'hub/models--acme--tiny');
    mkdirSync(join(folder, 'snapshots', commit), { recursive: true });
    mkdirSync(join(folder, 'refs'));
    writeFileSync(join(folder, 'refs/main'), commit);
    writeFileSync(join(folder, 'snapshots', commit, 'model.safetensors'), weights);
    expect((await get('acme/tiny')).files).toEqual(['model.safetensors']);
  });
});

describe('two at the same time', () => {
  test('download a file once, and both have it whole', async () => {
    const hub = await withHub({ 'acme/tiny': model() });
    const both = await Promise.all([get('acme/tiny'), get('acme/tiny')]);
    for (const { path } of both)
      expect(readFileSync(join(path, 'model.safetensors')).equals(weights)).toBe(true);
    const blobs = readdirSync(join(hub.home, 'hub/models--acme--tiny/blobs'));
    expect(blobs.filter((name) => name.includes('.'))).toEqual([]);
  });
});

describe('what lies here', () => {
  test('wins over the hub, and what can’t be on it is not asked for', async () => {
    const hub = await withHub({ 'acme/tiny': model() });
    for (const path of [
      'test/hub',
      './acme/tiny',
      '../a/b',
      '/a/b',
      'a/b/c',
      'tiny',
      'data/train.jsonl',
      'm/x.gguf',
      'a\\b',
    ])
      expect(await localPath(path, 'model')).toBe(path);
    expect(hub.seen).toEqual([]);
  });
});
