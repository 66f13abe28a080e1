import { setMaxListeners } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import type { Engine } from '../../../src/engine/engine.ts';
import { openEngine } from '../../../src/engine/select/select-engine.ts';
import { readModelConfig } from '../../../src/model/read-config.ts';
import { loadTokenizer } from '../../../src/model/tokenizer/tokenizer.ts';
import { loadWeights } from '../../../src/model/weights/load-weights.ts';
import { ProgramSets } from '../../../src/serve/engine/program-sets.ts';
import { ServedModels } from '../../../src/serve/engine/served-models.ts';
import { servedText } from '../../../src/serve/engine/served-text.ts';
import type { GenerationDelta } from '../../../src/serve/model-service.ts';
import { generationRequest } from './generation-request.ts';
import { madeUpAdapter } from './made-up-adapter.ts';

const NORM = 'model.norm.weight';

/** An engine that counts the programs that have been made and not released. */
function counting(engine: Engine) {
  const alive = new Set<unknown>();
  const compile: Engine['compile'] = (...given) => {
    const program = engine.compile(...given);
    alive.add(program);
    const dispose = async () => {
      await program.dispose();
      alive.delete(program);
    };
    return { run: (inputs) => program.run(inputs), dispose };
  };
  const counted = new Proxy(engine, {
    get(target, key) {
      if (key === 'compile') return compile;
      const value = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return { alive, counted };
}

async function open() {
  const folder = 'models/tiny';
  const config = await readModelConfig(folder);
  const weights = await loadWeights(folder, config);
  const { alive, counted: engine } = counting(
    await openEngine({ engine: 'onnx', device: 'cpu', threads: 1 }),
  );
  const settings = { engine: {}, baseDtype: 'float32', cacheBytes: 1e8, chunked: { chunk: 16, tokens: 32 } };
  const models = new ServedModels({
    engine,
    sets: new ProgramSets(engine, { config, weights }),
    text: servedText(config, await loadTokenizer(folder)),
    draft: undefined,
    settings: settings as ConstructorParameters<typeof ServedModels>[0]['settings'],
  });
  models.add({ name: 'tiny', given: 'tiny' }, undefined);
  /** An adapter with a norm of its own, which scales what the model says. */
  const own = (scale: number) => {
    const { data, shape } = weights[NORM]!;
    const norm = { data: Float32Array.from(data, (x) => scale * x), shape, dtype: 'float32' as const };
    return { ...madeUpAdapter(config, 0), weights: { [NORM]: norm } };
  };
  return { models, alive, own };
}

const never = new AbortController().signal;
setMaxListeners(100, never);
const request = (model: string, maxNewTokens = 4) =>
  generationRequest({ model, maxNewTokens, ignoreEos: true });

let models: ServedModels | undefined;
afterEach(() => models?.dispose());

test('an adapter with weights of its own leaves no programs behind when it is replaced', async () => {
  const opened = await open();
  models = opened.models;
  const counts: number[] = [];
  for (let i = 0; i < 6; i++) {
    models.add({ name: 'own', given: `${i}` }, opened.own(1 + i));
    await models.generate(request('own'), () => {}, never);
    await models.score({ model: 'own', ids: [3, 4, 5], topLogprobs: 0 }, never);
    await expect.poll(() => opened.alive.size).toBeLessThanOrEqual(counts[0] ?? Number.POSITIVE_INFINITY);
    counts.push(opened.alive.size);
  }
  expect(new Set(counts).size).toBe(1);
  await models.dispose();
  models = undefined;
  expect(opened.alive.size).toBe(0);
});

test('requests under way end with the weights that they began with, and only then do these go', async () => {
  const opened = await open();
  models = opened.models;
  const ask = async (onFirst = () => {}) => {
    const told: GenerationDelta[] = [];
    const onDelta = (delta: GenerationDelta) => {
      told.push(delta);
      if (told.length === 1) onFirst();
    };
    await models!.generate(request('own', 30), onDelta, never);
    return told.flatMap(({ tokens }) => tokens.map(({ logprob }) => logprob));
  };
  models.add({ name: 'own', given: 'one' }, opened.own(1));
  const want = await ask();
  const before = opened.alive.size;
  let during = 0;
  const got = await ask(() => {
    models!.add({ name: 'own', given: 'two' }, opened.own(0.3));
    during = opened.alive.size;
  });
  expect(got).toEqual(want);
  expect(during).toBeGreaterThan(before);
  await expect.poll(() => opened.alive.size).toBe(before);
  expect(await ask()).not.toEqual(want);
});

test('a client that can’t be told is given up alone', async () => {
  ({ models } = await open());
  const broken = models.generate(
    request('tiny', 40),
    () => {
      throw new Error('can’t be told');
    },
    never,
  );
  const others = Array.from({ length: 3 }, () => models!.generate(request('tiny', 20), () => {}, never));
  await expect(broken).rejects.toThrow('can’t be told');
  for (const other of await Promise.all(others)) expect(other.usage.completionTokens).toBe(20);
  await expect.poll(() => models!.stats()).toMatchObject({ running: 0, waiting: 0 });
});

test('the memory of prompts that are scored is counted, and is given back', async () => {
  ({ models } = await open());
  const most = { bytes: 0, waiting: 0 };
  models.onChange = () => {
    const { cacheBytes, waiting } = models!.stats();
    most.bytes = Math.max(most.bytes, cacheBytes);
    most.waiting = Math.max(most.waiting, waiting);
  };
  const ids = Array.from({ length: 60 }, (_, t) => 2 + (t % 18));
  await Promise.all(
    Array.from({ length: 12 }, () => models!.score({ model: 'tiny', ids, topLogprobs: 0 }, never)),
  );
  expect(most.bytes).toBeGreaterThan(0);
  expect(most.waiting).toBe(8);
  expect(models.stats()).toMatchObject({ cacheBytes: 0, running: 0, waiting: 0 });
});
