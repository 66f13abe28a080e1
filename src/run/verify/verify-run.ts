import { existsSync } from 'node:fs';
import type { CausalLM } from '../../causal-lm/causal-lm.ts';
import type { LoadModelOptions } from '../../causal-lm/load-model.ts';
import { InputError } from '../../errors.ts';
import { inTemporaryFolder } from '../../io/temporaries.ts';
import { findModel } from '../../model/files/source.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { beginsAsModel, trainedModel } from '../../recipe/trained-model.ts';
import type { Agreement } from './agree-on-answers.ts';
import { compareAnswers, type ExportComparison } from './compare-export.ts';
import type { WeightComparison } from './compare-weights.ts';
import type { KeptLogits } from './kept-logits.ts';
import { lookAtTrained, type MergedRun } from './look-at-trained.ts';
import { mergeableCheckpoint } from './mergeable-checkpoint.ts';
import { proveMerge } from './prove-merge.ts';
import { shareRight } from './trained-answers.ts';
import type { VerifyParts } from './verify-parts.ts';

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
   * `adapter.init` if there is one. null when training began from fresh weights, or from a target's first layers.
   */
  readonly baseDelta: number | null;
  /** Held-out accuracy of the unmerged policy. */
  readonly accuracy: number;
  /** Held-out accuracy of the merged model in a new process. */
  readonly reloadedAccuracy: number;
  readonly answers: Agreement;
  /** Tokens of the compared texts at which logits were compared, and all of them. */
  readonly positions: KeptLogits['positions'];
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
  const run = { out, recipe, parts, checkpoint: entry.path, merged, exported };
  const measured = await inTemporaryFolder((folder) => measure(run, folder));
  const problems = problemsOf(measured);
  return { ok: problems.length === 0, problems, ...measured };
}

/** Takes one model into memory after the other: new processes, the policy, the export, the merged model, the base. */
async function measure(run: MergedRun, folder: string): Promise<Measured> {
  const { out, recipe, parts, merged, exported } = run;
  const theirs = await parts.answerAnew(out, merged);
  const exportedAnswers = exported === undefined ? [] : await parts.answerAnew(out, exported);
  const { ours, logits, proof, ...trained } = await lookAtTrained(run, { theirs, folder });
  const models = exported === undefined ? [merged] : [merged, exported];
  const [weights = null, rounded = null] = (await proveMerge(proof, recipe, models)) ?? [];
  const ofExport =
    exported === undefined
      ? undefined
      : {
          weights: rounded,
          maxDelta: await withModel(parts.loadModel(exported), (model) => logits.compare(model)),
          ...compareAnswers(exported, { ours, theirs: exportedAnswers }),
        };
  const deltas = await compareModels(run, logits);
  return {
    ...trained,
    weights,
    ...deltas,
    positions: logits.positions,
    reloadedAccuracy: shareRight(theirs),
    ...(ofExport && { exported: ofExport }),
  };
}

/** The base as the run held it. */
const baseOptions = ({ runtime }: Recipe): LoadModelOptions => ({
  engine: runtime,
  baseDtype: runtime.baseDtype,
});

/** The merged model against the policy, and against what training began from. */
async function compareModels(
  { recipe, parts, merged }: MergedRun,
  logits: KeptLogits,
): Promise<Pick<Measured, 'maxDelta' | 'baseDelta'>> {
  const maxDelta = await withModel(parts.loadModel(merged, { engine: recipe.runtime }), (model) =>
    logits.compare(model, { keep: true }),
  );
  if (!beginsAsModel(recipe)) return { maxDelta, baseDelta: null };
  const { init } = recipe.adapter;
  const baseDelta = await withModel(
    parts.loadModel(trainedModel(recipe), baseOptions(recipe)),
    async (base) => logits.compare(init === undefined ? base : await base.withAdapter(init)),
  );
  return { maxDelta, baseDelta };
}

async function withModel<T>(loading: Promise<CausalLM>, use: (model: CausalLM) => Promise<T>): Promise<T> {
  const model = await loading;
  try {
    return await use(model);
  } finally {
    await model.dispose();
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
