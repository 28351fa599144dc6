#!/bin/bash
#
# tap.sh PROGRAM: runs a cmocka program and mends what meson misreads in its TAP output.
#
# cmocka 1.1.5 calls a skipped test "not ok 2 # SKIP name", which is a failure; here it becomes
# "ok 2 - name # SKIP reason", the reason being the last line that the test printed before skip().
# Whatever else a test prints becomes a comment. To debug a test run its program without this.

set -o pipefail
exec 3>&2 2>/dev/null # the shell itself has nothing to say; the program's errors go to 3

# -u: when a test hangs and is killed, the lines before it have been seen.
"$@" 2>&3 3>&- | sed -u -E '
    /^(1\.\.|ok |not ok |#|Bail out!)/! { s/^/# /; h; b; }
    /^not ok [0-9]+ # SKIP/ { G; s/^not (ok [0-9]+) # SKIP ([^\n]*)\n(# )?(.*)$/\1 - \2 # SKIP \4/; }
    /^(ok|not ok) / { x; s/.*//; x; }'
