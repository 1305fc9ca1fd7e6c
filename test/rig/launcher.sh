#!/bin/sh
# An executable that takes desktop VS Code's arguments and runs the rig instead (see desktop.ts).
cd "$(dirname "$0")/../.." && exec node --import tsx test/rig/desktop.ts "$@"
