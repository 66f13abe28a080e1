import { readRecords } from '../../io/jsonl-file.ts';
import { createEventFile, type EventFile, eventFilesIn } from '../../io/tensorboard/event-file.ts';
import type { EventContent } from '../../io/tensorboard/event-messages.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import type { EvalResult, StepMetrics, TrainEvent } from '../../types.ts';
import type { EvalRecord } from '../checkpoint/checkpoint.ts';
import { runPaths } from '../folder/paths.ts';
import { hyperParameters } from './hyper-parameters.ts';

/** Steps of the past that are held at once. */
const TOLD_AT_ONCE = 1000;

type Started = Extract<TrainEvent, { type: 'start' }>;

export interface EventLogOptions {
  readonly recipe: Recipe;
  /** Called once when writing fails. The run goes on, and nothing more is written. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * Tells TensorBoard of a run: metrics by their names in metrics.jsonl, evaluations at the number of steps that the
 * policy had seen, and the recipe as hyper-parameters. Each process that works on the run writes a file of its own.
 *
 * Departs in two ways from what the plugin for hyper-parameters can take. There is no `experiment`: it would have to
 * say how this run differs from others; without it TensorBoard makes the table from all the runs that it finds. And
 * only a run that came to its end gets an end: TensorBoard keeps the first that it reads, and any other run may go on.
 */
export class EventLog {
  private file: EventFile | undefined;
  private failed = false;
  private written = Promise.resolve();
  /** Steps of evaluations told from the run folder. The run may have made them since it started. */
  private told: ReadonlySet<number> = new Set();
  /** The last step told from the run folder; the run may have taken it since it started. */
  private toldStep = -1;
  private readonly folder: string;
  private readonly options: EventLogOptions;

  /** `folder` is made when the run starts. */
  constructor(folder: string, options: EventLogOptions) {
    this.folder = folder;
    this.options = options;
  }

  /** Queues what an event tells. */
  record(event: TrainEvent): void {
    this.written = this.written.then(() => this.write(event)).catch((error: unknown) => this.fail(error));
  }

  /** Waits until everything is written. */
  async close(): Promise<void> {
    await this.written.then(() => this.file?.close()).catch((error: unknown) => this.fail(error));
  }

  private async write(event: TrainEvent): Promise<void> {
    if (this.failed) return;
    if (event.type === 'start') return this.begin(event);
    if (event.type === 'eval' && this.told.has(event.step)) return;
    if (event.type === 'step' && event.metrics.step <= this.toldStep) return;
    const content = contentOf(event);
    if (content !== undefined) await this.file?.append([content]);
  }

  /**
   * Begins a file. It takes back what earlier files tell of steps that the run is about to repeat. With no earlier file,
   * the steps so far are told from the run folder, all at the present time.
   *
   * The last step before the checkpoint is taken back too, and told from the run folder if it is there: of a process
   * that was killed between telling that step and adding its evaluation to the checkpoint, the run tells it again.
   */
  private async begin({ out, startStep }: Started): Promise<void> {
    const from = (await eventFilesIn(this.folder)).length > 0 ? Math.max(0, startStep - 1) : 0;
    const { metrics, evals: evaluations } = runPaths(out);
    // Those that the run's checkpoint has; a run that goes on does not make them again.
    const evals = await readWhile<EvalRecord>(evaluations, ({ step }) => step <= startStep);
    this.file = await createEventFile(this.folder);
    const { recipe } = this.options;
    await this.file.append([
      { kind: 'restart', step: from },
      ...(from > 0 ? [] : [{ kind: 'begun', hyperParameters: hyperParameters(recipe) } as const]),
      ...evals.filter(({ step }) => step >= from).map((record) => evaluated(record.step, record)),
    ]);
    await this.tell(metrics, { from, to: startStep });
    this.told = new Set(evals.map(({ step }) => step));
  }

  /** Tells the steps `from` up to `to` that a file holds, some at a time. */
  private async tell(path: string, { from, to }: { readonly from: number; readonly to: number }) {
    let told: EventContent[] = [];
    for await (const metrics of readRecords<StepMetrics>(path)) {
      if (metrics.step >= to) break;
      this.toldStep = metrics.step;
      if (metrics.step >= from) told.push(stepped(metrics));
      if (told.length < TOLD_AT_ONCE) continue;
      await this.file!.append(told);
      told = [];
    }
    await this.file!.append(told);
  }

  private fail(error: unknown): void {
    this.failed = true;
    this.options.onFailure(error);
  }
}

/** The records of a file until one does not pass. */
async function readWhile<T>(path: string, passes: (record: T) => boolean): Promise<T[]> {
  const records: T[] = [];
  for await (const record of readRecords<T>(path)) {
    if (!passes(record)) break;
    records.push(record);
  }
  return records;
}

function contentOf(event: TrainEvent): EventContent | undefined {
  switch (event.type) {
    case 'step':
      return stepped(event.metrics);
    case 'eval':
      return evaluated(event.step, event.result);
    case 'done':
      return { kind: 'succeeded' };
    default:
      return undefined;
  }
}

/** The metrics of a step, but for those of an evaluation, which has an event of its own. */
function stepped({ step, eval_accuracy: _, eval_reward: __, ...metrics }: StepMetrics): EventContent {
  const scalars = Object.entries(metrics).map(([name, value]) => [name, fromJson(value)]);
  return { kind: 'scalars', step, scalars: Object.fromEntries(scalars) };
}

function evaluated(step: number, { accuracy, reward }: EvalResult): EventContent {
  return {
    kind: 'scalars',
    step,
    scalars: { eval_accuracy: fromJson(accuracy), eval_reward: fromJson(reward) },
  };
}

/** A number that a file holds as null is NaN. */
const fromJson = (value: number | null): number => value ?? Number.NaN;
