import fc from 'fast-check';

/** Numbers that break readers which trust them. */
const numbers = [
  0n,
  1n,
  2n,
  3n,
  9n,
  255n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 40n,
  2n ** 53n,
  2n ** 60n,
  2n ** 64n - 1n,
];

/** A place as a share of the part of a file that is changed. */
const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const bytes = fc.uint8Array({ minLength: 1, maxLength: 40 });
const length = fc.integer({ min: 1, max: 40 });

/** Changes a copy of a file; `header` is where its data begins. */
type Mutation = (file: Buffer, header: number) => Buffer;

const at = (share: number, header: number) => Math.floor(share * header);

function changed(file: Buffer, change: (copy: Buffer) => void): Buffer {
  const copy = Buffer.from(file);
  change(copy);
  return copy;
}

/** Ways to damage the header of a file: bytes, numbers, and parts cut, added, removed and copied. */
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(place, fc.nat(255)).map(
      ([to, value]): Mutation =>
        (file, header) =>
          changed(file, (copy) => copy.set([value].slice(0, copy.length), at(to, header))),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(place, fc.constantFrom(...numbers)).map(
      ([to, value]): Mutation =>
        (file, header) =>
          changed(file, (copy) => {
            if (at(to, header) + 8 <= copy.length) copy.writeBigUInt64LE(value, at(to, header));
          }),
    ),
  },
  fc.tuple(place).map(
    ([to]): Mutation =>
      (file) =>
        file.subarray(0, at(to, file.length)),
  ),
  fc.tuple(place, length).map(
    ([to, count]): Mutation =>
      (file, header) =>
        Buffer.concat([file.subarray(0, at(to, header)), file.subarray(at(to, header) + count)]),
  ),
  fc.tuple(place, bytes).map(
    ([to, more]): Mutation =>
      (file, header) =>
        Buffer.concat([file.subarray(0, at(to, header)), more, file.subarray(at(to, header))]),
  ),
  fc.tuple(place, place, length).map(
    ([from, to, count]): Mutation =>
      (file, header) =>
        changed(file, (copy) => {
          copy.copy(copy, at(to, header), at(from, header), at(from, header) + count);
        }),
  ),
);

/** One to three damages, one after another. */
export const damage: fc.Arbitrary<Mutation> = fc.array(mutation, { minLength: 1, maxLength: 3 }).map(
  (all): Mutation =>
    (file, header) =>
      all.reduce((damaged, change) => change(damaged, Math.min(header, damaged.length)), file),
);
