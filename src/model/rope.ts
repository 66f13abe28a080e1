import type { HostTensor } from '../engine/engine.ts';
import type { ModelConfig } from './config.ts';
import { ropeInvFreq } from './rope-frequencies.ts';

/** Names under which a program takes the rotary tables as inputs. */
export const ropeInputs = { cos: 'rope.cos', sin: 'rope.sin' } as const;

/**
 * Cosine and sine of every rotary angle of positions 0 … positions − 1: float32 tables [positions, headDim/2] of angles
 * computed in float64.
 */
export function ropeTables(
  config: ModelConfig,
  positions: number,
): { readonly cos: HostTensor; readonly sin: HostTensor } {
  const frequencies = ropeInvFreq(config);
  const half = frequencies.length;
  const table = (f: (angle: number) => number): HostTensor => ({
    data: Float32Array.from({ length: positions * half }, (_, i) =>
      f(Math.floor(i / half) * frequencies[i % half]!),
    ),
    shape: [positions, half],
    dtype: 'float32',
  });
  return { cos: table(Math.cos), sin: table(Math.sin) };
}
