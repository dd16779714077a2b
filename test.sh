#!/usr/bin/env bash
# Installs everything the tests need and runs them. Arguments go to pytest: ./test.sh tests/cli -k locate
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
python=${PYTHON:-python3}
# From npm: a checker of BUILD files, one of accessibility for the page, and the layout that the page has in it.
npm_packages=(@bazel/buildifier@8.2.1 axe-core@4.14.1 d3-hierarchy@3.1.3)

# Debian packages, only those whose command is missing: g++ checks the preprocessor, npm brings checkers.
missing=()
command -v "$python" >/dev/null || missing+=(python3)
"$python" -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
command -v g++ >/dev/null || missing+=(g++)
command -v node >/dev/null || missing+=(nodejs)
command -v npm >/dev/null || missing+=(npm)
# For the tests of real builds, which are skipped without: Debian's Bazel with rules that it would fetch, and a compiler
# for phones.
builders=()
command -v make >/dev/null || builders+=(make)
command -v cmake >/dev/null || builders+=(cmake)
command -v bazel-4 >/dev/null || builders+=(bazel-bootstrap)
[ -d /usr/share/bazel/rules/java ] || builders+=(bazel-rules-java)
[ -d /usr/share/bazel/rules/proto ] || builders+=(bazel-rules-proto)
[ -d /usr/share/bazel/tools/platforms ] || builders+=(bazel-platforms)
command -v aarch64-linux-gnu-g++ >/dev/null || builders+=(g++-aarch64-linux-gnu)
# The trees that are built hold the same sources: without it the tests of builds take half as long again.
command -v ccache >/dev/null || builders+=(ccache)
# For the tests of the page that --html writes, which are skipped without: a browser, and what opens pages in it.
browser=()
command -v chromium >/dev/null || browser+=(chromium)
command -v chromedriver >/dev/null || browser+=(chromium-driver)

install_packages() {
    local as_root=()
    ((EUID == 0)) || as_root=(sudo -n)
    local apt_get=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get)
    command -v apt-get >/dev/null && "${apt_get[@]}" -qq update && "${apt_get[@]}" -qq install -y --no-install-recommends "$@"
}
if ((${#missing[@]})) && ! install_packages "${missing[@]}"; then
    echo "test.sh: please install ${missing[*]} (on Debian: apt-get install ${missing[*]}) and run this again" >&2
    exit 2
fi
if ((${#builders[@]})) && ! install_packages "${builders[@]}"; then
    echo "test.sh: without ${builders[*]}, tests of real builds are skipped" >&2
fi
if ((${#browser[@]})) && ! install_packages "${browser[@]}"; then
    echo "test.sh: without ${browser[*]}, tests of the page in a browser are skipped" >&2
fi

[ -x .venv/bin/python ] || "$python" -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[test,lint,docs]'
# All in one go, and again where any of them is to be another: npm takes out what it is not asked for.
if [ "$(cat node_modules/.installed 2>/dev/null)" != "${npm_packages[*]}" ]; then
    npm install --silent --no-save --no-package-lock --no-audit --no-fund --prefix . "${npm_packages[@]}"
    echo "${npm_packages[*]}" >node_modules/.installed
fi
.venv/bin/python -m pytest --numprocesses auto "$@"
