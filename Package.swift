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

/// What every room has beside its sources.
let readme = ["README.md"]

/// Where the installed program finds the Swift runtime, from the folder of a binary.
///
/// The toolchain's own place is left out: what is installed needs no toolchain.
func runtime(from folder: String) -> [LinkerSetting] {
    [
        .unsafeFlags([
            "-no-toolchain-stdlib-rpath", "-Xlinker", "-rpath", "-Xlinker",
            "$ORIGIN/\(folder)/lib/assay/runtime",
        ])
    ]
}

/// A room under `Sources/`.
func room(
    _ name: String, _ dependencies: [Target.Dependency] = [], _ settings: [SwiftSetting] = strict,
    exclude: [String] = readme, resources: [Resource]? = nil
) -> Target {
    .target(
        name: name, dependencies: dependencies, exclude: exclude, resources: resources,
        swiftSettings: settings)
}

/// A thin shim in C or C++ and the system libraries behind it.
func shim(_ name: String, libraries: [String] = []) -> Target {
    .target(name: name, exclude: readme, linkerSettings: libraries.map { .linkedLibrary($0) })
}

/// `Plugins/<Name>/Entry`: a library that exports one symbol, installed so many folders below the root.
func entry(_ name: String, _ dependencies: [Target.Dependency], from folder: String) -> Target {
    .target(
        name: "\(name)Plugin", dependencies: ["AssayKit", "CAssay", "JSONText"] + dependencies,
        path: "Plugins/\(name)/Entry", swiftSettings: strict,
        linkerSettings: [
            // gold leaves local symbols in the dynamic table; lld does not.
            .unsafeFlags([
                "-use-ld=lld", "-Xlinker", "--version-script=\(root)/PluginSDK/plugin.exports",
            ])
        ] + runtime(from: folder))
}

/// A strategy: a pure algorithm and the plugin around it.
func strategy(_ name: String) -> [Target] {
    [
        .target(
            name: "\(name)Algorithm", dependencies: ["Numerics"], path: "Plugins/\(name)/Algorithm",
            swiftSettings: safe),
        entry(
            name, ["Numerics", "Patterns", .target(name: "\(name)Algorithm")],
            from: "../../../../.."),
    ]
}

func plugin(_ name: String) -> Product {
    .library(name: "\(name)Plugin", type: .dynamic, targets: ["\(name)Plugin"])
}

/// `Tests/<Name>Tests`, always with what `Tests/Support` offers.
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: dependencies + ["Support"],
        exclude: name == "Features" ? ["tokenizer.golden", "tokenizer_golden.py"] : [],
        swiftSettings: strict)
}

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let argumentParser = Target.Dependency.product(
    name: "ArgumentParser", package: "swift-argument-parser")
let strategies = ["Coverage", "Distribution", "Noise", "Diversity"]

let package = Package(
    name: "assay",
    products: [
        .executable(name: "assay", targets: ["assay"]),
        .executable(name: "assay-worker", targets: ["assay-worker"]),
    ] + (strategies + ["Foreign"]).map(plugin),
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // The promise to third parties
        .target(name: "CAssay", path: "PluginSDK/CAssay", exclude: readme + ["layout.golden"]),
        .target(
            name: "AssayKit", dependencies: ["CAssay", "JSONText"], path: "PluginSDK/AssayKit",
            exclude: readme, swiftSettings: strict),
        // Leaves
        room("JSONText"),
        room("Numerics", [], safe),
        room("Parallel"),
        room("Foreign", ["JSONText"]),
        room("Patterns", ["CPattern"]),
        shim("CPattern", libraries: ["pcre2-8"]),
        shim("CLinux"),
        shim("CFFI", libraries: ["ffi"]),
        shim("CCompression", libraries: ["z", "zstd"]),
        shim("CSimdjson", libraries: ["simdjson"]),
        shim("CLanguage", libraries: ["cld2"]),
        shim("CHTTP", libraries: ["curl"]),
        shim("CHTTPServer", libraries: ["microhttpd"]),
        room("HTTP", ["CHTTP", "CHTTPServer"]),
        room(
            "Browser", resources: [.embedInCode("palette.css"), .embedInCode("elements.js")]),
        room(
            "Review", ["Browser", "HTTP", "JSONText"],
            resources: [.embedInCode("Page/review.css"), .embedInCode("Page/review.js")]),
        room("Generation", ["HTTP", "JSONText", "Numerics", "Parallel"]),
        // The host
        room("Records", [], safe),
        room(
            "Features", ["CLanguage", "JSONText", "Numerics", "Records"],
            exclude: readme + ["Tables"]),
        room(
            "Reading",
            [
                "CCompression", "CSimdjson", "Features", "JSONText", "Parallel", "Records", crypto,
            ]),
        room("BatchStore", ["CLinux", "JSONText", "Parallel", "Records"]),
        room("Planning", ["JSONText", "Numerics", "Reading", "Records", crypto]),
        room("Orchestrator", ["JSONText", "Parallel", "Records"], safe),
        room(
            "PluginHost",
            [
                "BatchStore", "CAssay", "CCompression", "CLinux", "Features", "Foreign", "JSONText",
                "Numerics", "Orchestrator", "Parallel", "Records", crypto,
            ]),
        room("Registry", ["HTTP", "JSONText", "Parallel", "PluginHost", crypto]),
        room(
            "Reports", ["Browser", "JSONText", "Numerics", "Orchestrator", "Records", crypto], safe,
            // The page's style and script, as the files that browsers and editors know.
            resources: [.embedInCode("Page/page.css"), .embedInCode("Page/page.js")]),
        room(
            "Commands",
            [
                "BatchStore", "CLinux", "Features", "Generation", "HTTP", "JSONText", "Numerics",
                "Orchestrator", "Parallel", "Planning", "PluginHost", "Reading", "Records",
                "Registry", "Reports", "Review", "Yams",
                argumentParser,
            ]),
        .executableTarget(
            name: "assay", dependencies: ["Commands"], exclude: readme, swiftSettings: strict,
            linkerSettings: runtime(from: "..")),
        .executableTarget(
            name: "assay-worker", dependencies: ["PluginHost"], exclude: readme,
            swiftSettings: strict, linkerSettings: runtime(from: "../..")),
        .executableTarget(
            name: "assay-kernels", dependencies: ["Features", "JSONText", "Numerics"],
            path: "Benchmarks/Kernels", swiftSettings: strict),
        .executableTarget(
            name: "assay-near",
            dependencies: ["DiversityAlgorithm", "JSONText", "Numerics", "Parallel"],
            path: "Benchmarks/Near", swiftSettings: strict),
        // Functions of plain C libraries as plugins
        .target(
            name: "ForeignCalls", dependencies: ["CFFI", "Foreign"], path: "Plugins/Foreign/Calls",
            swiftSettings: strict),
        entry("Foreign", ["Foreign", "ForeignCalls"], from: "../../.."),
        // Tests
        .target(name: "CLayout", dependencies: ["CAssay"], path: "Tests/CLayout"),
        .target(
            name: "Support",
            dependencies: ["Features", "HTTP", "JSONText", "Numerics", "Reading", "Records"],
            path: "Tests/Support", swiftSettings: strict),
        tests("Numerics", ["Numerics", "Patterns"]),
        tests("Features", ["Features", "JSONText", "Records", crypto]),
        tests("BatchStore", ["BatchStore", "Orchestrator", "Parallel", "Records"]),
        tests("Reading", ["JSONText", "Reading", "Records"]),
        tests("Algorithm", ["Numerics"] + strategies.map { .target(name: "\($0)Algorithm") }),
        tests("PluginHost", ["JSONText", "PluginHost"]),
        tests("Foreign", ["AssayKit", "Foreign", "ForeignCalls", "JSONText"]),
        tests("Plugin", ["JSONText"]),
        tests("Planning", ["JSONText", "Numerics", "Planning", "Reading", "Records"]),
        tests("Generation", ["Generation", "HTTP", "JSONText"]),
        tests("Reports", ["JSONText", "Orchestrator", "Records", "Reports"]),
        tests(
            "Commands",
            ["CoverageAlgorithm", "DistributionAlgorithm", "Features", "JSONText", "Numerics"]),
        tests("Conformance", ["CLayout"]),
        tests("Browser", ["HTTP", "JSONText"]),
        tests("Repository", ["JSONText"]),
    ] + strategies.flatMap(strategy),
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)
