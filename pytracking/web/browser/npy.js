// NumPy's file format.

const KINDS = { "<f4": Float32Array, "<f8": Float64Array, "<i8": BigInt64Array, "|u1": Uint8Array };

// {values, shape} of the .npy file in an ArrayBuffer.
export function readNpy(buffer) {
  const view = new DataView(buffer);
  const wide = view.getUint8(6) > 1; // version 2 has a longer length
  const start = wide ? 12 : 10;
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  const header = new TextDecoder().decode(new Uint8Array(buffer, start, length));
  const kind = KINDS[header.match(/'descr': '([^']+)'/)[1]];
  if (!kind || !header.includes("'fortran_order': False")) throw new Error(`an array that is not read here: ${header}`);
  const shape = header.match(/'shape': \(([^)]*)\)/)[1].split(",").filter((side) => side.trim()).map(Number);
  return { values: new kind(buffer.slice(start + length)), shape };
}
