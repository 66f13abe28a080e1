import { writeFileSync } from 'node:fs';
import { f32, string, u32, u64 } from '../../hostile/bytes.ts';

export interface GgufInput {
  /** Numbers are written as uint32 where they are one, as float32 otherwise. */
  readonly metadata: Readonly<
    Record<string, string | number | boolean | readonly string[] | readonly number[]>
  >;
  /** Rows first. The data is float32 whatever `type` (a ggml type id, 0 = F32 by default) says of it. */
  readonly tensors: Readonly<
    Record<string, { readonly data: Float32Array; readonly shape: readonly number[]; readonly type?: number }>
  >;
}

/** Writes a GGUF v3 file of float32 tensors, by the specification in ggml's docs/gguf.md. */
export function writeGguf(path: string, { metadata, tensors }: GgufInput): void {
  const head = [
    Buffer.from('GGUF'),
    u32(3),
    u64(Object.keys(tensors).length),
    u64(Object.keys(metadata).length),
  ];
  for (const [key, value] of Object.entries(metadata)) head.push(string(key), ...typed(value));
  let offset = 0;
  const data: Buffer[] = [];
  for (const [name, tensor] of Object.entries(tensors)) {
    const ne = [...tensor.shape].reverse();
    head.push(string(name), u32(ne.length), ...ne.map(u64), u32(tensor.type ?? 0), u64(offset));
    const bytes = padded(Buffer.from(tensor.data.slice().buffer));
    data.push(bytes);
    offset += bytes.length;
  }
  writeFileSync(path, Buffer.concat([padded(Buffer.concat(head)), ...data]));
}

function typed(value: GgufInput['metadata'][string]): Buffer[] {
  if (typeof value === 'string') return [u32(8), string(value)];
  if (typeof value === 'boolean') return [u32(7), Buffer.of(Number(value))];
  if (typeof value === 'number') {
    const whole = Number.isInteger(value) && value >= 0 && value < 2 ** 32;
    return whole ? [u32(4), u32(value)] : [u32(6), f32(value)];
  }
  const texts = typeof value[0] === 'string';
  const items = value.map((item) => (typeof item === 'string' ? string(item) : u32(item)));
  return [u32(9), u32(texts ? 8 : 4), u64(value.length), ...items];
}

/** Up to the alignment of 32 bytes. */
function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((32 - (bytes.length % 32)) % 32)]);
}
