"""A sweep as Ray tasks: one shard each, merged once all have ended.

    pip install ray
    python ray_sweep.py windows.sweep.yaml results 4

The folder of the results is one that all nodes see, and so is the grid. UAP_LENS names the command, such as "npx uap-lens"
or "node /path/to/dist/cli.js". A task that dies with its node is started again by Ray, and goes on from its rows.
"""

import os
import shlex
import subprocess
import sys

import ray


@ray.remote(num_cpus=1, max_retries=3)
def sweep(command, grid, folder, shard, shards):
    """Evaluates one shard; its file."""
    output = os.path.join(folder, f"shard-{shard}.csv")
    arguments = ["sweep", grid, "--shard", f"{shard}/{shards}", "--output", output, "--resume"]
    subprocess.run([*command, *arguments], check=True)
    return output


def main(grid, folder, shards):
    command = shlex.split(os.environ.get("UAP_LENS", "uap-lens"))
    grid, folder = os.path.abspath(grid), os.path.abspath(folder)
    os.makedirs(folder, exist_ok=True)
    files = ray.get([sweep.remote(command, grid, folder, shard, shards) for shard in range(shards)])
    name = os.path.splitext(os.path.basename(grid))[0]
    output = os.path.join(folder, f"{name}.csv")
    subprocess.run([*command, "sweep", "merge", *files, "--output", output], check=True)
    print(output)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("usage: python ray_sweep.py GRID FOLDER SHARDS")
    ray.init()
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
