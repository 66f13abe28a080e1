import { join, resolve } from 'node:path';
import type { Engine, HostTensor, Named } from '../../src/engine/engine.ts';
import type * as tf from '../../src/engine/tfjs.ts';
import type { ModelConfig } from '../../src/model/config/model-config.ts';
import { parseModelConfig } from '../../src/model/families/parse-config.ts';
import { readSafetensors } from '../../src/model/files/safetensors.ts';
import { ropeTables } from '../../src/model/rope-tables.ts';
import { loadWeights } from '../../src/model/weights/load-weights.ts';
import {
  forwardProgram,
  int32,
  int32s,
  logprobProgram,
  scalar,
  type Wrap,
} from '../model/decoder-programs.ts';
import { fixtures, readGolden } from './golden-files.ts';
import { floats, stripLeft } from './golden-tensors.ts';

/** A fixture model's config in the form of transformers 4 or 5, with its weights. */
export async function fixtureModel(
  folder: string,
  form: 'config.json' | 'config.v4.json' = 'config.json',
): Promise<{ config: ModelConfig; weights: Named<HostTensor> }> {
  const [config, generation] = [form, 'generation_config.json'].map((file) => readGolden(folder, file));
  const parsed = parseModelConfig({ config, generation, where: join(folder, form) });
  return { config: parsed, weights: await loadWeights(resolve(fixtures, folder), parsed) };
}

/** The recorded batch, which is padded on the left, as rows that start at position 0. */
export interface GoldenBatch {
  readonly rows: readonly (readonly number[])[];
  /** Width of the recorded batch. */
  readonly width: number;
}

export async function goldenBatch(path: string): Promise<GoldenBatch> {
  const stored = await readSafetensors(resolve(fixtures, path));
  const { shape, data } = stored.input_ids!;
  const mask = stored.attention_mask!.data as Int32Array;
  const positions = stripLeft(stored.position_ids!.data as Int32Array, mask, shape as [number, number]);
  if (positions.some((row) => row.some((position, t) => position !== t))) {
    throw new Error(`${path}: position ids do not count from the first token`);
  }
  return { rows: stripLeft(data as Int32Array, mask, shape as [number, number]), width: shape[1]! };
}

/** Values [B, T, …] of a left-padded batch where the mask is 1, with `per` numbers a token, row after row. */
export function realValues(data: ArrayLike<number>, { rows, width }: GoldenBatch, per: number): number[] {
  return rows.flatMap((row, b) =>
    Array.from({ length: row.length * per }, (_, i) => data[((b + 1) * width - row.length) * per + i]!),
  );
}

/** Values [B, T − 1] of next-token pairs where both tokens are real, row after row. */
export function realPairs(data: ArrayLike<number>, { rows, width }: GoldenBatch): number[] {
  return rows.flatMap((row, b) =>
    Array.from({ length: row.length - 1 }, (_, i) => data[(b + 1) * (width - 1) - (row.length - 1) + i]!),
  );
}

const padRight = (row: readonly number[], width: number): number[] => [
  ...row,
  ...Array<number>(width - row.length).fill(0),
];

/** Runs a model on a batch's rows, right-padded. */
export class GoldenRun {
  readonly #engine: Engine;
  readonly #config: ModelConfig;
  readonly #inputs: Named<HostTensor>;
  readonly #wrap: Wrap | undefined;

  /** `inputs`: weights, and what an adapter adds. */
  constructor(engine: Engine, config: ModelConfig, inputs: Named<HostTensor>, wrap?: Wrap) {
    this.#engine = engine;
    this.#config = config;
    this.#inputs = { ...inputs, ...ropeTables(config, 64) };
    this.#wrap = wrap;
  }

  /** Logits, final hidden states and the stream after each layer, of the real tokens, row after row. */
  async forward({ rows }: GoldenBatch): Promise<Record<string, number[]>> {
    const width = Math.max(...rows.map((row) => row.length));
    const ids = int32(rows.map((row) => padRight(row, width)));
    const out = await this.#run(forwardProgram(this.#config, this.#wrap), { ids });
    const real = ({ data, shape }: HostTensor) =>
      rows.flatMap((row, b) =>
        Array.from(data.subarray(b * width * shape[1]!, (b * width + row.length) * shape[1]!)),
      );
    return Object.fromEntries(Object.entries(out).map(([name, tensor]) => [name, real(tensor)]));
  }

  /** Log-prob of every token given those before it, row after row; their sum, and its gradients by the inputs `wrt`. */
  async score(
    { rows }: GoldenBatch,
    wrt: readonly string[] = [],
  ): Promise<{ logprobs: number[]; gradients: Record<string, HostTensor> }> {
    const width = Math.max(...rows.map((row) => row.length)) - 1;
    const out = await this.#run(logprobProgram(this.#config, wrt, this.#wrap), {
      ids: int32(rows.map((row) => padRight(row.slice(0, -1), width))),
      targets: int32s(rows.flatMap((row) => padRight(row.slice(1), width))),
      weights: floats(
        rows.flatMap((row) => Array.from({ length: width }, (_, t) => (t < row.length - 1 ? 1 : 0))),
      ),
      temperature: scalar(1),
    });
    const logprobs = rows.flatMap((row, b) =>
      Array.from(out.logprobs!.data.subarray(b * width, b * width + row.length - 1)),
    );
    return { logprobs, gradients: Object.fromEntries(wrt.map((name) => [name, out[`grad.${name}`]!])) };
  }

  async #run(fn: (inputs: Named<tf.Tensor>) => Named<tf.Tensor>, inputs: Named<HostTensor>) {
    const program = this.#engine.compile(fn, { name: 'golden' });
    try {
      return await program.run({ ...this.#inputs, ...inputs });
    } finally {
      await program.dispose();
    }
  }
}
