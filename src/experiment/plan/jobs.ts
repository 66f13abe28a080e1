import { settingsText } from '../../report/format.ts';
import { configHash, type JobConfig, withSeed } from './config-hash.ts';
import type { Plan, PlannedTask, PlannedVariant } from './plan.ts';

/** One run of an experiment: a point of a variant's grid with one seed. */
export interface Job {
  /** The name of its folder. */
  readonly id: string;
  /** What it is, for people. */
  readonly what: string;
  /** Where its recipe is loaded from, and the overrides on it. */
  readonly recipe: string;
  readonly set: readonly string[];
  readonly config: JobConfig;
  /** Of the config. */
  readonly hash: string;
}

/** Where a job stands in its plan. */
export interface JobPlace {
  readonly task: PlannedTask;
  readonly variant: PlannedVariant;
  /** Index of the point in the variant's grid. */
  readonly point: number;
  readonly seed: number;
}

/** The job at a place of the plan. */
export function jobAt({ task, variant, point, seed }: JobPlace): Job {
  const { settings, set, config: first } = variant.points[point]!;
  const config = withSeed(first, seed);
  const hash = configHash(config);
  const words = [task.name, variant.name, ...Object.values(settings).map(String), `s${seed}`];
  const slug = words.map((word) => word.replace(/[^\w.-]+/g, '-')).join('_');
  const setting = settingsText(settings);
  return {
    id: `${slug.slice(0, 100)}_${hash.slice(0, 8)}`,
    what: `${task.name}: ${variant.name}${setting === '' ? '' : `, ${setting}`}, seed ${seed}`,
    recipe: task.recipe,
    set: [...set, `seed=${seed}`],
    config,
    hash,
  };
}

/** The jobs that choose a variant's settings, by point; none where there is nothing to choose. */
export function sweepJobs(plan: Plan, task: PlannedTask, variant: PlannedVariant): (readonly Job[])[] {
  if (variant.points.length < 2) return [];
  return variant.points.map((_, point) =>
    plan.seeds.slice(0, plan.sweepSeeds).map((seed) => jobAt({ task, variant, point, seed })),
  );
}

/** The jobs of a variant that are scored on the test split, one a seed. */
export const finalJobs = (
  plan: Plan,
  task: PlannedTask,
  variant: PlannedVariant,
  point: number,
): readonly Job[] => plan.seeds.map((seed) => jobAt({ task, variant, point, seed }));
