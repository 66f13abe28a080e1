import { setAside } from '../../environment/set-aside.ts';
import { firstTasks } from '../../environment/task-source.ts';
import { InputError } from '../../errors.ts';
import { version } from '../../io/version.ts';
import { parseOverride } from '../../recipe/apply-overrides.ts';
import type { Grid } from '../../recipe/compare-settings.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { whyUnread } from '../../recipe/unread-fields.ts';
import { settingsText } from '../../report/format.ts';
import { loadRecipe } from '../../run/loading/load-recipe.ts';
import { configOf } from './config-hash.ts';
import type { Plan, PlannedPoint, PlannedTask, PlannedVariant } from './plan.ts';
import { crossed, overridesFrom, type Settings } from './settings.ts';

/** More training tasks than this are not counted: the split may be endless. */
const MOST_COUNTED = 200_000;

/** One thing to compare: what it sets, and what is tried to choose its other settings. */
export interface VariantInput {
  readonly name: string;
  readonly settings: Settings;
  /** Empty where nothing is chosen. */
  readonly grid: Grid;
}

/** A recipe to compare on. */
export interface TaskInput {
  /** As `anneal run` takes it. */
  readonly recipe: string;
  readonly variants: readonly VariantInput[];
}

export interface PlanInput {
  readonly kind: Plan['kind'];
  readonly command: string;
  readonly tasks: readonly TaskInput[];
  /** Overrides of every run. */
  readonly overrides: readonly string[];
  /** How many seeds, from the first recipe's `seed` on, and how many of them choose the settings. */
  readonly seeds: number;
  readonly sweepSeeds: number;
  readonly extendSweep: boolean;
  readonly threads: number;
}

/**
 * Resolves every run of an experiment.
 * @throws InputError for a recipe that can't be loaded or is there twice, a field or value that a recipe doesn't take,
 * or no task to validate on.
 */
export async function makePlan(input: PlanInput): Promise<Plan> {
  const forced = input.overrides.find((override) => /^(eval\.split|runtime\.threads)=/.test(override));
  if (forced !== undefined)
    throw new InputError(
      `--set ${forced}: runs are evaluated on the validation tasks and scored once on the test split, on as many cores as --threads says`,
    );
  const tasks: PlannedTask[] = [];
  for (const task of input.tasks) tasks.push(await planTask(task, input));
  refuseTwice(
    'recipe',
    tasks.map(({ name }) => name),
  );
  for (const { variants } of tasks)
    refuseTwice(
      'variant',
      variants.map(({ name }) => name),
    );
  const first = tasks[0]!.variants[0]!.points[0]!.config.recipe.seed as number;
  return {
    anneal: version,
    format: 1,
    kind: input.kind,
    name: tasks.map(({ name }) => name).join(' and '),
    command: input.command,
    tasks,
    seeds: Array.from({ length: input.seeds }, (_, i) => first + i),
    sweepSeeds: Math.min(input.sweepSeeds, input.seeds),
    extendSweep: input.extendSweep,
  };
}

/** Jobs are told apart by these names. @throws InputError for one that is there twice. */
function refuseTwice(what: string, names: readonly string[]): void {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new InputError(`the ${what} "${twice}" is there twice: give each once`);
}

async function planTask({ recipe: spec, variants }: TaskInput, input: PlanInput): Promise<PlannedTask> {
  const { compare, eval: evaluation } = (await loadRecipe(spec, input.overrides)).recipe;
  const { steps } = compare.budget;
  // Nothing but the last scoring reads the test split, so a run evaluates on the tasks set aside.
  const shared = [
    'eval.every=0',
    ...(steps === undefined ? [] : [`steps=${steps}`]),
    ...input.overrides,
    ...overridesFrom({
      'eval.split': 'validation',
      'eval.validationShare': evaluation.validationShare || compare.validationShare,
      'runtime.threads': input.threads,
    }),
  ];
  const { recipe, source } = await loadRecipe(spec, shared);
  await firstTasks(setAside(recipe.env, recipe.eval.validationShare), 'validation', { count: 1 });
  const planned: PlannedVariant[] = [];
  const methods = variants.map(({ settings }) => String(settings.method ?? recipe.method));
  for (const [i, variant] of variants.entries()) {
    const points: PlannedPoint[] = [];
    const set = [...readBy(methods[i]!, methods, shared), ...overridesFrom(variant.settings)];
    for (const settings of crossed(variant.grid)) points.push(await planPoint(source.recipe, settings, set));
    planned.push({ name: variant.name, settings: variant.settings, points });
  }
  return {
    name: recipe.name,
    recipe: source.recipe,
    trainTasks: await countTrainTasks(recipe),
    variants: planned,
  };
}

/** The overrides of all variants without those that only the methods of others read. */
function readBy(method: string, methods: readonly string[], overrides: readonly string[]): string[] {
  const isRead = (by: string, override: string) =>
    whyUnread(parseOverride(override).path.join('.'), { method: by, engine: '' }) === undefined;
  return overrides.filter(
    (override) => isRead(method, override) || !methods.some((other) => isRead(other, override)),
  );
}

/** One point of a grid, resolved. */
export async function planPoint(
  recipe: string,
  settings: Settings,
  overrides: readonly string[],
): Promise<PlannedPoint> {
  try {
    const { recipe: resolved, source } = await loadRecipe(recipe, [...overrides, ...overridesFrom(settings)]);
    return { settings: { ...settings }, set: source.set, config: await configOf(resolved) };
  } catch (error) {
    if (!(error instanceof InputError) || Object.keys(settings).length === 0) throw error;
    throw new InputError(`with ${settingsText(settings)}: ${error.message}`, { cause: error });
  }
}

async function countTrainTasks({ env, eval: { validationShare } }: Recipe): Promise<number | null> {
  let count = 0;
  for await (const _ of setAside(env, validationShare).tasks('train')) {
    count++;
    if (count > MOST_COUNTED) return null;
  }
  return count;
}
