import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test, vi } from 'vitest';
import { latestCheckpoint } from '../../src/run/checkpoint/list-checkpoints.ts';
import { temporaryFolder } from '../pipeline/run.ts';
import { modelFolder } from '../policy/model-folder.ts';
import { recipeFile } from './command-line.ts';
import { runProcess } from './processes.ts';

// Every process compiles the sources anew: seconds of work on a busy machine.
vi.setConfig({ testTimeout: 240_000 });

async function endless(): Promise<{ out: string; args: string[] }> {
  const folder = await temporaryFolder();
  const recipe = recipeFile(folder, modelFolder());
  const out = join(folder, 'run');
  return {
    out,
    args: [
      'run',
      recipe,
      '--out',
      out,
      '--steps',
      '100000',
      '--set',
      'checkpoint.every=0',
      '--set',
      'eval.every=0',
    ],
  };
}

test.each([
  ['SIGINT', 130, 1],
  // `timeout` signals a process and its group, a terminal that closes does so by the shell and by the kernel.
  ['SIGTERM', 143, 2],
  ['SIGHUP', 129, 2],
] as const)('%s: the process stops, saves, and exits with %i', async (signal, expected, times) => {
  const { out, args } = await endless();
  const { code, lines } = await runProcess(args, (line, { send }) => {
    if (!line.startsWith('step 3/')) return;
    for (let i = 0; i < times; i++) setTimeout(() => send(signal), i * 20);
  });
  expect(code).toBe(expected);
  expect(lines.at(-1)).toBe(`continue with: anneal run ${out} --resume`);
  const steps = lines.filter((line) => line.startsWith('step ') && !line.includes('accuracy'));
  expect((await latestCheckpoint(join(out, 'checkpoints')))!.step).toBe(steps.length);
});

test.skipIf(spawnSync('ps').status !== 0)(
  'SIGTERM while the merged model answers in a process of its own ends that one, too',
  async () => {
    const { args } = await endless();
    let child: string | undefined;
    const limited = [...args.slice(0, 4), '--steps', '2', '--set', 'eval.tasks=200'];
    const { signal } = await runProcess(limited, (line, { pid, send }) => {
      if (!line.startsWith('step 2/')) return;
      const look = setInterval(() => {
        const { stdout } = spawnSync('ps', ['-o', 'pid=,args=', '--ppid', `${pid}`], { encoding: 'utf8' });
        child = /^ *(\d+) .* eval /m.exec(stdout)?.[1];
        if (child === undefined) return;
        clearInterval(look);
        send('SIGTERM');
      }, 50);
    });
    expect(signal).toBe('SIGTERM');
    await vi.waitFor(() => expect(existsSync(`/proc/${child}`)).toBe(false), { timeout: 5000 });
  },
);

test.skipIf(spawnSync('python3', ['--version']).status !== 0)(
  'a terminal that closes: the run saves, though nobody is left to read what it prints',
  async () => {
    const { out, args } = await endless();
    const script = `
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
seen = b''
while b'step 3/' not in seen:
    seen += os.read(terminal, 4096)
os.close(terminal)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;
    const python = ['-c', script, process.execPath, '--import', 'jiti/register', 'src/cli/main.ts'];
    const { stdout } = await promisify(execFile)('python3', [...python, ...args]);
    expect(stdout.trim()).toBe('129');
    expect((await latestCheckpoint(join(out, 'checkpoints')))!.step).toBeGreaterThanOrEqual(3);
  },
);

test('under npm, which hands SIGINT on a second time, one Ctrl-C is still one', async () => {
  const { args } = await endless();
  const { code, lines } = await runProcess(
    args,
    (line, { send }) => {
      if (!line.startsWith('step 3/')) return;
      send('SIGINT');
      send('SIGINT');
    },
    { npm_command: 'run-script' },
  );
  expect(code).toBe(130);
  expect(lines.at(-1)).toMatch(/^continue with/);
});

test('SIGINT is heard, too, once nobody reads what it prints', async () => {
  const { out, args } = await endless();
  const { code } = await runProcess(args, (line, { send, hangUp }) => {
    if (!line.startsWith('step 3/')) return;
    hangUp();
    setTimeout(() => send('SIGINT'), 200);
  });
  expect(code).toBe(130);
  expect(await latestCheckpoint(join(out, 'checkpoints'))).toBeDefined();
});

test('SIGKILL leaves a run that can be resumed', async () => {
  const { out, args } = await endless();
  const limited = [
    ...args.slice(0, 4),
    '--steps',
    '12',
    '--set',
    'checkpoint.every=3',
    '--set',
    'eval.every=0',
  ];
  const killed = await runProcess(limited, (line, { send }) => {
    if (line.startsWith('step 8/')) send('SIGKILL');
  });
  expect(killed.signal).toBe('SIGKILL');
  expect((await latestCheckpoint(join(out, 'checkpoints')))!.step).toBeGreaterThanOrEqual(6);
  const resumed = await runProcess(['run', out, '--resume']);
  expect(resumed.code).toBe(0);
  expect(resumed.lines[0]).toMatch(/continued from step (6|9)$/);
  expect(resumed.lines[1]).toMatch(/^warning: took over .*run\.lock of process \d+, which has ended/);
  expect(readdirSync(out)).toContain('merged');
  expect(readdirSync(out)).not.toContain('run.lock');
});

test('a run that goes on is not resumed by another process; ended at once, it lets go of its folder', async () => {
  const { out, args } = await endless();
  let second: ReturnType<typeof runProcess> | undefined;
  const first = await runProcess(args, (line, { send }) => {
    if (!line.startsWith('step 1/')) return;
    second = runProcess(['run', out, '--resume']);
    second.then(() => {
      send('SIGINT');
      send('SIGINT');
    });
  });
  const { code, lines, errors } = (await second)!;
  expect(errors).toEqual([
    expect.stringMatching(/^error: .* is in use: process \d+ has been writing there since .*; wait until/),
  ]);
  expect([code, lines]).toEqual([2, []]);
  expect(first.code).toBe(130);
  const metrics = readFileSync(join(out, 'metrics.jsonl'), 'utf8').trimEnd().split('\n');
  expect(metrics.map((line) => JSON.parse(line).step)).toEqual([...metrics.keys()]);
  expect(readdirSync(out)).not.toContain('run.lock');
});

test.each(['true', 'false'])(
  'SIGINT is heard within the first evaluation, with runtime.worker=%s',
  async (worker) => {
    const out = join(await temporaryFolder(), 'run');
    const settings = [
      `runtime.worker=${worker}`,
      'runtime.threads=1',
      'eval.tasks=5000',
      'eval.batchSize=5000',
    ];
    const args = ['run', 'arithmetic', '--out', out, ...settings.flatMap((setting) => ['--set', setting])];
    const { code, lines, errors } = await runProcess(args, (line, { send }) => {
      if (line.includes(' steps, ')) setTimeout(() => send('SIGINT'), 300);
    });
    expect(errors).toEqual(['stopping, then writing a checkpoint; Ctrl-C again to quit at once']);
    expect(code).toBe(130);
    expect(lines.at(-2)).toMatch(/^stopped after step 0, saved in /);
    expect(readdirSync(out)).not.toContain('evals.jsonl');
  },
);
