import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createEventFile } from '../../../src/io/tensorboard/event-file.ts';
import { type EventContent, encodeEvent } from '../../../src/io/tensorboard/event-messages.ts';
import { tfRecord } from '../../../src/io/tensorboard/record.ts';
import { fixtures } from '../../golden/golden-files.ts';
import { temporaryFolders } from '../temporary-folder.ts';
import { bitwiseCrc32c, readEvents, readHParams } from './read-events.ts';

const newFolder = temporaryFolders();

/** RFC 3720, B.4. */
const vectors: readonly (readonly [string, Uint8Array, number])[] = [
  ['32 bytes of zeros', new Uint8Array(32), 0x8a9136aa],
  ['32 bytes of ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ['32 bytes that count up', Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
  ['32 bytes that count down', Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
  [
    'an iSCSI read command',
    Buffer.from(
      '01c0000000000000000000000000000014000000000004000000001400000018280000000000000002000000000000' + '00',
      'hex',
    ),
    0xd9963a56,
  ],
];

describe('a record', () => {
  test.each(vectors)('of %s ends with the masked checksum of RFC 3720', (_, data, crc) => {
    expect(bitwiseCrc32c(data)).toBe(crc);
    const masked = tfRecord(data).readUInt32LE(12 + data.length);
    expect(masked).toBe(Number((((BigInt(crc) >> 15n) | (BigInt(crc) << 17n)) + 0xa282ead8n) & 0xffffffffn));
  });

  test('with a flipped bit is found', () => {
    const bytes = Buffer.from(tfRecord(encodeEvent({ kind: 'restart', step: 3 }, 1)));
    expect(readEvents(bytes)).toMatchObject([{ step: 3, session_log: { status: 'START' } }]);
    bytes[20]! ^= 4;
    expect(() => readEvents(bytes)).toThrow('checksum');
  });
});

/** What record.py has TensorBoard write, with the time of each event. */
const [begun, end] = [1700000000.25, 1700000009.5];
const recorded: readonly (readonly [EventContent, number])[] = [
  [{ kind: 'version' }, begun],
  [{ kind: 'restart', step: 0 }, begun],
  [
    {
      kind: 'begun',
      hyperParameters: {
        'adapter.rank': 8,
        'adapter.rsLora': false,
        env: '',
        name: 'a – β',
        'optimizer.lr': 3e-4,
        seed: 0,
      },
    },
    begun,
  ],
  [{ kind: 'scalars', step: 0, scalars: { eval_accuracy: 0, eval_reward: -0.25 } }, begun],
  [
    {
      kind: 'scalars',
      step: 0,
      scalars: { loss: 1e-8, beta: 1, 'rewards/exact/mean': Number.NaN, kl: Infinity, reward: -Infinity },
    },
    begun,
  ],
  [{ kind: 'scalars', step: 12345678901, scalars: { loss: -0, num_tokens: 123456789 } }, begun],
  [{ kind: 'restart', step: 300 }, begun],
  [{ kind: 'succeeded' }, end],
];

describe('events', () => {
  const theirs = readFileSync(join(fixtures, 'tensorboard', 'events.bin'));
  const ours = Buffer.concat(recorded.map(([content, time]) => tfRecord(encodeEvent(content, time))));

  test('hold what those hold that TensorBoard writes, by its own declarations', () => {
    const [a, b] = [readEvents(ours), readEvents(theirs)];
    expect(a).toEqual(b);
    expect(a.map((event) => event.summary?.value[0]?.tag)).toContain('_hparams_/session_start_info');
    expect(readHParams(a[2]!)).toEqual(readHParams(b[2]!));
    expect(readHParams(a.at(-1)!)).toEqual(readHParams(b.at(-1)!));
    expect(readHParams(a[2]!).session_start_info.hparams.seed).toMatchObject({
      kind: 'number_value',
      number_value: 0,
    });
  });

  test('are the bytes that TensorBoard writes', () => {
    expect(ours.equals(theirs)).toBe(true);
  });
});

describe('an event file', () => {
  test('comes after those before it, and begins with its version', async () => {
    const folder = join(newFolder(), 'new', 'folder');
    const first = await createEventFile(folder);
    const second = await createEventFile(folder);
    await second.append([{ kind: 'scalars', step: 7, scalars: { loss: 0 } }]);
    for (const file of [first, second]) await file.close();
    expect(
      readdirSync(folder)
        .sort()
        .map((name) => join(folder, name)),
    ).toEqual([first.path, second.path]);
    const events = readEvents(readFileSync(second.path));
    expect(events).toMatchObject([
      { file_version: 'brain.Event:2' },
      { step: 7, summary: { value: [{ tag: 'loss', simple_value: 0 }] } },
    ]);
    expect(Math.abs(events[0]!.wall_time - Date.now() / 1000)).toBeLessThan(60);
  });

  test('fails where a file is in the way', async () => {
    const path = join(newFolder(), 'file');
    writeFileSync(path, '');
    await expect(createEventFile(path)).rejects.toThrow('EEXIST');
  });
});
