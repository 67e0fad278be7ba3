# shellcheck shell=bash
# What the scripts share: how they stop, what the workspace holds, how a manifest is read.
# Sourced by them in the repository's root.

# Where cargo builds. A relative folder is the caller's, as it would be without these scripts.
target=${CARGO_TARGET_DIR:-$PWD/target}
case $target in /*) ;; *) target=$OLDPWD/$target ;; esac
export CARGO_TARGET_DIR=$target

# Stops with status 1: something is wrong with the repository.
fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# Stops with status 2: the caller asked for something that is not there. `usage` is the script's own.
misuse() {
    printf 'error: %s\n\n' "$*" >&2
    usage >&2
    exit 2
}

# A folder of this script's own, gone when it ends.
make_temporary() {
    temporary=$(mktemp -d "${TMPDIR:-/tmp}/check.XXXXXX")
    trap 'rm -rf -- "$temporary"' EXIT
}

# Runs a test command. What it prints is also kept: in `last`, and for the sum that scripts/check
# shows at its end.
counted() {
    "$@" 2>&1 | tee "$temporary/colored"
    sed "s/$(printf '\033')\[[0-9;]*m//g" "$temporary/colored" >"$temporary/last"
    cat "$temporary/last" >>"${CHECK_LOG:-/dev/null}"
}

# The workspace's members, one to a line.
members() {
    manifest_entries Cargo.toml | awk -F '\t' '
        $1 == "workspace" && $2 == "members" {
            n = split($3, part, "\"")
            for (i = 2; i <= n; i += 2) print part[i]
        }'
}

# The members that reproduce a chapter: those with sections.
chapters() {
    local member
    members | while IFS= read -r member; do
        if [ -f "$member/src/sections/mod.rs" ]; then
            printf '%s\n' "$member"
        fi
    done
}

# is_in WORD [WORD…]: whether the first is among the others.
is_in() {
    local wanted=$1 word
    shift
    for word in "$@"; do
        if [ "$word" = "$wanted" ]; then return 0; fi
    done
    return 1
}

# The contracts are read by a member of the workspace.
needs_comparison() {
    # shellcheck disable=SC2046 # the names of crates are single words
    is_in comparison $(members) || fail "comparison, which knows the contracts, is not a member of the workspace"
}

# sections CRATE: each section's name and module, in the document's order.
sections() {
    awk '
        /^[ \t]*\/\// { next }
        /name: "/ { name = $0; sub(/.*name: "/, "", name); sub(/".*/, "", name) }
        /run: [a-z0-9_]+::run/ {
            module = $0; sub(/.*run: /, "", module); sub(/::run.*/, "", module)
            if (name != "") print name, module
            name = ""
        }' "$1/src/sections/mod.rs"
}

# manifest_entries FILE: each entry as `table<TAB>key<TAB>value`, comments gone, an entry that spans
# several lines on one. A table without entries is not shown.
manifest_entries() {
    awk '
        {
            out = ""; quote = ""
            for (i = 1; i <= length($0); i++) {
                c = substr($0, i, 1)
                if (c == "\t") c = " "
                if (quote == "") {
                    if (c == "#") break
                    if (c == "\"" || c == "\047") quote = c
                    else if (c == "[" || c == "{") depth++
                    else if (c == "]" || c == "}") depth--
                } else if (quote == "\"" && c == "\\") {
                    out = out c
                    c = substr($0, ++i, 1)
                } else if (c == quote) quote = ""
                out = out c
            }
            gsub(/^ +| +$/, "", out)
            if (out == "") next
            if (entry == "" && out ~ /^\[/) {
                table = out
                gsub(/^\[+ *| *\]+$/, "", table)
                next
            }
            entry = entry (entry == "" ? "" : " ") out
            if (depth > 0) next
            at = index(entry, "=")
            key = substr(entry, 1, at - 1); value = substr(entry, at + 1)
            gsub(/^[ "]+|[ "]+$/, "", key); gsub(/^ +| +$/, "", value)
            printf "%s\t%s\t%s\n", table, key, value
            entry = ""
        }' "$1"
}

# manifest_value FILE TABLE KEY: that entry's value, without quotes; nothing if it is not there.
manifest_value() {
    manifest_entries "$1" | awk -F '\t' -v table="$2" -v key="$3" '
        $1 == table && $2 == key { gsub(/^"|"$/, "", $3); print $3 }'
}

# tree_files [PATH…]: the files that belong to the repository, tracked or about to be, below those
# paths. Where there is no git, or it does not know this folder: all but what a build leaves behind.
tree_files() {
    local file listed=""
    if [ $# -eq 0 ]; then set -- .; fi
    if command -v git >/dev/null 2>&1; then
        listed=$(git -c core.quotePath=false ls-files -co --exclude-standard -- "$@" 2>/dev/null || true)
    fi
    if [ -z "$listed" ]; then
        listed=$(find "$@" \( -name target -o -name .git \) -prune -o \( -type f -o -type l \) -print)
    fi
    printf '%s\n' "$listed" | LC_ALL=C sort -u | while IFS= read -r file; do
        # A file that was deleted but not yet committed is still listed.
        if [ -e "$file" ]; then printf '%s\n' "${file#./}"; fi
    done
}

# rust_code [--docs] < FILE: its code without comments; with --docs, the examples in its doc comments too.
rust_code() {
    awk -v docs="${1:-}" '
        /^[ \t]*\/\/[\/!]/ {
            text = $0
            sub(/^[ \t]*\/\/[\/!] ?/, "", text)
            if (text ~ /^[ \t]*(```|~~~)/) fenced = !fenced
            else if (fenced && docs == "--docs") print text
            next
        }
        {
            fenced = 0
            sub(/(^|[ \t])\/\/.*/, "")
            print
        }'
}
