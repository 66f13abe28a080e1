import { existsSync } from 'node:fs';
import type { CausalLM } from '../../causal-lm/causal-lm.ts';
import type { LoadModelOptions } from '../../causal-lm/load-model.ts';
import { promptOf } from '../../environment/ask-environment.ts';
import { InputError } from '../../errors.ts';
import { evaluationTasks } from '../../evaluation/evaluation-tasks.ts';
import { findModel } from '../../model/files/source.ts';
import type { Policy } from '../../policy/policy.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { loadCheckpoint } from '../checkpoint/load-checkpoint.ts';
import { runPaths } from '../folder/paths.ts';
import { type Agreement, agreeOnAnswers } from './agree-on-answers.ts';
import { compareExport, type ExportComparison } from './compare-export.ts';
import { compareLogits } from './compare-logits.ts';
import type { WeightComparison } from './compare-weights.ts';
import { mergeableCheckpoint } from './mergeable-checkpoint.ts';
import { proveMerge } from './prove-merge.ts';
import { shareRight, trainedAnswers } from './trained-answers.ts';
import type { VerifyParts } from './verify-parts.ts';

/** Number of held-out prompts, each with its answer, on which logits are compared. */
const COMPARED = 8;

/** The measurements. */
interface Measured {
  /** Step of the checkpoint. */
  readonly step: number;
  /** β at that step: 0. */
  readonly beta: number;
  /** The merged model's weights against W0 + s·B·A; null for adapters that merge by another formula. */
  readonly weights: WeightComparison | null;
  /** max |Δlogit| between the merged model, read from disk, and the unmerged policy. */
  readonly maxDelta: number;
  /** The largest `maxDelta` that counts as rounding: 1e-4 below 20 M parameters, else 1e-3. */
  readonly tolerance: number;
  /**
   * max |Δlogit| between the merged model and what training began from: the base model, with the adapter of
   * `adapter.init` if there is one. null when training began from fresh weights.
   */
  readonly baseDelta: number | null;
  /** Held-out accuracy of the unmerged policy. */
  readonly accuracy: number;
  /** Held-out accuracy of the merged model in a new process. */
  readonly reloadedAccuracy: number;
  readonly answers: Agreement;
  /** What rounding cost, where an export was named. */
  readonly exported?: ExportComparison;
}

export interface Verification extends Measured {
  readonly ok: boolean;
  /** What is wrong, in words; empty when ok. */
  readonly problems: readonly string[];
}

/**
 * Checks that a run's merged model is the policy that was trained: the same logits, a change against the base, and the
 * same held-out answers after being read from disk by a new process. Each of its weights must be W0 + s·B·A, computed
 * anew from the files of base and adapter. For method full this checks saved == in memory.
 * @param checkpoint the one that was merged, as `chooseCheckpoint` takes it; the last when left out.
 * @param exported a folder or .gguf file that was exported from it: what rounding to its type cost is measured too.
 * @throws InputError when the run has no such checkpoint, no merged model or no such export; RefusedError while β ≠ 0.
 */
export async function verifyRun(
  out: string,
  {
    recipe,
    checkpoint,
    exported,
    ...parts
  }: VerifyParts & {
    readonly recipe: Recipe;
    readonly checkpoint?: string | undefined;
    readonly exported?: string | undefined;
  },
): Promise<Verification> {
  const { entry, merged } = await mergeableCheckpoint(out, checkpoint);
  if (!existsSync(merged)) {
    const option = checkpoint === undefined ? '' : ` --checkpoint ${checkpoint}`;
    throw new InputError(`${merged} is missing: write it with \`anneal merge ${out}${option}\``);
  }
  if (exported !== undefined) await findModel(exported);
  const isLast = merged === runPaths(out).merged;
  const policy = await parts.createPolicy(recipe);
  try {
    await policy.restore((await loadCheckpoint(entry.path)).policy);
    const measured = await measure(policy, { out, recipe, parts, merged, isLast, exported });
    const problems = problemsOf(measured);
    return { ok: problems.length === 0, problems, ...measured };
  } finally {
    await policy.dispose();
  }
}

interface Run {
  readonly out: string;
  readonly recipe: Recipe;
  readonly parts: VerifyParts;
  readonly merged: string;
  readonly isLast: boolean;
  readonly exported: string | undefined;
}

async function measure(policy: Policy, run: Run): Promise<Measured> {
  const { out, recipe, parts, merged, isLast, exported } = run;
  const paths = runPaths(out);
  const { heldOut } = paths;
  const tasks = await evaluationTasks(recipe, recipe.eval.split, (request) => policy.usesPrompt(request));
  const ours = await trainedAnswers(policy, { recipe, tasks, heldOut });
  const promptIds = (i: number) => {
    const task = tasks[i]!;
    return policy.seenPrompt({ task, messages: promptOf(recipe.env, task) }).promptIds;
  };
  const rows = ours.slice(0, COMPARED).map((row, i) => [...promptIds(i), ...row.tokenIds]);
  const deltas = await compareModels(policy, rows, {
    loadMerged: () => parts.loadModel(merged, { engine: recipe.runtime }),
    loadBase: recipe.freshWeights ? null : () => parts.loadModel(recipe.model, baseOptions(recipe)),
    init: recipe.adapter.init,
  });
  const models = exported === undefined ? [merged] : [merged, exported];
  const [weights = null, rounded = null] =
    (await proveMerge({ policy, recipe, paths, isLast }, models)) ?? [];
  const theirs = await parts.answerAnew(out, merged);
  return {
    step: policy.version,
    beta: policy.beta,
    weights,
    tolerance: policy.dimensions.totalParameters < 2e7 ? 1e-4 : 1e-3,
    ...deltas,
    accuracy: shareRight(ours),
    reloadedAccuracy: shareRight(theirs),
    answers: await agreeOnAnswers(policy, { ours, theirs, promptIds }),
    ...(exported !== undefined && {
      exported: {
        weights: rounded,
        ...(await compareExport(policy, { ...parts, out, path: exported, rows, ours })),
      },
    }),
  };
}

/** The base as the run held it. */
const baseOptions = ({ runtime }: Recipe): LoadModelOptions => ({
  engine: runtime,
  baseDtype: runtime.baseDtype,
});

async function compareModels(
  policy: Policy,
  rows: readonly (readonly number[])[],
  models: {
    readonly loadMerged: () => Promise<CausalLM>;
    readonly loadBase: (() => Promise<CausalLM>) | null;
    /** Adapter that training began from. */
    readonly init: string | undefined;
  },
): Promise<Pick<Measured, 'maxDelta' | 'baseDelta'>> {
  const merged = await models.loadMerged();
  try {
    const maxDelta = await compareLogits(policy, merged, rows);
    if (models.loadBase === null) return { maxDelta, baseDelta: null };
    const base = await models.loadBase();
    try {
      const start = models.init === undefined ? base : await base.withAdapter(models.init);
      return { maxDelta, baseDelta: await compareLogits(start, merged, rows) };
    } finally {
      await base.dispose();
    }
  } finally {
    await merged.dispose();
  }
}

function problemsOf({ weights, maxDelta, tolerance, baseDelta, answers }: Measured): string[] {
  const problems: string[] = [];
  if (weights !== null && weights.off.length > 0) {
    problems.push(
      `${weights.off.length} weights of the merged model are not W0 + s·B·A: ${weights.where} is off by ${weights.maxDelta}`,
    );
  }
  if (!(maxDelta <= tolerance)) {
    problems.push(
      `the merged model is not the trained policy: logits differ by ${maxDelta}, allowed is ${tolerance}`,
    );
  }
  if (baseDelta === 0) {
    problems.push(
      'the merged model is the base model: training changed nothing, as happens when all rewards of a run are equal',
    );
  }
  if (answers.different.length > 0) {
    problems.push(
      `read by a new process, the merged model answers ${answers.different.length} of ${answers.tasks} held-out tasks differently from the trained policy (such as task "${answers.different[0]}")`,
    );
  }
  return problems;
}
