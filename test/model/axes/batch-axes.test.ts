import { expect, test } from 'vitest';
import { chunksOf, headChunks } from '../../../src/model/axes/batch-axes.ts';
import { lengthBucket } from '../../../src/model/length-bucket.ts';

const sizes = [32, 64, 96, 192, 256];

test.each(sizes)(
  'chunks of about %i rows cover all rows, each has some, and few numbers of them occur',
  (most) => {
    const counts = new Set<number>();
    for (let rows = 1; rows <= 5000; rows++) {
      const { count, size } = chunksOf(headChunks(rows, most));
      counts.add(count);
      if (count * size < rows || (count - 1) * size >= rows)
        throw new Error(`${rows} rows: ${count} × ${size}`);
      if (count < 64 && size > 2 * most + 1) throw new Error(`${rows} rows: a chunk has ${size}`);
    }
    expect(counts.size).toBeLessThanOrEqual(7);
  },
);

test.each(sizes)('a bucketed number of rows is a whole number of chunks of about %i', (most) => {
  for (let length = 1; length <= 20_000; length += 7) {
    const rows = lengthBucket(length);
    const { count, size } = chunksOf(headChunks(rows, most));
    if (count * size !== rows) throw new Error(`${rows} rows: ${count} × ${size}`);
  }
});
