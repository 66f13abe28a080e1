import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { bundleOpTests } from './op-tests/bundle.ts';
import { ops } from './op-tests/ops.ts';
import type { SpecResult } from './op-tests/results.ts';
import { type Unsupported, unsupportedByOnnx } from './op-tests/unsupported-by-onnx.ts';

/**
 * tfjs-core's own op tests, from its npm package, on the onnx engine; and on tfjs's cpu backend, to test the harness.
 */
const exceptions: Readonly<Record<string, readonly Unsupported[]>> = { cpu: [], onnx: unsupportedByOnnx };

describe.each(Object.keys(exceptions))('tfjs-core’s tests on backend %s', (backend) => {
  let results: readonly SpecResult[] = [];
  beforeAll(async () => {
    results = await runOpTests(backend);
    console.log(summary(backend, results));
  }, 300_000);

  test('every op has tests that ran', () => {
    const ran = new Set(results.map(({ op }) => op));
    expect(Object.keys(ops).filter((op) => !ran.has(op))).toEqual([]);
  });

  test('every test passes, on kernels that exist, unless it is listed as not supported', () => {
    const unexplained = results.filter(
      (result) => isFault(result) && reasonFor(backend, result) === undefined,
    );
    expect(unexplained).toEqual([]);
  });

  test('every test listed as not supported still fails for the reason listed', () => {
    const stale = exceptions[backend]!.flatMap(({ specs, failure }) =>
      specs.filter(
        (id) => !results.some((result) => idOf(result) === id && failure.test(result.failure ?? '')),
      ),
    );
    expect(stale).toEqual([]);
  });
});

const idOf = ({ op, name }: SpecResult): string => `${op} | ${name}`;
const isFault = ({ failure, missingKernels }: SpecResult): boolean =>
  failure !== undefined || missingKernels.length > 0;

function reasonFor(backend: string, result: SpecResult): string | undefined {
  return exceptions[backend]!.find(
    ({ specs, failure }) => specs.includes(idOf(result)) && failure.test(result.failure ?? ''),
  )?.why;
}

async function runOpTests(backend: string): Promise<SpecResult[]> {
  const cache = new URL('../../node_modules/.cache/anneal/', import.meta.url);
  const bundle = fileURLToPath(new URL(`op-tests-${backend}.mjs`, cache));
  const output = fileURLToPath(new URL(`op-tests-${backend}.json`, cache));
  await bundleOpTests(backend, bundle);
  await promisify(execFile)(process.execPath, [bundle, output], { maxBuffer: 2 ** 26 });
  return JSON.parse(await readFile(output, 'utf8')) as SpecResult[];
}

/** Counts of run, passed, not supported and failed tests: in all, by reason and by op. */
function summary(backend: string, results: readonly SpecResult[]): string {
  const count = (list: readonly SpecResult[]): string => {
    const faults = list.filter(isFault);
    const listed = faults.filter((result) => reasonFor(backend, result) !== undefined).length;
    const parts = [`${list.length} run`, `${list.length - faults.length} passed`];
    if (listed > 0) parts.push(`${listed} not supported`);
    if (faults.length > listed) parts.push(`${faults.length - listed} FAILED`);
    return parts.join(', ');
  };
  const reasons = exceptions[backend]!.map(({ why }) => {
    const matching = results.filter((result) => isFault(result) && reasonFor(backend, result) === why);
    return `  not supported (${matching.length}): ${why}`;
  });
  const perOp = Object.keys(ops).map(
    (op) => `  ${op}: ${count(results.filter((result) => result.op === op))}`,
  );
  return [`tfjs-core's tests on ${backend}: ${count(results)}`, ...reasons, ...perOp].join('\n');
}
