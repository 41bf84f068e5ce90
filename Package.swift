// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

/// A target of ours; the order below is the order in which an event travels.
func target(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// Relative relocations are packed: read at every start, they would be megabytes of a small daemon's memory.
func command(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies, swiftSettings: settings,
        linkerSettings: [
            .unsafeFlags(
                ["-use-ld=lld", "-Xlinker", "-z", "-Xlinker", "pack-relative-relocs"], .when(configuration: .release))
        ])
}

func tests(of name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: name + "Tests", dependencies: [.target(name: name)] + dependencies, swiftSettings: settings)
}

let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let log = Target.Dependency.product(name: "Logging", package: "swift-log")
let nio = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "nightshift",
    products: [
        .executable(name: "nightshift", targets: ["nightshift"]),
        .executable(name: "nightshift-exec", targets: ["nightshift-exec"]),
    ],
    dependencies: [
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    ],
    targets: [
        .systemLibrary(name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CLinux"),
        .target(name: "CRE2", linkerSettings: [.linkedLibrary("re2")]),

        target("Model"),
        target("Text", ["Model", "CRE2", "CCrypto", "CYAML"]),
        target("Series", ["Model", "Text"]),
        target("Journal", ["Model", "CSystemd"]),
        target("HTTPClient", ["Model", "CCurl"]),
        target("Scraper", ["Model", "Text", "Series", "HTTPClient"]),
        target("Detection", ["Model", "Text", "Series"]),
        target("Incidents", ["Model", "Text"]),
        target("Runbooks", ["Model", "Text", "Series"]),
        target("Ledger", ["Model", grdb]),
        target("Actuation", ["Model", "Text", "Runbooks", "CSystemd"]),
        target("Escalation", ["Model", "Text", "Incidents", "Ledger", "HTTPClient"]),
        target("Agents", ["Model", "Text", "HTTPClient"]),
        target("Delivery", ["Model", "Text", "HTTPClient", "Agents", subprocess, systemPackage]),
        target(
            "Console", ["Model", "Text", "Incidents", hummingbird, hummingbirdCore, nio, httpTypes, log, lifecycle]),
        target(
            "Daemon",
            [
                "Model", "Text", "Series", "Journal", "HTTPClient", "Scraper", "Detection", "Incidents", "Runbooks",
                "Ledger", "Actuation", "Escalation", "Console", "Agents", "Delivery", "CSystemd", "CLinux", lifecycle,
                signals, log,
            ]),
        command(
            "nightshift",
            [
                "Model", "Text", "Series", "Journal", "HTTPClient", "Detection", "Incidents", "Runbooks", "Actuation",
                "Daemon", arguments,
            ]),
        command("nightshift-exec", ["Model", "Runbooks", "Actuation"]),

        tests(of: "Model"),
        tests(of: "Text", ["Model"]),
        tests(of: "Series", ["Model", "Text"]),
        tests(of: "Journal", ["Model", "CSystemd"]),
        .target(name: "TestServer", path: "Tests/TestServer", swiftSettings: settings),
        tests(of: "HTTPClient", ["Model", "TestServer"]),
        tests(of: "Scraper", ["Model", "Text", "Series", "HTTPClient", "TestServer"]),
        tests(of: "Detection", ["Model", "Text", "Series"]),
        tests(of: "Incidents", ["Model", "Text"]),
        tests(of: "Runbooks", ["Model", "Text", "Series"]),
        tests(of: "Ledger", ["Model", grdb]),
        tests(of: "Actuation", ["Model", "Text", "Runbooks"]),
        tests(of: "Escalation", ["Model", "Text", "Incidents", "Ledger", "HTTPClient", "TestServer"]),
        tests(of: "Agents", ["Model", "Text", "HTTPClient", "TestServer"]),
        tests(of: "Delivery", ["Model", "Text", "HTTPClient", "Agents", subprocess, systemPackage]),
        tests(of: "Console", ["Model", "Incidents", "HTTPClient", log]),
        tests(
            of: "Daemon",
            [
                "Model", "Text", "Series", "Journal", "HTTPClient", "Scraper", "Detection", "Incidents", "Runbooks",
                "Ledger", "Actuation", "Escalation", "Console", "Agents", "Delivery", log,
            ]),
        .testTarget(name: "HouseTests", swiftSettings: settings),
        // Run inside the lab: checks of the bus and the helper against a real systemd.
        .executableTarget(
            name: "actuation-lab", dependencies: ["Model", "Runbooks", "Actuation"], path: "Tests/ActuationLab",
            swiftSettings: settings),
    ]
)
