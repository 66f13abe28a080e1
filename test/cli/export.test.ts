import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { float32ToBfloat16 } from '../../src/model/files/half.ts';
import { readSafetensors, writeSafetensors } from '../../src/model/files/safetensors.ts';
import { readModelConfig } from '../../src/model/read-config.ts';
import { loadWeights } from '../../src/model/weights/load-weights.ts';
import { lockRun } from '../../src/run/folder/lock-run.ts';
import { temporaryFolder } from '../pipeline/run.ts';
import { modelFolder } from '../policy/model-folder.ts';
import { anneal, recipeFile } from './command-line.ts';

// A run on a real engine: seconds of work on a busy machine.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

let folder: string;
let model: string;
/** A finished run of the embedded model, whose tokenizer GGUF can express. */
let run: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  model = modelFolder();
  run = join(folder, 'run');
  const small = [
    '--set',
    'eval.tasks=6',
    '--set',
    'sampling.promptsPerStep=4',
    '--set',
    'checkpoint.every=1',
    '--set',
    'checkpoint.keep=9',
  ];
  const ran = await anneal(['run', 'recipes/arithmetic.ts', '--steps', '4', ...small, '--out', run]);
  expect(ran.err).toEqual([]);
  expect(ran.code).toBe(0);
});

const mergedWeights = () => readSafetensors(join(run, 'merged', 'model.safetensors'));
const floats = (data: unknown) => data as Float32Array;

describe('anneal export of a run', () => {
  test('as a folder in bfloat16: the merged weights rounded, the other files byte for byte', async () => {
    const { code, out } = await anneal(['export', run, '--dtype', 'bf16', '--json']);
    expect(code).toBe(0);
    const at = join(run, 'export', 'hf-bf16');
    const bytes = readdirSync(at).reduce((sum, name) => sum + statSync(join(at, name)).size, 0);
    expect(JSON.parse(out[0]!)).toEqual({ exported: at, format: 'hf', dtype: 'bf16', bytes });
    const [stored, merged] = [await readSafetensors(join(at, 'model.safetensors')), await mergedWeights()];
    expect(Object.keys(stored)).toEqual(Object.keys(merged));
    for (const [name, { data, dtype }] of Object.entries(stored)) {
      expect(dtype).toBe('BF16');
      const rounded = float32ToBfloat16(floats(merged[name]!.data));
      expect(float32ToBfloat16(floats(data)), name).toEqual(rounded);
    }
    expect(JSON.parse(readFileSync(join(at, 'config.json'), 'utf8')).dtype).toBe('bfloat16');
    for (const file of readdirSync('models/tiny').filter((name) => !/^(?:config|model)\./.test(name)))
      expect(readFileSync(join(at, file)), file).toEqual(readFileSync(join('models/tiny', file)));
  });

  test('as GGUF: a new process answers from it as from the merged model', async () => {
    const out = join(folder, 'new', 'tiny.gguf');
    const ran = await anneal(['export', run, '--format', 'gguf', '--dtype', 'f32', '--out', out]);
    expect(ran.out).toEqual([expect.stringMatching(/^exported to .*tiny\.gguf \(gguf, f32, 3\.2 MB\)$/)]);
    const args = ['--prompt', '36-2*8=', '--temperature', '0'];
    expect((await anneal(['generate', out, ...args])).out).toEqual(
      (await anneal(['generate', join(run, 'merged'), ...args])).out,
    );
    const back = await loadWeights(out, await readModelConfig(out));
    for (const [name, { data }] of Object.entries(await mergedWeights()))
      expect(back[name]!.data, name).toEqual(data);
  });

  test('as a PEFT adapter of a checkpoint: the run’s own for the last', async () => {
    const ran = await anneal(['export', run, '--format', 'peft']);
    expect(ran.code).toBe(0);
    const at = join(run, 'export', 'peft');
    for (const file of ['adapter_config.json', 'adapter_model.safetensors', 'afa.json'])
      expect(readFileSync(join(at, file)), file).toEqual(readFileSync(join(run, 'adapter', file)));
    expect(readFileSync(join(at, 'adapter_config.json'), 'utf8')).not.toMatch(/beta|activation|placement/);
  });

  test.each(['hf', 'gguf', 'peft'])(
    'is refused with 1 at β ≠ 0 as %s, and leaves nothing',
    async (format) => {
      const { code, err } = await anneal(['export', run, '--format', format, '--checkpoint', '1']);
      expect(code).toBe(1);
      expect(err).toEqual([
        expect.stringMatching(
          /^error: β is 0\.5 at step 1 of .*; β is 0 from step 2 on: choose a later checkpoint$/,
        ),
      ]);
      expect(readdirSync(run).filter((name) => name.startsWith('export-'))).toEqual([]);
    },
  );

  test('writes an earlier checkpoint beside the last', async () => {
    const ran = await anneal(['export', run, '--checkpoint', '2', '--format', 'gguf']);
    expect(ran.code).toBe(0);
    expect(existsSync(join(run, 'export-step-2', 'model-f16.gguf'))).toBe(true);
  });

  test('leaves a run alone to which another process writes', async () => {
    const lock = await lockRun(run);
    const refused = await anneal(['export', run, '--dtype', 'f16']);
    await lock.release();
    expect(refused.code).toBe(2);
    expect(refused.err).toEqual([expect.stringMatching(/is in use/)]);
  });
});

describe('anneal export of other things', () => {
  test('an adapter folder, merged into the base that is given', async () => {
    const out = join(folder, 'adapter-merged');
    const ran = await anneal(['export', join(run, 'adapter'), '--model', 'tiny', '--out', out]);
    expect(ran.code).toBe(0);
    expect(await readSafetensors(join(out, 'model.safetensors'))).toEqual(await mergedWeights());
  });

  test.each(['hf', 'peft'])('an adapter folder at β ≠ 0 is refused with 1 as %s', async (format) => {
    const curved = join(folder, `curved-${format}`);
    cpSync(join(run, 'adapter'), curved, { recursive: true });
    const afa = JSON.parse(readFileSync(join(curved, 'afa.json'), 'utf8'));
    writeFileSync(join(curved, 'afa.json'), JSON.stringify({ ...afa, beta: [0, 0, 0.25, 0] }));
    const out = join(folder, 'no');
    const ran = await anneal(['export', curved, '--model', 'tiny', '--format', format, '--out', out]);
    expect(ran.code).toBe(1);
    expect(ran.err).toEqual([expect.stringMatching(/^error: can't .*β is 0\.25 in layer 2/)]);
    expect(existsSync(out)).toBe(false);
  });

  test('a model as it is', async () => {
    const out = join(folder, 'tiny-f16');
    expect((await anneal(['export', 'tiny', '--dtype', 'f16', '--out', out])).code).toBe(0);
    expect((await readSafetensors(join(out, 'model.safetensors')))['model.norm.weight']!.dtype).toBe('F16');
  });

  const cases: Record<string, { args: () => string[]; says: RegExp }> = {
    'q8_0 for a folder': {
      args: () => ['export', run, '--dtype', 'q8_0'],
      says: /^error: --dtype q8_0 is not for a Hugging Face folder, which takes f32, bf16, f16; --format gguf can have it$/,
    },
    'a type for an adapter': {
      args: () => ['export', run, '--format', 'peft', '--dtype', 'bf16'],
      says: /--dtype bf16 is not for a PEFT adapter, which takes f32; --format hf and gguf can have it/,
    },
    'an unknown format': {
      args: () => ['export', run, '--format', 'onnx'],
      says: /onnx.*Allowed choices are hf, gguf, peft/,
    },
    'a model to nowhere': {
      args: () => ['export', 'tiny'],
      says: /say where to write the export with --out/,
    },
    'an adapter of a model': {
      args: () => ['export', 'tiny', '--format', 'peft', '--out', join(folder, 'no')],
      says: /tiny has no adapter: export it as hf or gguf/,
    },
    'a GGUF file without its ending': {
      args: () => ['export', run, '--format', 'gguf', '--out', join(folder, 'model.bin')],
      says: /a GGUF file's name ends with \.gguf/,
    },
    'a GGUF file that is there': {
      args: () => {
        writeFileSync(join(folder, 'there.gguf'), '');
        return ['export', run, '--format', 'gguf', '--out', join(folder, 'there.gguf')];
      },
      says: /there\.gguf is there already/,
    },
    'a folder that is not empty': {
      args: () => ['export', run, '--out', run],
      says: /^error: .*run/,
    },
    'a checkpoint of a model': {
      args: () => ['export', 'tiny', '--checkpoint', 'best', '--out', join(folder, 'no')],
      says: /--checkpoint is of a run/,
    },
    'a base for a run': { args: () => ['export', run, '--model', 'tiny'], says: /which knows its own/ },
    'a tokenizer that GGUF can’t express': {
      args: () => ['export', model, '--format', 'gguf', '--out', join(folder, 'no.gguf')],
      says: /tokenizer\.json can't be written as GGUF: .* one ASCII character each/,
    },
    'what is not there': {
      args: () => ['export', './nowhere', '--out', join(folder, 'no')],
      says: /nowhere/,
    },
  };
  for (const [name, { args, says }] of Object.entries(cases)) {
    test(`${name} is refused in one line`, async () => {
      const { code, err, out } = await anneal(args());
      expect(err.join('\n')).toMatch(says);
      expect(err).toHaveLength(1);
      expect([code, out]).toEqual([2, []]);
      expect(existsSync(join(folder, 'no'))).toBe(false);
    });
  }
});

describe('anneal verify proves the merge weight by weight', () => {
  const report = async (...args: string[]) => {
    const { code, out, err } = await anneal(['verify', ...args, '--json']);
    expect(err).toEqual([]);
    return { code, found: JSON.parse(out[0]!) };
  };

  test('each is W0 + s·B·A up to float32, those without an adapter exactly W0', async () => {
    const { code, found } = await report(run);
    expect(code).toBe(0);
    const { weights, maxDelta, off } = found.weights;
    expect(Object.keys(weights)).toEqual(Object.keys(await mergedWeights()));
    expect(off).toEqual([]);
    expect(maxDelta).toBe(Math.max(...Object.values<number>(weights)));
    expect(maxDelta).toBeGreaterThan(0);
    expect(maxDelta).toBeLessThan(1e-6);
    expect(weights['model.embed_tokens.weight']).toBe(0);
  });

  test('a single number that is off is found, with the name of its weight', async () => {
    const copy = join(folder, 'off');
    cpSync(run, copy, { recursive: true });
    const path = join(copy, 'merged', 'model.safetensors');
    const tensors = await readSafetensors(path);
    const name = 'model.layers.1.mlp.up_proj.weight';
    floats(tensors[name]!.data)[77]! += 1e-4;
    await writeSafetensors(path, tensors as Parameters<typeof writeSafetensors>[1]);
    const { code, found } = await report(copy);
    expect(code).toBe(1);
    expect(found.weights.off).toEqual([name]);
    expect(found.problems[0]).toMatch(
      /^1 weights? of the merged model (?:are|is) not W0 \+ s·B·A: model\.layers\.1\.mlp\.up_proj\.weight is off by/,
    );
  });

  test('and what rounding to the type of an export cost', async () => {
    const out = join(folder, 'cost.gguf');
    expect((await anneal(['export', run, '--format', 'gguf', '--dtype', 'q8_0', '--out', out])).code).toBe(0);
    const { code, found } = await report(run, '--export', out);
    expect(code).toBe(0);
    const { weights, maxDelta, answers, path } = found.exported;
    expect(path).toBe(out);
    // A Q8_0 step is a 127th of the largest of 32 values.
    expect(weights.maxDelta).toBeGreaterThan(1e-4);
    expect(weights.maxDelta).toBeLessThan(0.1);
    expect(weights.weights['model.norm.weight']).toBe(0);
    expect(maxDelta).toBeGreaterThan(1e-3);
    expect(answers.equal + answers.changed.length).toBe(answers.tasks);
    const { out: printed } = await anneal(['verify', run, '--export', out]);
    expect(printed.join('\n')).toMatch(/^ {2}merged weights +max \|W′ − \(W0 \+ s·B·A\)\| \d\.\d\de-\d+$/m);
    expect(printed.join('\n')).toMatch(
      /^export +.*cost\.gguf\n {2}weights +max \|ΔW\| .*\n {2}vs unmerged +max \|Δlogit\| /m,
    );
  });

  test('an export that is not there is reported before any work', async () => {
    const { code, err } = await anneal(['verify', run, '--export', join(folder, 'none.gguf')]);
    expect(code).toBe(2);
    expect(err).toEqual([expect.stringMatching(/none\.gguf" does not exist/)]);
  });

  const tiny = ['--steps', '2', '--set', 'eval.tasks=4', '--set', 'sampling.promptsPerStep=2'];
  test.each([
    ['on a base in 8 bits', () => ['--set', 'runtime.baseDtype=q8']],
    [
      'begun from an adapter that is continued',
      () => ['--method', 'lora', '--set', `adapter.init=${join(run, 'adapter')}`],
    ],
    ['begun from an adapter that is merged', () => ['--set', `adapter.init=${join(run, 'adapter')}`]],
  ])('of a run %s', async (name, options) => {
    const out = join(folder, name);
    const ran = await anneal(['run', 'recipes/arithmetic.ts', ...tiny, ...options(), '--out', out]);
    expect(ran.code).toBe(0);
    const { code, found } = await report(out);
    expect(code).toBe(0);
    expect(found.weights.off).toEqual([]);
    expect(found.weights.maxDelta).toBeLessThan(1e-6);
  });

  test('of a run on random weights, also where it lacks its base, as those of older versions do', async () => {
    const out = join(folder, 'fresh');
    const options = ['--method', 'lora', '--set', 'freshWeights=true', '--out', out];
    expect((await anneal(['run', 'recipes/arithmetic.ts', ...tiny, ...options])).code).toBe(0);
    rmSync(join(out, 'base'), { recursive: true });
    const { code, found } = await report(out);
    expect(code).toBe(0);
    expect(found.weights.off).toEqual([]);
  });

  for (const method of ['full', 'lora']) {
    test(`of method ${method}`, async () => {
      const out = join(folder, method);
      const recipe = recipeFile(folder, model);
      expect((await anneal(['run', recipe, '--method', method, '--out', out])).code).toBe(0);
      const { code, found } = await report(out);
      expect(code).toBe(0);
      expect(found.weights.off).toEqual([]);
      if (method === 'full') expect(found.weights.maxDelta).toBe(0);
    });
  }
});
