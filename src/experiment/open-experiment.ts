import { existsSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { InputError } from '../errors.ts';
import { writeFileAtomic } from '../io/atomic-write.ts';
import { readJsonIfAny } from '../io/read-json.ts';
import { isTemporary } from '../io/temporaries.ts';
import { lockRun, type RunLock } from '../run/folder/lock-run.ts';
import { runPaths } from '../run/folder/paths.ts';
import { configChanges } from './plan/config-hash.ts';
import { type Plan, planSchema } from './plan/plan.ts';

/** The plan in an experiment's folder. */
const planPath = (out: string): string => join(out, 'plan.json');

/** Whether a folder is a comparison's or an ablation's. */
export const isExperimentFolder = (folder: string): boolean => existsSync(planPath(folder));

/** Reads an experiment's plan. @throws InputError when there is none, or it is damaged. */
export async function readPlan(out: string): Promise<Plan> {
  const plan = await readJsonIfAny(planPath(out), planSchema);
  if (plan === undefined) throw new InputError(`${planPath(out)} is missing: that is no comparison`);
  return plan;
}

export const writePlan = (out: string, plan: Plan): Promise<void> =>
  writeFileAtomic(planPath(out), `${JSON.stringify(plan, null, 1)}\n`);

/**
 * Makes the folder of a new experiment, or goes on with the one there; locks it for this process.
 * @returns the plan that holds: that of the folder, whose grids may have been widened.
 * @throws InputError for a folder that holds something else, another plan, or is in use.
 */
export async function openExperiment(
  plan: Plan,
  { out, resume }: { readonly out: string; readonly resume: boolean },
): Promise<{ readonly plan: Plan; readonly lock: RunLock }> {
  if (isExperimentFolder(out)) {
    if (!resume)
      throw new InputError(`${out} holds a comparison already: go on with --resume, or choose another --out`);
    const before = await readPlan(out);
    checkSamePlan(before, plan, out);
    return { plan: before, lock: await lockRun(out) };
  }
  if (resume) throw new InputError(`${out} holds no comparison to go on with: leave out --resume`);
  await makeFolder(out);
  const lock = await lockRun(out);
  await writePlan(out, plan);
  return { plan, lock };
}

async function makeFolder(out: string): Promise<void> {
  let names: string[];
  try {
    await mkdir(join(out, 'jobs'), { recursive: true });
    names = [...(await readdir(out)), ...(await readdir(join(out, 'jobs')))];
  } catch (error) {
    throw new InputError(`can't write --out ${out}: ${error instanceof Error ? error.message : error}`);
  }
  // A process that was killed before it wrote its plan may have left these.
  const lock = basename(runPaths(out).lock);
  const others = names.filter((name) => name !== 'jobs' && name !== lock && !isTemporary(name));
  if (others.length > 0) throw new InputError(`${out} is not empty: choose another folder`);
}

/** @throws InputError naming what differs. A grid that was widened since is still the same plan. */
function checkSamePlan(before: Plan, now: Plan, out: string): void {
  const difference = planDifference(before, now);
  if (difference === undefined) return;
  throw new InputError(
    `${out} is a comparison of another plan: ${difference}; choose another --out, or go on as it was begun with \`anneal ${before.kind} ${out} --resume\``,
  );
}

function planDifference(before: Plan, now: Plan): string | undefined {
  if (before === now) return undefined;
  const facts = ({ kind, seeds, sweepSeeds, tasks }: Plan) => ({
    command: `anneal ${kind}`,
    seeds: seeds.join(', '),
    'seeds of the sweep': String(sweepSeeds),
    recipes: tasks.map(({ name }) => name).join(', '),
    variants: tasks.map(({ variants }) => variants.map(({ name }) => name).join(', ')).join('; '),
  });
  const [then, today] = [facts(before), facts(now)];
  for (const name of Object.keys(then) as (keyof typeof then)[]) {
    if (then[name] !== today[name]) return `${name}: ${then[name]} there, ${today[name]} now`;
  }
  for (const [t, { variants }] of now.tasks.entries()) {
    for (const [v, { name, points }] of variants.entries()) {
      const there = before.tasks[t]!.variants[v]!.points;
      for (const [p, { config }] of points.entries()) {
        const changes = there[p] === undefined ? ['a longer grid'] : configChanges(there[p].config, config);
        if (changes.length > 0) return `${name}: ${changes.join('; ')}`;
      }
      if (there.length > points.length && before.tasks[t]!.variants[v]!.widened === undefined)
        return `${name}: a shorter grid`;
    }
  }
  return undefined;
}
