import { BETA } from '../../adapter/afa-lora.ts';
import { rowSum } from '../../algorithm/statistics/aggregation.ts';
import type { Engine, Named, Program } from '../../engine/engine.ts';
import * as tf from '../../engine/tfjs.ts';
import { chunksOf } from '../../model/axes/batch-axes.ts';
import type { ForwardLimits } from '../../model/batching/cut-groups.ts';
import { vocabularyKl } from '../../model/divergence.ts';
import { logits } from '../../model/forward.ts';
import {
  longestText,
  type ModelPrograms,
  type ModelWeights,
  packedHidden,
  scalarInput,
} from '../../model/model-programs.ts';
import { packedTexts } from '../batch/micro-batches.ts';
import type { ScoredText } from '../batch/train-rows.ts';

/** Name of the β to come among the program's inputs, [L] like β itself. */
const NEXT = `${BETA}.next`;

export interface AnnealKlOptions {
  readonly engine: Engine;
  readonly programs: ModelPrograms;
}

/** Texts and how to score them. */
export interface AnnealKlBatch {
  readonly texts: readonly ScoredText[];
  readonly temperature: number;
  /** What is forwarded at once. */
  readonly limits: ForwardLimits;
}

/** Measures how far a move of β alone takes the policy, by two forward passes with the same weights. */
export class AnnealKl {
  private readonly programs: ModelPrograms;
  private readonly program: Program;

  constructor({ engine, programs }: AnnealKlOptions) {
    this.programs = programs;
    this.program = engine.compile((inputs) => this.trace(inputs), {
      name: 'anneal_kl',
      dynamicAxes: (inputs) => programs.axes(inputs, ['mask']),
    });
  }

  /**
   * Mean over all completion tokens, weighted by the texts' masks, of the full-vocabulary KL(π at the weights' β ‖ π at
   * `next`), nats. next is β of each layer, [L].
   */
  async measure(weights: ModelWeights, next: readonly number[], batch: AnnealKlBatch): Promise<number> {
    const inputs = {
      [NEXT]: { data: Float32Array.from(next), shape: [next.length], dtype: 'float32' as const },
      temperature: scalarInput(batch.temperature),
    };
    let sum = 0;
    let tokens = 0;
    for (const { packed, rows } of packedTexts(batch.texts, batch)) {
      const mask = rows.mask!;
      const model = this.programs.inputs(weights, longestText(packed));
      const out = await this.program.run({ ...model, ...inputs, ...this.programs.rows(packed), mask });
      sum += out.kl!.data[0]!;
      tokens += rowSum(mask.data);
    }
    return sum / tokens;
  }

  dispose(): Promise<void> {
    return this.program.dispose();
  }

  private trace(inputs: Named<tf.Tensor>): Named<tf.Tensor> {
    const modelAt = (beta: tf.Tensor) => this.programs.decoder({ ...inputs, [BETA]: beta });
    const model = modelAt(inputs[BETA]!);
    const { count, size } = chunksOf(inputs);
    const kl = vocabularyKl(
      {
        hidden: packedHidden(model, inputs),
        otherHidden: packedHidden(modelAt(inputs[NEXT]!), inputs),
        logits: (hidden) => logits(model, hidden),
        temperature: inputs.temperature as tf.Scalar,
      },
      { chunk: size, chunks: count },
    );
    // Padding holds finite numbers without meaning; the mask removes them.
    return { kl: tf.sum(tf.mul(kl, tf.reshape(inputs.mask!, [-1]))) };
  }
}
