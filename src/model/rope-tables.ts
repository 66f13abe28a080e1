import type { HostTensor, Named } from '../engine/engine.ts';
import type { RotaryAngles } from '../engine/ops/rotary.ts';
import type * as tf from '../engine/tfjs.ts';
import type { ModelConfig } from './config/model-config.ts';
import { type Rope, ropeAmplitude, ropeInvFreq } from './config/rope-frequencies.ts';

/** Names of the tables of a model's rotary embedding number `index` among a program's inputs. */
const tableNames = (index: number) => ({ cos: `rope.${index}.cos`, sin: `rope.${index}.sin` });

/**
 * Makes tables of the cosines and sines of all angles of a model's rotary embeddings, [positions, dim/2] each, as
 * program inputs.
 */
export function ropeTables(config: Pick<ModelConfig, 'ropes'>, positions: number): Named<HostTensor> {
  const tables = config.ropes.flatMap((rope, index) => {
    const { cos, sin } = tableNames(index);
    return [
      [cos, table(rope, positions, Math.cos)],
      [sin, table(rope, positions, Math.sin)],
    ] as const;
  });
  return Object.fromEntries(tables);
}

/** Rows of the first tables. */
const FIRST = 1024;

/** A model's tables, as long as its longest text so far needs: many models could read far longer texts than they do. */
export class RopeTables {
  private readonly config: Pick<ModelConfig, 'ropes'>;
  private rows = 0;
  private tables: Named<HostTensor> = {};

  constructor(config: Pick<ModelConfig, 'ropes'>) {
    this.config = config;
  }

  /** Tables for texts of so many tokens, padding included. */
  upTo(tokens: number): Named<HostTensor> {
    if (tokens > this.rows) {
      this.rows = 2 ** Math.ceil(Math.log2(Math.max(tokens, FIRST)));
      this.tables = ropeTables(this.config, this.rows);
    }
    return this.tables;
  }

  /** The tables' rows as dynamic axes: longer tables compile nothing anew. */
  get axes(): Named<Readonly<Record<number, string>>> {
    const names = Object.values(this.config.ropes.map((_, index) => tableNames(index)));
    return Object.fromEntries(
      names.flatMap(({ cos, sin }) => [cos, sin].map((name) => [name, { 0: 'angles' }])),
    );
  }
}

/** The tables that `ropeTables` made, among a program's inputs: one pair for each rotary embedding. */
export function ropeAngles(config: Pick<ModelConfig, 'ropes'>, inputs: Named<tf.Tensor>): RotaryAngles[] {
  return config.ropes.map((_, index) => {
    const { cos, sin } = tableNames(index);
    return { cos: inputs[cos] as tf.Tensor2D, sin: inputs[sin] as tf.Tensor2D };
  });
}

function table(rope: Rope, positions: number, f: (angle: number) => number): HostTensor {
  const frequencies = ropeInvFreq(rope);
  const amplitude = ropeAmplitude(rope);
  const pairs = frequencies.length;
  const data = new Float32Array(positions * pairs);
  for (let i = 0; i < data.length; i++) {
    data[i] = amplitude * f(Math.floor(i / pairs) * frequencies[i % pairs]!);
  }
  return { data, shape: [positions, pairs], dtype: 'float32' };
}
