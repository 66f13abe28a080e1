import type { EvalRow } from '../../evaluation/evaluate-greedy.ts';
import type { WeightComparison } from './compare-weights.ts';
import { shareRight } from './trained-answers.ts';

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

/** Compares an export's greedy answers to the held-out tasks with the policy's. */
export function compareAnswers(
  path: string,
  { ours, theirs }: { readonly ours: readonly EvalRow[]; readonly theirs: readonly EvalRow[] },
): Pick<ExportComparison, 'path' | 'accuracy' | 'answers'> {
  const changed = ours.filter((row, i) => theirs[i]?.tokenIds.join() !== row.tokenIds.join());
  const answers = {
    tasks: ours.length,
    equal: ours.length - changed.length,
    changed: changed.map(({ task }) => task),
  };
  return { path, accuracy: shareRight(theirs), answers };
}
