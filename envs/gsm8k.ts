import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { exactNumber } from '../rewards/exact-number.ts';
import { type Row, readJsonl } from '../src/data/jsonl.ts';
import { InputError } from '../src/errors.ts';
import { parseOptions } from '../src/options.ts';
import type { Environment, Split, Task } from '../src/types.ts';
import { gradeGold } from './grade-gold.ts';
import { splitOf } from './held-out.ts';

const optionsSchema = z.strictObject({
  /** A folder with train.jsonl and test.jsonl, or one .jsonl file, of which a tenth (by hash of the question) is held out. */
  path: z.string().min(1).optional(),
  system: z
    .string()
    .default(
      'Solve the problem in a few short steps. End with a line of four hash signs and the number alone, like: #### 42',
    ),
});
export type Gsm8kOptions = z.input<typeof optionsSchema>;

/**
 * GSM8K: grade-school word problems whose answer is one number, written after `####` on the last line
 * (Cobbe et al. 2021, arXiv 2110.14168). The data is not bundled: give its path.
 * @throws InputError when an option is unknown; and, as soon as tasks are asked for, when the path is missing or a row is not GSM8K's.
 */
export function gsm8k(options: Gsm8kOptions = {}): Environment {
  const { path, system } = parseOptions('env gsm8k', optionsSchema, options);
  const env: Environment = {
    name: 'gsm8k',
    tasks: (split) => readTasks(resolve(path, split), split),
    prompt: (task) => [
      { role: 'system', content: system },
      { role: 'user', content: String(task.question) },
    ],
    target: (task) => String(task.solution),
    validate: () => gradeGold(env, exactNumber({ after: '####' }), (task) => String(task.solution)),
    configure: (changed) => gsm8k({ ...options, ...changed }),
  };
  return env;
}

interface Source {
  readonly file: string;
  /** One file serves both splits. */
  readonly shared: boolean;
}

function resolve(path: string | undefined, split: Split): Source {
  if (path === undefined) {
    throw new InputError(
      'env gsm8k needs its data: get grade_school_math/data from github.com/openai/grade-school-math and pass --set env.path=FOLDER',
    );
  }
  if (!existsSync(path)) throw new InputError(`env gsm8k: path ${path} does not exist`);
  if (!statSync(path).isDirectory()) return { file: path, shared: true };
  const file = join(path, `${split}.jsonl`);
  if (!existsSync(file)) throw new InputError(`env gsm8k: folder ${path} holds no ${split}.jsonl`);
  return { file, shared: false };
}

async function* readTasks({ file, shared }: Source, split: Split): AsyncGenerator<Task> {
  for await (const row of readJsonl(file)) {
    const task = toTask(row);
    if (!shared || splitOf(String(task.question)) === split) yield task;
  }
}

function toTask({ values, where }: Row): Task {
  const { question, answer } = values;
  if (typeof question !== 'string' || typeof answer !== 'string') {
    throw new InputError(
      `${where}: a GSM8K row has text fields "question" and "answer", got ${Object.keys(values)}`,
    );
  }
  const mark = answer.lastIndexOf('####');
  if (mark < 0) throw new InputError(`${where}: the answer has no "#### NUMBER" line`);
  return {
    id: where.slice(Math.max(where.lastIndexOf('/'), where.lastIndexOf('\\')) + 1),
    question,
    answer: answer
      .slice(mark + 4)
      .replaceAll(',', '')
      .trim(),
    // Calculator annotations (<<48/2=24>>) are for a tool, not for a reader.
    solution: answer.replace(/<<[^>]*>>/g, ''),
  };
}
