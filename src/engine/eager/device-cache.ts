import type { HostTensor } from '../engine.ts';
import { programData, programView } from '../program-view.ts';
import * as tf from '../tfjs.ts';

type HostData = HostTensor['data'];

/**
 * Device copies of host arrays. All programs that hold an array share one copy. The array itself is the key, because
 * arrays are immutable: a new version of a weight is a new array. The copy of the old one is disposed when no program
 * holds it.
 */
export class DeviceCache {
  readonly #entries = new Map<HostData, { readonly tensor: tf.Tensor; holders: number }>();
  #bytes = 0;

  /** Bytes held on the device. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds a holder. The first one copies the array to the current backend. Do not call this inside `tf.tidy`. */
  hold(host: HostTensor): void {
    const { data } = host;
    const entry = this.#entries.get(data);
    if (entry !== undefined) {
      entry.holders++;
      return;
    }
    this.#entries.set(data, { tensor: tensorOf(host), holders: 1 });
    this.#bytes += data.byteLength;
  }

  /** Removes a holder. The last one disposes the copy. */
  release(data: HostData): void {
    const entry = this.#entries.get(data);
    if (entry === undefined || --entry.holders > 0) return;
    entry.tensor.dispose();
    this.#entries.delete(data);
    this.#bytes -= data.byteLength;
  }

  /** Returns the device copy of an array; undefined if no program holds it. */
  get(data: HostData): tf.Tensor | undefined {
    return this.#entries.get(data)?.tensor;
  }
}

/** Copies a host tensor to the current backend. */
export function tensorOf(host: HostTensor): tf.Tensor {
  const { dtype, shape } = programView(host);
  return tf.tensor(programData(host), [...shape], dtype);
}
