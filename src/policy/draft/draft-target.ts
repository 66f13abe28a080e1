import type { HeadRows } from '../../algorithm/draft/divergence-head.ts';
import type { DynamicAxes, Engine, HostTensor, Named } from '../../engine/engine.ts';
import type * as tf from '../../engine/tfjs.ts';
import type { DecodingModel } from '../../model/cache/decoding-model.ts';
import type { ModelConfig } from '../../model/config/model-config.ts';
import { baseLinear, type DecoderModel } from '../../model/decoder.ts';
import { headWeight } from '../../model/forward.ts';
import { ModelPrograms, packedHidden } from '../../model/model-programs.ts';

/** A model in memory. */
export interface DraftedModel {
  readonly config: ModelConfig;
  readonly weights: Named<HostTensor>;
}

/** What the names of the target's tensors begin with among the inputs of a program that has the draft's, too. */
const PREFIX = 'target.';

/** The frozen model that a draft is trained for. */
export class DraftTarget {
  readonly config: ModelConfig;
  private readonly programs: ModelPrograms;
  private readonly weights: Named<HostTensor>;

  constructor({ engine, config, weights }: DraftedModel & { readonly engine: Engine }) {
    this.config = config;
    this.weights = weights;
    this.programs = new ModelPrograms({ engine, config, linear: baseLinear, frozen: weights });
  }

  /** The target for the decoding loop. */
  decoding(): DecodingModel {
    return this.programs.decoding({ base: this.weights, adapter: {} });
  }

  /** Its weights, and tables for texts of so many tokens, as inputs of a program that has the draft's, too. */
  inputs(tokens: number): Named<HostTensor> {
    return prefixed(this.programs.inputs({ base: this.weights, adapter: {} }, tokens));
  }

  /** The dynamic axes of those inputs. Its tables have as many rows as the draft's. */
  get axes(): DynamicAxes {
    return prefixed(this.programs.ropeAxes);
  }

  /** Inside a program: the target's final states at the places of packed rows, and its head. */
  rows(inputs: Named<tf.Tensor>): HeadRows {
    const own = Object.entries(inputs).flatMap(([name, tensor]) =>
      name.startsWith(PREFIX) ? [[name.slice(PREFIX.length), tensor] as const] : [],
    );
    const model = this.programs.decoder(Object.fromEntries(own));
    return headRows(model, packedHidden(model, inputs));
  }

  dispose(): Promise<void> {
    return this.programs.dispose();
  }
}

/** A model's final states with the head that makes them logits. */
export function headRows(model: DecoderModel, hidden: tf.Tensor2D): HeadRows {
  return { hidden, weight: headWeight(model), softcap: model.config.logitSoftcap ?? 0 };
}

const prefixed = <T>(named: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(named).map(([name, value]) => [PREFIX + name, value]));
