import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor.js';
import { fixtures } from '../../golden/golden-files.ts';

/** TensorBoard's own declarations of its messages. */
const set = descriptor.FileDescriptorSet.decode(readFileSync(join(fixtures, 'tensorboard', 'messages.bin')));
// biome-ignore lint/suspicious/noExplicitAny: fromDescriptor is added by the extension, and has no type
const root: protobuf.Root = (protobuf.Root as any).fromDescriptor(set, { keepCase: true }).resolveAll();
const [Event, HParams] = ['tensorboard.Event', 'tensorboard.hparams.HParamsPluginData'].map((name) =>
  root.lookupType(name),
);

/** An event as TensorBoard's declarations read it, as plain data. */
export interface ReadEvent {
  readonly wall_time: number;
  readonly step: number;
  readonly file_version?: string;
  readonly session_log?: { readonly status: string };
  readonly summary?: { readonly value: readonly ReadValue[] };
}

interface ReadValue {
  readonly tag: string;
  readonly simple_value?: number;
  readonly metadata?: {
    readonly plugin_data: { readonly plugin_name: string; readonly content: Uint8Array };
  };
}

/** Reads the bytes of an event file. @throws an Error for a wrong length or checksum. */
export function readEvents(bytes: Uint8Array): ReadEvent[] {
  return records(bytes).map((record) => plain(Event!, record) as ReadEvent);
}

/** The data of the plugin for hyper-parameters that an event carries. */
// biome-ignore lint/suspicious/noExplicitAny: tests name its fields one by one
export function readHParams({ summary }: ReadEvent): any {
  return plain(HParams!, summary!.value[0]!.metadata!.plugin_data.content);
}

const plain = (type: protobuf.Type, bytes: Uint8Array): object =>
  type.toObject(type.decode(bytes), { longs: Number, enums: String, defaults: true, oneofs: true });

/** Takes TFRecords apart: uint64 length, its masked checksum, the data, its masked checksum. */
function records(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const found: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 12 + Number(view.getBigUint64(at, true));
    if (end + 4 > bytes.length) throw new Error(`the record at ${at} is cut off`);
    check(bytes.subarray(at, at + 8), view.getUint32(at + 8, true));
    check(bytes.subarray(at + 12, end), view.getUint32(end, true));
    found.push(bytes.subarray(at + 12, end));
    at = end + 4;
  }
  return found;
}

/** Compares a checksum, unmasked as tensorflow/core/lib/hash/crc32c.h does it, with that of the data. */
function check(data: Uint8Array, masked: number): void {
  const rotated = (masked - 0xa282ead8) >>> 0;
  const expected = ((rotated >>> 17) | (rotated << 15)) >>> 0;
  if (bitwiseCrc32c(data) !== expected)
    throw new Error(`checksum ${expected} of ${data.length} bytes is wrong`);
}

/** CRC-32C bit by bit: the reflected polynomial 0x82f63b78, from all ones, inverted at the end. */
export function bitwiseCrc32c(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}
