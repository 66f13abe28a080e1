import { promptOf } from '../../environment/ask-environment.ts';
import type { EvalRow } from '../../evaluation/evaluate-greedy.ts';
import { evaluationTasks } from '../../evaluation/evaluation-tasks.ts';
import type { Policy } from '../../policy/policy.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { loadCheckpoint } from '../checkpoint/load-checkpoint.ts';
import { runPaths } from '../folder/paths.ts';
import { type Agreement, agreeOnAnswers } from './agree-on-answers.ts';
import { KeptLogits } from './kept-logits.ts';
import { type ProofFiles, proofFiles } from './proof-files.ts';
import { shareRight, trainedAnswers } from './trained-answers.ts';
import type { VerifyParts } from './verify-parts.ts';

/** Number of held-out prompts, each with its answer, on which logits are compared. */
const COMPARED = 8;

/** A run whose merged model is looked at. */
export interface MergedRun {
  readonly out: string;
  readonly recipe: Recipe;
  readonly parts: VerifyParts;
  /** Folder of the checkpoint that was merged. */
  readonly checkpoint: string;
  readonly merged: string;
  readonly exported: string | undefined;
}

/** What is kept of the trained policy when it is no longer in memory. */
interface Trained {
  readonly step: number;
  readonly beta: number;
  readonly tolerance: number;
  readonly accuracy: number;
  readonly answers: Agreement;
  /** Its greedy answers to the held-out tasks. */
  readonly ours: readonly EvalRow[];
  readonly logits: KeptLogits;
  readonly proof: ProofFiles;
}

interface Compared {
  /** The merged model's answers. */
  readonly theirs: readonly EvalRow[];
  /** Where files for the proof may be written. */
  readonly folder: string;
}

/** Takes the trained policy into memory, and asks it for everything that only it can say. */
export function lookAtTrained(run: MergedRun, compared: Compared): Promise<Trained> {
  return withPolicy(run, (policy) => lookAtPolicy(policy, run, compared));
}

/** Uses the policy of the checkpoint that was merged. */
async function withPolicy<T>(
  { recipe, parts, checkpoint }: MergedRun,
  use: (policy: Policy) => Promise<T>,
): Promise<T> {
  const policy = await parts.createPolicy(recipe);
  try {
    await policy.restore((await loadCheckpoint(checkpoint)).policy);
    return await use(policy);
  } finally {
    await policy.dispose();
  }
}

/** Everything that the policy itself has to say. */
async function lookAtPolicy(
  policy: Policy,
  { out, recipe, checkpoint, merged }: MergedRun,
  { theirs, folder }: Compared,
): Promise<Trained> {
  const paths = runPaths(out);
  const tasks = await evaluationTasks(recipe, recipe.eval.split, (request) => policy.usesPrompt(request));
  const ours = await trainedAnswers(policy, { recipe, tasks, heldOut: paths.heldOut });
  const promptIds = (i: number) => {
    const task = tasks[i]!;
    return policy.seenPrompt({ task, messages: promptOf(recipe.env, task) }).promptIds;
  };
  const rows = ours.slice(0, COMPARED).map((row, i) => [...promptIds(i), ...row.tokenIds]);
  const { totalParameters, vocabSize } = policy.dimensions;
  const logits = new KeptLogits(rows, { vocabSize });
  await logits.keep(policy);
  return {
    ours,
    logits,
    proof: await proofFiles(policy, { checkpoint, paths, isLast: merged === paths.merged, folder }),
    step: policy.version,
    beta: policy.beta,
    tolerance: totalParameters < 2e7 ? 1e-4 : 1e-3,
    accuracy: shareRight(ours),
    answers: await agreeOnAnswers(policy, { ours, theirs, promptIds }),
  };
}
