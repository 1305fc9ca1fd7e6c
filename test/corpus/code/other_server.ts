/** A window of requests: nothing is attended to here. */
interface Entry {
  key: string;
  value: number;
}

export class SlidingWindow {
  private readonly entries: Entry[] = [];

  constructor(private readonly size: number) {}

  query(key: string): number | undefined {
    return this.entries.find((entry) => entry.key === key)?.value;
  }

  add(key: string, value: number): void {
    this.entries.push({ key, value });
    if (this.entries.length > this.size) this.entries.shift();
  }

  transformer(map: (value: number) => number): number[] {
    return this.entries.map(({ value }) => map(value));
  }
}
