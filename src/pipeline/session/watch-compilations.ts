import type { StepMetrics } from '../../types.ts';

/** A warning appears after so many steps in a row that each compiled something. */
const STEPS = 10;

/** Programs compiled until the last step, and the steps in a row since that number stood still. */
export interface Compilations {
  readonly count: number;
  readonly growing: number;
}

export const startCompilations: Compilations = { count: 0, growing: 0 };

/**
 * The warning that programs are compiled at every step, given once each time that begins. A process begins with nothing
 * compiled, so this state is none of a checkpoint's.
 */
export function watchCompilations(
  { count, growing }: Compilations,
  { compilations = count }: StepMetrics,
): { readonly state: Compilations; readonly warnings: readonly string[] } {
  const steps = compilations > count ? growing + 1 : 0;
  const warning = `each of the last ${STEPS} steps compiled programs anew, ${compilations} so far, which may take longer than the steps themselves: raise runtime.programCacheGB, or let texts of more than 1,024 tokens differ less in length`;
  return {
    state: { count: compilations, growing: steps },
    warnings: steps === STEPS ? [warning] : [],
  };
}
