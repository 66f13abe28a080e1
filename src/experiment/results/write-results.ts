import { join } from 'node:path';
import { writeFileAtomic } from '../../io/atomic-write.ts';
import { version } from '../../io/version.ts';
import type { ExperimentResults } from '../../report/experiment-results.ts';
import type { Plan } from '../plan/plan.ts';
import { collect, type FoundJob, type FoundTask } from './collect.ts';
import { taskResults } from './task-results.ts';

/** What an experiment's folder has found so far. */
async function readResults(plan: Plan, out: string): Promise<ExperimentResults> {
  const found = await collect(plan, out);
  return {
    anneal: version,
    format: 1,
    kind: plan.kind,
    name: plan.name,
    command: plan.command,
    tasks: found.map((task) => taskResults(task, plan.kind)),
    missing: jobsIn(found).flatMap(missingRow),
    rejected: jobsIn(found).flatMap(({ job, result }) =>
      result.state === 'rejected' ? [{ job: job.id, what: job.what, why: result.why }] : [],
    ),
  };
}

/** Reads what was found, and writes it to results.json. */
export async function writeResults(plan: Plan, out: string): Promise<ExperimentResults> {
  const results = await readResults(plan, out);
  await writeFileAtomic(join(out, 'results.json'), `${JSON.stringify(results, null, 1)}\n`);
  return results;
}

/** Every job once: the winner's first seed both chooses and is scored. */
function jobsIn(found: readonly FoundTask[]): readonly (FoundJob & { readonly scored: boolean })[] {
  const byId = new Map<string, FoundJob & { readonly scored: boolean }>();
  for (const { variants } of found) {
    for (const { tried, finals } of variants) {
      for (const job of tried.flat()) byId.set(job.job.id, { ...job, scored: false });
      for (const job of finals) byId.set(job.job.id, { ...job, scored: true });
    }
  }
  return [...byId.values()];
}

function missingRow({ job, result, scored }: FoundJob & { readonly scored: boolean }) {
  const row = (why: string) => [{ job: job.id, what: job.what, why }];
  if (result.state === 'missing') return row(result.why);
  // A rate that diverges in the sweep is a result; a seed of the winner that does is missing from its mean.
  if (result.state === 'diverged') return [{ ...row(result.why)[0]!, diverged: !scored }];
  return result.state === 'done' && scored && result.score === undefined ? row(result.unscored) : [];
}
