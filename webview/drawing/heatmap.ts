/** A square of coloured cells, small or a million, that can be zoomed, moved, and walked through with the keyboard. */
import { element } from "../controls/element";
import { onThemeChange, themeColour } from "./theme";

export interface Cell {
  row: number;
  column: number;
}

/** What is shown: one colour a cell, row by row. */
export interface Cells {
  size: number;
  /** RGBA, 4 * size * size. */
  pixels: Uint8ClampedArray;
  /** Whether a cell is outlined. */
  outlined?: (index: number) => boolean;
  /** What is written into a cell where cells are large enough for it. */
  written?: (index: number) => string;
}

export interface HeatmapOptions {
  /** What the picture is, for a screen reader. */
  label: string;
  rows: string;
  columns: string;
  /** The largest side of the picture in pixels. */
  side: number;
  /** A cell in words; said when the keyboard gets there. */
  say?: (cell: Cell) => string;
  onHover?: (cell: Cell | null) => void;
  onPick?: (cell: Cell) => void;
}

/** Pixels left and above for the numbers of tokens. */
const margin = 36;
/** A cell never gets larger on the screen. */
const largestCell = 64;
/** From this size on outlines and numbers of every cell are drawn. */
const outlinedFrom = 5;
const numberedFrom = 18;

export class Heatmap {
  readonly node: HTMLElement;
  private readonly canvas: HTMLCanvasElement;
  private readonly spoken: HTMLElement;
  private image: OffscreenCanvas | undefined;
  private cells: Cells | undefined;
  /** Pixels of a cell, and the cell at the upper left corner, perhaps a fraction. */
  private scale = 1;
  private left = 0;
  private top = 0;
  /** All cells are on view, and stay so when the page gets wider or narrower. */
  private all = true;
  private cursor: Cell | null = null;
  private marked: Cell | null = null;
  private frame: number | undefined;

  constructor(private readonly options: HeatmapOptions) {
    const { label, onPick, say } = options;
    this.canvas = element("canvas", {
      tabindex: "0",
      role: "application",
      "aria-roledescription": "heatmap",
      "aria-label": `${label}. Arrow keys move from cell to cell, plus and minus zoom, 0 shows all${onPick ? ", Enter goes to the cause" : ""}.`,
    }) as HTMLCanvasElement;
    this.spoken = element("div", { class: "visually-hidden", "aria-live": say ? "polite" : "off" });
    this.node = element("div", { class: "heatmap" }, this.canvas, this.spoken);
    new ResizeObserver(() => this.draw()).observe(this.node);
    onThemeChange(() => this.draw());
    this.listen();
  }

  show(cells: Cells): void {
    const first = this.cells?.size !== cells.size;
    this.cells = cells;
    if (this.image?.width !== cells.size) this.image = new OffscreenCanvas(cells.size, cells.size);
    const pixels = new ImageData(cells.pixels as Uint8ClampedArray<ArrayBuffer>, cells.size);
    this.image.getContext("2d")!.putImageData(pixels, 0, 0);
    if (first) {
      this.cursor = null;
      this.showAll();
    }
    this.draw();
  }

  /** Outlines a cell of another picture's choice. */
  mark(cell: Cell | null): void {
    if (cell?.row === this.marked?.row && cell?.column === this.marked?.column) return;
    this.marked = cell;
    this.draw();
  }

  /** Moves the keyboard's cell there, and the picture so that it is on view. */
  goTo(cell: Cell): void {
    this.cursor = cell;
    this.reveal(cell);
    this.draw();
  }

  zoom(factor: number, at?: { x: number; y: number }): void {
    const { plot } = this;
    const { x, y } = at ?? { x: margin + plot / 2, y: margin + plot / 2 };
    const column = this.left + (x - margin) / this.scale;
    const row = this.top + (y - margin) / this.scale;
    this.all = false;
    this.scale = Math.min(Math.max(this.scale * factor, this.fitting), Math.max(largestCell, this.fitting));
    this.left = column - (x - margin) / this.scale;
    this.top = row - (y - margin) / this.scale;
    this.draw();
  }

  showAll(): void {
    this.all = true;
    this.draw();
  }

  /** Pixels of the side of the cells' area. */
  private get plot(): number {
    const width = this.node.clientWidth || this.options.side;
    return Math.max(64, Math.min(width, this.options.side) - margin - 1);
  }

  /** The scale at which all cells are on view. */
  private get fitting(): number {
    return this.cells === undefined ? 1 : Math.min(largestCell, this.plot / this.cells.size);
  }

  private cellAt(x: number, y: number): Cell | null {
    if (this.cells === undefined || x < margin || y < margin) return null;
    const column = Math.floor(this.left + (x - margin) / this.scale);
    const row = Math.floor(this.top + (y - margin) / this.scale);
    return row < this.cells.size && column < this.cells.size ? { row, column } : null;
  }

  private reveal({ row, column }: Cell): void {
    const seen = this.plot / this.scale;
    if (column < this.left) this.left = column;
    if (column + 1 > this.left + seen) this.left = column + 1 - seen;
    if (row < this.top) this.top = row;
    if (row + 1 > this.top + seen) this.top = row + 1 - seen;
  }

  private listen(): void {
    const { canvas, options } = this;
    let held: { x: number; y: number; moved: boolean } | undefined;
    const position = (event: MouseEvent) => ({ x: event.offsetX, y: event.offsetY });
    canvas.addEventListener("pointerdown", (event) => {
      held = { ...position(event), moved: false };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      const { x, y } = position(event);
      if (held !== undefined && (held.moved || Math.hypot(x - held.x, y - held.y) > 4)) {
        this.left -= (x - held.x) / this.scale;
        this.top -= (y - held.y) / this.scale;
        held = { x, y, moved: true };
        this.draw();
      } else options.onHover?.(this.cellAt(x, y));
    });
    canvas.addEventListener("pointerup", (event) => {
      const { x, y } = position(event);
      const cell = held?.moved === false ? this.cellAt(x, y) : null;
      held = undefined;
      if (cell === null) return;
      this.cursor = cell;
      this.draw();
      options.onPick?.(cell);
    });
    canvas.addEventListener("pointerleave", () => options.onHover?.(null));
    canvas.addEventListener("dblclick", () => this.showAll());
    canvas.addEventListener(
      "wheel",
      (event) => {
        // A wheel that is not meant for the picture scrolls the page.
        if (!event.ctrlKey && document.activeElement !== canvas) return;
        event.preventDefault();
        this.zoom(Math.exp(-event.deltaY / 300), position(event));
      },
      { passive: false },
    );
    canvas.addEventListener("focus", () => {
      this.cursor ??= { row: 0, column: 0 };
      this.draw();
    });
    canvas.addEventListener("blur", () => this.draw());
    canvas.addEventListener("keydown", (event) => {
      const steps: Record<string, [number, number]> = {
        ArrowUp: [-1, 0],
        ArrowDown: [1, 0],
        ArrowLeft: [0, -1],
        ArrowRight: [0, 1],
      };
      const step = steps[event.key] as [number, number] | undefined;
      if (step !== undefined) this.walk(step[0] * (event.shiftKey ? 10 : 1), step[1] * (event.shiftKey ? 10 : 1));
      else if (event.key === "+" || event.key === "=") this.zoom(1.5);
      else if (event.key === "-") this.zoom(1 / 1.5);
      else if (event.key === "0") this.showAll();
      else if (event.key === "Enter" && this.cursor !== null) options.onPick?.(this.cursor);
      else return;
      event.preventDefault();
    });
  }

  private walk(rows: number, columns: number): void {
    if (this.cells === undefined) return;
    const within = (x: number) => Math.min(Math.max(x, 0), this.cells!.size - 1);
    const { row, column } = this.cursor ?? { row: 0, column: 0 };
    this.cursor = { row: within(row + rows), column: within(column + columns) };
    this.reveal(this.cursor);
    this.draw();
    this.options.onHover?.(this.cursor);
    this.spoken.textContent = this.options.say?.(this.cursor) ?? "";
  }

  /** Draws with the next frame of the screen. */
  private draw(): void {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      this.paint();
    });
  }

  private paint(): void {
    const { canvas, cells, image, plot } = this;
    if (cells === undefined || image === undefined) return;
    const { size } = cells;
    if (this.all) [this.scale, this.left, this.top] = [this.fitting, 0, 0];
    this.scale = Math.max(this.scale, this.fitting);
    const seen = plot / this.scale;
    this.left = Math.min(Math.max(this.left, 0), Math.max(0, size - seen));
    this.top = Math.min(Math.max(this.top, 0), Math.max(0, size - seen));
    const ratio = window.devicePixelRatio;
    const shown = Math.min(plot, size * this.scale);
    const side = margin + shown + 1;
    if (canvas.width !== Math.round(side * ratio)) {
      canvas.width = canvas.height = Math.round(side * ratio);
      canvas.style.width = canvas.style.height = `${side}px`;
    }
    const context = canvas.getContext("2d")!;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, side, side);
    context.save();
    context.beginPath();
    context.rect(margin, margin, shown, shown);
    context.clip();
    // Smaller than a pixel, cells are averaged, so that no line of them gets lost.
    context.imageSmoothingEnabled = this.scale * ratio < 1;
    context.drawImage(
      image,
      margin - this.left * this.scale,
      margin - this.top * this.scale,
      size * this.scale,
      size * this.scale,
    );
    this.paintOutlines(context, cells, seen);
    this.paintWriting(context, cells, seen);
    context.restore();
    context.strokeStyle = themeColour("contrastBorder", "panel-border", "descriptionForeground");
    context.lineWidth = 1;
    context.strokeRect(margin - 0.5, margin - 0.5, shown + 1, shown + 1);
    this.paintNumbers(context, size, seen, shown);
  }

  private rectangle({ row, column }: Cell, inset: number): [number, number, number, number] {
    const side = Math.max(this.scale, 3) - 2 * inset;
    return [
      margin + (column - this.left) * this.scale + inset,
      margin + (row - this.top) * this.scale + inset,
      side,
      side,
    ];
  }

  private paintOutlines(context: CanvasRenderingContext2D, { size, outlined }: Cells, seen: number): void {
    const foreground = themeColour("foreground");
    if (outlined !== undefined && this.scale >= outlinedFrom) {
      context.strokeStyle = foreground;
      context.lineWidth = 1;
      const from = (start: number) => Math.max(0, Math.floor(start));
      const to = (start: number) => Math.min(size, Math.ceil(start + seen));
      context.beginPath();
      for (let row = from(this.top); row < to(this.top); row++)
        for (let column = from(this.left); column < to(this.left); column++)
          if (outlined(row * size + column)) context.rect(...this.rectangle({ row, column }, 1));
      context.stroke();
    }
    if (this.marked !== null) {
      context.strokeStyle = foreground;
      context.lineWidth = 2;
      context.strokeRect(...this.rectangle(this.marked, 0));
    }
    if (this.cursor !== null && document.activeElement === this.canvas) {
      context.strokeStyle = themeColour("focusBorder");
      context.lineWidth = 3;
      context.strokeRect(...this.rectangle(this.cursor, -1));
    }
  }

  private paintWriting(context: CanvasRenderingContext2D, { size, pixels, written }: Cells, seen: number): void {
    if (written === undefined || this.scale < numberedFrom) return;
    const family = getComputedStyle(document.body).fontFamily;
    context.font = `${Math.min(14, Math.round(this.scale / 2))}px ${family}`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    for (let row = Math.floor(this.top); row < Math.min(size, Math.ceil(this.top + seen)); row++)
      for (let column = Math.floor(this.left); column < Math.min(size, Math.ceil(this.left + seen)); column++) {
        const index = row * size + column;
        const [red, green, blue] = pixels.subarray(4 * index, 4 * index + 3);
        // Black and white are equally far from a grey of this luma.
        context.fillStyle = 0.299 * red + 0.587 * green + 0.114 * blue > 118 ? "#000" : "#fff";
        const [left, top, side] = this.rectangle({ row, column }, 0);
        context.fillText(written(index), left + side / 2, top + side / 2);
      }
  }

  private paintNumbers(context: CanvasRenderingContext2D, size: number, seen: number, shown: number): void {
    context.fillStyle = themeColour("descriptionForeground");
    const family = getComputedStyle(document.body).fontFamily;
    context.font = `11px ${family}`;
    context.textBaseline = "middle";
    const { rows, columns } = this.options;
    context.textAlign = "center";
    context.fillText(columns, margin + shown / 2, 8);
    context.save();
    context.translate(8, margin + shown / 2);
    context.rotate(-Math.PI / 2);
    context.fillText(rows, 0, 0);
    context.restore();
    // Numbers at every token, or at so many that they do not touch.
    const every = this.scale >= numberedFrom ? 1 : niceStep(44 / this.scale);
    const along = (start: number, write: (token: number, at: number) => void) => {
      for (let token = Math.ceil(start / every) * every; token < Math.min(size, start + seen); token += every) {
        const at = margin + (token + 0.5 - start) * this.scale;
        if (at <= margin + shown) write(token, at);
      }
    };
    context.textAlign = "center";
    along(this.left, (token, at) => context.fillText(String(token), at, margin - 9));
    context.textAlign = "right";
    along(this.top, (token, at) => context.fillText(String(token), margin - 5, at));
  }
}

/** 1, 2, 5, 10, 20, ...: the least that is not below. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= least) ?? power * 10;
}
