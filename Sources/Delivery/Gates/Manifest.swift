/// Files that decide which dependencies a project has.
enum Manifest {
    enum Kind {
        /// Any change of it changes dependencies.
        case lock
        /// Dependencies and other things; the lines tell.
        case manifest
        /// Somebody else's code in the tree.
        case vendored
    }

    static func kind(of path: RelativePath) -> Kind? {
        let name = path.name.lowercased()
        if path.parts.dropLast().contains(where: { vendors.contains($0.lowercased()) }) { return .vendored }
        if locks.contains(name) || name.hasSuffix(".lock") { return .lock }
        let isRequirements =
            (name.hasPrefix("requirements") || name.hasPrefix("constraints") || name.hasSuffix("requirements.txt"))
            && (name.hasSuffix(".txt") || name.hasSuffix(".in") || name.hasSuffix(".pip"))
        let isInRequirements = path.parts.dropLast().last == "requirements" && name.hasSuffix(".txt")
        if isRequirements || isInRequirements { return .lock }
        let isManifest = manifests.contains(name) || manifestEndings.contains { name.hasSuffix($0) }
        return isManifest ? .manifest : nil
    }

    /// The first line that a change adds to a manifest and that may bring a dependency; nil where none does.
    ///
    /// In doubt a line of a dependency table counts: a manifest's `scripts` or `[tool.x]` are other gates' business.
    static func dependencyLine(in file: FileChange, path: RelativePath) -> String? {
        guard kind(of: path) == .manifest, let after = file.after else { return nil }
        let name = path.name.lowercased()
        let added = Hunk.all(in: file)
        if name == "package.json" || name == "composer.json" || name == "deno.json" {
            return tableLine(after, added, opens: jsonTable, closes: { $0.hasPrefix("}") })
        }
        if name.hasSuffix(".toml") || name == "pipfile" {
            return tomlLine(after, added)
        }
        return added.flatMap(\.added).first { line in
            let folded = line.lowercased()
            return marks.contains { folded.contains($0) }
        }
    }

    private static let vendors: Set<String> = [
        "vendor", "node_modules", "third_party", "third-party", "thirdparty", "external", "pods", "site-packages",
    ]
    private static let locks: Set<String> = [
        "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lockb", "go.mod", "go.sum",
        "go.work", "go.work.sum", "cargo.lock", "package.resolved", "gemfile", "gemfile.lock", "poetry.lock", "uv.lock",
        "pdm.lock", "pipfile.lock", "composer.lock", "mix.lock", "environment.yml", "environment.yaml", "cartfile",
        "podfile", "podfile.lock", "conanfile.txt", "vcpkg.json", ".gitmodules", "flake.lock", "packages.config",
        "gradle.lockfile", "deno.lock", "cpanfile", "libs.versions.toml",
    ]
    private static let manifests: Set<String> = [
        "package.json", "composer.json", "deno.json", "pyproject.toml", "pipfile", "cargo.toml", "package.swift",
        "pom.xml", "build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts", "setup.py",
        "setup.cfg", "cmakelists.txt", "meson.build", "conanfile.py", "mix.exs", "build.sbt", "rebar.config",
        "workspace", "module.bazel", "dockerfile", "containerfile",
    ]
    private static let manifestEndings = [".gemspec", ".csproj", ".cmake", ".podspec", ".cabal"]
    /// Words of a line that brings something in.
    private static let marks = [
        "dependenc", "fetchcontent", "externalproject", "find_package", "find_library", "pkg_check_modules", "cpm",
        ".package(", "dependency(", "subproject(", "install_requires", "extras_require", "tests_require",
        "setup_requires", "implementation", "testimplementation", "compileonly", "runtimeonly", " api ", "api(",
        "artifactid", "groupid", "packagereference", "add_runtime_dependency", "requires", "http_archive",
        "git_repository", "bazel_dep", "{:", "%%", "from ", "pip install", "apt-get install", "npm install", "go get",
        "build-depends", "<version>",
    ]

    private static let jsonTable: @Sendable (String) -> Bool = { line in
        let folded = line.lowercased()
        return folded.contains("ependencies\"") || folded.contains("\"overrides\"")
            || folded.contains("\"resolutions\"")
            || folded.contains("\"require") || folded.contains("\"imports\"")
    }

    /// A line added within a table, or one that opens such a table.
    private static func tableLine(
        _ text: String, _ hunks: [Hunk], opens: (String) -> Bool, closes: (String) -> Bool
    ) -> String? {
        var isInside = false
        for (number, raw) in Hunk.lines(text).enumerated() {
            let line = String(Substring(raw))
            let isAdded = hunks.contains { $0.after.contains(number) }
            if opens(line) {
                if isAdded { return line }
                isInside = !line.contains("}")
            } else if isInside {
                if closes(trimmed(line)) { isInside = false } else if isAdded { return line }
            }
        }
        return nil
    }

    private static func tomlLine(_ text: String, _ hunks: [Hunk]) -> String? {
        var table = ""
        var isInList = false
        for (number, raw) in Hunk.lines(text).enumerated() {
            let line = trimmed(String(Substring(raw)).lowercased())
            let isAdded = hunks.contains { $0.after.contains(number) }
            if line.hasPrefix("["), !isInList { table = line }
            let names = ["dependencies", "requires", "optional-dependencies", "build-backend"]
            if names.contains(where: { line.hasPrefix($0) }) { isInList = line.contains("[") && !line.contains("]") }
            let isListed = isInList || names.contains { line.hasPrefix($0) }
            let isInTable = table.contains("dependenc") || table.contains("packages") || table.contains("patch.")
            if isAdded, isListed || isInTable, !line.isEmpty, !line.hasPrefix("#") { return line }
            if isInList, line.hasPrefix("]") { isInList = false }
        }
        return nil
    }

    private static func trimmed(_ line: String) -> String {
        var bytes = Array(line.utf8)[...]
        while let first = bytes.first, first <= 0x20 { bytes.removeFirst() }
        while let last = bytes.last, last <= 0x20 { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }
}
