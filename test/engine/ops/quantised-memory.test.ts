import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { HostTensor, Named, Program, ProgramFunction } from '../../../src/engine/engine.ts';
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
/** What a session and a run need, whatever the weights are. */
const OVERHEAD = 48 * MB;

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

/** Bytes that a program's first run takes at most, its compilation included. */
async function peakOf(program: Program, inputs: Named<HostTensor>): Promise<number> {
  const status = (field: string) =>
    1024 * Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync('/proc/self/status', 'utf8'))![1]);
  writeFileSync('/proc/self/clear_refs', '5');
  const before = status('VmRSS');
  await program.run(inputs);
  const peak = status('VmHWM') - before;
  await program.dispose();
  return peak;
}

// Linux alone lets a process forget the most memory that it had.
describe.skipIf(process.platform !== 'linux').each(formats)('%s', (format) => {
  test.each([
    ['forward', forward],
    ['backward', backward],
  ])('%s: one layer is widened at a time', async (name, fn) => {
    const engine = await createOnnxEngine({ threads: 1 });
    const weights = weightsOf(format);
    const peak = await peakOf(engine.compile(fn, { name }), { x, ...weights });
    expect(peak - OVERHEAD).toBeLessThan(widened / 4);
    await engine.dispose();
  });
});

test.skipIf(process.platform !== 'linux')(
  'q4 weights that a session holds are packed one by one',
  async () => {
    const engine = await createOnnxEngine({ threads: 1 });
    const weights = weightsOf('q4');
    const program = engine.compile(forward, { name: 'held', constants: weights });
    expect((await peakOf(program, { x })) - OVERHEAD).toBeLessThan(2.5 * bytesOf(weights));
    await engine.dispose();
  },
);
