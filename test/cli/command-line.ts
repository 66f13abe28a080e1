import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadModel } from '../../src/causal-lm/load-model.ts';
import { answerAnew } from '../../src/cli/answer-anew.ts';
import { runCli } from '../../src/cli/program.ts';
import type { Io, StopSignal } from '../../src/cli/terminal/io.ts';
import type { Toolkit } from '../../src/cli/toolkit.ts';
import { createPolicy } from '../../src/policy/create-policy.ts';

export interface Ran {
  readonly code: number;
  /** Lines of output and of errors. */
  readonly out: readonly string[];
  readonly err: readonly string[];
  /** Codes with which the process was told to end at once. */
  readonly exits: readonly number[];
}

export interface Watching {
  /** Sees every line of output, and may send a signal: Ctrl-C unless it says which. */
  readonly onLine?: (line: string, interrupt: (signal?: StopSignal) => void) => void;
  readonly toolkit?: Partial<Toolkit>;
}

const real: Toolkit = { createPolicy, loadModel, answerAnew: answerHere };

/** Runs a command line in this process. */
export async function anneal(args: readonly string[], { onLine, toolkit }: Watching = {}): Promise<Ran> {
  const [out, err, exits]: [string[], string[], number[]] = [[], [], []];
  let interrupt = (_: StopSignal) => {};
  const io: Io = {
    out: (line) => {
      out.push(line);
      onLine?.(line, (signal = 'SIGINT') => interrupt(signal));
    },
    err: (line) => err.push(line),
    tty: false,
    onSignal: (callback) => {
      interrupt = callback;
      return () => {
        interrupt = () => {};
      };
    },
    exit: (code) => exits.push(code),
  };
  const code = await runCli(args, io, { ...real, ...toolkit });
  return { code, out, err, exits };
}

/** What the new process of `verify` does, in this one. */
async function answerHere(out: string, merged: string) {
  const { code, out: lines, err } = await anneal(['eval', out, '--model', merged, '--json']);
  if (code !== 0) throw new Error(err.join('\n'));
  return JSON.parse(lines[0]!).rows;
}

export { answerAnew };

/**
 * Writes a recipe file for a model folder: a reward that counts some characters, so that there is something to learn.
 */
export function recipeFile(folder: string, model: string): string {
  const file = join(folder, 'toy.ts');
  writeFileSync(
    file,
    `import { defineRecipe, type RewardFunction } from 'anneal';

const early: RewardFunction = ({ completionIds }) =>
  completionIds.map((ids) => ids.filter((id) => id < 40).length / Math.max(1, ids.length));

export default defineRecipe({
  name: 'toy',
  model: ${JSON.stringify(model)},
  env: {
    name: 'letters',
    async *tasks(split) {
      for (let i = 0; i < 12; i++) yield { id: \`\${split}-\${i}\`, text: String.fromCodePoint(0x4e00 + 3 + i, 0x4e00 + 50 + i) };
    },
    prompt: (task) => [{ role: 'user', content: String(task.text) }],
  },
  rewards: [{ reward: early }],
  adapter: { rank: 4, alpha: 8 },
  sampling: { groupSize: 4, promptsPerStep: 2, maxNewTokens: 6, maxPromptLength: 16 },
  optimizer: { lr: 1e-3 },
  steps: 6,
  eval: { every: 3, tasks: 8 },
  checkpoint: { every: 2 },
  runtime: { engine: 'onnx', threads: 1, worker: false },
});
`,
  );
  return file;
}
