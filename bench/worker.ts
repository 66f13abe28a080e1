/**
 * Compares runs whose policy computes in a thread of its own (`runtime.worker`) with runs that compute in the program's
 * thread: seconds and CPU seconds a step, the delays of the program's event loop, and memory.
 *
 *   node dist/bench/worker.js --rounds 3 --warm 5 --steps 30 recipes/arithmetic.ts --set runtime.threads=1
 *
 * Each run is a process of its own; both kinds take turns. Prints a JSON line for each run and the medians.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { train } from '../src/index.ts';
import { loadRecipe } from '../src/run/loading/load-recipe.ts';
import { residentGb } from './process-memory.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    warm: { type: 'string', default: '5' },
    steps: { type: 'string', default: '30' },
    set: { type: 'string', multiple: true, default: [] },
    /** Of one run in this process. */
    worker: { type: 'string' },
  },
});
const [warm, steps] = [Number(values.warm), Number(values.steps)];

if (values.worker === undefined) takeTurns();
else console.log(JSON.stringify(await measure(values.worker)));

type Measured = Awaited<ReturnType<typeof measure>>;

async function measure(worker: string) {
  const fixed = ['eval.every=0', 'eval.tasks=1', 'checkpoint.every=0', `steps=${warm + steps}`];
  const { recipe } = await loadRecipe(positionals[0] ?? 'recipes/arithmetic.ts', [
    ...fixed,
    ...values.set,
    `runtime.worker=${worker}`,
  ]);
  const folder = mkdtempSync(join(tmpdir(), 'anneal-worker-'));
  const delays = monitorEventLoopDelay({ resolution: 20 });
  let [start, cpu, last, used] = [0, process.cpuUsage(), 0, process.cpuUsage()];
  await train(recipe, { out: join(folder, 'run') }).forEach((event) => {
    if (event.type !== 'step') return;
    if (event.metrics.step === warm - 1) {
      [start, cpu] = [performance.now(), process.cpuUsage()];
      delays.enable();
    }
    [last, used] = [performance.now(), process.cpuUsage(cpu)];
    if (event.metrics.step === warm + steps - 1) delays.disable();
  });
  rmSync(folder, { recursive: true });
  return {
    worker,
    seconds: (last - start) / 1000 / steps,
    cpuSeconds: (used.user + used.system) / 1e6 / steps,
    delayP50: delays.percentile(50) / 1e6,
    delayP99: delays.percentile(99) / 1e6,
    delayMax: delays.max / 1e6,
    peakGb: residentGb().peak,
  };
}

function takeTurns(): void {
  const runs: Measured[] = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const worker of ['false', 'true']) {
      const args = [fileURLToPath(import.meta.url), ...process.argv.slice(2), '--worker', worker];
      const line = execFileSync(process.execPath, args, { encoding: 'utf8' }).trim().split('\n').at(-1)!;
      console.log(line);
      runs.push(JSON.parse(line));
    }
  }
  for (const worker of ['false', 'true']) {
    const own = runs.filter((run) => run.worker === worker);
    const fields = Object.keys(own[0]!).filter((field) => field !== 'worker') as Exclude<
      keyof Measured,
      'worker'
    >[];
    const medians = fields.map((field) => [field, median(own.map((run) => run[field]))]);
    console.log(`medians, runtime.worker=${worker}: ${JSON.stringify(Object.fromEntries(medians))}`);
  }
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.ceil((sorted.length - 1) / 2)]!) / 2;
}
