/**
 * Kernels for the WASM backend, in AssemblyScript: `npm run build:kernels` compiles them into kernelsBinary.ts. They work in the memory of
 * TensorFlow.js's own module; every address is in bytes, every matrix row-major float32.
 *
 * The product follows Goto and van de Geijn (Anatomy of high-performance matrix multiplication, 2008): panels of both operands are packed so that the
 * innermost loop reads both in order, whatever was transposed.
 */

/** Rows and columns of the tile that the innermost loop keeps in registers. */
const tileRows: i32 = 4;
const tileColumns: i32 = 8;
/** Packed at a time: so many terms of the sum, and so many rows of A. They fit the second-level cache. */
const depth: i32 = 256;
const height: i32 = 96;

function panels(size: i32, width: i32): i32 {
  return (size + width - 1) / width;
}

/** Bytes of working memory for a product with n columns: a spare tile, a packed block of B, a packed block of A. */
export function workspace(n: i32): i32 {
  return 4 * (tileRows * tileColumns + depth * tileColumns * panels(n, tileColumns) + depth * height);
}

/** c = A B with c [m, n]; A is [m, k], or [k, m] if transposed, and B is [k, n], or [n, k]. */
export function multiply(
  a: usize,
  b: usize,
  c: usize,
  m: i32,
  k: i32,
  n: i32,
  transposeA: bool,
  transposeB: bool,
  work: usize,
): void {
  const packedB = work + tileRows * tileColumns * 4;
  const packedA = packedB + <usize>(depth * tileColumns * panels(n, tileColumns)) * 4;
  for (let p = 0; p < k; p += depth) {
    const terms = min(depth, k - p);
    if (transposeB) packRows(b + <usize>p * 4, k, n, terms, tileColumns, packedB);
    else packColumns(b + <usize>(p * n) * 4, n, n, terms, tileColumns, packedB);
    for (let i = 0; i < m; i += height) {
      const rows = min(height, m - i);
      if (transposeA) packColumns(a + <usize>(p * m + i) * 4, m, rows, terms, tileRows, packedA);
      else packRows(a + <usize>(i * k + p) * 4, k, rows, terms, tileRows, packedA);
      for (let j = 0; j < n; j += tileColumns) {
        const panelB = packedB + <usize>(j * terms) * 4;
        for (let r = 0; r < rows; r += tileRows) {
          const panelA = packedA + <usize>(r * terms) * 4;
          const at = c + <usize>((i + r) * n + j) * 4;
          if (rows - r >= tileRows && n - j >= tileColumns)
            multiplyTile(panelA, panelB, terms, at, <usize>n * 4, p > 0);
          else {
            multiplyTile(panelA, panelB, terms, work, tileColumns * 4, false);
            copyPart(work, at, min(tileRows, rows - r), min(tileColumns, n - j), <usize>n * 4, p > 0);
          }
        }
      }
    }
  }
}

/**
 * Packs lines that lie along the rows of a matrix: `lines` rows, `terms` elements of each. A panel holds `width` lines, term by term, the last one
 * filled with zeros. `stride` is the elements from a row to the next.
 */
function packRows(from: usize, stride: i32, lines: i32, terms: i32, width: i32, to: usize): void {
  const next = <usize>stride * 4;
  const group = <usize>width * 4;
  for (let first = 0; first < lines; first += width) {
    for (let line = 0; line < width; line += 4) {
      const present = lines - first - line;
      let out = to + <usize>line * 4;
      if (present >= 4) {
        let row0 = from + <usize>(first + line) * next;
        let row1 = row0 + next;
        let row2 = row1 + next;
        let row3 = row2 + next;
        let term = 0;
        for (; term + 4 <= terms; term += 4) {
          const a = v128.load(row0);
          const b = v128.load(row1);
          const c = v128.load(row2);
          const d = v128.load(row3);
          const abLow = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
          const abHigh = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
          const cdLow = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
          const cdHigh = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
          v128.store(out, v128.shuffle<f64>(abLow, cdLow, 0, 2));
          v128.store(out + group, v128.shuffle<f64>(abLow, cdLow, 1, 3));
          v128.store(out + 2 * group, v128.shuffle<f64>(abHigh, cdHigh, 0, 2));
          v128.store(out + 3 * group, v128.shuffle<f64>(abHigh, cdHigh, 1, 3));
          out += 4 * group;
          row0 += 16;
          row1 += 16;
          row2 += 16;
          row3 += 16;
        }
        for (; term < terms; term++) {
          store<f32>(out, load<f32>(row0));
          store<f32>(out, load<f32>(row1), 4);
          store<f32>(out, load<f32>(row2), 8);
          store<f32>(out, load<f32>(row3), 12);
          out += group;
          row0 += 4;
          row1 += 4;
          row2 += 4;
          row3 += 4;
        }
      } else {
        for (let term = 0; term < terms; term++) {
          v128.store(out, f32x4.splat(0));
          for (let i = 0; i < present; i++)
            store<f32>(out + <usize>i * 4, load<f32>(from + <usize>(first + line + i) * next + <usize>term * 4));
          out += group;
        }
      }
    }
    to += <usize>(terms * width) * 4;
  }
}

/** Packs lines that lie along the columns of a matrix, into panels as above. */
function packColumns(from: usize, stride: i32, lines: i32, terms: i32, width: i32, to: usize): void {
  const next = <usize>stride * 4;
  for (let first = 0; first < lines; first += width) {
    const present = lines - first;
    let row = from + <usize>first * 4;
    if (present >= width) {
      for (let term = 0; term < terms; term++) {
        v128.store(to, v128.load(row));
        if (width === 8) v128.store(to, v128.load(row, 16), 16);
        to += <usize>width * 4;
        row += next;
      }
    } else {
      for (let term = 0; term < terms; term++) {
        for (let i = 0; i < width; i++) store<f32>(to + <usize>i * 4, i < present ? load<f32>(row + <usize>i * 4) : 0);
        to += <usize>width * 4;
        row += next;
      }
    }
  }
}

/** The tile at c, whose rows are `stride` bytes apart, from a panel of A and one of B; added to what is there, or in its place. */
function multiplyTile(a: usize, b: usize, terms: i32, c: usize, stride: usize, add: bool): void {
  const row1 = c + stride;
  const row2 = row1 + stride;
  const row3 = row2 + stride;
  let c00 = f32x4.splat(0);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  let c20 = c00;
  let c21 = c00;
  let c30 = c00;
  let c31 = c00;
  if (add) {
    c00 = v128.load(c);
    c01 = v128.load(c, 16);
    c10 = v128.load(row1);
    c11 = v128.load(row1, 16);
    c20 = v128.load(row2);
    c21 = v128.load(row2, 16);
    c30 = v128.load(row3);
    c31 = v128.load(row3, 16);
  }
  for (let term = 0; term < terms; term++) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const a0 = v128.load32_splat(a);
    const a1 = v128.load32_splat(a, 4);
    const a2 = v128.load32_splat(a, 8);
    const a3 = v128.load32_splat(a, 12);
    c00 = f32x4.add(c00, f32x4.mul(a0, b0));
    c01 = f32x4.add(c01, f32x4.mul(a0, b1));
    c10 = f32x4.add(c10, f32x4.mul(a1, b0));
    c11 = f32x4.add(c11, f32x4.mul(a1, b1));
    c20 = f32x4.add(c20, f32x4.mul(a2, b0));
    c21 = f32x4.add(c21, f32x4.mul(a2, b1));
    c30 = f32x4.add(c30, f32x4.mul(a3, b0));
    c31 = f32x4.add(c31, f32x4.mul(a3, b1));
    a += 16;
    b += 32;
  }
  v128.store(c, c00);
  v128.store(c, c01, 16);
  v128.store(row1, c10);
  v128.store(row1, c11, 16);
  v128.store(row2, c20);
  v128.store(row2, c21, 16);
  v128.store(row3, c30);
  v128.store(row3, c31, 16);
}

/** Copies the first rows and columns of a spare tile to where they belong. */
function copyPart(tile: usize, to: usize, rows: i32, columns: i32, stride: usize, add: bool): void {
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const at = to + <usize>row * stride + <usize>column * 4;
      const value = load<f32>(tile + <usize>(row * tileColumns + column) * 4);
      store<f32>(at, add ? load<f32>(at) + value : value);
    }
}

/** out [columns] = the sum of the rows of x [rows, columns]. */
export function sumRows(x: usize, rows: i32, columns: i32, out: usize): void {
  memory.copy(out, x, <usize>columns * 4);
  for (let row = 1; row < rows; row++) {
    x += <usize>columns * 4;
    let column = 0;
    for (; column + 4 <= columns; column += 4) {
      const at = <usize>column * 4;
      v128.store(out + at, f32x4.add(v128.load(out + at), v128.load(x + at)));
    }
    for (; column < columns; column++) {
      const at = <usize>column * 4;
      store<f32>(out + at, load<f32>(out + at) + load<f32>(x + at));
    }
  }
}
