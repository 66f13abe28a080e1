import type { CausalLM } from '../../causal-lm/causal-lm.ts';
import type { LoadModelOptions } from '../../causal-lm/load-model.ts';
import { modelSampler } from '../../causal-lm/model-sampler.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import type { TokenAcceptance } from '../../rollout/token-acceptance.ts';
import type { Rollout } from '../../types.ts';
import type { Drafted } from './evaluate-draft.ts';

/** Runs `use` with the target of a recipe's draft, or without one where the recipe trains no draft. */
export async function withTarget<T>(
  recipe: Recipe,
  loadModel: (source: string, options?: LoadModelOptions) => Promise<CausalLM>,
  use: (target?: CausalLM) => Promise<T>,
): Promise<T> {
  if (recipe.objective !== 'draft') return use();
  const { runtime } = recipe;
  const target = await loadModel(recipe.model, { engine: runtime, baseDtype: runtime.baseDtype });
  try {
    return await use(target);
  } finally {
    await target.dispose();
  }
}

/** A draft that was loaded, with its target: both models' logits are compared here, a text at a time. */
export function modelDrafted(
  draft: CausalLM,
  target: CausalLM,
  { env, sampling }: Pick<Recipe, 'env' | 'sampling'>,
): Drafted {
  return {
    target: modelSampler(target, env.chatTemplate ?? {}),
    acceptance: async (rollouts, signal) => {
      const measured: TokenAcceptance[] = [];
      for (const rollout of rollouts) {
        signal?.throwIfAborted();
        const [p, q] = [
          await logprobsIn(target, rollout, sampling.temperature),
          await logprobsIn(draft, rollout, sampling.temperature),
        ];
        measured.push({
          acceptance: p.map((row, t) =>
            row.reduce((sum, each, v) => sum + Math.exp(Math.min(each, q[t]![v]!)), 0),
          ),
          logRatio: rollout.tokenIds.map((id, t) => q[t]![id]! - p[t]![id]!),
        });
      }
      return measured;
    },
  };
}

/** A model's log-probs over the vocabulary at each completion token, [T][V]. */
async function logprobsIn(
  model: CausalLM,
  { promptIds, tokenIds }: Rollout,
  temperature: number,
): Promise<Float64Array[]> {
  const row = [...promptIds, ...tokenIds];
  const columns = tokenIds.map((_, t) => promptIds.length + t - 1);
  const batch = { inputIds: [row], attentionMask: [row.map(() => 1)], columns };
  const { data, shape } = await model.logits(batch);
  const vocabulary = shape[2]!;
  return columns.map((_, t) => logSoftmax(data.subarray(t * vocabulary, (t + 1) * vocabulary), temperature));
}

function logSoftmax(logits: Float32Array, temperature: number): Float64Array {
  const scaled = Float64Array.from(logits, (z) => z / temperature);
  const peak = scaled.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const total = Math.log(scaled.reduce((sum, z) => sum + Math.exp(z - peak), 0)) + peak;
  return scaled.map((z) => z - total);
}
