import type { HostTensor } from '../../engine/engine.ts';
import type { DecodingModel } from '../../model/cache/decoding-model.ts';
import { intRows } from '../../model/packed-rows.ts';

/** The first tokens of a text, and the padded length that they are computed at. */
export interface FirstChunk {
  readonly ids: readonly number[];
  readonly width: number;
}

/** Where the keys and values of a text lie. */
export interface PrefilledChunk {
  readonly tensors: readonly HostTensor[];
  /** Its place among the texts of `tensors`. */
  readonly index: number;
}

/** Texts that are computed together. */
const GROUP = 4;

/**
 * Computes the beginnings of texts, several together where that gives each the bits that it has alone.
 *
 * An engine may add up a product in another order when it has more rows: onnxruntime divides a product among threads by
 * its number of rows. Whether that happens to a model at a padded length shows when the first group is computed: each of
 * its texts is computed alone, too. There are groups of one size only, so that their shape tells all.
 */
export class SteadyGroups {
  private readonly model: DecodingModel;
  /** By padded length. */
  private readonly areAlike = new Map<number, boolean>();

  constructor(model: DecodingModel) {
    this.model = model;
  }

  /** Cuts chunks into those that are computed together, and those that are computed alone. */
  cut<T extends FirstChunk>(chunks: readonly T[]): T[][] {
    const byWidth = new Map<number, T[]>();
    for (const chunk of chunks) byWidth.set(chunk.width, [...(byWidth.get(chunk.width) ?? []), chunk]);
    return [...byWidth.entries()].flatMap(([width, all]) => {
      const together = this.areAlike.get(width) === false ? 0 : all.length - (all.length % GROUP);
      const groups = Array.from({ length: together / GROUP }, (_, i) =>
        all.slice(i * GROUP, (i + 1) * GROUP),
      );
      return [...groups, ...all.slice(together).map((chunk) => [chunk])];
    });
  }

  /** Computes the chunks of one of these cuts. */
  async prefill(chunks: readonly FirstChunk[]): Promise<PrefilledChunk[]> {
    const width = chunks[0]!.width;
    if (chunks.length === 1 || this.areAlike.get(width) === false) return this.alone(chunks);
    const tensors = await this.compute(chunks);
    const together = chunks.map((_, index) => ({ tensors, index }));
    if (this.areAlike.get(width) === true) return together;
    const alone = await this.alone(chunks);
    this.areAlike.set(
      width,
      together.every((each, i) => sameBits(each, alone[i]!, chunks[i]!.ids.length)),
    );
    return alone;
  }

  private async alone(chunks: readonly FirstChunk[]): Promise<PrefilledChunk[]> {
    const prefilled: PrefilledChunk[] = [];
    for (const chunk of chunks) prefilled.push({ tensors: await this.compute([chunk]), index: 0 });
    return prefilled;
  }

  private compute(chunks: readonly FirstChunk[]): Promise<readonly HostTensor[]> {
    const rows = intRows(
      chunks.map(({ ids }) => ids),
      chunks[0]!.width,
    );
    const lengths = Int32Array.from(chunks, ({ ids }) => ids.length);
    return this.model.prefill(rows, { data: lengths, shape: [chunks.length], dtype: 'int32' });
  }
}

/** Whether the first tokens of two texts have the same keys and values, to the bit. */
function sameBits(a: PrefilledChunk, b: PrefilledChunk, length: number): boolean {
  return a.tensors.every(({ data, shape }, i) => {
    const [, heads, width, size] = shape as [number, number, number, number];
    const other = b.tensors[i]!.data;
    for (let head = 0; head < heads; head++) {
      const [from, there] = [
        (a.index * heads + head) * width * size,
        (b.index * heads + head) * width * size,
      ];
      for (let n = 0; n < length * size; n++) if (data[from + n] !== other[there + n]) return false;
    }
    return true;
  });
}
