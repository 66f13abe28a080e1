import type { Engine, Named, Program } from '../engine/engine.ts';
import * as tf from '../engine/tfjs.ts';
import {
  type ModelPrograms,
  type ModelWeights,
  packedHidden,
  packedInputs,
} from '../model/model-programs.ts';
import type { Sequences } from '../model/packed-rows.ts';
import { values } from '../model/value-head.ts';
import { microBatches, unweighted } from './micro-batches.ts';

/** The value function over whole texts: a forward pass without the language-model head. */
export class ValueProgram {
  private readonly programs: ModelPrograms;
  private readonly program: Program;

  constructor({ engine, programs }: { readonly engine: Engine; readonly programs: ModelPrograms }) {
    this.programs = programs;
    this.program = engine.compile((inputs) => this.trace(inputs), { name: 'values' });
  }

  /** Values before each completion token, rows as long as the completions, in their order; `size` sequences at once. */
  async measure(
    weights: ModelWeights,
    sequences: readonly Sequences[],
    size: number,
  ): Promise<Float32Array[]> {
    const lengths = sequences.flatMap(({ completions }) => completions.map(({ length }) => length));
    const inputs = { ...this.programs.inputs(weights), ...weights.valueHead };
    const rows: Float32Array[] = [];
    for (const { packed, completions } of microBatches(sequences.map(unweighted), size)) {
      const out = await this.program.run({ ...inputs, ...packedInputs(packed) });
      for (let b = 0; b < completions; b++) {
        const start = b * packed.width;
        rows.push((out.values!.data as Float32Array).slice(start, start + lengths[rows.length]!));
      }
    }
    return rows;
  }

  dispose(): Promise<void> {
    return this.program.dispose();
  }

  private trace(inputs: Named<tf.Tensor>): Named<tf.Tensor> {
    const hidden = packedHidden(this.programs.decoder(inputs), inputs);
    return { values: tf.reshape(values(hidden, inputs), inputs.ids!.shape as [number, number]) };
  }
}
