import { adapterInputs } from '../../adapter/adapter-inputs.ts';
import type { AdapterSpec } from '../../adapter/adapter-spec.ts';
import { adaptedLinear } from '../../adapter/afa-lora.ts';
import { mergedWeights } from '../../adapter/merge.ts';
import { type AfaState, needsOwnBase, type StoredAdapter } from '../../adapter/stored-adapter.ts';
import type { HostTensor, Named } from '../../engine/engine.ts';
import { baseLinear } from '../../model/decoder.ts';
import type { ModelWeights } from '../../model/model-programs.ts';
import { shapesOf, stateOf, type Trainable, type Trained, tensorsOf } from './trainable.ts';

export interface AdaptedOptions {
  /** L */
  readonly layers: number;
  /** Weights of the model, which stay as they are. */
  readonly base: Named<HostTensor>;
  readonly spec: AdapterSpec;
  /** The adapter's tensors as they start. */
  readonly tensors: Named<HostTensor>;
  /** Name or path of the model, for the adapter's files. */
  readonly baseModel: string;
  /** The run's schedule, for the adapter's files. */
  readonly schedule: Pick<AfaState, 'schedule' | 'steps'>;
  /** What an adapter that the run began from made of the model: see `StoredAdapter`. */
  readonly start?: Pick<StoredAdapter, 'weights' | 'under'>;
  /** Set when the model is so many of `baseModel`'s first layers. */
  readonly firstLayers?: number | undefined;
  /** True when `baseModel` has other weights than `base`: those were drawn at random. */
  readonly freshBase?: boolean;
}

/** LoRA and AFA-LoRA: the adapter's tensors train behind frozen weights. They differ in `spec.anneals` alone. */
export function adapterTraining({
  layers,
  base,
  spec,
  tensors,
  baseModel,
  schedule,
  start = { weights: {} },
  firstLayers,
  freshBase = false,
}: AdaptedOptions): Trainable {
  const initial = stateOf(tensors);
  const shapes = shapesOf(tensors);
  const weights = (trained: Trained, betas: readonly number[]): ModelWeights => ({
    base,
    adapter: adapterInputs(spec, { tensors: tensorsOf(shapes, trained), betas, base }),
  });
  const { activation, placement } = spec;
  return {
    initial,
    linear: (inputs) => adaptedLinear(spec, baseLinear(inputs), inputs),
    frozen: base,
    weights,
    // A fresh adapter has B = 0 and adds nothing whatever β is: its first tensors are the model with the adapter off.
    // An adapter that is continued is linear: its first tensors are the policy that the run began from.
    reference: () =>
      weights(
        Object.fromEntries(Object.entries(initial).map(([name, { data }]) => [name, data])),
        Array<number>(layers).fill(0),
      ),
    merged: (trained, anneal) =>
      mergedWeights(base, { spec, tensors: tensorsOf(shapes, trained), ...anneal }),
    adapter: (trained, { step, betas }) => ({
      ...start,
      spec,
      tensors: tensorsOf(shapes, trained),
      baseModel,
      firstLayers,
      ...(spec.anneals && { afa: { activation, placement, ...schedule, step, beta: [...betas] } }),
    }),
    ...((freshBase || needsOwnBase(start)) && { exportBase: base }),
  };
}
