import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    alias: {
      'anneal/rewards': here('./rewards/index.ts'),
      'anneal/envs': here('./envs/index.ts'),
      anneal: here('./src/index.ts'),
    },
  },
  test: {
    include: ['test/**/*.test.ts'],
    // Two cores: the engine threads itself, so test files run one at a time per core.
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // No test asks the real hub for a path that it misspells.
    env: { HF_ENDPOINT: 'http://127.0.0.1:9' },
  },
});
