import { expect, test } from 'vitest';
import { ropeInvFreq } from '../../../src/model/config/rope-frequencies.ts';

const base = { dim: 64, theta: 500000 };

test('the default frequencies fall geometrically from 1', () => {
  const frequencies = ropeInvFreq({ dim: 8, theta: 10000, scaling: { type: 'default' } });
  expect([...frequencies].map((frequency) => frequency.toFixed(12))).toEqual(
    [1, 0.1, 0.01, 0.001].map((want) => want.toFixed(12)),
  );
});

test('linear scaling divides every frequency', () => {
  const plain = ropeInvFreq({ ...base, scaling: { type: 'default' } });
  const scaled = ropeInvFreq({ ...base, scaling: { type: 'linear', factor: 4 } });
  expect([...scaled]).toEqual([...plain].map((frequency) => frequency / 4));
});

/** transformers' _compute_llama3_parameters, written as it is there: by wavelength, with masks. */
function transformersLlama3(frequency: number): number {
  const [factor, low, high, original] = [32, 1, 4, 8192];
  const wavelength = (2 * Math.PI) / frequency;
  const scaled = wavelength > original / low ? frequency / factor : frequency;
  const smooth = (original / wavelength - low) / (high - low);
  const isMedium = !(wavelength < original / high) && !(wavelength > original / low);
  return isMedium ? ((1 - smooth) * scaled) / factor + smooth * scaled : scaled;
}

test('llama3 scaling keeps short wavelengths, divides long ones and interpolates between, as transformers does', () => {
  const plain = ropeInvFreq({ ...base, scaling: { type: 'default' } });
  const scaled = ropeInvFreq({
    ...base,
    scaling: {
      type: 'llama3',
      factor: 32,
      lowFreqFactor: 1,
      highFreqFactor: 4,
      originalMaxPositionEmbeddings: 8192,
    },
  });
  const ratios = [...scaled].map((frequency, i) => frequency / plain[i]!);
  expect(ratios[0]).toBe(1);
  expect(ratios.at(-1)).toBeCloseTo(1 / 32, 12);
  expect(ratios.filter((ratio) => ratio < 1 && ratio > 1 / 31.9).length).toBeGreaterThan(0);
  scaled.forEach((frequency, i) => {
    expect(frequency / transformersLlama3(plain[i]!)).toBeCloseTo(1, 12);
  });
});
