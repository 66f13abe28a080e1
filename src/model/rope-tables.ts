import type { HostTensor, Named } from '../engine/engine.ts';
import type { ModelConfig } from './config/model-config.ts';
import { ropeInvFreq } from './config/rope-frequencies.ts';

/** Names of the tables among a program's inputs. */
export const ROPE_COS = 'rope.cos';
export const ROPE_SIN = 'rope.sin';

/** Makes tables of the cosines and sines of all angles, [positions, headDim/2] each, as program inputs. */
export function ropeTables(config: ModelConfig, positions: number): Named<HostTensor> {
  const frequencies = ropeInvFreq(config);
  const shape = [positions, frequencies.length];
  const table = (f: (angle: number) => number): HostTensor => {
    const data = new Float32Array(positions * frequencies.length);
    for (let i = 0; i < data.length; i++) {
      data[i] = f(Math.floor(i / frequencies.length) * frequencies[i % frequencies.length]!);
    }
    return { data, shape, dtype: 'float32' };
  };
  return { [ROPE_COS]: table(Math.cos), [ROPE_SIN]: table(Math.sin) };
}
