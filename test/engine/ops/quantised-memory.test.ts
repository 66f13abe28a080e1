import { readFileSync, writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import type { HostTensor, Named, ProgramFunction } from '../../../src/engine/engine.ts';
import { createOnnxEngine } from '../../../src/engine/onnx/onnx-engine.ts';
import { linear } from '../../../src/engine/ops/linear.ts';
import * as tf from '../../../src/engine/tfjs.ts';
import { weightMatrix } from '../../../src/model/weights/base-weights.ts';
import { weightWriter } from '../../../src/model/weights/weight-writer.ts';

// What programs over many quantised weights take, against the size of those weights in float32.

const LAYERS = 16;
const WIDTH = 2048;
const MB = 2 ** 20;
/** All weights in float32: 268 MB. */
const widened = LAYERS * WIDTH ** 2 * 4;
setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

const noise = Float32Array.from({ length: WIDTH ** 2 + LAYERS }, (_, i) => ((i * 7919) % 1009) / 1e4 - 0.05);

const formats = ['bfloat16', 'q8', 'q4'] as const;
const weightsOf = (format: (typeof formats)[number]): Named<HostTensor> =>
  Object.assign(
    {},
    ...Array.from({ length: LAYERS }, (_, layer) => {
      const writer = weightWriter(`w${layer}`, [WIDTH, WIDTH], format);
      // onnxruntime holds equal constants once.
      writer.write(noise.subarray(layer, layer + WIDTH ** 2), 0);
      return writer.tensors;
    }),
  );

const bytesOf = (tensors: Named<HostTensor>): number =>
  Object.values(tensors).reduce((sum, { data }) => sum + data.byteLength, 0);

const layers = (t: Named<tf.Tensor>, x: tf.Tensor): tf.Tensor =>
  Array.from({ length: LAYERS }).reduce<tf.Tensor>(
    (rows, _, layer) => tf.tanh(linear(rows as tf.Tensor2D, weightMatrix(t, `w${layer}`))),
    x,
  );
const forward: ProgramFunction = (t) => ({ y: layers(t, t.x!) });
const backward: ProgramFunction = (t) => ({
  dx: tf.grad((x) => tf.sum(layers(t, x)))(t.x!),
});
const x: HostTensor = { data: noise.slice(0, 4 * WIDTH), shape: [4, WIDTH], dtype: 'float32' };

/** Bytes that a run takes at most, above what was resident before. */
async function peakOf(run: () => Promise<unknown>): Promise<number> {
  const bytes = (field: string) =>
    1024 * Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync('/proc/self/status', 'utf8'))![1]);
  collectGarbage();
  collectGarbage();
  writeFileSync('/proc/self/clear_refs', '5');
  const before = bytes('VmRSS');
  await run();
  return bytes('VmHWM') - before;
}

// Linux alone lets a process forget the most memory that it had.
const onLinux = { skip: process.platform !== 'linux' };

describe.each(formats)('%s', (format) => {
  test.each([
    ['forward', forward],
    ['backward', backward],
  ])('%s: one layer is widened at a time', onLinux, async (name, fn) => {
    const engine = await createOnnxEngine({ threads: 1 });
    const inputs = { x, ...weightsOf(format) };
    const program = engine.compile(fn, { name });
    await program.run(inputs);
    expect(await peakOf(() => program.run(inputs))).toBeLessThan(widened / 4);
    await engine.dispose();
  });
});

test('a session takes little more than twice the q4 weights that it holds', onLinux, async () => {
  const engine = await createOnnxEngine({ threads: 1 });
  const constants = weightsOf('q4');
  const program = engine.compile(forward, { name: 'held', constants });
  expect(await peakOf(() => program.run({ x }))).toBeLessThan(2.5 * bytesOf(constants) + 32 * MB);
  await engine.dispose();
});
