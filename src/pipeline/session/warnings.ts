import { startsDead } from '../../adapter/dead-start.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import type { SeenPrompt } from '../../rollout/seen-prompt.ts';
import type { WatchState } from '../../run/checkpoint/checkpoint.ts';
import type { StepMetrics } from '../../types.ts';

/** A warning appears after this many steps without any difference between rewards. */
const ZERO_STD_STEPS = 5;
const CLIPPED_RATIO = 0.5;

/** Learning rates in common use. Outside of these a run mostly stands still or falls apart. */
const USUAL_RATES = {
  rl: { adapter: [1e-6, 2e-3], full: [1e-7, 2.5e-4] },
  sft: { adapter: [1e-5, 5e-3], full: [1e-6, 5e-3] },
  draft: { adapter: [1e-5, 1e-2], full: [1e-6, 5e-3] },
} as const;

export const startWatch: WatchState = {
  clipped: false,
  zeroStdSteps: 0,
  flat: false,
  jumped: false,
  unread: false,
  cut: false,
};

/** The warnings after a step, each given once when it becomes true, and the state to remember. */
export function watchStep(
  { clipped, zeroStdSteps, flat, jumped, unread, cut }: WatchState,
  metrics: StepMetrics,
): { readonly state: WatchState; readonly warnings: readonly string[] } {
  const warnings: string[] = [];
  const ratio = metrics['completions/clipped_ratio'] ?? 0;
  const nowClipped = ratio >= CLIPPED_RATIO;
  if (nowClipped && !clipped) {
    warnings.push(
      `${Math.round(ratio * 100)} % of completions hit the token limit: raise sampling.maxNewTokens, or what they would have said is never scored`,
    );
  }
  const { reward, reward_std: spread } = metrics;
  // Without any score the mean is NaN.
  const unscored = Number.isNaN(reward);
  const zeroSteps = spread === 0 || unscored ? zeroStdSteps + 1 : 0;
  if (zeroSteps === ZERO_STD_STEPS) {
    warnings.push(
      unscored
        ? `no reward has applied to any completion for ${ZERO_STD_STEPS} steps: nothing is being learnt; every score is null`
        : `all rewards have been equal for ${ZERO_STD_STEPS} steps: nothing is being learnt; check that the reward can tell completions apart and that the task is neither too easy nor too hard`,
    );
  }
  const flatGroups = metrics['dynamic_sampling/flat'] ?? 0;
  if (flatGroups > 0 && !flat) {
    warnings.push(
      `dynamic sampling gave up after ${metrics['dynamic_sampling/tries']} tries: the completions of ${flatGroups} prompts all scored alike and teach nothing; raise algorithm.dynamicSampling.maxTries, or choose tasks that are neither too easy nor too hard`,
    );
  }
  const jumps = (metrics.anneal_kl_exceeded ?? 0) > 0;
  if (jumps && !jumped) {
    warnings.push(
      `the anneal alone moved the policy by ${metrics.anneal_kl!.toPrecision(3)} nats a token, more than adapter.schedule.maxAnnealKl: at the horizon β has to be 0; anneal over more steps (adapter.schedule.fraction), or raise the bound`,
    );
  }
  const unreadable = Math.max(0, ...valuesOf(metrics, /\/unreadable_gold$/));
  if (unreadable > 0 && !unread) {
    warnings.push(
      `the gold answers of ${Math.round(unreadable * 100)} % of completions can't be read as mathematics: those score null and teach nothing; \`anneal env check\` names them`,
    );
  }
  const truncated = metrics['prompts/truncated'] ?? 0;
  if (truncated > 0 && !cut) {
    warnings.push(
      `prompts longer than sampling.maxPromptLength were cut, ${truncated} in this batch: raise it, or leave such tasks out${reward === undefined ? '' : '; rollouts.jsonl shows what the policy saw'}`,
    );
  }
  return {
    state: {
      clipped: nowClipped,
      zeroStdSteps: zeroSteps,
      flat: flatGroups > 0,
      jumped: jumps,
      unread: unreadable > 0,
      cut: cut || truncated > 0,
    },
    warnings,
  };
}

/** Warns when training ends on a β above 0: the kept policy, at β = 0, was never trained. */
export function lastJump({ beta, anneal_kl: kl }: StepMetrics): string[] {
  if (beta === 0) return [];
  const far =
    kl === undefined ? '' : `: that jump alone moved the policy by ${kl.toPrecision(3)} nats a token`;
  return [
    `the last step trained at β = ${beta.toPrecision(3)}, and the policy that is kept is the one at β = 0${far}`,
  ];
}

function valuesOf(metrics: StepMetrics, pattern: RegExp): number[] {
  return Object.entries(metrics).flatMap(([name, value]) => (pattern.test(name) ? [value] : []));
}

/**
 * Warns when a reward gave scores between 0 and 1, on the share `partial` of the tasks: accuracy counts those as wrong.
 */
export function accuracyWarnings(reward: string, partial: number): string[] {
  if (partial === 0) return [];
  return [
    `accuracy is the share of held-out tasks whose reward "${reward}" is at least 1, and ${Math.round(partial * 100)} % of them scored in between: mind eval_reward, or put an exact reward first (weight 0 only measures)`,
  ];
}

/** Warns, before a run, of held-out prompts that have to be cut. */
export function promptWarnings(
  prompts: readonly Pick<SeenPrompt, 'promptTokensCut'>[],
  { maxPromptLength }: Pick<Recipe['sampling'], 'maxPromptLength'>,
): string[] {
  const long = prompts.filter(({ promptTokensCut }) => promptTokensCut !== undefined).length;
  if (long === 0) return [];
  return [
    `sampling.maxPromptLength (${maxPromptLength} tokens) cuts ${long} of ${prompts.length} held-out prompts: they lose their oldest turns, and keep the system message`,
  ];
}

/** The warnings about a recipe before it runs. */
export function recipeWarnings(recipe: Recipe): string[] {
  return [...rateWarnings(recipe), ...deadStartWarnings(recipe)];
}

function deadStartWarnings(recipe: Recipe): string[] {
  if (!startsDead(recipe)) return [];
  return [
    `adapter.placement ${recipe.adapter.placement} with relu gives an exactly zero gradient while β = 1 (a fresh B is 0, and so is relu's slope there): nothing is learnt until β falls; take gelu, gelu-tanh or silu, or a placement without the last s`,
  ];
}

function rateWarnings({ method, objective, optimizer }: Recipe): string[] {
  const [low, high] = USUAL_RATES[objective][method === 'full' ? 'full' : 'adapter'];
  const { lr } = optimizer;
  if (lr >= low && lr <= high) return [];
  return [
    `optimizer.lr ${lr} is ${lr < low ? 'below' : 'above'} what ${{ rl: '', sft: 'supervised ', draft: 'a draft by ' }[objective]}${method} usually takes (${low} to ${high})`,
  ];
}
