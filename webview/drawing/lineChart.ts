/** Curves over steps on a log axis, live, with horizontal bands that they may not cross. */
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { element } from "../controls/element";
import { seriesDashes } from "./series";
import { onThemeChange, seriesColour, themeColour } from "./theme";
import { legend, logTicks, type Picture, smallest, thinned, tick } from "./ticks";

export class LineChart {
  readonly node: HTMLElement;
  private plot: uPlot | undefined;
  private readonly holder = element("div", { class: "chart", "aria-hidden": "true" });
  private readonly readout = element("p", { class: "readout quiet" });
  private picture: Picture = { curves: [], bands: [] };
  /** What the plot was made for; another set of curves needs another plot. */
  private made = "";
  private frame: number | undefined;

  constructor(
    label: string,
    private readonly axis: string,
    private readonly height: number,
  ) {
    this.node = element("figure", { class: "curves", role: "img", "aria-label": label }, this.holder, this.readout);
    new ResizeObserver(() => this.plot?.setSize(this.size)).observe(this.node);
    onThemeChange(() => {
      this.made = "";
      this.draw();
    });
  }

  show(picture: Picture): void {
    this.picture = picture;
    this.draw();
  }

  /** The picture as it is on the screen, with a legend. */
  async png(): Promise<Uint8Array> {
    const source = this.plot?.ctx.canvas;
    if (source === undefined) return new Uint8Array(0);
    const ratio = window.devicePixelRatio;
    const lines = legend(this.picture);
    const lineHeight = 18 * ratio;
    const canvas = new OffscreenCanvas(source.width, source.height + Math.ceil(lineHeight * (lines.length + 1)));
    const context = canvas.getContext("2d")!;
    context.fillStyle = themeColour("editor-background");
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(source, 0, 0);
    context.font = `${12 * ratio}px ${getComputedStyle(document.body).fontFamily}`;
    lines.forEach(({ text, colour }, i) => {
      const y = source.height + lineHeight * (i + 0.8);
      context.fillStyle = seriesColour(colour);
      context.fillRect(12 * ratio, y - 8 * ratio, 18 * ratio, 4 * ratio);
      context.fillStyle = themeColour("foreground");
      context.fillText(text, 38 * ratio, y);
    });
    return new Uint8Array(await (await canvas.convertToBlob({ type: "image/png" })).arrayBuffer());
  }

  private get size(): { width: number; height: number } {
    return { width: Math.max(240, this.node.clientWidth), height: this.height };
  }

  private draw(): void {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      this.paint();
    });
  }

  private paint(): void {
    const { curves } = this.picture;
    const wanted = JSON.stringify(curves.map(({ label, colour, kind }) => [label, colour, kind]));
    const tables = curves.map((curve) => {
      const { x, y } = thinned(curve);
      return [x, y] as uPlot.AlignedData;
    });
    const data = tables.length === 0 ? ([[]] as unknown as uPlot.AlignedData) : uPlot.join(tables);
    if (wanted === this.made && this.plot !== undefined) {
      this.plot.setData(data);
      return;
    }
    this.plot?.destroy();
    this.plot = new uPlot(this.options(), data, this.holder);
    this.made = wanted;
  }

  private options(): uPlot.Options {
    const text = themeColour("descriptionForeground", "foreground");
    // Faint in every theme, those of high contrast among them.
    const grid = { stroke: `color-mix(in srgb, ${themeColour("foreground")} 14%, transparent)`, width: 1 };
    const axis = { stroke: text, grid, ticks: grid, font: `11px ${getComputedStyle(document.body).fontFamily}` };
    return {
      ...this.size,
      legend: { show: false },
      cursor: { drag: { x: true, y: false }, points: { show: false } },
      scales: {
        x: { time: false, range: (_, __, most) => [0, Math.max(10, most || 0)] },
        y: { distr: 3, range: (_, least, most) => this.range(least, most) },
      },
      axes: [
        { ...axis, label: "step", labelSize: 20, size: 34 },
        { ...axis, label: this.axis, labelSize: 20, size: 54, splits: (_, __, least, most) => logTicks(least, most), filter: (_, splits) => splits, values: (_, splits) => splits.map((split) => (split === null ? "" : tick(split))) },
      ],
      series: [
        {},
        ...this.picture.curves.map(({ label, colour, kind }): uPlot.Series => {
          const stroke = seriesColour(colour);
          return {
            label,
            stroke,
            spanGaps: true,
            ...(kind === "trace"
              ? { width: 1, alpha: 0.4, points: { show: false } }
              : { width: 2, dash: [...seriesDashes[colour % seriesDashes.length]], points: { show: true, size: 5, fill: stroke } }),
          };
        }),
      ],
      hooks: { draw: [(plot) => this.paintBands(plot)], setCursor: [(plot) => this.say(plot)] },
    }; // prettier-ignore
  }

  /** All curves and bands, with some room. */
  private range(least: number | null, most: number | null): [number, number] {
    const bands = this.picture.bands.flatMap(({ low, high }) => [low, high]).filter((value) => value > smallest);
    const all = [...bands, ...(least === null ? [] : [least]), ...(most === null ? [] : [most])].filter((x) => x > 0);
    if (all.length === 0) return [0.01, 1];
    const [from, to] = [Math.min(...all), Math.max(...all)];
    return [from / 1.4, Math.max(to * 1.4, (from / 1.4) * 4)];
  }

  private paintBands(plot: uPlot): void {
    const { ctx, bbox } = plot;
    const ratio = window.devicePixelRatio;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.font = `${11 * ratio}px ${getComputedStyle(document.body).fontFamily}`;
    ctx.textAlign = "right";
    this.picture.bands.forEach(({ label, colour, value, low, high }) => {
      if (value <= smallest) return;
      const at = (y: number) => plot.valToPos(Math.max(smallest, y), "y", true);
      const stroke = seriesColour(colour);
      ctx.globalAlpha = 0.2;
      ctx.fillStyle = stroke;
      ctx.fillRect(bbox.left, at(high), bbox.width, Math.max(ratio, at(low) - at(high)));
      ctx.globalAlpha = 1;
      ctx.strokeStyle = stroke;
      ctx.lineWidth = 1.5 * ratio;
      ctx.setLineDash([6 * ratio, 4 * ratio]);
      ctx.beginPath();
      ctx.moveTo(bbox.left, at(value));
      ctx.lineTo(bbox.left + bbox.width, at(value));
      ctx.stroke();
      ctx.fillStyle = themeColour("foreground");
      ctx.fillText(label, bbox.left + bbox.width - 6 * ratio, at(low) + 13 * ratio);
    });
    ctx.restore();
  }

  private say({ cursor: { idx }, data }: uPlot): void {
    const x = idx === null || idx === undefined ? undefined : data[0][idx];
    if (x === undefined) {
      this.readout.textContent = " ";
      return;
    }
    const values = this.picture.curves.flatMap(({ label, kind }, i) => {
      const y = data[i + 1][idx!];
      return kind === "line" && y !== null && y !== undefined ? [`${label}: ${y.toPrecision(3)}`] : [];
    });
    this.readout.textContent = `step ${x}${values.length === 0 ? "" : ` · ${values.join(" · ")}`}`;
  }
}
