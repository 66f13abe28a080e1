import { withSignal } from '../src/environment/scoring/with-signal.ts';
import { writtenBatch } from '../src/environment/scoring/written-batch.ts';
import type { Environment, RewardFunction, Split, Task } from '../src/types.ts';

const splits: readonly Split[] = ['train', 'test'];
/** Gold answers handed to the reward at a time. */
const BATCH = 64;

interface Graded {
  readonly task: Task;
  readonly ok: boolean;
  readonly why?: string;
}

/**
 * Grades an environment's own gold answers: the text that should earn the full score is given to the reward as if
 * a policy had written it. Yields one verdict a task, both splits.
 */
export async function* gradeGold(env: Environment, grading: Grading): AsyncGenerator<Graded> {
  for (const split of splits) {
    let batch: Task[] = [];
    let count = 0;
    for await (const task of env.tasks(split)) {
      if (count === grading.limit) break;
      batch.push(task);
      count++;
      if (batch.length < BATCH) continue;
      yield* await grade(env, batch, grading);
      batch = [];
    }
    yield* await grade(env, batch, grading);
  }
}

interface Grading {
  readonly reward: RewardFunction;
  /** The completion that must score at least 1. */
  readonly gold: (task: Task) => string;
  /** Completions that give a part of the gold answer: none may score 1. */
  readonly parts?: ((task: Task) => readonly string[]) | undefined;
  /** Tasks graded in each split, at most; all when left out. */
  readonly limit?: number | undefined;
}

async function grade(env: Environment, tasks: readonly Task[], grading: Grading): Promise<Graded[]> {
  if (tasks.length === 0) return [];
  try {
    const completions = tasks.map(grading.gold);
    const scores = await scoresOf(env, tasks, { reward: grading.reward, completions });
    const accepted = await acceptedParts(env, tasks, grading);
    return tasks.map((task, i) =>
      verdict(task, { completion: completions[i]!, score: scores[i], part: accepted[i] }),
    );
  } catch (error) {
    if (tasks.length === 1)
      return [{ task: tasks[0]!, ok: false, why: error instanceof Error ? error.message : String(error) }];
    // One of them has no gold answer, or made the reward throw: each by itself tells which.
    return (await Promise.all(tasks.map((task) => grade(env, [task], grading)))).flat();
  }
}

/** Of each task a part of its gold answer that the reward takes for the whole; undefined for none. */
async function acceptedParts(
  env: Environment,
  tasks: readonly Task[],
  { reward, parts = () => [] }: Grading,
): Promise<(string | undefined)[]> {
  const tried = tasks.flatMap((task, i) => parts(task).map((completion) => ({ task, i, completion })));
  if (tried.length === 0) return tasks.map(() => undefined);
  const completions = tried.map(({ completion }) => completion);
  const scores = await scoresOf(
    env,
    tried.map(({ task }) => task),
    { reward, completions },
  );
  const accepted = tried.filter((_, b) => (scores[b] ?? 0) >= 1);
  return tasks.map((_, i) => accepted.find((part) => part.i === i)?.completion);
}

interface Outcome {
  readonly completion: string;
  readonly score: number | null | undefined;
  readonly part: string | undefined;
}

function verdict(task: Task, { completion, score, part }: Outcome): Graded {
  if (part !== undefined) {
    const why = `the answer ${JSON.stringify(part)}, a part of the gold answer, scores 1: the reward misreads the gold answer`;
    return { task, ok: false, why };
  }
  if (typeof score === 'number' && score >= 1) return { task, ok: true };
  const shown = completion.length > 200 ? `…${completion.slice(-200)}` : completion;
  const text = JSON.stringify(shown).replaceAll('\\\\', '\\');
  const unread = score === null ? ': the reward can’t read it, or does not apply' : '';
  return { task, ok: false, why: `gold ${text} scores ${score}${unread}` };
}

async function scoresOf(
  env: Environment,
  tasks: readonly Task[],
  { reward, completions }: { reward: RewardFunction; completions: readonly string[] },
): Promise<readonly (number | null)[]> {
  const prompts = tasks.map((task) => env.prompt(task));
  return withSignal(undefined, async (signal) =>
    Array.from<number | null>(await reward(writtenBatch({ tasks, prompts, completions, signal }))),
  );
}
