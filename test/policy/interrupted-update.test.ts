import { describe, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import { createOnnxEngine } from '../../src/engine/onnx/onnx-engine.ts';
import { mixed, rollOut, withAdvantages } from './rollouts.ts';
import { openTiny, type RecipeOverrides } from './tiny-policy.ts';

/** An engine that calls back before each run of a program, with its name and number from 0. */
async function watched(onRun: (name: string, run: number) => void): Promise<Engine> {
  const engine = await createOnnxEngine({ threads: 1 });
  return Object.assign(Object.create(engine) as Engine, {
    compile: (...[fn, options]: Parameters<Engine['compile']>) => {
      const program = engine.compile(fn, options);
      let runs = 0;
      return {
        run: (inputs: Parameters<typeof program.run>[0]) => {
          onRun(options.name, runs++);
          return program.run(inputs);
        },
        dispose: () => program.dispose(),
      };
    },
  });
}

const cases: [name: string, recipe: RecipeOverrides, program: string, at: number][] = [
  ['before its second micro-batch', {}, 'update', 0],
  ['in its last micro-batch', {}, 'update', 2],
  ['while the whole batch is measured', { algorithm: { topEntropyQuantile: 0.8 } }, 'logprobs', 0],
  ['with every weight training', { method: 'full' }, 'update', 1],
];

describe('an update whose signal aborts', () => {
  test.each(cases)('%s leaves no trace', async (_, overrides, program, at) => {
    let stop: AbortController | undefined;
    const runs: string[] = [];
    const tiny = await openTiny({
      recipe: { ...overrides, optimizer: { lr: 1e-2, microBatchSize: 4 } },
      open: () =>
        watched((name, run) => {
          if (stop) runs.push(name);
          if (name === program && run === at) stop?.abort(reason);
        }),
    });
    const reason = new Error('enough');
    const { policy } = tiny;
    const rollouts = withAdvantages(await rollOut(tiny), mixed);
    const batch = { objective: 'rl' as const, rollouts };
    const before = structuredClone(policy.state());
    const beta = policy.beta;

    stop = new AbortController();
    await expect(policy.update(batch, undefined, stop.signal)).rejects.toBe(reason);
    expect(runs.filter((name) => name === program)).toHaveLength(at + 1);
    expect([policy.version, policy.beta]).toEqual([0, beta]);
    expect(policy.state()).toEqual(before);

    stop = undefined;
    const again = await policy.update(batch);
    const after = structuredClone(policy.state());
    await policy.restore(before);
    const { compilations: __, ...anew } = await policy.update(batch);
    expect(again).toMatchObject(anew);
    expect(policy.state()).toEqual(after);
  });

  test('does no work when it was aborted before', async () => {
    const names: string[] = [];
    const tiny = await openTiny({ open: () => watched((name) => names.push(name)) });
    const rollouts = withAdvantages(await rollOut(tiny), mixed);
    names.length = 0;
    const signal = AbortSignal.abort(new Error('before'));
    const update = tiny.policy.update({ objective: 'rl', rollouts }, undefined, signal);
    await expect(update).rejects.toThrow('before');
    await expect(tiny.policy.logprobs(rollouts, signal)).rejects.toThrow('before');
    await expect(tiny.policy.referenceLogprobs(rollouts, signal)).rejects.toThrow('before');
    expect(names).toEqual([]);
  });
});
