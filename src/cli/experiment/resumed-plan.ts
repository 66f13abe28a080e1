import { resolve } from 'node:path';
import { InputError } from '../../errors.ts';
import { readPlan } from '../../experiment/open-experiment.ts';
import type { Plan } from '../../experiment/plan/plan.ts';
import { type GridOptions, jobsAtATime } from '../options/grid-options.ts';
import { overridesOf, type RecipeOptions } from '../options/recipe-options.ts';
import type { RunPlanOptions } from './run-plan.ts';

/**
 * The plan of an experiment's folder that is gone on with, and how to run it.
 * @throws InputError when --resume is missing, the folder is another command's, or an option would change the plan.
 * @param others options of one command alone that were given, and would change it.
 */
export async function resumedPlan(
  folder: string,
  kind: Plan['kind'],
  options: RecipeOptions & GridOptions,
  others: readonly string[],
): Promise<{ readonly plan: Plan; readonly options: RunPlanOptions }> {
  if (!options.resume) throw new InputError(`${folder} holds a comparison: go on with it by --resume`);
  const plan = await readPlan(folder);
  if (plan.kind !== kind)
    throw new InputError(`${folder} is gone on with by \`anneal ${plan.kind} ${folder} --resume\``);
  if (options.out !== undefined && resolve(options.out) !== resolve(folder))
    throw new InputError(`${folder} is continued where it is: leave out --out`);
  const changes = [
    ...others,
    ...overridesOf(options),
    ...(options.seeds === undefined ? [] : ['--seeds']),
    ...(options.sweepSeeds === undefined ? [] : ['--sweep-seeds']),
    ...(options.threads === undefined ? [] : ['--threads']),
    ...(options.sweep === false || options.sweep.length > 0 ? ['--sweep'] : []),
  ];
  if (changes.length > 0)
    throw new InputError(`${folder} is continued as it was planned: leave out ${changes.join(', ')}`);
  const threads = Number(
    (plan.tasks[0]!.variants[0]!.points[0]!.config.recipe.runtime as { readonly threads: number }).threads,
  );
  const extendSweep = plan.extendSweep || options.extendSweep === true;
  return {
    plan: { ...plan, extendSweep },
    options: { ...options, out: folder, jobs: jobsAtATime(options.jobs, { threads }), minutes: undefined },
  };
}
