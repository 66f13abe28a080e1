import type { EvalRow } from '../../evaluation/evaluate-greedy.ts';
import { compareLogits, type LogitsSource } from './compare-logits.ts';
import type { WeightComparison } from './compare-weights.ts';
import { shareRight } from './trained-answers.ts';
import type { VerifyParts } from './verify-parts.ts';

/** What rounding to the type of an export cost. */
export interface ExportComparison {
  /** Folder or file of the export. */
  readonly path: string;
  /** Its weights against W0 + s·B·A before rounding; null for adapters that merge by another formula. */
  readonly weights: WeightComparison | null;
  /** max |Δlogit| between it and the trained policy. */
  readonly maxDelta: number;
  /** Held-out accuracy of the export. */
  readonly accuracy: number;
  readonly answers: {
    readonly tasks: number;
    readonly equal: number;
    /** Ids of the tasks whose greedy answer is another one. */
    readonly changed: readonly string[];
  };
}

/** Compares an export with the trained policy: logits of some rows, and greedy answers to the held-out tasks. */
export async function compareExport(
  policy: LogitsSource,
  given: Pick<VerifyParts, 'loadModel' | 'answerAnew'> & {
    readonly out: string;
    readonly path: string;
    readonly rows: readonly (readonly number[])[];
    /** The policy's answers. */
    readonly ours: readonly EvalRow[];
  },
): Promise<Omit<ExportComparison, 'weights'>> {
  const { out, path, rows, ours } = given;
  const model = await given.loadModel(path);
  let maxDelta: number;
  try {
    maxDelta = await compareLogits(policy, model, rows);
  } finally {
    await model.dispose();
  }
  const theirs = await given.answerAnew(out, path);
  const changed = ours.filter((row, i) => theirs[i]?.tokenIds.join() !== row.tokenIds.join());
  const answers = {
    tasks: ours.length,
    equal: ours.length - changed.length,
    changed: changed.map(({ task }) => task),
  };
  return { path, maxDelta, accuracy: shareRight(theirs), answers };
}
