/**
 * Kernels for the WASM backend, in AssemblyScript: `npm run build:kernels` compiles them into kernelsBinary.ts. They work in the memory of
 * TensorFlow.js's own module; every address is in bytes, every matrix row-major float32.
 *
 * Every thread has an instance of this module on the one memory. A kernel is called on the main thread, which cuts its work into pieces. Each thread
 * takes the next piece until none is left, so one that comes late costs no more than its help. What a piece computes depends neither on the others nor
 * on the thread, so results are the same with any number of threads.
 */

/**
 * Waiting and waking are JavaScript's `Atomics`: V8's baseline compiler of Node 20 forgets a local variable over WebAssembly's own instruction for
 * waiting, and what is stored next goes to address 0.
 */
declare function sleep(address: usize, value: i32): void;
declare function wake(address: usize, count: i32): void;

/** Rows and columns of the tile that the innermost loop of a product keeps in registers. */
const tileRows: i32 = 4;
const tileColumns: i32 = 8;
/** Packed at a time: so many terms of the sum, so many rows of A and columns of B. They fit the second-level cache. */
const depth: i32 = 256;
const height: i32 = 96;
const breadth: i32 = 256;

/** What the threads share, a cache line each: the pieces not taken (at 0), those not done, the threads asleep; and the work that the pieces are of. */
const notDoneAt: i32 = 64;
const asleepAt: i32 = 128;
const workAt: i32 = 192;
const sharedBytes: i32 = 256;

/** What each thread has for itself: the number of pieces that it has computed (at 0), a spare tile, a packed block of A and one of B. */
const tileAt: i32 = 64;
const packedAAt: i32 = tileAt + 4 * tileRows * tileColumns;
const packedBAt: i32 = packedAAt + 4 * depth * height;
const ownBytes: i32 = packedBAt + 4 * depth * breadth;

/** Turns of a loop that waits before its thread goes to sleep: some 60 microseconds, about what waking it takes. */
const patience: i32 = 200000;
/** Pieces for each thread, so that one that is slow, or has other work, gets fewer; and the fewest operations in a piece, about a microsecond. */
const piecesEach: i32 = 2;
const grain: i32 = 20000;

/** Of this instance: where both are, and, on the main thread, how many threads there are. */
let shared: usize = 0;
let own: usize = 0;
let threads: i32 = 1;

/** The bytes, zero at first, that so many threads need to work together. */
export function bytesFor(threads: i32): i32 {
  return sharedBytes + threads * ownBytes;
}

/** Called on the main thread before any kernel, with the address of those bytes and the number of threads that serve, itself included. */
export function lead(address: usize, count: i32): void {
  shared = address;
  own = address + sharedBytes;
  threads = count;
}

/** Called on every other thread, which gets a number from 1 on; never returns. */
export function serve(address: usize, thread: i32): void {
  shared = address;
  own = address + sharedBytes + thread * ownBytes;
  for (;;) {
    takePieces();
    let turn = 0;
    while (turn < patience && atomic.load<i32>(shared) === 0) turn++;
    if (turn < patience) continue;
    atomic.add<i32>(shared + asleepAt, 1);
    sleep(shared, 0);
    atomic.sub<i32>(shared + asleepAt, 1);
  }
}

/** The pieces that a thread has computed so far; 0 is the main one. */
export function computedBy(thread: i32): i32 {
  return atomic.load<i32>(shared + sharedBytes + thread * ownBytes);
}

/** Has the pieces of the work that is described at `workAt` computed; returns when all are done. */
function run(pieces: i32): void {
  if (threads === 1 || pieces === 1) {
    for (let piece = 0; piece < pieces; piece++) compute(piece);
    return;
  }
  atomic.store<i32>(shared + notDoneAt, pieces);
  atomic.store<i32>(shared, pieces);
  if (atomic.load<i32>(shared + asleepAt) > 0) wake(shared, pieces - 1);
  takePieces();
  for (let turn = 0; ; turn++) {
    const notDone = atomic.load<i32>(shared + notDoneAt);
    if (notDone === 0) return;
    if (turn >= patience) sleep(shared + notDoneAt, notDone);
  }
}

/** A piece that is taken keeps its work from being done, and with it the description of the work in its place. */
function takePieces(): void {
  for (;;) {
    const left = atomic.load<i32>(shared);
    if (left === 0) return;
    if (atomic.cmpxchg<i32>(shared, left, left - 1) !== left) continue;
    compute(left - 1);
    if (atomic.sub<i32>(shared + notDoneAt, 1) === 1) wake(shared + notDoneAt, 1);
  }
}

/** The work's first word says what it is: 0 a product, else a combination. */
function compute(piece: i32): void {
  atomic.store<i32>(own, atomic.load<i32>(own) + 1);
  if (load<i32>(shared + workAt) === 0) multiplyPiece(piece);
  else combinePiece(piece);
}

/** How many pieces so many operations are worth; need not be whole. */
function piecesOf(operations: f64): f64 {
  return threads === 1 ? 1 : max<f64>(1, min<f64>(threads * piecesEach, operations / grain));
}

/** `size` divided by `parts`, rounded up to a multiple of `unit`, but no more than `size`. */
function share(size: i32, parts: f64, unit: i32): i32 {
  return min(size, <i32>Math.ceil(<f64>size / parts / unit) * unit);
}

/** How many parts of a size make up the whole. */
function count(whole: i32, part: i32): i32 {
  return (whole + part - 1) / part;
}

/**
 * c = A B for `slices` matrices c [m, n]. A is [m, k], or [k, m] if transposed, and B is [k, n], or [n, k]. `nextA` and `nextB` are the elements from
 * the matrix of a slice to that of the next, 0 where all have the same.
 */
export function multiply(
  a: usize,
  b: usize,
  c: usize,
  m: i32,
  k: i32,
  n: i32,
  transposeA: bool,
  transposeB: bool,
  slices: i32,
  nextA: i32,
  nextB: i32,
): void {
  // A piece has whole slices, or a part of one that is nearly square: then the least is packed by more than one piece.
  const pieces = piecesOf(<f64>slices * <f64>m * <f64>k * <f64>n);
  let rows = m;
  let columns = n;
  for (let cut = <f64>slices; cut < pieces; cut *= 2) {
    if (rows >= columns) rows = share(rows, 2, tileRows);
    else columns = share(columns, 2, tileColumns);
  }
  const work = shared + workAt;
  const slicesEach = share(slices, pieces, 1);
  store<i32>(work, 0);
  store<usize>(work, a, 4);
  store<usize>(work, b, 8);
  store<usize>(work, c, 12);
  store<i32>(work, m, 16);
  store<i32>(work, k, 20);
  store<i32>(work, n, 24);
  store<i32>(work, transposeA, 28);
  store<i32>(work, transposeB, 32);
  store<i32>(work, slices, 36);
  store<i32>(work, nextA, 40);
  store<i32>(work, nextB, 44);
  store<i32>(work, slicesEach, 48);
  store<i32>(work, rows, 52);
  store<i32>(work, columns, 56);
  run(count(slices, slicesEach) * count(m, rows) * count(n, columns));
}

function multiplyPiece(piece: i32): void {
  const work = shared + workAt;
  const m = load<i32>(work, 16);
  const n = load<i32>(work, 24);
  const slicesEach = load<i32>(work, 48);
  const rows = load<i32>(work, 52);
  const columns = load<i32>(work, 56);
  const down = count(m, rows);
  const across = count(n, columns);
  const row = (piece % down) * rows;
  const column = ((piece / down) % across) * columns;
  const first = (piece / down / across) * slicesEach;
  for (let slice = first; slice < min(first + slicesEach, load<i32>(work, 36)); slice++)
    multiplyBlock(
      load<usize>(work, 4) + <usize>(slice * load<i32>(work, 40)) * 4,
      load<usize>(work, 8) + <usize>(slice * load<i32>(work, 44)) * 4,
      load<usize>(work, 12) + <usize>(slice * m * n) * 4,
      m,
      load<i32>(work, 20),
      n,
      load<i32>(work, 28) !== 0,
      load<i32>(work, 32) !== 0,
      row,
      min(m, row + rows),
      column,
      min(n, column + columns),
    );
}

/**
 * The rows and columns of c = A B that are given. It follows Goto and van de Geijn (Anatomy of high-performance matrix multiplication, 2008): panels
 * of both operands are packed so that the innermost loop reads both in order, whatever was transposed.
 */
function multiplyBlock(
  a: usize,
  b: usize,
  c: usize,
  m: i32,
  k: i32,
  n: i32,
  transposeA: bool,
  transposeB: bool,
  firstRow: i32,
  lastRow: i32,
  firstColumn: i32,
  lastColumn: i32,
): void {
  const tile = own + tileAt;
  const packedA = own + packedAAt;
  const packedB = own + packedBAt;
  for (let q = firstColumn; q < lastColumn; q += breadth) {
    const columns = min(breadth, lastColumn - q);
    for (let p = 0; p < k; p += depth) {
      const terms = min(depth, k - p);
      if (transposeB) packRows(b + <usize>(q * k + p) * 4, k, columns, terms, tileColumns, packedB);
      else packColumns(b + <usize>(p * n + q) * 4, n, columns, terms, tileColumns, packedB);
      for (let i = firstRow; i < lastRow; i += height) {
        const rows = min(height, lastRow - i);
        if (transposeA) packColumns(a + <usize>(p * m + i) * 4, m, rows, terms, tileRows, packedA);
        else packRows(a + <usize>(i * k + p) * 4, k, rows, terms, tileRows, packedA);
        for (let j = 0; j < columns; j += tileColumns) {
          const panelB = packedB + <usize>(j * terms) * 4;
          for (let r = 0; r < rows; r += tileRows) {
            const panelA = packedA + <usize>(r * terms) * 4;
            const at = c + <usize>((i + r) * n + q + j) * 4;
            if (rows - r >= tileRows && columns - j >= tileColumns)
              multiplyTile(panelA, panelB, terms, at, <usize>n * 4, p > 0);
            else {
              multiplyTile(panelA, panelB, terms, tile, tileColumns * 4, false);
              copyPart(tile, at, min(tileRows, rows - r), min(tileColumns, columns - j), <usize>n * 4, p > 0);
            }
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

/**
 * out [rows, columns] = a + b, a - b or a b, for `operation` 1, 2 or 3, element by element. `nextA` is the elements from a row of a to the next, `stepA`
 * from a column to the next, which is 0 or 1; likewise for b.
 */
export function combine(
  operation: i32,
  a: usize,
  nextA: i32,
  stepA: i32,
  b: usize,
  nextB: i32,
  stepB: i32,
  out: usize,
  rows: i32,
  columns: i32,
): void {
  const size = rows * columns;
  const work = shared + workAt;
  const sizeEach = share(size, piecesOf(size), 16);
  store<i32>(work, operation);
  store<usize>(work, a, 4);
  store<i32>(work, nextA, 8);
  store<i32>(work, stepA, 12);
  store<usize>(work, b, 16);
  store<i32>(work, nextB, 20);
  store<i32>(work, stepB, 24);
  store<usize>(work, out, 28);
  store<i32>(work, columns, 32);
  store<i32>(work, size, 36);
  store<i32>(work, sizeEach, 40);
  run(count(size, sizeEach));
}

function combinePiece(piece: i32): void {
  const work = shared + workAt;
  const stepA = load<i32>(work, 12);
  const stepB = load<i32>(work, 24);
  const columns = load<i32>(work, 32);
  const sizeEach = load<i32>(work, 40);
  const end = min(piece * sizeEach + sizeEach, load<i32>(work, 36));
  for (let at = piece * sizeEach; at < end;) {
    const row = at / columns;
    const column = at % columns;
    const here = min(columns - column, end - at);
    combineRow(
      load<i32>(work),
      load<usize>(work, 4) + <usize>(row * load<i32>(work, 8) + column * stepA) * 4,
      stepA,
      load<usize>(work, 16) + <usize>(row * load<i32>(work, 20) + column * stepB) * 4,
      stepB,
      load<usize>(work, 28) + <usize>at * 4,
      here,
    );
    at += here;
  }
}

function combineRow(operation: i32, a: usize, stepA: i32, b: usize, stepB: i32, out: usize, columns: i32): void {
  // a - b is a + (-b), exactly.
  const sign = f32x4.splat(operation === 2 ? -0.0 : 0.0);
  let x = v128.load32_splat(a);
  let y = v128.load32_splat(b);
  let column = 0;
  for (; column + 4 <= columns; column += 4) {
    if (stepA !== 0) x = v128.load(a + <usize>column * 4);
    if (stepB !== 0) y = v128.load(b + <usize>column * 4);
    v128.store(out + <usize>column * 4, operation === 3 ? f32x4.mul(x, y) : f32x4.add(x, v128.xor(y, sign)));
  }
  for (; column < columns; column++) {
    const u = load<f32>(a + <usize>(column * stepA) * 4);
    const v = load<f32>(b + <usize>(column * stepB) * 4);
    store<f32>(out + <usize>column * 4, operation === 3 ? u * v : operation === 2 ? u - v : u + v);
  }
}

/**
 * out [columns] = the sum of the rows of x [rows, columns]. On one thread, for memory is all that bounds it: two that share the columns take more than
 * twice as long.
 */
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
