#!/usr/bin/env bash
# Installs everything the tests need and runs them. Arguments go to pytest: ./test.sh tests/cli -k locate
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
python=${PYTHON:-python3}
buildifier=8.2.1

# Debian packages, only those whose command is missing: g++ checks the preprocessor, npm brings buildifier.
missing=()
command -v "$python" >/dev/null || missing+=(python3)
"$python" -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
command -v g++ >/dev/null || missing+=(g++)
command -v node >/dev/null || missing+=(nodejs)
command -v npm >/dev/null || missing+=(npm)
if ((${#missing[@]})); then
    as_root=()
    ((EUID == 0)) || as_root=(sudo -n)
    install=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get)
    if ! command -v apt-get >/dev/null || ! { "${install[@]}" -qq update && "${install[@]}" -qq install -y --no-install-recommends "${missing[@]}"; }; then
        echo "test.sh: please install ${missing[*]} (on Debian: apt-get install ${missing[*]}) and run this again" >&2
        exit 2
    fi
fi

[ -x .venv/bin/python ] || "$python" -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[test,lint]'
if [ ! -e "node_modules/.buildifier-$buildifier" ]; then
    npm install --silent --no-save --no-package-lock --no-audit --no-fund --prefix . "@bazel/buildifier@$buildifier"
    touch "node_modules/.buildifier-$buildifier"
fi
.venv/bin/python -m pytest --numprocesses auto "$@"
