"""Names by which the surroundings of a process are told: data for `context.py`.

Names of programs, of packages and of sub-commands, lower case. Task runners (make, npm run, just, nodemon) are left out
on purpose: they start whatever a file of the person's own says, a collection too. So are words that anybody may call a
program of their own.
"""

from __future__ import annotations

from typing import Final

TESTS: Final = [
    "pytest", "py.test", "pytest-xdist", "jest", "jest-cli", "vitest", "tox", "nox", "mocha", "ava", "karma",
    "cypress", "unittest", "nose", "nose2", "behave", "robotframework", "robotframework-pabot", "locust", "codeceptjs",
    "nightwatch", "wdio", "@wdio/cli", "testcafe", "hypothesis", "stestr", "trial", "ctest", "phpunit", "pest",
    "codeception", "behat", "rspec", "rspec-core", "cucumber", "@cucumber/cucumber", "cucumber-js", "minitest",
    "jasmine", "node-tap", "qunit", "web-test-runner", "@web/test-runner", "@playwright/test", "test-storybook",
    "@storybook/test-runner", "uvu", "zora", "zope.testrunner", "avocado", "bats", "bats-core",
    "shunit2", "shellspec", "gtest", "karate", "gatling", "k6", "artillery", "gauge", "backstop", "backstopjs",
    "pa11y", "pa11y-ci", "lighthouse", "lhci", "@lhci/cli", "unlighthouse", "@axe-core/cli", "percy",
    "@percy/cli", "reg-suit", "chromatic", "stryker", "mutmut", "cosmic-ray", "detox", "maestro",
]  # fmt: skip
CHECKING: Final = [
    "ruff", "mypy", "dmypy", "pyright", "basedpyright", "pylint", "flake8", "black", "isort", "bandit", "pyre",
    "ty", "autopep8", "yapf", "pydocstyle", "pycodestyle", "pyflakes", "vulture", "eslint", "eslint_d",
    "prettier", "prettierd", "stylelint", "tsc", "tslint", "biome", "oxlint", "rubocop", "phpstan", "psalm",
    "php-cs-fixer", "shellcheck", "shfmt", "hadolint", "golangci-lint", "staticcheck", "gofmt", "rustfmt",
    "clang-tidy", "clang-format", "cppcheck", "semgrep", "codespell", "typos", "pre-commit", "lint-staged",
    "import-linter", "lint-imports", "pip-audit", "safety", "npm-check", "depcheck", "knip", "markdownlint",
    "markdownlint-cli", "markdownlint-cli2", "vale", "yamllint", "djlint", "sqlfluff", "ansible-lint", "tflint",
    "checkov", "trivy", "grype", "gitleaks", "deptry", "interrogate", "pytype", "refurb", "pyupgrade",
    "commitlint", "cspell", "textlint", "html-validate", "htmlhint",
]  # fmt: skip
BUILDING: Final = [
    "ninja", "cmake", "meson", "bazel", "buck2", "webpack", "webpack-cli", "vite", "rollup", "esbuild",
    "parcel", "babel", "swc", "tsup", "tsdown", "rspack", "astro", "gatsby", "snowpack", "metro", "msbuild",
    "xcodebuild", "scons", "pants", "conan", "ccache", "distcc", "cc1", "gcc", "g++", "clang", "rustc", "javac",
    "pyinstaller", "nuitka", "cx-freeze", "cxfreeze", "briefcase", "shiv", "electron-builder", "electron-forge",
    "nexe", "hatchling", "flit", "setuptools", "buildctl", "buildkitd", "nixpkgs-build", "browserify",
]  # fmt: skip
DOCUMENTING: Final = [
    "sphinx-build", "sphinx-autobuild", "sphinx", "mkdocs", "mkdocs-material", "docusaurus", "vitepress",
    "vuepress", "jekyll", "hugo", "pdoc", "pdoc3", "typedoc", "jsdoc", "doxygen", "eleventy", "@11ty/eleventy",
    "mdbook", "antora", "docsify", "asciidoctor", "pandoc", "rustdoc", "gitbook", "storybook", "jupyter-book",
    "quarto", "mmdc", "@mermaid-js/mermaid-cli", "md-to-pdf", "decktape", "marp", "@marp-team/marp-cli",
    "slidev", "puppeteer-report", "htmlproofer", "linkinator", "linkchecker", "lychee", "muffet",
    "broken-link-checker", "blc", "markdown-link-check", "hyperlink", "remark-cli", "awesome-bot",
]  # fmt: skip
DEBUGGING: Final = [
    "pdb", "ipdb", "pudb", "debugpy", "cprofile", "pstats", "coverage", "py-spy", "pyinstrument", "scalene",
    "memray", "kernprof", "viztracer", "austin", "gdb", "lldb", "strace", "ltrace", "valgrind", "ndb", "c8",
    "nyc", "tracemalloc", "yappi", "hyperfine", "flamegraph", "heaptrack", "line-profiler", "memory-profiler",
]  # fmt: skip
EDITING: Final = [
    "jedi-language-server", "pylsp", "python-lsp-server", "pyright-langserver", "basedpyright-langserver",
    "typescript-language-server", "tsserver", "vtsls", "gopls", "rust-analyzer", "clangd", "jdtls",
    "lua-language-server", "bash-language-server", "yaml-language-server", "vscode-eslint-language-server",
    "vscode-json-language-server", "solargraph", "ruby-lsp", "intelephense", "omnisharp", "texlab", "ruff-lsp",
    "marksman", "copilot-language-server", "tailwindcss-language-server",
]  # fmt: skip
BUILD_MACHINES: Final = [
    "runner.listener", "runner.worker", "gitlab-runner", "gitlab-runner-helper", "buildkite-agent", "jenkins",
    "jenkins-agent", "act_runner", "drone-runner", "drone-runner-docker", "teamcity-agent",
    "azure-pipelines-agent", "agent.listener", "agent.worker", "woodpecker-agent", "circleci-agent",
    "circleci-runner", "bamboo-agent", "concourse", "gocd-agent", "forgejo-runner", "semaphore-agent",
]  # fmt: skip

STANDARD_MODULES: Final = frozenset(
    ["unittest", "doctest", "pdb", "cprofile", "profile", "trace", "pip", "ensurepip", "venv", "compileall", "pydoc"]
)
"""Modules of Python itself, which belong to no package."""

TEST_COMMANDS: Final[dict[str, frozenset[str]]] = {
    "playwright": frozenset(["test", "merge-reports", "show-report"]),
    "@playwright/test": frozenset(["test"]),
    "cargo": frozenset(["test", "nextest", "bench"]),
    "go": frozenset(["test"]),
    "bun": frozenset(["test"]),
    "deno": frozenset(["test", "bench"]),
    "dotnet": frozenset(["test"]),
    "swift": frozenset(["test"]),
    "flutter": frozenset(["test", "drive"]),
    "dart": frozenset(["test"]),
    "mix": frozenset(["test"]),
    "rails": frozenset(["test", "test:system"]),
    "artisan": frozenset(["test", "dusk"]),
    "manage": frozenset(["test"]),
    "ng": frozenset(["test", "e2e"]),
    "@angular/cli": frozenset(["test", "e2e"]),
    "react-scripts": frozenset(["test"]),
    "@vue/cli-service": frozenset(["test:unit", "test:e2e"]),
}
"""Programs with a sub-command that tests. Not those whose `test` is whatever the project's own file says (`npm test`,
`make test`): what runs below them is judged by itself."""
INSTALL_COMMANDS: Final[dict[str, frozenset[str]]] = {
    "pip": frozenset(
        ["install", "uninstall", "download", "wheel", "list", "show", "freeze", "check", "index", "cache"]
    ),
    "uv": frozenset(
        ["pip", "sync", "add", "remove", "lock", "venv", "tree", "export", "python", "cache", "build", "init"]
    ),
    "pipx": frozenset(["install", "upgrade", "upgrade-all", "uninstall", "inject", "list", "reinstall", "ensurepath"]),
    "poetry": frozenset(["install", "add", "update", "remove", "lock", "show", "build", "publish", "export", "init"]),
    "pdm": frozenset(["install", "add", "update", "remove", "lock", "sync", "build", "publish", "init"]),
    "pipenv": frozenset(["install", "sync", "lock", "update", "uninstall", "graph"]),
    "hatch": frozenset(["build", "env", "dep", "publish", "version"]),
    "conda": frozenset(["install", "create", "update", "remove", "list", "search", "env", "clean", "info"]),
    "npm": frozenset(
        ["install", "i", "ci", "add", "update", "uninstall", "rm", "audit", "outdated", "ls", "list", "view"]
    ),
    "pnpm": frozenset(["install", "i", "add", "update", "remove", "audit", "outdated", "list", "fetch", "import"]),
    "yarn": frozenset(["install", "add", "upgrade", "remove", "audit", "outdated", "list", "why"]),
    "bun": frozenset(["install", "i", "add", "update", "remove"]),
    "deno": frozenset(["install", "add", "cache", "remove"]),
    "cargo": frozenset(["install", "add", "fetch", "update", "search", "tree"]),
    "go": frozenset(["get", "install", "mod"]),
    "gem": frozenset(["install", "update", "uninstall", "list", "fetch"]),
    "bundle": frozenset(["install", "update", "add"]),
    "composer": frozenset(["install", "require", "update", "remove", "create-project", "show"]),
    "brew": frozenset(["install", "upgrade", "update", "uninstall", "info", "search", "list", "fetch", "reinstall"]),
    "snap": frozenset(["install", "refresh", "remove", "list", "find", "info"]),
    "flatpak": frozenset(["install", "update", "remove", "list", "search", "info"]),
    "playwright": frozenset(["install", "install-deps", "uninstall"]),
    "patchright": frozenset(["install", "install-deps", "uninstall"]),
    "camoufox": frozenset(["fetch", "remove", "path", "version"]),
    "winget": frozenset(["install", "upgrade", "uninstall", "list", "search", "show"]),
    "nix": frozenset(["profile", "build", "flake", "store"]),
}
INSTALL_COMMANDS.update(dict.fromkeys(("mamba", "micromamba"), INSTALL_COMMANDS["conda"]))
INSTALL_COMMANDS.update(dict.fromkeys(("pip3", "pip2"), INSTALL_COMMANDS["pip"]))
INSTALL_COMMANDS["npm-cli"] = INSTALL_COMMANDS["npm"]
INSTALLERS: Final = frozenset([
    "apt", "apt-get", "aptitude", "dpkg", "dpkg-deb", "rpm", "dnf", "yum", "zypper", "pacman", "apk", "emerge",
    "nix-env", "nix-build", "choco", "scoop", "easy_install", "ensurepip", "virtualenv", "rustup",
    "unattended-upgrade",
    "unattended-upgrades", "packagekitd", "snapd", "update-manager", "software-properties", "synaptic", "gdebi",
    "makepkg", "yay", "paru", "twine", "conda-build", "pip-compile", "pip-sync", "puppeteer-browsers",
    "@puppeteer/browsers", "selenium-manager", "webdriver-manager", "npm-check-updates",
])  # fmt: skip
"""Programs that install and look after software, whatever they are asked. Not those that also stand before every
program that they manage (mise, asdf, volta, pyenv)."""
BUILD_COMMANDS: Final[dict[str, frozenset[str]]] = {
    "cargo": frozenset(["build", "check", "clippy", "doc", "fmt"]),
    "go": frozenset(["build", "vet", "fmt", "generate"]),
    "dotnet": frozenset(["build", "restore", "publish"]),
    "docker": frozenset(["build", "buildx", "pull", "push"]),
    "podman": frozenset(["build", "pull", "push"]),
    "npm": frozenset(["pack", "publish"]),
    "uv": frozenset(["publish"]),
    "ng": frozenset(["build", "serve"]),
    "swift": frozenset(["build"]),
}

OWNERS: Final = {
    "trial": "twisted", "sphinx-build": "sphinx", "sphinx-autobuild": "sphinx-autobuild", "tsc": "typescript",
    "tsserver": "typescript", "robot": "robotframework", "pabot": "robotframework-pabot", "py.test": "pytest",
    "kernprof": "line-profiler", "lint-imports": "import-linter", "pylsp": "python-lsp-server",
    "mmdc": "@mermaid-js/mermaid-cli",
}  # fmt: skip
"""Programs whose package has another name, and does other things too."""
