/**
 * Regroups half bytes for onnxruntime's MatMulNBits. In each block of 16 bytes, byte i has the codes i (its low half) and
 * 16 + i before, and the codes 2i and 2i + 1 after. → a new array.
 */
export function neighbourHalves(codes: Uint8Array): Uint8Array {
  const out = new Uint8Array(codes.length);
  for (let block = 0; block < codes.length; block += 16) {
    for (let i = 0; i < 8; i++) {
      const first = codes[block + 2 * i]!;
      const second = codes[block + 2 * i + 1]!;
      out[block + i] = (first & 0x0f) | ((second & 0x0f) << 4);
      out[block + 8 + i] = (first >> 4) | (second & 0xf0);
    }
  }
  return out;
}
