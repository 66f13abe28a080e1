import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { readSafetensors } from '../../src/model/files/safetensors.ts';
import { lockRun } from '../../src/run/folder/lock-run.ts';
import { temporaryFolder } from '../pipeline/run.ts';
import { modelFolder, textOf } from '../policy/model-folder.ts';
import { anneal, answerAnew, recipeFile } from './command-line.ts';

// Whole runs on a real engine: seconds of work on a busy machine.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

let folder: string;
let model: string;
let recipe: string;
/** A finished run. */
let run: string;
let printed: readonly string[];

beforeAll(async () => {
  folder = await temporaryFolder();
  model = modelFolder();
  recipe = recipeFile(folder, model);
  run = join(folder, 'run');
  const ran = await anneal(['run', recipe, '--out', run], { toolkit: { answerAnew } });
  expect(ran.err).toEqual([]);
  expect(ran.code).toBe(0);
  printed = ran.out;
});

describe('anneal run', () => {
  test('prints a line a step, evaluations, and what came of it; a new process reads the merged model', () => {
    const text = printed.join('\n');
    expect(
      printed.filter((line) => /^step \d\/6 +reward -?\d\.\d{3} +β [\d.]+ +\d+ tokens\/s +ETA /.test(line)),
    ).toHaveLength(6);
    expect(text).toMatch(/^step 0: greedy held-out accuracy .* on 8 tasks$/m);
    expect(text).toMatch(
      /^held-out accuracy +\d+\.\d % \(.* to .*\) → \d+\.\d % .*, greedy, 8 tasks, 95 % intervals$/m,
    );
    expect(text).toMatch(/^final β +0$/m);
    expect(text).toMatch(/^verify +passed$/m);
    expect(text).toMatch(/^ +merged vs unmerged +max \|Δlogit\| .* \(allowed 1e-4\)$/m);
    expect(text).toMatch(/^ +in a new process +accuracy .* 8 of 8 answers equal$/m);
  });

  test('leaves a run folder', () => {
    for (const file of [
      'config.json',
      'metrics.jsonl',
      'rollouts.jsonl',
      'report.html',
      'merged/model.safetensors',
    ]) {
      expect(existsSync(join(run, file)), file).toBe(true);
    }
    expect(existsSync(join(run, 'adapter', 'afa.json'))).toBe(true);
    const config = JSON.parse(readFileSync(join(run, 'config.json'), 'utf8'));
    expect(config).toMatchObject({
      source: { recipe, set: [] },
      recipe: { name: 'toy', steps: 6, env: 'letters' },
    });
  });

  test('with --json prints an event a line and what was verified', async () => {
    const { code, out } = await anneal([
      'run',
      recipe,
      '--out',
      join(folder, 'json'),
      '--steps',
      '2',
      '--json',
    ]);
    expect(code).toBe(0);
    const events = out.map((line) => JSON.parse(line));
    expect(events.filter((event) => event.type === 'step')).toHaveLength(2);
    expect(events.at(-1)).toMatchObject({ type: 'verified', ok: true, beta: 0 });
  });

  test('Ctrl-C stops it, writes a checkpoint and ends with 130; --resume gives the run that was not stopped', async () => {
    const out = join(folder, 'stopped');
    const stopped = await anneal(['run', recipe, '--out', out], {
      onLine: (line, interrupt) => {
        if (line.startsWith('step 3/')) interrupt();
      },
    });
    expect(stopped.code).toBe(130);
    expect(stopped.err).toEqual(['stopping, then writing a checkpoint; Ctrl-C again to quit at once']);
    expect(stopped.out.at(-1)).toBe(`continue with: anneal run ${out} --resume`);
    expect(stopped.exits).toEqual([]);
    const resumed = await anneal(['run', out, '--resume']);
    expect(resumed.code).toBe(0);
    for (const file of ['adapter/adapter_model.safetensors', 'merged/model.safetensors', 'rollouts.jsonl']) {
      expect(readFileSync(join(out, file)).equals(readFileSync(join(run, file))), file).toBe(true);
    }
  });

  test.each([
    ['SIGTERM', 'SIGTERM', 143],
    ['SIGHUP', 'SIGINT', 129],
  ] as const)('%s stops it as Ctrl-C does, and %s after it ends it at once', async (first, second, code) => {
    const stopped = await anneal(['run', recipe, '--out', join(folder, first)], {
      onLine: (line, signal) => {
        if (line.startsWith('step 1/')) signal(first);
      },
    });
    expect(stopped.code).toBe(code);
    expect(stopped.err).toEqual([
      `${first}: stopping, then writing a checkpoint; a second signal ends the run at once`,
    ]);
    expect(stopped.out.at(-2)).toMatch(/^stopped after step \d, saved in .*step-00000\d$/);
    const twice = await anneal(['run', recipe, '--out', join(folder, `${first}-twice`)], {
      onLine: (line, signal) => {
        if (!line.startsWith('step 1/')) return;
        signal(first);
        signal(second);
      },
    });
    expect(twice.exits).toEqual([second === 'SIGINT' ? 130 : 143]);
  });

  test('--resume on a model whose files have changed is refused by name, unless forced', async () => {
    const base = join(folder, 'base');
    cpSync(model, base, { recursive: true });
    const out = join(folder, 'other-model');
    const args = ['run', recipe, '--model', base, '--out', out];
    await anneal(args, { onLine: (line, stop) => line.startsWith('step 1/') && stop() });
    const file = join(base, 'model.safetensors');
    const bytes = readFileSync(file);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(file, bytes);
    const refused = await anneal(['run', out, '--resume']);
    expect(refused.err).toEqual([
      expect.stringMatching(
        /has changed: model file model\.safetensors \(of the same size, but another content\); use/,
      ),
    ]);
    expect(refused.code).toBe(2);
    const forced = await anneal(['run', out, '--resume', '--force-data']);
    expect(forced.out[1]).toMatch(/^warning: the run goes on though this has changed: model file/);
  });

  test('a second Ctrl-C ends it at once', async () => {
    const { exits } = await anneal(['run', recipe, '--out', join(folder, 'twice')], {
      onLine: (line, interrupt) => {
        if (!line.startsWith('step 1/')) return;
        interrupt();
        interrupt();
      },
    });
    expect(exits).toEqual([130]);
  });

  test('--dry-run tells parameters, memory, β and truncated prompts, and writes nothing', async () => {
    const out = join(folder, 'dry');
    const args = [
      'run',
      recipe,
      '--out',
      out,
      '--dry-run',
      '--steps',
      '20',
      '--set',
      'sampling.maxPromptLength=1',
    ];
    const { code, out: lines } = await anneal(args);
    expect(code).toBe(0);
    expect(lines.join('\n')).toMatch(/parameters +5,760 trained of 50,544/);
    expect(lines.join('\n')).toMatch(/memory +about \d/);
    expect(lines).toContain('β           1 at step 0, exactly 0 from step 6 on');
    expect(lines.at(-1)).toMatch(/^prompts +12 of 12 would be truncated; the longest has 2 tokens$/);
    expect(existsSync(out)).toBe(false);
    const json = await anneal([...args, '--json', '--method', 'lora']);
    expect(JSON.parse(json.out[0]!)).toMatchObject({
      betaZeroStep: 0,
      method: 'lora',
      prompts: { checked: 12 },
    });
  });
});

describe('bad input ends with 2, one line and no work', () => {
  const cases: Record<string, { args: () => string[]; says: RegExp }> = {
    'an unknown recipe': {
      args: () => ['run', 'arithmetik'],
      says: /^error: no recipe arithmetik.*did you mean arithmetic\?$/,
    },
    'a model folder without weights': {
      args: () => {
        const bare = join(folder, 'bare');
        cpSync(model, bare, { recursive: true });
        rmSync(join(bare, 'model.safetensors'), { force: true });
        return ['run', recipe, '--model', bare];
      },
      says: /^error: .*bare/,
    },
    'a truncated safetensors file': {
      args: () => {
        const cut = join(folder, 'cut');
        cpSync(model, cut, { recursive: true });
        const file = join(cut, 'model.safetensors');
        writeFileSync(file, readFileSync(file).subarray(0, 5000));
        return ['run', recipe, '--model', cut];
      },
      says: /^error: .*truncated/,
    },
    'an unknown architecture': {
      args: () => {
        const odd = join(folder, 'odd');
        cpSync(model, odd, { recursive: true });
        const file = join(odd, 'config.json');
        const config = JSON.parse(readFileSync(file, 'utf8'));
        writeFileSync(
          file,
          JSON.stringify({ ...config, model_type: 'mamba', architectures: ['MambaForCausalLM'] }),
        );
        return ['run', recipe, '--model', odd];
      },
      says: /^error: .*[Mm]amba/,
    },
    'a misspelt field': {
      args: () => ['run', recipe, '--set', 'optimiser.lr=1'],
      says: /did you mean optimizer.lr/,
    },
    'a value out of range': {
      args: () => ['run', recipe, '--set', 'sampling.topP=1.5'],
      says: /sampling.topP.*1.5/,
    },
    'a target module that matches nothing': {
      args: () => ['run', recipe, '--set', 'adapter.targetModules=["query"]'],
      says: /^error: .*query/,
    },
    'a folder in use': {
      args: () => ['run', recipe, '--out', run],
      says: /is not empty: go on with the run there \(--resume/,
    },
    'a run to resume without its folder': {
      args: () => ['run', recipe, '--resume'],
      says: /name its folder with --out/,
    },
    'a resumed run with other values': {
      args: () => ['run', run, '--resume', '--seed', '4'],
      says: /is continued as it was begun: leave out seed=4/,
    },
    'data forced on a new run': {
      args: () => ['run', recipe, '--force-data'],
      says: /--force-data is for a run that goes on: give --resume too/,
    },
    'a number that is none': {
      args: () => ['run', recipe, '--steps', 'many'],
      says: /--steps takes a whole number \(got "many"\)/,
    },
    'an unknown method': { args: () => ['run', recipe, '--method', 'qlora'], says: /qlora.*Allowed choices/ },
    'an unknown option': { args: () => ['run', recipe, '--modle', 'x'], says: /unknown option '--modle'/ },
    'an unknown command': { args: () => ['trian'], says: /unknown command 'trian'/ },
    'a model that is not there': {
      args: () => ['generate', './nowhere', '--prompt', 'x'],
      says: /^error: .*nowhere/,
    },
    'no run to verify': {
      args: () => ['verify', './nowhere'],
      says: /^error: .\/nowhere has no complete checkpoint/,
    },
    'no run to merge': { args: () => ['merge', './nowhere'], says: /neither a run nor an adapter/ },
    'a run where a recipe should be': {
      args: () => ['run', run],
      says: /is a run: go on with it by --resume/,
    },
    'a resumed run with another folder': {
      args: () => ['run', run, '--resume', '--out', join(folder, 'elsewhere')],
      says: /is continued where it is: leave out --out/,
    },
    'a run merged with another model': {
      args: () => ['merge', run, '--model', 'tiny'],
      says: /--model is for an adapter folder/,
    },
    'a damaged adapter': {
      args: () => {
        const damaged = join(folder, 'damaged');
        cpSync(join(run, 'adapter'), damaged, { recursive: true });
        writeFileSync(join(damaged, 'adapter_config.json'), '{"r": 4,');
        return ['merge', damaged, '--out', join(folder, 'nowhere')];
      },
      says: /adapter_config\.json is not valid JSON/,
    },
    'a stop that is in every text': {
      args: () => ['generate', model, '--prompt', 'x', '--stop', ''],
      says: /--stop takes a text/,
    },
    'an adapter merged to nowhere': { args: () => ['merge', join(run, 'adapter')], says: /with --out/ },
  };
  for (const [name, { args, says }] of Object.entries(cases)) {
    test(name, async () => {
      const ran = await anneal(args());
      expect(ran.err.join('\n')).toMatch(says);
      expect(ran.err.filter((line) => line.includes('\n    at '))).toEqual([]);
      expect(ran.err[0]!.split('\n').filter((line) => !line.startsWith('(Did you mean'))).toHaveLength(1);
      expect(ran.code).toBe(2);
      expect(ran.out).toEqual([]);
    });
  }
});

describe('anneal eval', () => {
  test('of a run evaluates its merged model: the accuracy that the run ended with', async () => {
    const { code, out } = await anneal(['eval', run, '--json']);
    expect(code).toBe(0);
    const evals = readFileSync(join(run, 'evals.jsonl'), 'utf8').trimEnd().split('\n');
    const { accuracy, interval, reward } = JSON.parse(evals.at(-1)!);
    const result = JSON.parse(out[0]!);
    expect(result).toMatchObject({ accuracy, interval, reward, tasks: 8, split: 'test' });
    expect(result.rows).toHaveLength(8);
  });

  test('of a recipe takes any model, split and number of tasks', async () => {
    const { code, out } = await anneal(['eval', recipe, '--split', 'train', '--tasks', '5']);
    expect(code).toBe(0);
    expect(out).toEqual([expect.stringMatching(/greedy accuracy .* on 5 train tasks$/)]);
  });

  test('with samples tells avg@k, pass@k and maj@k, the same again when repeated', async () => {
    const asked = ['eval', recipe, '--tasks', '3', '--samples', '6', '--temperature', '0.8'];
    const { code, out } = await anneal(asked);
    expect(code).toBe(0);
    expect(out[1]).toBe('6 samples a task at temperature 0.8:');
    const names = out.slice(2).map((line) => line.trim().split(/\s+/)[0]);
    expect(names).toEqual(['avg@6', 'pass@1', 'pass@2', 'pass@4', 'pass@6', 'maj@6']);
    for (const line of out.slice(2)) expect(line).toMatch(/ [\d.]+ % \([\d.]+ to [\d.]+\)$/);
    const json = await anneal([...asked, '--json']);
    const { sampled } = JSON.parse(json.out[0]!);
    expect(sampled).toMatchObject({ samples: 6, temperature: 0.8, tasks: 3 });
    expect(sampled.avg).toEqual(sampled.pass[1]);
    expect((await anneal(asked)).out).toEqual(out);
  });

  test.each([
    [['--samples', '0'], /--samples takes a whole number of at least 1 \(got "0"\)/],
    [['--samples', '4', '--temperature', '0'], /temperature of samples must be above 0 \(got 0\)/],
    [['--temperature', '1'], /give --samples too/],
  ])('refuses %j', async (options, says) => {
    const { code, err } = await anneal(['eval', recipe, ...options]);
    expect(code).toBe(2);
    expect(err.join()).toMatch(says);
  });
});

describe('anneal generate', () => {
  const prompt = textOf([61, 70, 99]);

  test('prints a greedy completion; the same whether asked alone or with others', async () => {
    const alone = await anneal(['generate', model, '--prompt', prompt, '--raw', '--max-new-tokens', '5']);
    expect(alone.code).toBe(0);
    expect(alone.out[0]!.length).toBeGreaterThan(0);
    const both = await anneal([
      'generate',
      model,
      '--prompt',
      prompt,
      '--prompt',
      prompt,
      '--raw',
      '--max-new-tokens',
      '5',
    ]);
    expect(both.out).toEqual([`> ${prompt}`, alone.out[0], `> ${prompt}`, alone.out[0]]);
  });

  test('samples n completions, the same for the same seed', async () => {
    const args = [
      'generate',
      run,
      '--prompt',
      prompt,
      '--n',
      '3',
      '--temperature',
      '1',
      '--max-new-tokens',
      '4',
      '--json',
    ];
    const [a, b, c] = [await anneal(args), await anneal(args), await anneal([...args, '--seed', '9'])];
    expect(JSON.parse(a.out[0]!)[0].completions).toHaveLength(3);
    expect(a.out).toEqual(b.out);
    expect(a.out).not.toEqual(c.out);
  });

  test('puts an adapter on a model: at β = 0 it says what the merged model says', async () => {
    const args = ['--prompt', prompt, '--max-new-tokens', '6'];
    const adapted = await anneal(['generate', model, '--adapter', join(run, 'adapter'), ...args]);
    expect(adapted.out).toEqual((await anneal(['generate', run, ...args])).out);
  });
});

describe('anneal merge', () => {
  test('writes a run’s model again, bit for bit', async () => {
    const out = join(folder, 'merged-again');
    expect((await anneal(['merge', run, '--out', out])).code).toBe(0);
    expect(await readSafetensors(join(out, 'model.safetensors'))).toEqual(
      await readSafetensors(join(run, 'merged', 'model.safetensors')),
    );
  });

  test('leaves a run alone to which another process writes, and clears away what a crash left', async () => {
    const copy = join(folder, 'merged-here');
    cpSync(run, copy, { recursive: true });
    const lock = await lockRun(copy);
    const refused = await anneal(['merge', copy]);
    expect(refused.err).toEqual([expect.stringMatching(/^error: .*merged-here is in use/)]);
    expect(refused.code).toBe(2);
    await lock.release();
    mkdirSync(join(copy, '.merged.1-ab.tmp'));
    expect((await anneal(['merge', copy])).code).toBe(0);
    expect(readdirSync(copy).filter((name) => /\.tmp$|lock/.test(name))).toEqual([]);
  });

  test('merges an adapter folder into the base that it names', async () => {
    const out = join(folder, 'merged-adapter');
    const ran = await anneal(['merge', join(run, 'adapter'), '--out', out, '--json']);
    expect(JSON.parse(ran.out[0]!)).toEqual({ merged: out });
    expect(await readSafetensors(join(out, 'model.safetensors'))).toEqual(
      await readSafetensors(join(run, 'merged', 'model.safetensors')),
    );
  });
});

describe('a checkpoint by name', () => {
  let several: string;
  /** evals.jsonl: the accuracy and reward at each step. */
  let evals: Record<string, unknown>[];

  beforeAll(async () => {
    several = join(folder, 'several');
    const set = ['checkpoint.keep=9', 'checkpoint.every=1', 'eval.every=1', 'adapter.schedule.fraction=0.5'];
    const { code } = await anneal([
      ...['run', recipe, '--out', several, '--steps', '4'],
      ...set.flatMap((field) => ['--set', field]),
    ]);
    expect(code).toBe(0);
    evals = readFileSync(join(several, 'evals.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
  });

  test.each(['1', '3', 'last', 'best'])(
    'eval --checkpoint %s finds what the run had found',
    async (which) => {
      const { code, out } = await anneal(['eval', several, '--checkpoint', which, '--json']);
      expect(code).toBe(0);
      const { model, accuracy, reward } = JSON.parse(out[0]!);
      const steps = evals.filter(({ step }) => Number(step) > 0);
      const highest = Math.max(...steps.map((record) => Number(record.accuracy)));
      const best = steps.findLast((record) => record.accuracy === highest)!.step;
      const step = which === 'last' ? 4 : which === 'best' ? Number(best) : Number(which);
      expect(model).toBe(join(several, 'checkpoints', `step-00000${step}`));
      expect({ accuracy, reward }).toMatchObject({ accuracy: evals[step]!.accuracy });
      expect(reward).toBeCloseTo(Number(evals[step]!.reward), 10);
    },
  );

  test('--model best of a run is its best checkpoint', async () => {
    const said = async (...more: string[]) => (await anneal(['eval', several, '--json', ...more])).out;
    expect(await said('--model', 'best')).toEqual(await said('--checkpoint', 'best'));
    const merged = join(folder, 'best-merged');
    expect((await anneal(['merge', several, '--model', 'last', '--out', merged])).code).toBe(0);
    expect(await readSafetensors(join(merged, 'model.safetensors'))).toEqual(
      await readSafetensors(join(several, 'merged', 'model.safetensors')),
    );
  });

  test('generate takes any, with its adapter at its own β', async () => {
    const args = ['--prompt', textOf([61, 70, 99]), '--max-new-tokens', '6'];
    const says = async (...more: string[]) => (await anneal(['generate', several, ...args, ...more])).out;
    expect(await says('--checkpoint', 'last')).toEqual(await says());
    expect((await says('--checkpoint', '1'))[0]).toMatch(/./);
  });

  test('merge writes an earlier one beside the last, and verify checks it', async () => {
    const missing = await anneal(['verify', several, '--checkpoint', '3']);
    expect(missing.err).toEqual([
      expect.stringMatching(
        /merged-step-3 is missing: write it with `anneal merge .*several --checkpoint 3`$/,
      ),
    ]);
    expect((await anneal(['merge', several, '--checkpoint', '3'])).code).toBe(0);
    const found = JSON.parse((await anneal(['verify', several, '--checkpoint', '3', '--json'])).out[0]!);
    expect(found).toMatchObject({ ok: true, step: 3 });
    expect(JSON.parse((await anneal(['verify', several, '--json'])).out[0]!)).toMatchObject({ step: 4 });
    const refused = await anneal(['merge', several, '--checkpoint', '1']);
    expect(refused.code).toBe(1);
    expect(refused.err).toEqual([
      expect.stringMatching(/^error: β is 0\.5 at step 1 of .* from step 2 on: choose a later checkpoint$/),
    ]);
  });

  test('of method full is loaded, too', async () => {
    const full = join(folder, 'full-checkpoints');
    const set = ['--method', 'full', '--set', 'optimizer.lr=2e-4', '--set', 'eval.every=1', '--steps', '2'];
    await anneal(['run', recipe, '--out', full, '--set', 'checkpoint.every=1', ...set]);
    const { code, out } = await anneal(['eval', full, '--checkpoint', '1', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(out[0]!).model).toMatch(/step-000001$/);
  });

  test.each([
    [['eval', '7'], /has no checkpoint of step 7; there are those of step 1, step 2, step 3, step 4$/],
    [['merge', 'bst'], /--checkpoint takes best, last or a step \(got "bst"\)/],
    [['eval', 'best', '--model', 'tiny'], /leave out --model/],
    [['generate', 'best', '--adapter', 'x', '--prompt', 'x'], /leave out --adapter/],
  ])('%j is bad input', async ([command, which, ...more], says) => {
    const { code, err } = await anneal([command!, several, '--checkpoint', which!, ...more]);
    expect(code).toBe(2);
    expect(err.join()).toMatch(says);
  });

  test('is of a run alone', async () => {
    for (const [command, spec, ...more] of [
      ['eval', recipe],
      ['merge', join(run, 'adapter'), '--out', join(folder, 'nowhere')],
      ['generate', model, '--prompt', 'x'],
    ] as const) {
      const { code, err } = await anneal([command, spec, '--checkpoint', 'best', ...more]);
      expect(code).toBe(2);
      expect(err.join()).toMatch(/--checkpoint is of a run, and .* is no run folder/);
    }
  });
});

describe('while β ≠ 0', () => {
  let half: string;

  beforeAll(async () => {
    half = join(folder, 'half');
    await anneal(['run', recipe, '--out', half, '--set', 'adapter.schedule.fraction=1'], {
      onLine: (line, interrupt) => {
        if (line.startsWith('step 2/')) interrupt();
      },
    });
  });

  for (const command of ['merge', 'verify']) {
    test(`${command} is refused with 1, naming the step at which β would be 0`, async () => {
      const { code, err } = await anneal([command, half]);
      expect(code).toBe(1);
      expect(err).toEqual([
        expect.stringMatching(
          /^error: β is 0\.\d+ at step [23] of .* β is 0 from step 6 on: continue the run with --resume$/,
        ),
      ]);
      expect(existsSync(join(half, 'merged'))).toBe(false);
    });
  }
});

describe('anneal verify', () => {
  async function damaged(change: (merged: string) => Promise<void> | void): Promise<string> {
    const copy = join(folder, `damaged-${Math.random()}`);
    cpSync(run, copy, { recursive: true });
    await change(join(copy, 'merged'));
    return copy;
  }

  test('passes on any finished run, as JSON too', async () => {
    const { code, out } = await anneal(['verify', run, '--json']);
    expect(code).toBe(0);
    const found = JSON.parse(out[0]!);
    expect(found).toMatchObject({
      ok: true,
      problems: [],
      beta: 0,
      step: 6,
      answers: { tasks: 8, different: [] },
    });
    expect(found.maxDelta).toBeLessThan(1e-4);
    expect(found.baseDelta).toBeGreaterThan(1e-3);
    expect(found.reloadedAccuracy).toBe(found.accuracy);
  });

  test('fails when the merged model is another: here the base itself', async () => {
    const copy = await damaged((merged) => {
      cpSync(join(model, 'model.safetensors'), join(merged, 'model.safetensors'));
    });
    const { code, out } = await anneal(['verify', copy]);
    expect(code).toBe(1);
    expect(out.join('\n')).toMatch(/^verify +FAILED$/m);
    expect(out.join('\n')).toMatch(/the merged model is not the trained policy: logits differ by/);
    expect(out.join('\n')).toMatch(/the merged model is the base model: training changed nothing/);
  });

  test('says when there is no merged model', async () => {
    const copy = await damaged((merged) => rmSync(merged, { recursive: true }));
    const { code, err } = await anneal(['verify', copy]);
    expect(code).toBe(2);
    expect(err).toEqual([
      `error: ${join(copy, 'merged')} is missing: write it with \`anneal merge ${copy}\``,
    ]);
  });

  for (const method of ['lora', 'full']) {
    test(`holds for method ${method}`, async () => {
      const out = join(folder, method);
      const ran = await anneal([
        'run',
        recipe,
        '--method',
        method,
        '--set',
        'optimizer.lr=2e-4',
        '--steps',
        '2',
        '--out',
        out,
        '--json',
      ]);
      expect(ran.code).toBe(0);
      expect(existsSync(join(out, 'adapter'))).toBe(method === 'lora');
      const found = JSON.parse((await anneal(['verify', out, '--json'])).out[0]!);
      expect(found).toMatchObject({ ok: true });
      if (method === 'full') expect(found.maxDelta).toBe(0);
    });
  }
});

test('every command has help with an example', async () => {
  for (const command of ['run', 'eval', 'generate', 'merge', 'verify']) {
    const { code, out } = await anneal([command, '--help']);
    expect(code).toBe(0);
    expect(out.join('\n')).toMatch(new RegExp(`Example:\\n +anneal ${command} `));
    expect(out.join('\n')).toContain('--json');
  }
  expect((await anneal(['--version'])).out).toEqual([
    JSON.parse(readFileSync('package.json', 'utf8')).version,
  ]);
});

test('a reward that fails mid-run ends with 1 and names the last good checkpoint', async () => {
  const broken = join(folder, 'broken');
  mkdirSync(broken);
  const file = join(broken, 'toy.ts');
  writeFileSync(
    file,
    readFileSync(recipe, 'utf8').replace(
      '({ completionIds }) =>',
      '({ completionIds, step }) => step === 3 ? [] :',
    ),
  );
  const { code, err } = await anneal(['run', file, '--out', join(broken, 'run'), '--set', 'eval.every=0']);
  expect(code).toBe(1);
  expect(err).toEqual([
    expect.stringMatching(
      /^error: reward "early" at step 3 gave 0 scores for 8 completions \(the last good checkpoint is .*step-000003; mend the cause and go on with --resume\)$/,
    ),
  ]);
});
