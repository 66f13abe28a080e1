import type { KnipConfig } from 'knip';

/** In production only what a user runs counts as a use: an export that only tests use is found, unless its own file uses it, too. */
const production = process.argv.includes('--production');

const config: KnipConfig = {
  entry: [
    'recipes/*.ts!',
    'src/report/page/main.tsx!',
    'src/serve/chat-page/main.tsx!',
    'bench/*.ts',
    'scripts/*.mjs',
    'test/engine/op-tests/{backend-cpu,backend-onnx,child}.ts',
    'test/pipeline/stray-run.ts',
    'test/run/lock-holder.ts',
    'test/serving/lm-eval/choices.ts',
  ],
  project: ['{src,rewards,envs,recipes}/**/*.{ts,tsx}!', '{bench,test}/**/*.ts', 'scripts/*.mjs'],
  ignoreBinaries: ['mkfifo', 'mount', 'umount'],
  ignoreExportsUsedInFile: production ? true : { interface: true, type: true },
};

export default config;
