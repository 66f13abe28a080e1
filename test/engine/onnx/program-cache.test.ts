import { expect, test } from 'vitest';
import { type Compiled, ProgramCache } from '../../../src/engine/onnx/program-cache.ts';

/** A program whose first run makes it keep so many bytes. */
function compiled(released: string[], key: string, kept?: number): Compiled {
  let keptBytes = kept === undefined ? undefined : 0;
  return {
    bytes: 10,
    constantBytes: 0,
    session: {
      get keptBytes() {
        return keptBytes;
      },
      run: async () => {
        keptBytes = kept;
        return {};
      },
      release: async () => void released.push(key),
    },
  };
}

test('programs that keep memory are held to the budget among themselves, the longest unused going first', async () => {
  const released: string[] = [];
  const cache = new ProgramCache(1000);
  const use = (key: string, kept?: number) =>
    cache.use({ key, owner: key, build: async () => compiled(released, key, kept) }, (session) =>
      session.run({}),
    );
  await use('forward');
  await use('short', 400);
  await use('long', 500);
  await use('longer', 300);
  expect(released).toEqual([]);
  // Now they keep 1,200 bytes together.
  await use('short', 400);
  expect(released).toEqual(['long']);
  await use('huge', 5000);
  await use('forward');
  expect(released).toEqual(['long']);
  await use('short', 400);
  expect(released).toEqual(['long', 'longer', 'huge']);
  expect(cache.live().length).toBe(2);
});
