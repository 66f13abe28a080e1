import { crc32c } from '@aws-crypto/crc32c';

/**
 * Frames bytes as a TFRecord, little-endian: length (uint64), its checksum, the bytes, their checksum. Source:
 * tensorflow.org/tutorials/load_data/tfrecord.
 */
export function tfRecord(data: Uint8Array): Buffer {
  const record = Buffer.alloc(data.length + 16);
  record.writeBigUInt64LE(BigInt(data.length), 0);
  record.writeUInt32LE(maskedCrc(record.subarray(0, 8)), 8);
  record.set(data, 12);
  record.writeUInt32LE(maskedCrc(data), 12 + data.length);
  return record;
}

/** CRC-32C (RFC 3720), rotated right by 15 bits and shifted by a constant, modulo 2³². */
function maskedCrc(data: Uint8Array): number {
  const crc = crc32c(data);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
