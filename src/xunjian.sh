#!/bin/sh
# The bin: finds the Node 24 that npm brought (node-linux-*), whatever the machine has, and runs the command line on it.
here=$(dirname "$(readlink -f "$0")")
node="$here/../node_modules/.bin/node"
if [ ! -x "$node" ]; then
  echo "尚未安装依赖：请先在项目目录运行 npm run setup。 / Not installed yet: run \"npm run setup\" in the project first." >&2
  exit 2
fi
# A worker's memory: V8 left to itself keeps twice of what a thousand probes need (429 MiB in place of 235).
case "$1" in worker) flags="--max-semi-space-size=16 --max-old-space-size=1024" ;; esac
# shellcheck disable=SC2086 # flags are several words, or none
exec "$node" --disable-warning=ExperimentalWarning $flags "$here/main.ts" "$@"
