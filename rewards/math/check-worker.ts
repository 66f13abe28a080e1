import { serveTasks } from '../limits/worker-serve.ts';
import { warmAlgebra } from './algebra/compute-engine.ts';
import { type Verdict, type VerifyOptions, verify } from './verify.ts';

/** A gold answer and a completion to hold against it. */
export interface Check {
  readonly gold: string;
  readonly prediction: string;
}

export interface CheckBatch {
  readonly checks: readonly Check[];
  readonly options: VerifyOptions;
  /**
   * Shared with the parent: [0] counts the checks begun, [1 + i] is the verdict of check i, an index of `verdicts`.
   * What a worker has settled survives its end.
   */
  readonly progress: Int32Array;
}

/** 0 stands for no verdict yet. */
export const verdicts: readonly (Verdict | undefined)[] = [undefined, 'right', 'wrong', 'unreadable'];

function runChecks({ checks, options, progress }: CheckBatch): void {
  for (const [i, { gold, prediction }] of checks.entries()) {
    Atomics.store(progress, 0, i + 1);
    Atomics.store(progress, 1 + i, verdicts.indexOf(verify(gold, prediction, options)));
  }
  Atomics.store(progress, 0, checks.length + 1);
}

warmAlgebra();
serveTasks(runChecks);
