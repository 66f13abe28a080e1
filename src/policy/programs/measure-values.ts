import type { Engine, Named, Program } from '../../engine/engine.ts';
import * as tf from '../../engine/tfjs.ts';
import type { ForwardLimits } from '../../model/batching/cut-groups.ts';
import {
  longestText,
  type ModelPrograms,
  type ModelWeights,
  packedHidden,
} from '../../model/model-programs.ts';
import { values } from '../../model/value-head.ts';
import { packedTexts } from '../batch/micro-batches.ts';
import type { TextRow } from '../batch/train-rows.ts';

/** The value function over whole texts: a forward pass without the language-model head. */
export class ValueProgram {
  private readonly programs: ModelPrograms;
  private readonly program: Program;

  constructor({ engine, programs }: { readonly engine: Engine; readonly programs: ModelPrograms }) {
    this.programs = programs;
    this.program = engine.compile((inputs) => this.trace(inputs), {
      name: 'values',
      dynamicAxes: (inputs) => programs.axes(inputs),
    });
  }

  /** Values before each completion token and after the last, [B][T + 1]. `limits` says what is forwarded at once. */
  async measure(
    weights: ModelWeights,
    rows: readonly TextRow[],
    { signal, ...limits }: ForwardLimits & { readonly signal?: AbortSignal | undefined },
  ): Promise<number[][]> {
    const measured: number[][] = Array(rows.length);
    for (const { packed, members } of packedTexts(rows, { limits, past: true })) {
      signal?.throwIfAborted();
      const model = { ...this.programs.inputs(weights, longestText(packed)), ...weights.valueHead };
      const out = await this.program.run({ ...model, ...this.programs.rows(packed) });
      for (const [b, row] of members.entries()) {
        const start = b * packed.width;
        const end = start + rows[row]!.tokenIds.length + 1;
        measured[row] = Array.from((out.values!.data as Float32Array).subarray(start, end));
      }
    }
    return measured;
  }

  dispose(): Promise<void> {
    return this.program.dispose();
  }

  private trace(inputs: Named<tf.Tensor>): Named<tf.Tensor> {
    const hidden = packedHidden(this.programs.decoder(inputs), inputs);
    return { values: tf.reshape(values(hidden, inputs), inputs.ids!.shape as [number, number]) };
  }
}
