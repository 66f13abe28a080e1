import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { runProcess } from '../cli/processes.ts';
import { type Intercept, sha256 } from './hub-server.ts';
import { withHub } from './with-hub.ts';

vi.setConfig({ testTimeout: 120_000 });

const weights = Buffer.from(Uint8Array.from({ length: 2_000_000 }, (_, i) => (i * i) >> 3));
const repos = () => ({ 'acme/tiny': { files: { 'config.json': '{}', 'model.safetensors': weights } } });

/** Half of the weights comes at once, the rest when it may. */
const halting =
  (mayGoOn: () => boolean): Intercept =>
  (seen, response, content) => {
    if (seen.host !== 'cdn' || content?.length !== weights.length) return false;
    let at = Number(/=(\d+)-/.exec(seen.headers.range ?? '=0-')![1]);
    response.writeHead(
      at ? 206 : 200,
      at ? { 'content-range': `bytes ${at}-${content.length - 1}/${content.length}` } : {},
    );
    response.write(content.subarray(at, at + weights.length / 2));
    at += weights.length / 2;
    const wait = setInterval(() => {
      if (mayGoOn()) response.end(content.subarray(at), () => clearInterval(wait));
    }, 1000);
    response.on('close', () => clearInterval(wait));
    return true;
  };

const ranges = (seen: readonly { host: string; path: string; headers: { range?: string | undefined } }[]) =>
  seen
    .filter(({ host, path }) => host === 'cdn' && path === `/${sha256(weights)}`)
    .map(({ headers }) => headers.range);

test('a pull that is killed goes on where it was, and what it left is gone', async () => {
  const hub = await withHub(repos());
  hub.intercept = halting(() => false);
  const killed = await runProcess(
    ['pull', 'acme/tiny'],
    undefined,
    {},
    (line, { send }) => void (line.startsWith('downloading') && setTimeout(() => send('SIGKILL'), 1000)),
  );
  expect(killed.signal).toBe('SIGKILL');
  hub.intercept = () => false;
  const done = await runProcess(['pull', 'acme/tiny']);
  expect(done).toMatchObject({ code: 0 });
  expect(readFileSync(join(done.lines[0]!, 'model.safetensors')).equals(weights)).toBe(true);
  expect(ranges(hub.seen)).toEqual([undefined, expect.stringMatching(/^bytes=[1-9]\d+-$/)]);
  const blobs = readdirSync(join(hub.home, 'hub/models--acme--tiny/blobs'));
  expect(blobs.filter((name) => name.includes('.'))).toEqual([]);
});

test('of two processes that pull the same one waits for the other', async () => {
  const hub = await withHub(repos(), { HF_HUB_DOWNLOAD_TIMEOUT: '60' });
  // The first is held until five seconds after the second has asked for the commit.
  let asked = 0;
  const halt = halting(() => asked > 0 && Date.now() - asked > 5000);
  hub.intercept = (seen, ...more) => {
    const { length } = hub.seen.filter(({ path }) => path.endsWith('/revision/main'));
    if (length === 2) asked ||= Date.now();
    return halt(seen, ...more);
  };
  const second: Promise<unknown>[] = [];
  const first = await runProcess(['pull', 'acme/tiny'], undefined, {}, (line) => {
    if (line.startsWith('downloading')) second.push(runProcess(['pull', 'acme/tiny']));
  });
  expect(first).toMatchObject({ code: 0 });
  expect(await second[0]).toMatchObject({
    code: 0,
    lines: first.lines,
    errors: [
      expect.stringMatching(/^downloading/),
      expect.stringMatching(/^waiting for process \d+, which is downloading model/),
    ],
  });
  expect(ranges(hub.seen)).toEqual([undefined]);
});
