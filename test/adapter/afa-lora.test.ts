import { afterAll, describe, expect, test } from 'vitest';
import { activations, placements } from '../../src/adapter/adapter-settings.ts';
import type { AdapterSpec } from '../../src/adapter/adapter-spec.ts';
import { adaptedLinear, BETA } from '../../src/adapter/afa-lora.ts';
import { initialiseAdapter } from '../../src/adapter/initialise-adapter.ts';
import type { HostTensor, Named } from '../../src/engine/engine.ts';
import { ropeTables } from '../../src/model/rope-tables.ts';
import { initialiseWeights } from '../../src/model/weights/initialise-weights.ts';
import { expectNear, floats } from '../golden/golden-tensors.ts';
import { engines, forwardProgram, int32, int32s, logprobProgram, scalar } from '../model/decoder-programs.ts';
import { config, makeSpec, randomAdapter } from './adapter-fixture.ts';

const weights = { ...initialiseWeights(config, 11), ...ropeTables(config, 8) };
const ids = int32([
  [3, 7, 1, 11],
  [9, 2, 0, 5],
]);
const scored = {
  targets: int32s([7, 1, 11, 4, 2, 0, 5, 6]),
  weights: floats(Array<number>(8).fill(1)),
  temperature: scalar(1),
};

describe.each(engines)('an adapted model on %s', (_, open) => {
  const engine = open();
  afterAll(async () => (await engine).dispose());

  /** One compiled program and logits of it for any inputs. */
  const logitsOf = async (spec: AdapterSpec) => {
    const wrap = (base: Parameters<typeof adaptedLinear>[1], inputs: Parameters<typeof adaptedLinear>[2]) =>
      adaptedLinear(spec, base, inputs);
    const program = (await engine).compile(forwardProgram(config, wrap), { name: 'adapted' });
    const run = async (inputs: Named<HostTensor>) =>
      (await program.run({ ...weights, ids, ...inputs })).logits!.data;
    return { run, dispose: () => program.dispose() };
  };
  const baseLogits = async () => {
    const program = (await engine).compile(forwardProgram(config), { name: 'base' });
    const { logits } = await program.run({ ...weights, ids });
    await program.dispose();
    return logits!.data;
  };

  test('a fresh adapter changes nothing, whatever β is', async () => {
    const spec = makeSpec();
    const { run, dispose } = await logitsOf(spec);
    const fresh = initialiseAdapter(spec, config, 1);
    for (const beta of [1, 0.5, 0]) {
      expectNear(await run({ ...fresh, [BETA]: floats([beta, beta]) }), await baseLogits(), `β = ${beta}`, {
        atol: 0,
      });
    }
    await dispose();
  });

  test.each(placements)('at β = 0 placement %s is plain LoRA', async (placement) => {
    const tensors = randomAdapter(makeSpec());
    const annealed = await logitsOf(makeSpec({ placement, activation: 'gelu' }));
    const lora = await logitsOf(makeSpec({}, 'lora'));
    const expected = await lora.run(tensors);
    const got = await annealed.run({ ...tensors, [BETA]: floats([0, 0]) });
    expectNear(got, expected, placement, { atol: 2e-6, rtol: 1e-6 });
    await Promise.all([annealed.dispose(), lora.dispose()]);
  });

  test.each(activations)(
    'β of each layer and every adapter tensor are inputs of the compiled program: %s',
    async (activation) => {
      const spec = makeSpec({ activation, targetModules: ['o_proj', 'up_proj'] });
      const { run, dispose } = await logitsOf(spec);
      const inputs: Record<string, HostTensor> = { ...randomAdapter(spec), [BETA]: floats([0.5, 0.5]) };
      const before = await run(inputs);
      for (const name of Object.keys(inputs)) {
        const tensor = inputs[name]!;
        for (let i = 0; i < (name === BETA ? 2 : 1); i++) {
          const data = Float32Array.from(tensor.data, (value, at) => (at === i ? value + 0.25 : value));
          const after = await run({ ...inputs, [name]: { ...tensor, data } });
          const moved = Math.max(...Array.from(after, (value, at) => Math.abs(value - before[at]!)));
          expect(moved, `${name}[${i}]`).toBeGreaterThan(1e-4);
        }
      }
      await dispose();
    },
  );

  test('with relu after B a fresh adapter gets no gradient at β = 1, and gets one below', async () => {
    const spec = makeSpec({ placement: 's-A-B-s', activation: 'relu' });
    const fresh = initialiseAdapter(spec, config, 1);
    const wrt = Object.keys(fresh).filter((name) => name.endsWith('lora_B.weight'));
    const program = (await engine).compile(
      logprobProgram(config, wrt, (base, inputs) => adaptedLinear(spec, base, inputs)),
      { name: 'gradient' },
    );
    const norms = async (beta: number) => {
      const out = await program.run({ ...weights, ...fresh, ids, ...scored, [BETA]: floats([beta, beta]) });
      return wrt.map((name) => Math.hypot(...out[`grad.${name}`]!.data));
    };
    expect(Math.max(...(await norms(1)))).toBe(0);
    expect(Math.min(...(await norms(0.9)))).toBeGreaterThan(0);
    await program.dispose();
  });

  test('β of a wrong number of layers is an error, not a silent identity', async () => {
    const spec = makeSpec();
    const { run } = await logitsOf(spec);
    await expect(run({ ...randomAdapter(spec), [BETA]: floats([1]) })).rejects.toThrow(
      '"adapter.beta" has 1 layers, none of them for model.layers.1.self_attn.k_proj',
    );
  });
});
