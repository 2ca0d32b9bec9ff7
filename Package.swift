// swift-tools-version: 6.2
import PackageDescription

let root = Context.packageDirectory

/// Settings of every Swift target.
let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]
/// For targets that touch no raw memory.
let safe: [SwiftSetting] = strict + [.strictMemorySafety()]

/// A strategy: a pure algorithm and a library that exports one symbol.
func strategy(_ name: String) -> [Target] {
    [
        .target(
            name: "\(name)Algorithm", dependencies: ["Numerics"], path: "Plugins/\(name)/Algorithm",
            swiftSettings: safe),
        .target(
            name: "\(name)Plugin",
            dependencies: [
                "AssayKit", "CAssay", "JSONText", "Numerics", .target(name: "\(name)Algorithm"),
            ],
            path: "Plugins/\(name)/Entry", swiftSettings: strict,
            linkerSettings: [
                // gold leaves local symbols in the dynamic table; lld does not.
                .unsafeFlags([
                    "-use-ld=lld", "-Xlinker", "--version-script=\(root)/PluginSDK/plugin.exports",
                ])
            ]),
    ]
}

func plugin(_ name: String) -> Product {
    .library(name: "\(name)Plugin", type: .dynamic, targets: ["\(name)Plugin"])
}

let package = Package(
    name: "assay",
    products: [
        .executable(name: "assay", targets: ["assay"]),
        .executable(name: "assay-worker", targets: ["assay-worker"]),
        plugin("Coverage"), plugin("Distribution"), plugin("Noise"), plugin("Diversity"),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // The promise to third parties
        .target(name: "CAssay", path: "PluginSDK/CAssay", exclude: ["layout.golden"]),
        .target(
            name: "AssayKit", dependencies: ["CAssay", "JSONText"], path: "PluginSDK/AssayKit",
            swiftSettings: strict),
        // Leaves
        .target(name: "JSONText", swiftSettings: strict),
        .target(name: "Numerics", swiftSettings: safe),
        .target(name: "Parallel", swiftSettings: strict),
        .target(name: "CLinux"),
        .target(
            name: "CCompression", linkerSettings: [.linkedLibrary("z"), .linkedLibrary("zstd")]),
        .target(name: "CSimdjson", linkerSettings: [.linkedLibrary("simdjson")]),
        // The host
        .target(name: "Records", swiftSettings: safe),
        .target(name: "Features", swiftSettings: strict),
        .target(
            name: "Reading",
            dependencies: [
                "CCompression", "CSimdjson", "Features", "Parallel", "Records",
                .product(name: "Crypto", package: "swift-crypto"),
            ], swiftSettings: strict),
        .target(
            name: "BatchStore", dependencies: ["CLinux", "JSONText", "Records"],
            swiftSettings: strict),
        .target(
            name: "Orchestrator", dependencies: ["JSONText", "Parallel", "Records"],
            swiftSettings: safe),
        .target(
            name: "PluginHost",
            dependencies: [
                "BatchStore", "CAssay", "CLinux", "JSONText", "Orchestrator", "Parallel", "Records",
                .product(name: "Crypto", package: "swift-crypto"),
            ], swiftSettings: strict),
        .target(
            name: "Reports", dependencies: ["JSONText", "Orchestrator", "Records"],
            swiftSettings: safe),
        .target(
            name: "Commands",
            dependencies: [
                "BatchStore", "CLinux", "JSONText", "Orchestrator", "PluginHost", "Reading",
                "Records",
                "Reports", "Yams",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], swiftSettings: strict),
        .executableTarget(name: "assay", dependencies: ["Commands"], swiftSettings: strict),
        .executableTarget(
            name: "assay-worker", dependencies: ["PluginHost"], swiftSettings: strict),
        .testTarget(
            name: "FoundationTests",
            dependencies: [
                "CAssay", "Reading", "Records", "JSONText", "Numerics", "Orchestrator",
                "PluginHost", "CoverageAlgorithm",
                "NoiseAlgorithm",
            ], swiftSettings: strict),
    ] + ["Coverage", "Distribution", "Noise", "Diversity"].flatMap(strategy),
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)
