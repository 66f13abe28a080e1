import type { ValueSettings } from '../../algorithm/algorithm-settings.ts';
import type { HeadRows } from '../../algorithm/draft/divergence-head.ts';
import type { DivergenceName } from '../../algorithm/draft/divergences.ts';
import type { LossConfig } from '../../algorithm/loss/index.ts';
import { policyLoss } from '../../algorithm/loss/policy-loss.ts';
import { ppoLoss } from '../../algorithm/loss/ppo-loss.ts';
import { ratioMetrics } from '../../algorithm/loss/ratio-metrics.ts';
import type { LossInputs, LossResult } from '../../algorithm/loss/terms/types.ts';
import type { ValueInputs } from '../../algorithm/loss/value-loss.ts';
import { detach } from '../../algorithm/statistics/stop-gradient.ts';
import type { CompileOptions, Engine, HostTensor, Named, Program } from '../../engine/engine.ts';
import * as tf from '../../engine/tfjs.ts';
import { type ModelPrograms, packedHidden, packedLogprobs, scalarInput } from '../../model/model-programs.ts';
import type { PackedRows } from '../../model/packed-rows.ts';
import { type RecomputeSetting, recomputes } from '../../model/recompute.ts';
import type { SharedRows } from '../../model/shared-rows.ts';
import { values } from '../../model/value-head.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { type MicroBatch, rowColumns } from '../batch/micro-batches.ts';
import { draftLoss } from '../draft/draft-loss.ts';
import { type DraftTarget, headRows } from '../draft/draft-target.ts';

/**
 * The loss of a micro-batch, its metrics, and its gradient by every trained tensor: each a part that adds up over the
 * batch.
 */
export interface MicroResult {
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
  readonly gradients: Readonly<Record<string, Float32Array>>;
}

export interface UpdateProgramOptions {
  readonly engine: Engine;
  readonly programs: ModelPrograms;
  /** Names of the tensors to differentiate by. */
  readonly trained: readonly string[];
  readonly objective: Recipe['objective'];
  /** Of objective draft: the target, and what is minimised. */
  readonly draft?: { readonly target: DraftTarget; readonly loss: DivergenceName } | undefined;
  readonly loss: LossConfig;
  /** With a value function: whether its loss trains the head alone. */
  readonly value?: Pick<ValueSettings, 'detach'> | undefined;
  /** Whether the backward pass computes the layers again; 'auto' when left out. */
  readonly recompute?: RecomputeSetting;
}

/** Everything that one micro-batch's loss depends on. */
export interface MicroInputs {
  /** Weights, adapter, β and tables: `ModelPrograms.inputs`, the value head, and the inputs of a draft's target. */
  readonly model: Named<HostTensor>;
  readonly batch: MicroBatch<PackedRows | SharedRows>;
  readonly temperature: number;
  /**
   * Scalars of the loss: `hyperParameters` and `WeightedBatch.scalars`; with a value function valueCoef and valueClip.
   */
  readonly hyper: Readonly<Record<string, number>>;
}

/** The rows of a micro-batch among the program's inputs, by the same names. */
type BatchRows = Omit<LossInputs, 'logprobs' | 'entropies' | 'hyper'>;

const GRADIENT = 'gradient.';
const METRIC = 'metric.';
const HYPER = 'hyper.';

/** Model, log-prob head, loss and gradients as one program. Only structure is baked in; every number is an input. */
export class UpdateProgram {
  private readonly options: UpdateProgramOptions;
  /** Keeps what is inside the layers for the backward pass. */
  private readonly keeping: Program;
  /** Computes it again. */
  private readonly recomputing: Program;

  constructor(options: UpdateProgramOptions) {
    const { engine, programs, trained, draft } = options;
    this.options = options;
    const shared: CompileOptions = {
      name: 'update',
      keepsMemory: true,
      dynamicAxes: (inputs) => ({ ...programs.axes(inputs, rowColumns), ...draft?.target.axes }),
    };
    this.keeping = engine.compile((inputs) => this.trace(inputs), shared);
    this.recomputing = engine.compile((inputs) => this.trace(inputs, trained), shared);
  }

  async run({ model, batch, temperature, hyper }: MicroInputs): Promise<MicroResult> {
    const { programs, recompute = 'auto' } = this.options;
    const program = recomputes(recompute, programs.config, batch.packed) ? this.recomputing : this.keeping;
    const out = await program.run({
      ...model,
      ...programs.rows(batch.packed),
      ...batch.rows,
      temperature: scalarInput(temperature),
      ...Object.fromEntries(Object.entries(hyper).map(([name, value]) => [HYPER + name, scalarInput(value)])),
    });
    const part = (prefix: string) =>
      Object.entries(out).flatMap(([name, { data }]) =>
        name.startsWith(prefix) ? [[name.slice(prefix.length), data as Float32Array] as const] : [],
      );
    return {
      loss: out.loss!.data[0]!,
      metrics: Object.fromEntries(part(METRIC).map(([name, data]) => [name, data[0]!])),
      gradients: Object.fromEntries(part(GRADIENT)),
    };
  }

  async dispose(): Promise<void> {
    await Promise.all([this.keeping.dispose(), this.recomputing.dispose()]);
  }

  private trace(inputs: Named<tf.Tensor>, recomputedFor?: readonly string[]): Named<tf.Tensor> {
    const { trained, draft } = this.options;
    // Before the gradient computation begins, which keeps what is computed inside it.
    const target = draft?.target.rows(inputs);
    const metrics: Record<string, tf.Tensor> = {};
    const lossOf = (...tensors: tf.Tensor[]): tf.Scalar => {
      const values = Object.fromEntries(trained.map((name, i) => [name, tensors[i]!]));
      const result = this.loss({ ...inputs, ...values }, { recomputedFor, target });
      // The metrics leave the scope of the gradient computation, which would dispose of them.
      for (const [name, metric] of Object.entries(result.metrics)) metrics[METRIC + name] = tf.keep(metric);
      return result.loss as tf.Scalar;
    };
    const { value, grads } = tf.valueAndGrads(lossOf)(trained.map((name) => inputs[name]!));
    const gradients = Object.fromEntries(trained.map((name, i) => [GRADIENT + name, grads[i]!]));
    return { loss: value, ...metrics, ...gradients };
  }

  private loss(
    inputs: Named<tf.Tensor>,
    given: { readonly recomputedFor: readonly string[] | undefined; readonly target: HeadRows | undefined },
  ): LossResult {
    const { programs, trained, objective, loss, draft } = this.options;
    const model = programs.decoder(inputs, given.recomputedFor);
    const hidden = packedHidden(model, inputs);
    const weightGradient = trained.includes(programs.headWeight);
    const hyper = scalarsOf(inputs);
    if (draft)
      return draftLoss(inputs, {
        target: given.target!,
        draft: headRows(model, hidden),
        loss: draft.loss,
        weightGradient,
        tokens: hyper.tokens as tf.Scalar,
      });
    const { logprobs, entropy } = packedLogprobs(
      model,
      { hidden, inputs },
      { weightGradient, entropyGradient: Boolean(loss.entropyCoef) },
    );
    const rows = inputs as unknown as BatchRows;
    if (objective === 'sft') {
      const mean = tf.div(tf.sum(tf.mul(entropy, rows.mask)), hyper.tokens!);
      return { loss: tf.neg(tf.sum(tf.mul(logprobs, rows.lossWeights))), metrics: { entropy: mean } };
    }
    const all = { ...rows, logprobs, entropies: entropy, hyper };
    const value = this.valueInputs(inputs, hidden);
    const result = value ? ppoLoss(all, value, loss) : policyLoss(all, loss);
    return { ...result, metrics: { ...result.metrics, ...ratioMetrics(all) } };
  }

  private valueInputs(inputs: Named<tf.Tensor>, hidden: tf.Tensor2D): ValueInputs | undefined {
    const { value } = this.options;
    if (value === undefined) return undefined;
    const { valueCoef, valueClip, valueTokens } = scalarsOf(inputs);
    const states = value.detach ? (detach(hidden) as tf.Tensor2D) : hidden;
    return {
      values: tf.reshape(values(states, inputs), inputs.ids!.shape),
      oldValues: inputs.oldValues!,
      returns: inputs.returns!,
      mask: inputs.valueMask!,
      lossWeights: inputs.valueWeights!,
      hyper: { valueCoef: valueCoef!, valueClip: valueClip!, tokens: valueTokens! },
    };
  }
}

/** The scalars of the loss among a program's inputs, by their own names. */
function scalarsOf(inputs: Named<tf.Tensor>): Named<tf.Tensor> {
  return Object.fromEntries(
    Object.entries(inputs).flatMap(([name, tensor]) =>
      name.startsWith(HYPER) ? [[name.slice(HYPER.length), tensor] as const] : [],
    ),
  );
}
