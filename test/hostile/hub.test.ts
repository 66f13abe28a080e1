import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve, sep } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { AnnealError } from '../../src/errors.ts';
import { hubIdText, isSafePath, parseHubId } from '../../src/hub/base/hub-id.ts';
import { pull } from '../../src/hub/pull.ts';
import { checkListing } from '../../src/hub/repo/repo-files.ts';
import { commitOf, gitSha1, type Hub, type Repo, sha256, startHub } from '../hub/hub-server.ts';

// A hub that lies: names that lead out of the folder, digests and commits that are paths, sizes that are none.

vi.setConfig({ testTimeout: 600_000 });

const numRuns = Number(process.env.HOSTILE_CASES ?? 200);
/** Whole downloads, through a server, are slower. */
const pulls = Math.ceil(numRuns / 20);

const repository = { kind: 'model', name: 'acme/x' } as const;
const sha = 'a'.repeat(40);

/** Steps of paths that lead somewhere, and ordinary ones. */
const step = fc.oneof(
  fc.constantFrom(
    '..',
    '.',
    '',
    '~',
    'C:',
    'CON',
    '\\',
    '..\\..',
    'a\\..\\b',
    '\0',
    'a\0b',
    '…',
    '%2e%2e',
    '\u202e',
    ' ',
    'x. ',
  ),
  fc.constantFrom('config.json', 'model.safetensors', 'tokenizer.json', 'sub', 'x.gguf', '__proto__'),
  fc.string({ unit: 'binary', maxLength: 12 }),
);
const path = fc
  .tuple(
    fc.constantFrom('', '', '', '/', '//', '\\\\host\\', 'file://', 'C:/'),
    fc.array(step, { minLength: 1, maxLength: 6 }),
  )
  .map(([start, steps]) => start + steps.join('/'));

async function* listed(entries: readonly unknown[]): AsyncGenerator<unknown> {
  yield* entries;
}

describe('names of a hub', () => {
  test('that are taken stay below the folder that they are joined to', () => {
    const root = resolve('/cache/snapshots/c');
    fc.assert(
      fc.property(path, (name) => {
        if (!isSafePath(name)) return;
        expect(resolve(join(root, name)).startsWith(root + sep)).toBe(true);
        expect(name).not.toMatch(/[\\\0]/);
        expect(name.split('/')).not.toContain('..');
      }),
      { numRuns },
    );
  });

  test('that a person writes never make a path out of the cache', () => {
    fc.assert(
      fc.property(fc.tuple(path, path, path, path), ([owner, name, revision, part]) => {
        for (const text of [
          owner,
          `${owner}/${name}`,
          `a/b@${revision}`,
          `a/b:${part}`,
          `a/b@${revision}:${part}`,
        ]) {
          const id = parseHubId(text);
          if (id === undefined) continue;
          expect(hubIdText(id)).toBe(text);
          for (const piece of [id.name, id.revision, id.part])
            if (piece !== undefined) expect(isSafePath(piece)).toBe(true);
        }
      }),
      { numRuns },
    );
  });
});

describe('a list of files', () => {
  const size = fc.oneof(fc.nat(), fc.constantFrom(-1, 1e300, 0.5, Number.MAX_SAFE_INTEGER, '7', null));
  const digest = fc.oneof(
    fc.constant(sha),
    fc.constantFrom('../../x', '', 'A'.repeat(40), 'a'.repeat(64), 7),
    path,
  );
  const entry = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ type: fc.constantFrom('file', 'directory', 'link'), path, size, oid: digest }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constant('file'),
        path,
        size,
        oid: digest,
        lfs: fc.record({ oid: digest, size }),
      }),
    },
    { weight: 1, arbitrary: fc.jsonValue() },
  );

  test('is refused with one line, or every file of it has a place of its own in the folder', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 4 }), async (entries) => {
        const files = await checkListing(listed(entries), repository).catch((error: unknown) => {
          expect(error).toBeInstanceOf(AnnealError);
          expect((error as Error).message).not.toMatch(/[\n\0]/);
          return [];
        });
        const paths = files.map((file) => file.path);
        expect(new Set(paths).size).toBe(paths.length);
        for (const file of files) {
          expect(isSafePath(file.path)).toBe(true);
          expect(file.lfs?.oid ?? file.oid).toMatch(/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/);
          expect(paths.some((other) => other.startsWith(`${file.path}/`))).toBe(false);
        }
      }),
      { numRuns },
    );
  });
});

describe('a download', () => {
  const config = Buffer.from('{}');
  const weights = Buffer.alloc(3000, 7);
  const model: Repo = { files: { 'config.json': config, 'model.safetensors': weights } };
  let hub: Hub;
  let home: string;
  beforeAll(async () => {
    hub = await startHub({ 'acme/x': model });
    home = mkdtempSync(join(tmpdir(), 'anneal-hostile-'));
    vi.stubEnv('HF_ENDPOINT', hub.url);
    vi.stubEnv('HF_HUB_DOWNLOAD_TIMEOUT', '2');
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await hub.close();
    rmSync(home, { recursive: true, force: true });
  });

  /** Answers the API with these values, and files with this content, or else their own. */
  const lie = (commit: unknown, entries: readonly unknown[], content: Buffer | undefined) => {
    hub.intercept = (seen, response) => {
      if (seen.path.includes('/revision/')) response.end(JSON.stringify({ sha: commit }));
      else if (seen.path.includes('/tree/')) response.end(JSON.stringify(entries));
      else if (seen.path.includes('/resolve/'))
        response.end(content ?? (seen.path.endsWith('/model.safetensors') ? weights : config));
      else return false;
      return true;
    };
  };

  const honest = [
    { type: 'file', path: 'config.json', size: config.length, oid: gitSha1(config) },
    {
      type: 'file',
      path: 'model.safetensors',
      size: weights.length,
      oid: sha,
      lfs: { oid: sha256(weights), size: weights.length },
    },
  ];
  const commit = fc.oneof(
    { weight: 3, arbitrary: fc.constant<unknown>(commitOf(model)) },
    path,
    fc.jsonValue(),
  );
  const extra = fc.record({
    type: fc.constant('file'),
    path,
    size: fc.constantFrom(2, 3000, 7),
    oid: fc.oneof(fc.constant(gitSha1(config)), path),
  });
  const content = fc.oneof(
    fc.constant(undefined),
    fc.constant(weights),
    fc.uint8Array({ maxLength: 5000 }).map((bytes) => Buffer.from(bytes)),
  );

  test('writes nothing outside its repository’s folder, and links to nothing outside it', async () => {
    let [cases, whole] = [0, 0];
    await fc.assert(
      fc.asyncProperty(commit, fc.array(extra, { maxLength: 2 }), content, async (told, more, body) => {
        const cache = join(home, String(cases++), 'hub');
        vi.stubEnv('HF_HUB_CACHE', cache);
        mkdirSync(cache, { recursive: true });
        lie(told, [...more, ...honest], body);
        try {
          await pull({ name: 'acme/x', revision: undefined, part: undefined }, 'model');
          whole++;
        } catch (error) {
          expect(error).toBeInstanceOf(AnnealError);
          expect((error as Error).message).not.toMatch(/[\n\0]/);
        }
        checkInside(join(home, String(cases - 1)));
      }),
      { numRuns: pulls, examples: [[commitOf(model), [], undefined]] },
    );
    expect(whole).toBeGreaterThan(0);
  });

  /** Everything below a folder lies in the repository's, links end there, and no blob has another's name. */
  function checkInside(folder: string): void {
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      const here = join(folder, name);
      expect(/^hub(?:\/models--acme--x(?:\/.*)?)?$/.test(name), name).toBe(true);
      expect(realpathSync(here).startsWith(realpathSync(folder)), name).toBe(true);
      const blob = /blobs\/([0-9a-f]+)$/.exec(name)?.[1];
      if (blob && statSync(here).isFile()) {
        const bytes = readFileSync(here);
        expect([sha256(bytes), gitSha1(bytes)]).toContain(blob);
      }
      if (/snapshots\/[^/]+\/[^/]+$/.test(name) && statSync(here).isFile())
        expect(readlinkSync(here)).toMatch(/^\.\.\/\.\.\/blobs\/[0-9a-f]+$/);
    }
    expect(readdirSync(home).every((name) => /^\d+$/.test(name))).toBe(true);
  }

  test('ends when the hub answers with no end', async () => {
    vi.stubEnv('HF_HUB_CACHE', join(home, '999999', 'hub'));
    hub.intercept = (seen, response) => {
      if (!seen.path.includes('/tree/')) return false;
      response.writeHead(200, { link: `<${hub.url}/api/models/acme/x/tree/${sha}?more>; rel="next"` });
      response.end(JSON.stringify(Array.from({ length: 1000 }, () => honest[0])));
      return true;
    };
    await expect(pull({ name: 'acme/x', revision: undefined, part: undefined }, 'model')).rejects.toThrow(
      'it lists more than 100000 files',
    );
  });
});
