import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { jobPaths } from '../../src/experiment/job/job-folder.ts';
import type { Job } from '../../src/experiment/plan/jobs.ts';
import { makePlan, type PlanInput, type VariantInput } from '../../src/experiment/plan/make-plan.ts';
import type { Plan } from '../../src/experiment/plan/plan.ts';
import type { StartJob } from '../../src/experiment/run-all.ts';
import { type ExperimentOptions, runExperiment } from '../../src/experiment/run-experiment.ts';

/** Settings of a job as made-up accuracies read them. */
export interface JobFacts {
  readonly method: string;
  readonly lr: number;
  readonly seed: number;
  /** Of the anneal. */
  readonly fraction: number;
}

function factsOf({ config: { recipe } }: Job): JobFacts {
  const { lr } = recipe.optimizer as { readonly lr: number };
  const { schedule } = recipe.adapter as { readonly schedule: { readonly fraction: number } };
  return { method: String(recipe.method), lr, seed: Number(recipe.seed), fraction: schedule.fraction };
}

/** Jobs that train nothing: the accuracies are made up, everything else is as a real job leaves it. */
export function madeUpJobs(
  accuracy: (facts: JobFacts, split: 'validation' | 'test') => number,
  started: string[] = [],
): StartJob {
  return async (folder, job, { score }) => {
    started.push(`${job.what}${score ? ', scored' : ''}`);
    const paths = jobPaths(folder);
    const facts = factsOf(job);
    mkdirSync(paths.run, { recursive: true });
    const { environment, model, recipe } = job.config;
    writeFileSync(
      `${paths.run}/config.json`,
      JSON.stringify({ anneal: 'x', source: null, environment, model, recipe }),
    );
    const outcome = {
      before: 0.1,
      validation: accuracy(facts, 'validation'),
      validationTasks: 10,
      tokens: 1000,
      seconds: 2,
      peakMemory: 1e8,
      trainableParameters: 7,
      lastJump: null,
      verified: true,
      problems: [],
      maxDelta: 1e-6,
    };
    write(paths.outcome, { hash: job.hash, ...outcome });
    write(paths.stepZero, { hash: job.hash, logprobs: [-1, -2] });
    if (score) {
      const right = accuracy(facts, 'test');
      const tasks = Array.from({ length: 10 }, (_, i) => ({ id: `t${i}`, right: i < right * 10 ? 1 : 0 }));
      write(paths.score, { hash: job.hash, accuracy: right, interval: [0, 1], tasks });
    }
    return 'done';
  };
}

const write = (path: string, value: object) => writeFileSync(path, JSON.stringify(value));

export const readJsonFile = (path: string) => JSON.parse(readFileSync(path, 'utf8'));

const grid = { 'optimizer.lr': [0.001, 0.01] };

/** The variants of a comparison of the three methods, two rates each. */
export const methods: readonly VariantInput[] = ['lora', 'afa-lora', 'full'].map((method) => ({
  name: method,
  settings: { method },
  grid,
}));

/** A plan on the arithmetic recipe; nothing of it is run by itself. */
export const planOf = (changes: Partial<PlanInput> = {}): Promise<Plan> =>
  makePlan({
    kind: 'compare',
    command: 'anneal compare arithmetic',
    tasks: [{ recipe: 'arithmetic', variants: methods }],
    overrides: ['steps=4'],
    seeds: 3,
    sweepSeeds: 1,
    threads: 1,
    extendSweep: false,
    ...changes,
  });

/** Runs a plan with made-up jobs. */
export const runMadeUp = (
  plan: Plan,
  options: Pick<ExperimentOptions, 'out' | 'startJob'> & Partial<ExperimentOptions>,
) =>
  runExperiment(plan, {
    resume: false,
    jobs: 2,
    minutes: undefined,
    signal: new AbortController().signal,
    onNote() {},
    onEnd() {},
    onResults() {},
    ...options,
  });
