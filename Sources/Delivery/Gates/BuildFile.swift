/// Files that decide how a project is built, checked and tested, by name and place.
enum BuildFile {
    enum Kind {
        /// CI, code review, hooks: never changed by a patch.
        case automation
        /// Build rules and the settings of test runners and linters: only where the project names them.
        case build
    }

    static func kind(of path: RelativePath) -> Kind? {
        let parts = path.parts.map { $0.lowercased() }
        let name = parts[parts.count - 1]
        if parts.dropLast().contains(where: automationFolders.contains) { return .automation }
        let startsAutomation = automationStarts.contains { name.hasPrefix($0) }
        if automationNames.contains(name) || startsAutomation { return .automation }
        if buildNames.contains(name) || buildEndings.contains(where: { name.hasSuffix($0) }) { return .build }
        let stem = String(name.prefix { $0 != "." })
        if name.contains("."), configStems.contains(where: { name.hasPrefix($0 + ".config.") }) { return .build }
        return name.hasPrefix(".") && configStems.contains(String(name.dropFirst().prefix { $0 != "." }))
            || name.hasPrefix("dockerfile.") || (stem == "dockerfile" && !name.contains(".")) ? .build : nil
    }

    private static let automationFolders: Set<String> = [
        ".github", ".gitlab", ".gitea", ".forgejo", ".circleci", ".ci", ".buildkite", ".teamcity", ".azure-pipelines",
        ".woodpecker", ".drone", ".husky", ".githooks", ".semaphore", ".tekton", ".jenkins",
    ]
    private static let automationNames: Set<String> = [
        "jenkinsfile", "codeowners", ".gitattributes", "appveyor.yml", ".appveyor.yml", "bitbucket-pipelines.yml",
        "cloudbuild.yaml", "cloudbuild.yml", "buildspec.yml", "wercker.yml", ".pre-commit-config.yaml", "lefthook.yml",
        "lefthook.yaml", "renovate.json", ".renovaterc", "codecov.yml", ".codecov.yml", "sonar-project.properties",
        ".cirrus.yml", ".build.yml", ".hound.yml", "earthfile",
    ]
    private static let automationStarts = [
        ".gitlab-ci", ".travis", "azure-pipelines", ".drone", ".woodpecker", "jenkinsfile", ".circleci",
    ]
    private static let buildNames: Set<String> = [
        "makefile", "gnumakefile", "bsdmakefile", "kbuild", "justfile", "taskfile.yml", "taskfile.yaml", "rakefile",
        "cmakelists.txt", "cmakepresets.json", "ctesttestfile.cmake", "meson.build", "meson_options.txt", "build.ninja",
        "configure", "configure.ac", "build", "build.bazel", "workspace", "workspace.bazel", ".bazelrc", "sconstruct",
        "sconscript", "wscript", "build.rs", "build.xml", "gradle.properties", "setup.py", "setup.cfg", "tox.ini",
        "pytest.ini", ".pytest.ini", "conftest.py", "noxfile.py", "tasks.py", ".coveragerc", "mypy.ini", ".flake8",
        "ruff.toml", ".ruff.toml", ".pylintrc", "phpunit.xml", "phpunit.xml.dist", ".rspec", ".rubocop.yml",
        ".golangci.yml", ".golangci.yaml", "clippy.toml", "rust-toolchain", "rust-toolchain.toml", "tsconfig.json",
        "tslint.json", "dockerfile", "containerfile", "docker-compose.yml", "docker-compose.yaml", "compose.yaml",
        "compose.yml", "sitecustomize.py", "usercustomize.py", ".editorconfig", ".swiftlint.yml", ".swift-format",
        ".npmrc", ".yarnrc", ".yarnrc.yml", "pip.conf", "gruntfile.js", "gulpfile.js",
    ]
    private static let buildEndings = [
        ".mk", ".mak", ".cmake", ".gradle", ".gradle.kts", ".bzl", ".gemspec", ".csproj", ".vcxproj", ".sln", ".pth",
    ]
    /// `jest.config.js`, `.mocharc.yml`, …
    private static let configStems: Set<String> = [
        "jest", "vitest", "vite", "webpack", "rollup", "babel", "karma", "playwright", "cypress", "ava", "mocharc",
        "babelrc", "eslintrc", "eslint", "prettierrc", "stylelintrc", "swcrc", "nycrc", "tap", "taprc",
    ]
}
