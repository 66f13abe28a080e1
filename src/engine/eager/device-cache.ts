import type { HostTensor } from '../engine.ts';
import * as tf from '../tfjs.ts';

type HostData = HostTensor['data'];

/**
 * Device copies of host arrays, one for each array however many programs hold it. Arrays are immutable by contract, so
 * the array itself is the key: a new version of a weight is a new array, and its old copy goes when nobody holds it.
 */
export class DeviceCache {
  readonly #entries = new Map<HostData, { readonly tensor: tf.Tensor; holders: number }>();
  #bytes = 0;

  /** Bytes held on the device. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds a holder, copying the array to the current backend if it is the first. Not inside `tf.tidy`. */
  hold({ data, shape, dtype }: HostTensor): void {
    const entry = this.#entries.get(data);
    if (entry !== undefined) {
      entry.holders++;
      return;
    }
    this.#entries.set(data, { tensor: tf.tensor(data, [...shape], dtype), holders: 1 });
    this.#bytes += data.byteLength;
  }

  /** Takes a holder away; the last one disposes the copy. */
  release(data: HostData): void {
    const entry = this.#entries.get(data);
    if (entry === undefined || --entry.holders > 0) return;
    entry.tensor.dispose();
    this.#entries.delete(data);
    this.#bytes -= data.byteLength;
  }

  /** The device copy of a held array, or undefined. */
  get(data: HostData): tf.Tensor | undefined {
    return this.#entries.get(data)?.tensor;
  }
}
