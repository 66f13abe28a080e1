/**
 * Runs tfjs-core's own tests of our ops under jasmine on one backend, and writes a JSON array of SpecResult to the file
 * named as argument. bundle.ts makes it one file with tfjs-core's ES modules; it runs as a process of its own, since
 * the tests want jasmine's `expect`, not vitest's.
 */
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js';
import '#tfjs-gradients';
import { writeFileSync } from 'node:fs';
import { backend } from 'virtual:backend';
import { files } from 'virtual:test-files';
import * as tf from '@tensorflow/tfjs-core';
import { setTestEnvs } from '@tensorflow/tfjs-core/dist/jasmine_util.js';
import Jasmine from 'jasmine';
import { ops } from './ops.ts';
import type { SpecResult } from './results.ts';

declare global {
  /** jasmine's, once a Jasmine exists. */
  var describe: (name: string, body: () => void) => void;
}

/** What tfjs-core appends to the name of a suite that it runs on a backend. */
const SUFFIX = ' op-tests {}';

/** Imports the test files, each top-level suite renamed to `[file] suite` so that its tests can be told apart. */
async function loadSuites(): Promise<void> {
  const describe = globalThis.describe;
  for (const [file, load] of Object.entries(files)) {
    let depth = 0;
    globalThis.describe = (name, body) => {
      describe(depth === 0 ? `[${file}] ${name}` : name, () => {
        depth++;
        body();
        depth--;
      });
    };
    await load();
  }
  globalThis.describe = describe;
}

/** The op that a test belongs to, and its name there; undefined when it is of no op of ours. */
function identify(fullName: string): { readonly op: string; readonly name: string } | undefined {
  const [, file, rest] = /^\[(.+?)\] (.*)$/s.exec(fullName)!;
  const [suite, ...inner] = rest!.split(SUFFIX);
  const spec = inner.join('').trim();
  const owner = Object.entries(ops).find(
    ([, tests]) =>
      tests.file === file &&
      (tests.suites?.includes(suite!) ?? true) &&
      (tests.specs === undefined || tests.specs.test(spec)),
  );
  return owner && { op: owner[0], name: `${suite!.trim()}: ${spec}` };
}

/** Kernels asked for since the last test began that the backend does not have. */
function watchMissingKernels(): Set<string> {
  const missing = new Set<string>();
  const engine = tf.engine();
  const runKernel = engine.runKernel.bind(engine);
  engine.runKernel = (kernel, inputs, attributes) => {
    if (tf.getKernel(kernel, backend) === undefined) missing.add(kernel);
    return runKernel(kernel, inputs, attributes);
  };
  return missing;
}

const runner = new Jasmine();
runner.exitOnCompletion = false;
setTestEnvs([{ name: 'op-tests', backendName: backend, flags: {}, isDataSync: true }]);
await loadSuites();

const missing = watchMissingKernels();
const results: SpecResult[] = [];
runner.clearReporters();
runner.addReporter({
  specStarted: () => missing.clear(),
  specDone: ({ fullName, status, failedExpectations }) => {
    const spec = identify(fullName);
    if (status === 'excluded' || spec === undefined) return;
    const failure = failedExpectations[0]?.message.split('\n')[0];
    results.push({
      ...spec,
      ...(status === 'passed' ? {} : { failure: failure ?? status }),
      missingKernels: [...missing],
    });
  },
});
runner.env.configure({
  random: false,
  specFilter: (spec) => identify(spec.getFullName()) !== undefined,
});
await runner.execute();
writeFileSync(process.argv[2]!, JSON.stringify(results));
