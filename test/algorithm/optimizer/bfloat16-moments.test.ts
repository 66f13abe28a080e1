import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type AdamWState, adamW } from '../../../src/algorithm/optimizer/adamw.ts';
import { drawKey, narrowInto, widenInto } from '../../../src/algorithm/optimizer/bfloat16-moments.ts';
import { bfloat16ToFloat32 } from '../../../src/model/files/half.ts';
import { randomStream } from '../../../src/random.ts';

describe('rounding at random to bfloat16', () => {
  const key = (seed: number) => drawKey(randomStream(seed, 'key'));
  /** Rounds a number so many times, as first and as second of the two arrays. */
  function rounded(value: number, times: number, seed = 1): [Float32Array, Float32Array] {
    const values = new Float32Array(times).fill(value);
    const [a, b] = [new Uint16Array(times), new Uint16Array(times)];
    narrowInto([a, b], [values, values.slice()], { key: key(seed), from: 0 });
    return [bfloat16ToFloat32(a), bfloat16ToFloat32(b)];
  }

  test.each([1 + 2 ** -9, -(3 + 2 ** -12), 1e-20 * (1 + 2 ** -10), 7.77e12, 1 + 255 * 2 ** -15])(
    'gives %d one of its two neighbours, and itself on average',
    (value) => {
      const exact = Math.fround(value);
      for (const out of rounded(value, 100_000)) {
        const distinct = [...new Set(out)].sort((a, b) => a - b);
        expect(distinct).toHaveLength(2);
        const [low, high] = distinct as [number, number];
        expect(low).toBeLessThan(exact);
        expect(high).toBeGreaterThan(exact);
        const up = out.filter((x) => x === high).length / out.length;
        const share = (exact - low) / (high - low);
        expect(Math.abs(up - share)).toBeLessThan(5 * Math.sqrt((share * (1 - share)) / out.length));
      }
    },
  );

  test('leaves alone what bfloat16 can hold, infinity too', () => {
    for (const value of [0, 1, -1.5, 2 ** -126, Number.POSITIVE_INFINITY])
      for (const out of rounded(value, 100)) expect(new Set(out)).toEqual(new Set([Math.fround(value)]));
  });

  test('draws by key and place alone, and differently for the two arrays', () => {
    const values = Float32Array.from({ length: 64 }, (_, i) => 1 + i / 977);
    const narrowed = (seed: number, cut: number) => {
      const out = [new Uint16Array(64), new Uint16Array(64)] as const;
      for (const [from, to] of [
        [0, cut],
        [cut, 64],
      ] as const) {
        const parts = out.map((bits) => bits.subarray(from, to)) as unknown as [Uint16Array, Uint16Array];
        const wide = [values.slice(from, to), values.slice(from, to)] as [Float32Array, Float32Array];
        narrowInto(parts, wide, { key: key(seed), from });
      }
      return out.map((bits) => Array.from(bits));
    };
    expect(narrowed(1, 64)).toEqual(narrowed(1, 17));
    expect(narrowed(1, 64)).not.toEqual(narrowed(2, 64));
    expect(narrowed(1, 64)[0]).not.toEqual(narrowed(1, 64)[1]);
  });

  test('widening is exact', () => {
    const bits = Uint16Array.from({ length: 0x7f80 }, (_, i) => i);
    const out = new Float32Array(bits.length);
    widenInto(out, bits);
    expect(out).toEqual(bfloat16ToFloat32(bits));
  });
});

describe('AdamW with moments in bfloat16', () => {
  const recorded = JSON.parse(readFileSync('test/fixtures/own/adamw/adamw.json', 'utf8'));
  const { float64, nearest } = recorded;
  const N = float64.x.length;

  function* noise() {
    for (let state = 1; ; ) {
      state = (Math.imul(1664525, state) + 1013904223) >>> 0;
      yield state / 2 ** 32 - 0.5;
    }
  }

  /** The steps of the fixture's script. */
  function run(options: { readonly stateDtype: 'float32' | 'bfloat16'; readonly seed?: number }) {
    const draw = noise();
    const adam = adamW({ betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0.01, ...options });
    let params: Record<string, Float32Array> = { x: new Float32Array(N) };
    let state: AdamWState = adam.init(params);
    for (let step = 0; step < recorded.steps; step++) {
      const scale = step < recorded.loud ? 10 : 0.1;
      const x = Float32Array.from(params.x!, (value, i) => value - Math.sin(i) + scale * draw.next().value!);
      ({ params, state } = adam.update({ x }, state, params, 1e-3));
    }
    return { x: params.x!, expAvgSq: state.expAvgSq.x! };
  }

  const wide = (bits: Float32Array | Uint16Array) =>
    bits instanceof Uint16Array ? bfloat16ToFloat32(bits) : bits;
  const ratios = (a: ArrayLike<number>, b: readonly number[]) => b.map((value, i) => a[i]! / value);
  const mean = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;
  const rms = (a: ArrayLike<number>, b: readonly number[]) =>
    Math.sqrt(mean(b.map((x, i) => (a[i]! - x) ** 2)));

  test('keeps the second moment that torch has in float64, where rounding to nearest keeps the highest', () => {
    expect(mean(ratios(nearest.expAvgSq, float64.expAvgSq))).toBeGreaterThan(5);
    const { expAvgSq } = run({ stateDtype: 'bfloat16', seed: 5 });
    expect(expAvgSq).toBeInstanceOf(Uint16Array);
    const found = ratios(wide(expAvgSq), float64.expAvgSq);
    // Single values scatter by 10 %, their mean by 10 % / √128.
    expect(Math.abs(mean(found) - 1)).toBeLessThan(0.03);
    for (const ratio of found) expect(Math.abs(ratio - 1)).toBeLessThan(0.4);
  });

  test('goes where torch goes in float64', () => {
    const { x } = run({ stateDtype: 'bfloat16', seed: 5 });
    const way = Math.sqrt(mean(float64.x.map((value: number) => value ** 2)));
    expect(rms(run({ stateDtype: 'float32' }).x, float64.x)).toBeLessThan(1e-5);
    expect(rms(x, float64.x)).toBeLessThan(0.02 * way);
    expect(rms(nearest.x, float64.x)).toBeGreaterThan(5 * rms(x, float64.x));
  });

  test('has the same bits for the same seed, others for another, and goes on alike from a state', () => {
    const adam = (seed: number) =>
      adamW({ betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, stateDtype: 'bfloat16', seed });
    const grads = (step: number) => ({
      x: Float32Array.from({ length: 50 }, (_, i) => Math.sin(i * step + 1)),
    });
    const steps = (from: AdamWState, [first, last]: [number, number], seed: number) => {
      let [params, state]: [Record<string, Float32Array>, AdamWState] = [
        { x: new Float32Array(50) },
        structuredClone(from),
      ];
      for (let step = first; step <= last; step++)
        ({ params, state } = adam(seed).update(grads(step), state, params, 1e-3));
      return state;
    };
    const start = adam(1).init({ x: new Float32Array(50) });
    const whole = steps(start, [1, 9], 1);
    expect(steps(start, [1, 9], 1)).toEqual(whole);
    expect(steps(start, [1, 9], 2)).not.toEqual(whole);
    expect(steps(steps(start, [1, 4], 1), [5, 9], 1)).toEqual(whole);
  });
});
