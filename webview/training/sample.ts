/** Target and output of one sample, token by token: coloured cells, one column a token, with a table behind them. */
import { element } from "../controls/element";
import { details, table, titled } from "../controls/parts";
import { diverging, packed } from "../drawing/colours";
import { ground, onThemeChange, themeColour } from "../drawing/theme";

interface Sample {
  run: number;
  step: number;
  tokens: number;
  width: number;
  target: Float32Array;
  output: Float32Array;
}

/** Most tokens whose numbers are written out. */
const writtenOut = 64;
const [cellWidth, cellHeight] = [22, 10];

export class SampleView {
  readonly node: HTMLElement;
  private sample: Sample | undefined;
  private readonly canvas = element("canvas", { role: "img" }) as HTMLCanvasElement;
  private readonly note = element("p", { class: "quiet" });
  private readonly numbers = element("div", {});

  constructor() {
    this.node = titled(
      "Target and output",
      this.note,
      element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Target and output of a sample" }, this.canvas), // prettier-ignore
      this.numbers,
    );
    onThemeChange(() => this.paint());
  }

  get run(): number | undefined {
    return this.sample?.run;
  }

  show(sample: Sample): void {
    this.sample = sample;
    this.paint();
  }

  private paint(): void {
    const { sample } = this;
    if (sample === undefined) return;
    const { tokens, width } = sample;
    const rows: { name: string; at: (t: number, c: number) => number }[] = [
      { name: "target", at: (t, c) => sample.target[t * width + c] },
      { name: "output", at: (t, c) => sample.output[t * width + c] },
      { name: "output − target", at: (t, c) => sample.output[t * width + c] - sample.target[t * width + c] },
    ];
    const largest = Math.max(1e-9, ...sample.target.map(Math.abs));
    this.note.textContent = `One sample of the evaluation after step ${sample.step}, a column for each token, a row for each coordinate: blue is positive, orange negative, up to ±${largest.toPrecision(2)}.`;
    const image = new OffscreenCanvas(tokens, width);
    const context = this.canvas.getContext("2d")!;
    const ratio = window.devicePixelRatio;
    const left = 92;
    const gap = 14;
    const height = rows.length * (width * cellHeight + gap) + 14;
    const columns = tokens * cellWidth;
    this.canvas.width = (left + columns + 2) * ratio;
    this.canvas.height = height * ratio;
    this.canvas.style.width = `${left + columns + 2}px`;
    this.canvas.style.height = `${height}px`;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.font = `11px ${getComputedStyle(document.body).fontFamily}`;
    context.imageSmoothingEnabled = false;
    rows.forEach(({ name, at }, r) => {
      const top = r * (width * cellHeight + gap);
      const pixels = new ImageData(tokens, width);
      const colours = new Uint32Array(pixels.data.buffer);
      for (let t = 0; t < tokens; t++)
        for (let c = 0; c < width; c++) colours[c * tokens + t] = packed(diverging(ground(), at(t, c) / largest));
      image.getContext("2d")!.putImageData(pixels, 0, 0);
      context.drawImage(image, left, top, columns, width * cellHeight);
      context.strokeStyle = themeColour("contrastBorder", "panel-border", "descriptionForeground");
      context.strokeRect(left - 0.5, top + 0.5, columns + 1, width * cellHeight);
      context.fillStyle = themeColour("foreground");
      context.textBaseline = "middle";
      context.fillText(name, 0, top + (width * cellHeight) / 2);
    });
    context.fillStyle = themeColour("descriptionForeground");
    context.textAlign = "center";
    for (let t = 0; t < tokens; t++)
      if (tokens <= 48 || t % 8 === 0) context.fillText(String(t), left + (t + 0.5) * cellWidth, height - 8);
    context.textAlign = "start";
    this.describe(sample);
  }

  private describe({ tokens, width, target, output }: Sample): void {
    const errors = Array.from({ length: tokens }, (_, t) => {
      let sum = 0;
      for (let c = t * width; c < (t + 1) * width; c++) sum += (target[c] - output[c]) ** 2;
      return Math.sqrt(sum / width);
    });
    const worst = errors.indexOf(Math.max(...errors));
    this.canvas.setAttribute(
      "aria-label",
      `Target and output of ${tokens} tokens; output ${worst} is farthest from its target, by ${errors[worst].toPrecision(2)} a coordinate`,
    );
    const open = this.numbers.querySelector("details")?.open === true;
    const written = details(
      "Target and output as a table",
      tokens > writtenOut
        ? element("p", {}, `More than ${writtenOut} tokens are not written out.`)
        : table(
            ["Token", "Target", "Output", "Error a coordinate"],
            errors.map((error, t) => {
              const cells = (values: Float32Array) => Array.from(values.subarray(t * width, (t + 1) * width), (x) => x.toFixed(2)).join(", "); // prettier-ignore
              return [String(t), cells(target), cells(output), error.toPrecision(2)];
            }),
            "Target and output",
          ),
    ) as HTMLDetailsElement;
    written.open = open;
    this.numbers.replaceChildren(written);
  }
}
