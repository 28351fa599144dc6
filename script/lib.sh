# shellcheck shell=bash
#
# What the scripts of this folder share. A script sources it after `set -euo pipefail`; `root` is
# then the folder of the checkout, wherever the script was called from.

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)

# Debian's own tools, by path: a machine may have another Python, with another meson, first on PATH.
meson=/usr/bin/meson
ninja=/usr/bin/ninja
# shellcheck disable=SC2034 # for the scripts that source this file
python=/usr/bin/python3

# One line about the step that comes now.
say() {
    printf '%s: %s\n' "${0##*/}" "$*"
}

# Ends the script with the reason.
fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# set_up_build FOLDER [meson options]: configures the build folder (named from the root) unless it
# is configured already. A folder that another checkout or other options left, or that was left half
# done, is begun anew; one that somebody configured by hand from this checkout is taken as it is.
set_up_build() {
    local folder=$root/$1 wanted stamp
    shift
    wanted="source $root, options $*, compiler ${CC:-} ${CFLAGS:-} ${LDFLAGS:-}"
    stamp=$folder/footfall-options
    if [[ -f $folder/build.ninja && -f $folder/meson-private/coredata.dat ]]; then
        if [[ -f $stamp ]]; then
            [[ $(<"$stamp") == "$wanted" ]] && return 0
        elif grep -qsF "\"source\": \"$root\"" "$folder/meson-info/meson-info.json"; then
            return 0
        fi
    fi
    if [[ -e $folder ]]; then
        # Only what meson made is removed: a folder that somebody uses for something else stays.
        if [[ ! -d $folder/meson-private && ! -f $stamp && -n $(ls -A "$folder") ]]; then
            printf '%s is in the way: it is not a build folder\n' "$folder" >&2
            return 1
        fi
        rm -rf -- "$folder" || return 1
    fi
    mkdir -p -- "$folder" && : >"$stamp" || return 1
    if ! "$meson" setup "$@" -- "$folder" "$root" >"$folder/setup.log" 2>&1; then
        cat "$folder/setup.log" >&2
        return 1
    fi
    printf '%s\n' "$wanted" >"$stamp"
}

# build FOLDER TARGETS [meson options]: configures where that is needed and builds the targets, a
# list split by blanks ("all" for everything). Two scripts at once wait for each other.
build() {
    local folder=$root/$1 targets
    read -r -a targets <<<"$2"
    (
        flock 9
        if [[ -e $folder && ! -w $folder ]]; then
            printf '%s belongs to somebody else: remove it, or build as its owner\n' "$folder" >&2
            exit 1
        fi
        set_up_build "$1" "${@:3}" || exit 1
        if [[ $("$ninja" -n -C "$folder" "${targets[@]}" 9<&-) != *"no work to do"* ]]; then
            say "building in $1/"
            if ! "$ninja" -k 5 -C "$folder" "${targets[@]}" >"$folder/build.log" 2>&1 9<&-; then
                # Without the steps that went well. The compiler runs in the build folder; the paths
                # it names become the root's.
                sed -E -e '/^\[[0-9]+\/[0-9]+\] /d' -e 's#(^|\x1b\[[0-9;]*[mK])(\.\./)+#\1#' \
                    -- "$folder/build.log" >&2
                exit 1
            fi
        fi
    ) 9<"$root"
}
