import { stepsPerBatch } from '../algorithm/algorithm-settings.ts';
import { promptOf } from '../environment/ask-environment.ts';
import { firstTasks } from '../environment/task-source.ts';
import { trainingTasks } from '../environment/training-tasks.ts';
import { recipeWarnings } from '../pipeline/session/warnings.ts';
import type { Policy } from '../policy/policy.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { estimateMemory, type MemoryEstimate } from './memory/estimate-memory.ts';
import { greatestSaving, type Saving } from './memory/lower-memory.ts';
import { bytes, count, percent, table } from './terminal/format.ts';
import type { Io } from './terminal/io.ts';
import type { Toolkit } from './toolkit.ts';

/** At most this many prompts are checked, and no more than the run draws. */
const PROMPTS = 2000;

interface Plan {
  readonly recipe: string;
  readonly model: string;
  readonly method: string;
  readonly steps: number;
  readonly trainableParameters: number;
  readonly totalParameters: number;
  /** First step with β exactly 0; 0 when there is no annealing. */
  readonly betaZeroStep: number;
  readonly memory: MemoryEstimate;
  /** The setting that would lower the memory most; absent when none would by much. */
  readonly saving?: Saving;
  /** How many prompts were checked, the length of the longest in tokens, and how many would be truncated. */
  readonly prompts: { readonly checked: number; readonly longest: number; readonly truncated: number };
  readonly warnings: readonly string[];
}

/** Shows what a run would do: parameters, memory, the step at which β reaches 0, truncated prompts. Writes nothing. */
export async function dryRun(
  recipe: Recipe,
  { io, toolkit, json }: { readonly io: Io; readonly toolkit: Toolkit; readonly json: boolean },
): Promise<void> {
  const policy = await toolkit.createPolicy(recipe);
  try {
    const plan = await planOf(recipe, policy);
    if (json) io.out(JSON.stringify(plan));
    else for (const line of planLines(plan)) io.out(line);
  } finally {
    await policy.dispose();
  }
}

async function planOf(recipe: Recipe, policy: Policy): Promise<Plan> {
  const { name, model, method, steps, sampling, algorithm } = recipe;
  const drawn = Math.ceil(steps / stepsPerBatch(algorithm)) * sampling.promptsPerStep;
  const tasks = await firstTasks(trainingTasks(recipe), 'train', { count: Math.min(drawn, PROMPTS) });
  const lengths = tasks.map((task) => {
    const messages = promptOf(recipe.env, task);
    const { promptIds, promptTokensCut = 0 } = policy.seenPrompt({ task, messages });
    return promptIds.length + promptTokensCut;
  });
  const { trainableParameters, totalParameters } = policy.dimensions;
  const texts = { longestPrompt: Math.max(...lengths) };
  const saving = greatestSaving(recipe, policy.dimensions, texts);
  return {
    recipe: name,
    model,
    method,
    steps,
    trainableParameters,
    totalParameters,
    betaZeroStep: policy.betaZeroStep,
    memory: estimateMemory(recipe, policy.dimensions, texts),
    ...(saving && { saving }),
    prompts: {
      checked: lengths.length,
      longest: Math.max(...lengths),
      truncated: lengths.filter((length) => length > sampling.maxPromptLength).length,
    },
    warnings: [...policy.notes, ...recipeWarnings(recipe)],
  };
}

function planLines(plan: Plan): string[] {
  const { memory, saving, prompts, warnings } = plan;
  const share = percent(plan.trainableParameters / plan.totalParameters);
  const parts = `weights ${bytes(memory.weights)}, training ${bytes(memory.training)}, programs and Node ${bytes(memory.process)}, sampling ${bytes(memory.sampling)} or update ${bytes(memory.update)}`;
  return [
    ...table([
      ['recipe', `${plan.recipe}: ${plan.method} on ${plan.model}`],
      [
        'parameters',
        `${count(plan.trainableParameters)} trained of ${count(plan.totalParameters)} (${share})`,
      ],
      ['memory', `about ${bytes(memory.total)}: ${parts}`],
      ...savingLines(saving),
      ['steps', String(plan.steps)],
      [
        'β',
        plan.betaZeroStep === 0 ? '0 throughout' : `1 at step 0, exactly 0 from step ${plan.betaZeroStep} on`,
      ],
      [
        'prompts',
        `${prompts.truncated} of ${prompts.checked} would be truncated; the longest has ${prompts.longest} tokens`,
      ],
    ]),
    ...warnings.map((warning) => `warning: ${warning}`),
  ];
}

function savingLines(saving: Saving | undefined): (readonly [string, string])[] {
  if (saving === undefined) return [];
  return [['', `--set ${saving.setting} would save about ${bytes(saving.bytes)}`]];
}
