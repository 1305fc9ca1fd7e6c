#!/bin/bash
# A sweep as a Slurm array job, and the merge of its shards as a job that waits for it.
#
#   bash slurm.sh windows.sweep.yaml results 4
#
# submits 4 array tasks that write results/shard-0.csv to shard-3.csv, and a job that merges them to
# results/windows.sweep.csv. What was cut short (a time limit, a node that went down) goes on from its rows: submit it
# again, or let Slurm requeue it. UAP_LENS names the command, such as "npx uap-lens" or "node /path/to/dist/cli.js".
#
#SBATCH --job-name=uap-lens-sweep
#SBATCH --cpus-per-task=1
#SBATCH --mem=2G
#SBATCH --time=04:00:00
#SBATCH --requeue
#SBATCH --signal=B:TERM@60
set -eu

UAP_LENS=${UAP_LENS:-uap-lens}

case ${1:-} in
  task)
    # An array task. --shard takes its number from SLURM_ARRAY_TASK_ID.
    exec $UAP_LENS sweep "$2" --shard "$4" --output "$3/shard-$SLURM_ARRAY_TASK_ID.csv" --resume
    ;;
  merge)
    name=$(basename "$2")
    exec $UAP_LENS sweep merge "$3"/shard-*.csv --output "$3/${name%.*}.csv"
    ;;
  "" | -h | --help)
    echo "Usage: bash $0 GRID FOLDER SHARDS" >&2
    exit 2
    ;;
  *)
    grid=$1 folder=$2 shards=$3
    mkdir -p "$folder"
    script=${BASH_SOURCE[0]}
    array=$(sbatch --parsable --array="0-$((shards - 1))" --output="$folder/slurm-%A_%a.log" "$script" task "$grid" "$folder" "$shards")
    # Only once every shard has ended without an error.
    merge=$(sbatch --parsable --dependency="afterok:${array%%;*}" --output="$folder/slurm-merge-%j.log" "$script" merge "$grid" "$folder")
    echo "array job ${array%%;*} of $shards shards, merged by job ${merge%%;*}"
    ;;
esac
