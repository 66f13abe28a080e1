import { divergenceHead } from '../../algorithm/draft/divergence-head.ts';
import type { Engine, Named, Program } from '../../engine/engine.ts';
import * as tf from '../../engine/tfjs.ts';
import { chunksOf } from '../../model/axes/batch-axes.ts';
import type { ForwardLimits } from '../../model/batching/cut-groups.ts';
import {
  longestText,
  type ModelPrograms,
  type ModelWeights,
  packedHidden,
  scalarInput,
} from '../../model/model-programs.ts';
import type { TokenAcceptance } from '../../rollout/token-acceptance.ts';
import { packedTexts } from '../batch/micro-batches.ts';
import type { TextRow } from '../batch/train-rows.ts';
import { type DraftTarget, headRows } from './draft-target.ts';

export interface AcceptanceBatch {
  readonly texts: readonly TextRow[];
  readonly temperature: number;
  /** What is forwarded at once. */
  readonly limits: ForwardLimits;
  readonly signal?: AbortSignal | undefined;
}

/** Measures how often speculative sampling would accept a draft's tokens in given texts of its target. */
export class AcceptanceProgram {
  private readonly programs: ModelPrograms;
  private readonly target: DraftTarget;
  private readonly program: Program;

  constructor(parts: { readonly engine: Engine; readonly programs: ModelPrograms }, target: DraftTarget) {
    this.programs = parts.programs;
    this.target = target;
    this.program = parts.engine.compile((inputs) => this.trace(inputs), {
      name: 'acceptance',
      dynamicAxes: (inputs) => ({ ...this.programs.axes(inputs), ...target.axes }),
    });
  }

  /** The acceptance at each completion token of each text, [B]. */
  async measure(
    weights: ModelWeights,
    { texts, temperature, limits, signal }: AcceptanceBatch,
  ): Promise<TokenAcceptance[]> {
    const measured: TokenAcceptance[] = Array(texts.length);
    for (const { packed, members } of packedTexts(texts, { limits })) {
      signal?.throwIfAborted();
      const out = await this.program.run({
        ...this.programs.inputs(weights, longestText(packed)),
        ...this.target.inputs(longestText(packed)),
        ...this.programs.rows(packed),
        temperature: scalarInput(temperature),
      });
      for (const [b, row] of members.entries()) {
        const start = b * packed.width;
        const end = start + texts[row]!.tokenIds.length;
        const part = (name: string) => Array.from((out[name]!.data as Float32Array).subarray(start, end));
        measured[row] = { acceptance: part('acceptance'), logRatio: part('logRatio') };
      }
    }
    return measured;
  }

  dispose(): Promise<void> {
    return this.program.dispose();
  }

  private trace(inputs: Named<tf.Tensor>): Named<tf.Tensor> {
    const model = this.programs.decoder(inputs);
    const { count, size } = chunksOf(inputs);
    const { acceptance, logRatio } = divergenceHead(
      {
        target: this.target.rows(inputs),
        draft: headRows(model, packedHidden(model, inputs)),
        targets: inputs.targets as tf.Tensor1D,
        temperature: inputs.temperature as tf.Scalar,
      },
      { loss: 'tv', chunk: size, chunks: count, weightGradient: false },
    );
    const shape = inputs.ids!.shape as [number, number];
    return { acceptance: tf.reshape(acceptance, shape), logRatio: tf.reshape(logRatio, shape) };
  }
}
