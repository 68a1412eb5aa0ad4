#!/usr/bin/env bash
# sbatch configs/cluster/slurm.sh configs/reference.yaml runs/reference    (submit again to go on)
#SBATCH --job-name=glassyli
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=16
#SBATCH --time=24:00:00
#SBATCH --signal=B:TERM@120
# A Ray cluster for the length of the job and a campaign on it. The store must be on a filesystem
# that all nodes see and that has file locks, and so must be the environment glassyli is in. When
# the time is over the campaign stops with what is finished saved; so it does if it is killed.
set -euo pipefail
campaign=$1 store=$2
shift 2 # what is left goes to `glassyli simulate`
port=${RAY_PORT:-6379}
export SRUN_CPUS_PER_TASK=$SLURM_CPUS_PER_TASK # srun does not take it from sbatch since Slurm 22.05
export OMP_NUM_THREADS=1 RAY_USAGE_STATS_ENABLED=0 RAY_AUTH_MODE=token
[ -s ~/.ray/auth_token ] || ray get-auth-token --generate > /dev/null # one home, one token

mapfile -t nodes < <(scontrol show hostnames "$SLURM_JOB_NODELIST")
on() { exec srun --nodes=1 --ntasks=1 --nodelist="$1" "${@:2}"; } # always in a subshell, which becomes it
head=$(on "${nodes[0]}" hostname --ip-address | awk 'NR == 1 { print $1 }')

steps=()
trap 'kill "${steps[@]}" 2> /dev/null; wait' EXIT
on "${nodes[0]}" ray start --head --node-ip-address="$head" --port="$port" \
    --num-cpus="$SLURM_CPUS_PER_TASK" --include-dashboard=false --block &
steps+=($!)
until ray status --address "$head:$port" &> /dev/null; do
    kill -0 "${steps[0]}" # or the head did not start
    sleep 2
done
for node in "${nodes[@]:1}"; do
    on "$node" ray start --address="$head:$port" --num-cpus="$SLURM_CPUS_PER_TASK" --block &
    steps+=($!)
done

# Nodes that come late get work when they come: as many workers are asked for as there will be cores.
glassyli simulate "$campaign" --out "$store" --address "$head:$port" \
    --workers $((SLURM_JOB_NUM_NODES * SLURM_CPUS_PER_TASK)) "$@" &
driver=$!
trap 'kill -TERM "$driver"' TERM
code=0
wait "$driver" || code=$?
if kill -0 "$driver" 2> /dev/null; then # TERM ended the first wait, not the campaign
    code=0
    wait "$driver" || code=$?
fi
exit "$code"
