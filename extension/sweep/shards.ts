/** Which points a process evaluates. */

/** One of several parts of a grid, counted from 0. */
export interface Shard {
  index: number;
  count: number;
}

/** Most shards. */
export const mostShards = 100_000;

/** What Slurm's array jobs and Kubernetes' indexed jobs call the number of a process. */
export const indexVariables = ["SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX"] as const;

/**
 * The shard that `--shard` names: "i/N", or "N" where the scheduler's environment says i.
 * @throws RangeError with a sentence for people.
 */
export function shardOf(text: string, environment: Readonly<Record<string, string | undefined>>): Shard {
  const [, written, number] = /^(?:(\d{1,6})\/)?([1-9]\d{0,5})$/.exec(text) ?? [];
  if (number === undefined) throw new RangeError("--shard takes i/N, or N where SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX says i"); // prettier-ignore
  const count = Number(number);
  if (count > mostShards) throw new RangeError(`at most ${mostShards} shards`);
  const index = Number(written ?? indexIn(environment));
  if (index >= count) throw new RangeError(`there is no shard ${index} of ${count}: shards are counted from 0`);
  return { index, count };
}

function indexIn(environment: Readonly<Record<string, string | undefined>>): string {
  const found = indexVariables.filter((name) => environment[name] !== undefined);
  if (found.length === 0) throw new RangeError(`--shard N needs ${indexVariables.join(" or ")}; write --shard i/N where neither is set`); // prettier-ignore
  const values = new Set(found.map((name) => environment[name]!));
  if (values.size > 1) throw new RangeError(`${indexVariables.join(" and ")} differ; write --shard i/N`);
  const [value] = values;
  if (!/^\d{1,6}$/.test(value)) throw new RangeError(`${found[0]} is ${JSON.stringify(value)}, not a number`);
  return value;
}

/** The points of a shard: every N-th one, so that shards have about as many of the expensive points. */
export function pointsOf(points: number, { index, count }: Shard): number[] {
  return Array.from({ length: Math.max(0, Math.ceil((points - index) / count)) }, (_, i) => index + i * count);
}
