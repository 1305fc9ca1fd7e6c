/** Points on two log axes, told apart by shape and colour, with a front through some of them. By mouse and by keyboard. */
import { element } from "../controls/element";
import { onThemeChange, themeColour } from "./theme";
import { logTicks, tick } from "./ticks";

export type Shape = "circle" | "cross" | "triangle" | "square";

export interface ScatterPoint {
  /** Tells points apart. */
  id: number;
  /** Above 0. */
  x: number;
  y: number;
  shape: Shape;
  /** A colour of the theme. */
  colour: string;
  /** On the front, which goes through these in the order of x. */
  front: boolean;
}

export interface ScatterOptions {
  /** What the picture is, for a screen reader. */
  label: string;
  x: string;
  y: string;
  height: number;
  /** A point in words; said when the keyboard gets there. */
  say: (id: number) => string;
  onHover: (id: number | null) => void;
  onPick: (id: number) => void;
}

const plot = { left: 62, top: 10, right: 14, bottom: 40 };
/** Pixels from a point at which the mouse is on it. */
const near = 14;
const size = 4.5;

export class Scatter {
  readonly node: HTMLElement;
  private readonly canvas: HTMLCanvasElement;
  private readonly spoken: HTMLElement;
  private points: readonly ScatterPoint[] = [];
  private selected: number | null = null;
  private hovered: number | null = null;
  private frame: number | undefined;

  constructor(private readonly options: ScatterOptions) {
    this.canvas = element("canvas", { tabindex: "0", role: "application", "aria-roledescription": "scatter plot" }) as HTMLCanvasElement; // prettier-ignore
    this.spoken = element("div", { class: "visually-hidden", "aria-live": "polite" });
    this.node = element("div", { class: "scatter" }, this.canvas, this.spoken);
    this.describe("");
    new ResizeObserver(() => this.draw()).observe(this.node);
    onThemeChange(() => this.draw());
    this.listen();
  }

  show(points: readonly ScatterPoint[], summary: string): void {
    // In the order of the front, so that the keyboard goes from the cheap to the costly.
    this.points = [...points].sort((a, b) => a.x - b.x || a.y - b.y);
    this.describe(summary);
    this.draw();
  }

  select(id: number | null): void {
    if (this.selected === id) return;
    this.selected = id;
    this.draw();
  }

  /** A point that the mouse is on elsewhere. */
  mark(id: number | null): void {
    if (this.hovered === id) return;
    this.hovered = id;
    this.draw();
  }

  private describe(summary: string): void {
    this.canvas.setAttribute("aria-label", `${this.options.label}. ${summary} Arrow keys move from point to point, Enter selects. The table below has all of it.`); // prettier-ignore
  }

  private get width(): number {
    return Math.max(240, this.node.clientWidth);
  }

  /** From values to pixels. */
  private scales(): { x: (value: number) => number; y: (value: number) => number; xs: Range; ys: Range } {
    const xs = rangeOf(this.points.map(({ x }) => x));
    const ys = rangeOf(this.points.map(({ y }) => y));
    const [width, height] = [this.width - plot.left - plot.right, this.options.height - plot.top - plot.bottom];
    const share = (value: number, { least, most }: Range) => Math.log(value / least) / Math.log(most / least);
    return {
      x: (value) => plot.left + width * share(value, xs),
      y: (value) => plot.top + height * (1 - share(value, ys)),
      xs,
      ys,
    };
  }

  private listen(): void {
    const { canvas, options } = this;
    canvas.addEventListener("mousemove", (event) => this.hover(this.at(event.offsetX, event.offsetY)));
    canvas.addEventListener("mouseleave", () => this.hover(null));
    canvas.addEventListener("click", (event) => {
      const id = this.at(event.offsetX, event.offsetY);
      if (id !== null) options.onPick(id);
    });
    canvas.addEventListener("keydown", (event) => {
      const { points } = this;
      const here = points.findIndex(({ id }) => id === (this.hovered ?? this.selected));
      const steps: Record<string, number> = {
        ArrowRight: here + 1,
        ArrowUp: here + 1,
        ArrowLeft: here - 1,
        ArrowDown: here - 1,
        Home: 0,
        End: points.length - 1,
      };
      if (event.key in steps && points.length > 0) {
        const { id } = points[Math.max(0, Math.min(points.length - 1, steps[event.key]))];
        this.hover(id);
        this.spoken.textContent = options.say(id);
      } else if (event.key === "Enter" && this.hovered !== null) options.onPick(this.hovered);
      else return;
      event.preventDefault();
    });
  }

  private hover(id: number | null): void {
    if (this.hovered === id) return;
    this.mark(id);
    this.options.onHover(id);
  }

  private at(x: number, y: number): number | null {
    const to = this.scales();
    let [closest, least] = [null as number | null, near ** 2];
    for (const point of this.points) {
      const distance = (to.x(point.x) - x) ** 2 + (to.y(point.y) - y) ** 2;
      if (distance < least) [closest, least] = [point.id, distance];
    }
    return closest;
  }

  private draw(): void {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      this.paint();
    });
  }

  private paint(): void {
    const { canvas, options, points } = this;
    const [width, height, ratio] = [this.width, options.height, window.devicePixelRatio];
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    const context = canvas.getContext("2d")!;
    context.scale(ratio, ratio);
    context.font = `11px ${getComputedStyle(document.body).fontFamily}`;
    const to = this.scales();
    this.paintAxes(context, to, width, height);

    const front = points.filter((point) => point.front);
    context.strokeStyle = themeColour("foreground");
    context.setLineDash([5, 4]);
    context.beginPath();
    // A step: up to the next cost the margin is that of the point before.
    front.forEach(({ x, y }, i) => {
      if (i > 0) context.lineTo(to.x(x), to.y(front[i - 1].y));
      context.lineTo(to.x(x), to.y(y));
    });
    context.stroke();
    context.setLineDash([]);

    for (const point of points) {
      const [x, y] = [to.x(point.x), to.y(point.y)];
      const colour = themeColour(point.colour);
      paintShape(context, point.shape, x, y, colour);
      if (point.front) paintRing(context, x, y, size + 3.5, themeColour("foreground"), 1.5);
    }
    const marked: [number | null, number][] = [
      [this.hovered, 1.5],
      [this.selected, 3],
    ];
    for (const [id, line] of marked) {
      const point = points.find((one) => one.id === id);
      if (point) paintRing(context, to.x(point.x), to.y(point.y), size + 7, themeColour("focusBorder", "foreground"), line); // prettier-ignore
    }
  }

  private paintAxes(
    context: CanvasRenderingContext2D,
    to: ReturnType<Scatter["scales"]>,
    width: number,
    height: number,
  ): void {
    // prettier-ignore
    const text = themeColour("descriptionForeground", "foreground");
    context.strokeStyle = `color-mix(in srgb, ${themeColour("foreground")} 14%, transparent)`;
    context.fillStyle = text;
    context.lineWidth = 1;
    const [right, bottom] = [width - plot.right, height - plot.bottom];
    const line = (x0: number, y0: number, x1: number, y1: number) => {
      context.beginPath();
      context.moveTo(x0, y0);
      context.lineTo(x1, y1);
      context.stroke();
    };
    context.textAlign = "center";
    context.textBaseline = "top";
    for (const value of logTicks(to.xs.least, to.xs.most)) {
      line(to.x(value), plot.top, to.x(value), bottom);
      context.fillText(tick(value), to.x(value), bottom + 6);
    }
    context.fillText(this.options.x, (plot.left + right) / 2, bottom + 22);
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const value of logTicks(to.ys.least, to.ys.most)) {
      line(plot.left, to.y(value), right, to.y(value));
      context.fillText(tick(value), plot.left - 6, to.y(value));
    }
    context.save();
    context.translate(10, (plot.top + bottom) / 2);
    context.rotate(-Math.PI / 2);
    context.textAlign = "center";
    context.fillText(this.options.y, 0, 0);
    context.restore();
  }
}

interface Range {
  least: number;
  most: number;
}

/** All values with some room, at least a factor of 4 in all. */
function rangeOf(values: readonly number[]): Range {
  const [least, most] = values.reduce(([low, high], x) => [Math.min(low, x), Math.max(high, x)], [Infinity, 0]);
  if (most === 0) return { least: 0.1, most: 1 };
  const room = Math.max(1.25, Math.sqrt((4 * least) / most));
  return { least: least / room, most: most * room };
}

function paintRing(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  radius: number,
  colour: string,
  line: number,
): void {
  // prettier-ignore
  context.strokeStyle = colour;
  context.lineWidth = line;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.stroke();
  context.lineWidth = 1;
}

function paintShape(context: CanvasRenderingContext2D, shape: Shape, x: number, y: number, colour: string): void {
  context.fillStyle = colour;
  context.strokeStyle = colour;
  context.beginPath();
  switch (shape) {
    case "circle":
      context.arc(x, y, size, 0, 2 * Math.PI);
      return context.fill();
    case "square":
      return context.fillRect(x - size * 0.9, y - size * 0.9, size * 1.8, size * 1.8);
    case "triangle":
      context.moveTo(x, y - size * 1.2);
      context.lineTo(x + size * 1.1, y + size * 0.8);
      context.lineTo(x - size * 1.1, y + size * 0.8);
      return context.fill();
    case "cross":
      context.lineWidth = 2;
      for (const side of [1, -1]) {
        context.moveTo(x - size * 0.9, y - side * size * 0.9);
        context.lineTo(x + size * 0.9, y + side * size * 0.9);
      }
      context.stroke();
      context.lineWidth = 1;
  }
}
